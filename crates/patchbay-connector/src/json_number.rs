//! JSON numbers, which are kept as they were written.
//!
//! A gateway must not change data, so a [`Number`] is the text that the provider or the caller sent: 30 digits, 20 decimal
//! places, `1.10`. Two numbers are therefore compared by value and never as texts or as doubles: `1.0` equals `1.00` and
//! `1e0`, and `9007199254740993` does not equal `9007199254740992`.

use std::cmp::Ordering;

use serde_json::{Number, Value};

/// Compares two numbers by their exact values.
#[must_use]
pub fn compare(left: &Number, right: &Number) -> Ordering {
    if let (Some(left), Some(right)) = (left.as_i64(), right.as_i64()) {
        return left.cmp(&right);
    }
    let (left, right) = (left.to_string(), right.to_string());
    Decimal::parse(&left).compare(&Decimal::parse(&right))
}

/// Returns true if two values are equal: numbers by value, everything else exactly.
#[must_use]
pub fn equal(left: &Value, right: &Value) -> bool {
    match (left, right) {
        (Value::Number(left), Value::Number(right)) => compare(left, right).is_eq(),
        (Value::Array(left), Value::Array(right)) => {
            left.len() == right.len() && left.iter().zip(right).all(|(left, right)| equal(left, right))
        }
        (Value::Object(left), Value::Object(right)) => {
            left.len() == right.len()
                && left.iter().all(|(key, left)| right.get(key).is_some_and(|right| equal(left, right)))
        }
        (left, right) => left == right,
    }
}

/// Returns true if a number is zero.
#[must_use]
pub fn is_zero(number: &Number) -> bool {
    Decimal::parse(&number.to_string()).digits.is_empty()
}

/// Returns the nearest double; infinity for a number that is too large for one.
#[must_use]
pub fn to_double(number: &Number) -> f64 {
    number.as_f64().unwrap_or_else(|| number.to_string().parse().unwrap_or(f64::NAN))
}

/// Returns a number as JavaScript writes it (ECMA-262, `Number::toString`), with all of its digits: `1e2` as `100`, `1.10`
/// as `1.1`, `0.000001` as it is, `-0` as `0`, `1e21` as `1e+21`. An integer that is written with digits only is kept,
/// because it may be an id of 30 digits.
#[must_use]
pub fn to_text(number: &Number) -> String {
    let text = number.to_string();
    if text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'-') {
        return if text == "-0" { "0".to_owned() } else { text };
    }
    Decimal::parse(&text).write()
}

/// Returns a double as a number of JSON: an integer without a fraction, all digits up to 10^21. Null for NaN and infinity,
/// which JSON does not have; JavaScript writes them as null, too.
#[must_use]
pub fn from_double(double: f64) -> Value {
    /// The largest integer that a double represents exactly: 2^53.
    const MAX_EXACT: f64 = 9_007_199_254_740_992.0;
    if double.fract() == 0.0 && double.abs() < MAX_EXACT {
        #[expect(clippy::cast_possible_truncation, reason = "whole and within 2^53")]
        return Value::from(double as i64);
    }
    let Some(number) = Number::from_f64(double) else { return Value::Null };
    serde_json::from_str(&to_text(&number)).map_or(Value::Number(number), Value::Number)
}

/// A number in parts: its value is `0.DIGITS * 10^magnitude`.
struct Decimal {
    is_negative: bool,
    /// The digits without zeros at either end; empty for zero.
    digits: String,
    magnitude: i64,
}

impl Decimal {
    /// Parses a number of JSON (RFC 8259 section 6).
    fn parse(text: &str) -> Self {
        let (is_negative, text) = text.strip_prefix('-').map_or((false, text), |text| (true, text));
        let (mantissa, exponent) = text.split_once(['e', 'E']).unwrap_or((text, "0"));
        // An exponent beyond 64 bits is infinite for any purpose.
        let limit = if exponent.starts_with('-') { i64::MIN } else { i64::MAX };
        let exponent = exponent.parse::<i64>().unwrap_or(limit);
        let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
        let digits = format!("{whole}{fraction}");
        let significant = digits.trim_start_matches('0');
        let leading = digits.len() - significant.len();
        let point = i64::try_from(whole.len()).unwrap_or(i64::MAX) - i64::try_from(leading).unwrap_or(i64::MAX);
        let digits = significant.trim_end_matches('0').to_owned();
        Self { is_negative: is_negative && !digits.is_empty(), digits, magnitude: exponent.saturating_add(point) }
    }

    /// Writes the number in the layout of ECMA-262, `Number::toString`: without an exponent from 10^-7 to 10^21.
    fn write(&self) -> String {
        if self.digits.is_empty() {
            return "0".to_owned();
        }
        let sign = if self.is_negative { "-" } else { "" };
        let count = i64::try_from(self.digits.len()).unwrap_or(i64::MAX);
        let zeros = |number: i64| "0".repeat(usize::try_from(number).unwrap_or(0));
        match self.magnitude {
            point if (1..=21).contains(&point) && count <= point => {
                format!("{sign}{}{}", self.digits, zeros(point - count))
            }
            point if (1..=21).contains(&point) => {
                let (whole, fraction) = self.digits.split_at(usize::try_from(point).unwrap_or(0));
                format!("{sign}{whole}.{fraction}")
            }
            point if (-5..=0).contains(&point) => format!("{sign}0.{}{}", zeros(-point), self.digits),
            point => {
                let exponent = point.saturating_sub(1);
                let (first, rest) = self.digits.split_at(1);
                let fraction = if rest.is_empty() { String::new() } else { format!(".{rest}") };
                format!("{sign}{first}{fraction}e{exponent:+}")
            }
        }
    }

    fn compare(&self, other: &Self) -> Ordering {
        let sign = |one: &Self| {
            if one.digits.is_empty() {
                0
            } else if one.is_negative {
                -1
            } else {
                1
            }
        };
        let by_sign = sign(self).cmp(&sign(other));
        if by_sign.is_ne() || self.digits.is_empty() {
            return by_sign;
        }
        let by_size = self.magnitude.cmp(&other.magnitude).then_with(|| self.digits.cmp(&other.digits));
        if self.is_negative { by_size.reverse() } else { by_size }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn number(text: &str) -> Number {
        serde_json::from_str(text).unwrap()
    }

    #[test]
    fn numbers_are_compared_by_value() {
        for (left, right) in [
            ("1.0", "1.00"),
            ("1", "1e0"),
            ("100", "1E+2"),
            ("0.001", "1e-3"),
            ("-0", "0.0"),
            ("0e400", "0"),
            ("123456789012345678901234567890", "1.2345678901234567890123456789e29"),
        ] {
            assert_eq!(compare(&number(left), &number(right)), Ordering::Equal, "{left} {right}");
        }
        let sorted = [
            "-1e400",
            "-9007199254740993",
            "-9007199254740992",
            "-1.5",
            "-1e-400",
            "0",
            "1e-400",
            "0.09",
            "0.1",
            "1",
            "9.99",
            "10",
            "9007199254740992",
            "9007199254740993",
            "18446744073709551616",
            "123456789012345678901234567890",
            "123456789012345678901234567891",
            "1e400",
            "2e400",
            "1e99999999999999999999",
        ];
        for (place, left) in sorted.iter().enumerate() {
            for (other, right) in sorted.iter().enumerate() {
                assert_eq!(compare(&number(left), &number(right)), place.cmp(&other), "{left} {right}");
            }
        }
    }

    #[test]
    fn values_are_compared_with_the_numbers_in_them() {
        let value = |text: &str| serde_json::from_str::<Value>(text).unwrap();
        assert!(equal(&value(r#"{"a":[1.0,{"b":1e2}],"c":null}"#), &value(r#"{"c":null,"a":[1,{"b":100}]}"#)));
        for other in [json!({"a": [1]}), json!({"a": [1, 2], "c": null}), json!([1]), json!("1")] {
            assert!(!equal(&value(r#"{"a":[1,3],"c":null}"#), &other), "{other}");
        }
        assert!(is_zero(&number("-0.00e5")) && !is_zero(&number("1e-400")));
        assert!(to_double(&number("1e400")).is_infinite() && to_double(&number("-1e400")) < 0.0);
    }

    /// The texts of Node.js 22 for `String(JSON.parse(number))`, but for numbers with more digits than a double keeps.
    #[test]
    fn numbers_are_written_as_javascript_writes_them() {
        for (given, text) in [
            ("0", "0"),
            ("-0", "0"),
            ("-0.0", "0"),
            ("0e5", "0"),
            ("25.0", "25"),
            ("1e2", "100"),
            ("1.10", "1.1"),
            ("-1.50e0", "-1.5"),
            ("1E+2", "100"),
            ("0.000001", "0.000001"),
            ("1e-6", "0.000001"),
            ("0.0000001", "1e-7"),
            ("1.5e-9", "1.5e-9"),
            ("-1.25e-7", "-1.25e-7"),
            ("1e20", "100000000000000000000"),
            ("1.5e20", "150000000000000000000"),
            ("1e21", "1e+21"),
            ("1.5e300", "1.5e+300"),
            ("-1e21", "-1e+21"),
            ("123456.789", "123456.789"),
            ("1.76e18", "1760000000000000000"),
            ("9007199254740993", "9007199254740993"),
            ("18446744073709551616", "18446744073709551616"),
            ("123456789012345678901234567890", "123456789012345678901234567890"),
            ("12345678901234.567890123", "12345678901234.567890123"),
            ("1e400", "1e+400"),
            ("1e99999999999999999999", "1e+9223372036854775806"),
        ] {
            assert_eq!(to_text(&number(given)), text, "{given}");
        }
        for (double, text) in [(1e20, "100000000000000000000"), (1e21, "1e+21"), (0.1 + 0.2, "0.30000000000000004")] {
            assert_eq!(from_double(double).to_string(), text);
        }
        assert_eq!(from_double(1_760_000_000_123_000_000.0).to_string(), "1760000000123000000");
        assert_eq!((from_double(-0.0), from_double(f64::NAN)), (json!(0), Value::Null));
    }

    proptest! {
        #[test]
        fn the_order_is_that_of_doubles(left in any::<f64>(), right in any::<f64>()) {
            let (Some(a), Some(b)) = (Number::from_f64(left), Number::from_f64(right)) else { return Ok(()) };
            prop_assert_eq!(Some(compare(&a, &b)), left.partial_cmp(&right));
        }

        #[test]
        fn the_text_has_the_number_s_value(given in "-?(0|[1-9][0-9]{0,20})(\\.[0-9]{1,12})?([eE][-+]?[0-9]{1,3})?") {
            let one = number(&given);
            let text = to_text(&one);
            prop_assert_eq!(compare(&one, &number(&text)), Ordering::Equal, "{}", text);
        }

        #[test]
        fn doubles_keep_their_value(double in any::<f64>()) {
            if let Value::Number(written) = from_double(double) {
                // A negative zero is written as zero.
                prop_assert_eq!(written.to_string().parse::<f64>().unwrap().partial_cmp(&double), Some(Ordering::Equal));
            }
        }

        #[test]
        fn every_number_is_compared(left in "-?(0|[1-9][0-9]{0,4})(\\.[0-9]{1,4})?([eE][-+]?[0-9]{1,3})?") {
            let one = number(&left);
            prop_assert_eq!(compare(&one, &one), Ordering::Equal);
        }
    }
}

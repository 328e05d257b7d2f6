//! JSON from outside, parsed only if its values take an acceptable amount of memory.
//!
//! A byte of text can become far more memory: each value takes 72 bytes in a list, a number 32 more for its digits, and an
//! object with one member about 500. The text is therefore scanned first, without an allocation, and the memory of its
//! values is estimated from the way lists and objects grow. Every place that parses a caller's or a provider's JSON as
//! values uses [`from_slice`] or [`measure`]; other formats count their values with [`list_bytes`], [`object_bytes`] and
//! [`text_bytes`].
//!
//! The rule: the values take at most 8 times the text plus 64 MiB, and at most 192 MiB (for a longer text, twice the
//! text). A text of up to 256 KiB always satisfies it.
//!
//! A text that is almost JSON is read as browsers read it: without its byte order mark (RFC 8259 section 8.1), and with
//! U+FFFD for half a surrogate pair and for bytes that are not UTF-8. Otherwise one emoji that a provider cut in half makes
//! a whole list of records unreadable.

use std::borrow::Cow;

use serde_json::Value;

/// The length from which a text can break the rule. A shorter one takes less than [`EXTRA_BYTES`] whatever it contains.
const BOUNDED_BYTES: usize = 256 * 1024;
/// The most memory that a byte of text can take: that of nested lists.
const MAX_BYTES_PER_BYTE: usize = 160;
/// How many times its text the values may take, beside [`EXTRA_BYTES`].
const FACTOR: usize = 8;
/// The memory that the values of any text may take in addition, in bytes. Measurements are lists of a few numbers each,
/// which take 25 times their text.
const EXTRA_BYTES: usize = 64 * 1024 * 1024;
/// The most memory that the values of a text may take, in bytes, unless twice the text is more.
const MAX_BYTES: usize = 192 * 1024 * 1024;
/// The depth at which the parser gives up. What follows is never parsed.
const MAX_DEPTH: usize = 128;
/// The memory of a value in a list, in bytes.
pub const VALUE_BYTES: usize = size_of::<Value>();
/// The memory of a member of an object, in bytes: its hash, key and value.
const MEMBER_BYTES: usize = size_of::<(usize, String, Value)>();
/// The memory that the index of an object takes for each of its slots, in bytes.
const SLOT_BYTES: usize = size_of::<usize>() + 1;
/// The room that the parser reserves for the digits of a number, in bytes.
const NUMBER_BYTES: usize = 16;
/// A key by which the parser recognizes a text to parse within the text. No honest text contains it.
const TEXT_IN_TEXT: &str = "$serde_json::private::RawValue";

/// Why a JSON text was not parsed.
#[derive(Debug, thiserror::Error)]
pub enum JsonTreeError {
    /// The text is not valid JSON.
    #[error(transparent)]
    Syntax(#[from] serde_json::Error),
    /// The values would take too much memory.
    #[error(transparent)]
    Large(#[from] LargeTree),
}

/// The error of a text whose values would take too much memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("it consists of too many small values: they would need more than {} MiB of memory", .limit / 1024 / 1024)]
pub struct LargeTree {
    /// The memory that its values may take, in bytes.
    pub limit: usize,
}

/// Parses a JSON text whose values take an acceptable amount of memory.
///
/// # Errors
///
/// [`JsonTreeError::Large`] if they would take more, [`JsonTreeError::Syntax`] if the text cannot be parsed.
pub fn from_slice(text: &[u8]) -> Result<Value, JsonTreeError> {
    let text = without_mark(text);
    check(text)?;
    serde_json::from_slice(text).or_else(|error| {
        let repaired = repaired(text).ok_or(error)?;
        Ok(serde_json::from_slice(&repaired)?)
    })
}

/// Returns a text without the byte order mark at its beginning.
#[must_use]
pub fn without_mark(text: &[u8]) -> &[u8] {
    text.strip_prefix(&[0xef, 0xbb, 0xbf]).unwrap_or(text)
}

/// Replaces bytes that are not UTF-8 and escapes of unpaired surrogates by U+FFFD. Returns `None` if there are none.
fn repaired(text: &[u8]) -> Option<Vec<u8>> {
    let text = String::from_utf8_lossy(text);
    let mut is_changed = matches!(text, Cow::Owned(_));
    let mut text = text.into_owned().into_bytes();
    let mut at = 0;
    while let Some(found) = text[at..].iter().position(|byte| *byte == b'\\') {
        at += found;
        at += match (surrogate(&text[at..]), surrogate(text.get(at + 6..).unwrap_or_default())) {
            (Some(0xd800..=0xdbff), Some(0xdc00..=0xdfff)) => 12,
            (Some(_), _) => {
                text[at + 2..at + 6].copy_from_slice(b"fffd");
                is_changed = true;
                6
            }
            // The escaped character may be a backslash itself.
            (None, _) => 2,
        };
        if at >= text.len() {
            break;
        }
    }
    is_changed.then_some(text)
}

/// Returns the surrogate that an escape such as `\ud83d` at the beginning of a text stands for.
fn surrogate(text: &[u8]) -> Option<u16> {
    let digits = std::str::from_utf8(text.strip_prefix(b"\\u")?.get(..4)?).ok()?;
    u16::from_str_radix(digits, 16).ok().filter(|unit| (0xd800..=0xdfff).contains(unit))
}

/// Checks that the values of a JSON text take an acceptable amount of memory.
///
/// # Errors
///
/// [`LargeTree`] if they would take more.
pub fn check(text: &[u8]) -> Result<(), LargeTree> {
    if text.len() <= BOUNDED_BYTES { Ok(()) } else { measure(text).map(|_| ()) }
}

/// Returns the estimated memory of the values of a JSON text, in bytes.
///
/// # Errors
///
/// [`LargeTree`] if it is not acceptable.
pub fn measure(text: &[u8]) -> Result<usize, LargeTree> {
    measure_within(text, max_bytes(text.len()))
}

/// Returns the estimated memory of the values of a JSON text, in bytes.
///
/// # Errors
///
/// [`LargeTree`] if it is more than `limit`.
pub fn measure_within(text: &[u8], limit: usize) -> Result<usize, LargeTree> {
    let bytes = estimate_within(text, limit);
    if bytes > limit { Err(LargeTree { limit }) } else { Ok(bytes) }
}

/// Returns the memory that the values of a text of `length` bytes may take, in bytes.
#[must_use]
pub fn max_bytes(length: usize) -> usize {
    uncapped_max_bytes(length).min(MAX_BYTES).max(length.saturating_mul(2))
}

/// Returns the memory that the values of a text of `length` bytes may take in a process of their own, in bytes.
#[must_use]
pub fn uncapped_max_bytes(length: usize) -> usize {
    length.saturating_mul(FACTOR).saturating_add(EXTRA_BYTES)
}

/// Returns the estimated memory of the values of a JSON text, in bytes.
#[must_use]
pub fn estimate(text: &[u8]) -> usize {
    estimate_within(text, usize::MAX)
}

/// Returns the estimated memory of a value, in bytes.
#[must_use]
pub fn value_bytes(value: &Value) -> usize {
    VALUE_BYTES + heap_of(value)
}

/// Returns the memory that a value refers to, in bytes.
fn heap_of(value: &Value) -> usize {
    match value {
        Value::Null | Value::Bool(_) => 0,
        // An integer of any size has at most 20 digits; a longer number is as long as its text, which was counted once.
        Value::Number(_) => text_bytes(NUMBER_BYTES),
        Value::String(text) => text_bytes(text.len()),
        Value::Array(items) => list_bytes(items.len()) + items.iter().map(heap_of).sum::<usize>(),
        Value::Object(members) => {
            let within = members.iter().map(|(key, member)| text_bytes(key.len()) + heap_of(member));
            object_bytes(members.len()) + within.sum::<usize>()
        }
    }
}

/// A list or object that the scan is in.
#[derive(Clone, Copy, Default)]
struct Open {
    is_object: bool,
    /// The number of its values so far.
    count: usize,
}

/// Estimates as [`estimate`], and stops as soon as the estimate is over `limit`.
fn estimate_within(text: &[u8], limit: usize) -> usize {
    let (mut open, mut depth) = ([Open::default(); MAX_DEPTH], 0_usize);
    // The memory of what has ended, and of the lists and objects that are open.
    let mut total = VALUE_BYTES;
    // True after a key that makes the next string a text in the text.
    let mut is_text_in_text = false;
    let mut at = 0;
    while let Some(&byte) = text.get(at) {
        at += 1;
        match byte {
            b' ' | b'\t' | b'\n' | b'\r' | b':' => continue,
            b']' | b'}' => {
                let Some(outer) = depth.checked_sub(1) else { return total };
                depth = outer;
                continue;
            }
            b',' => {
                if let Some(inner) = depth.checked_sub(1) {
                    total = total.saturating_add(grow(&mut open[inner]));
                }
                if total > limit {
                    return total;
                }
                continue;
            }
            _ => {}
        }
        let mut is_first = false;
        if let Some(inner) = depth.checked_sub(1)
            && open[inner].count == 0
        {
            total = total.saturating_add(grow(&mut open[inner]));
            is_first = open[inner].is_object;
        }
        match byte {
            b'"' => {
                let length = string_length(&text[at..]);
                let string = text.get(at..at + length).unwrap_or_default();
                total = total.saturating_add(text_bytes(length));
                if is_text_in_text {
                    total = total.saturating_add(length.saturating_mul(MAX_BYTES_PER_BYTE));
                }
                is_text_in_text = is_first && names_text_in_text(string);
                at += length + 1;
            }
            b'-' | b'0'..=b'9' => {
                let length = text[at..].iter().take_while(|byte| is_of_number(**byte)).count();
                total = total.saturating_add(text_bytes((length + 1).max(NUMBER_BYTES)));
                at += length;
            }
            b'[' | b'{' if depth == MAX_DEPTH => return total,
            b'[' | b'{' => {
                open[depth] = Open { is_object: byte == b'{', count: 0 };
                depth += 1;
            }
            _ => {}
        }
    }
    total
}

/// Returns true for the bytes of a number after its first.
const fn is_of_number(byte: u8) -> bool {
    matches!(byte, b'0'..=b'9' | b'.' | b'e' | b'E' | b'+' | b'-')
}

/// Returns true if a string, as it is written between quotes, is [`TEXT_IN_TEXT`]. An escape makes a character at most six
/// times as long.
fn names_text_in_text(written: &[u8]) -> bool {
    let lengths = TEXT_IN_TEXT.len()..=TEXT_IN_TEXT.len() * 6;
    if !lengths.contains(&written.len()) {
        return false;
    }
    let quoted = [b"\"", written, b"\""].concat();
    serde_json::from_slice::<String>(&quoted).is_ok_and(|string| string == TEXT_IN_TEXT)
}

/// Adds a value to a list or object, and returns the memory by which it grows: both double when they are full.
fn grow(open: &mut Open) -> usize {
    let before = capacity_bytes(*open);
    open.count += 1;
    capacity_bytes(*open) - before
}

/// Returns the memory of a list or object without what its values refer to, in bytes.
fn capacity_bytes(open: Open) -> usize {
    if open.is_object { object_bytes(open.count) } else { list_bytes(open.count) }
}

/// Returns the memory of a list of `count` values without what they refer to, in bytes.
#[must_use]
pub fn list_bytes(count: usize) -> usize {
    if count == 0 { 0 } else { text_bytes(count.max(4).next_power_of_two() * VALUE_BYTES) }
}

/// Returns the memory of an object of `count` members without what its keys and values refer to, in bytes.
#[must_use]
pub fn object_bytes(count: usize) -> usize {
    let (slots, members) = match count {
        0 => return 0,
        1..=3 => (4, 3),
        4..=7 => (8, 7),
        _ => {
            let slots = (count * 8).div_ceil(7).next_power_of_two();
            (slots, slots / 8 * 7)
        }
    };
    text_bytes(slots * SLOT_BYTES + 16) + text_bytes(members * MEMBER_BYTES)
}

/// Returns the memory by which a list of `count` values grows with the next one, in bytes.
#[must_use]
pub fn next_item_bytes(count: usize) -> usize {
    list_bytes(count + 1) - list_bytes(count)
}

/// Returns the memory by which an object of `count` members grows with the next one, in bytes.
#[must_use]
pub fn next_member_bytes(count: usize) -> usize {
    object_bytes(count + 1) - object_bytes(count)
}

/// Returns the memory of an allocation of `bytes`, such as a text, with what the allocator adds.
#[must_use]
pub fn text_bytes(bytes: usize) -> usize {
    if bytes == 0 { 0 } else { (bytes + 8).next_multiple_of(16).max(32) }
}

/// Returns the number of bytes before the quote that ends a string.
pub(crate) fn string_length(text: &[u8]) -> usize {
    let mut at = 0;
    while let Some(&byte) = text.get(at) {
        match byte {
            b'"' => return at,
            b'\\' => at += 2,
            _ => at += 1,
        }
    }
    text.len()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const MIB: usize = 1024 * 1024;

    fn list_of(item: &str, bytes: usize) -> Vec<u8> {
        let count = bytes / (item.len() + 1);
        format!("[{}]", vec![item; count].join(",")).into_bytes()
    }

    #[test]
    fn text_that_is_almost_json_is_read() {
        let replaced = |text: &[u8]| from_slice(text).unwrap()["a"].as_str().unwrap().to_owned();
        for (text, expected) in [
            (&b"\xef\xbb\xbf{\"a\":\"x\"}"[..], "x"),
            (br#"{"a":"Deal \ud83d"}"#, "Deal \u{fffd}"),
            (br#"{"a":"\ude00 Deal"}"#, "\u{fffd} Deal"),
            (br#"{"a":"\ud83d\ud83d\ude00\uDE00x"}"#, "\u{fffd}\u{1f600}\u{fffd}x"),
            (br#"{"a":"\ud83d\n\\ud83d\u00e9"}"#, "\u{fffd}\n\\ud83d\u{e9}"),
            (br#"{"a":"\ud83d\\","\udc00":1}"#, "\u{fffd}\\"),
            (b"{\"a\":\"cut \xf0\x9f\x98\"}", "cut \u{fffd}"),
            (b"{\"a\":\"caf\xe9\"}", "caf\u{fffd}"),
        ] {
            assert_eq!(replaced(text), expected, "{}", String::from_utf8_lossy(text));
        }
        for text in
            [&b"\xef\xbb"[..], br#"{"a":"\ud8"#, br#"{"a":"\ud83"}"#, b"{\"a\":\"\\", b"\xef\xbb\xbf\xef\xbb\xbf1", b""]
        {
            assert!(matches!(from_slice(text), Err(JsonTreeError::Syntax(_))), "{text:?}");
        }
    }

    #[test]
    fn mostly_empty_values_are_refused() {
        let members = |count: usize| {
            let members = (0..count).map(|number| format!("\"k{number}\":1")).collect::<Vec<_>>();
            format!("{{{}}}", members.join(",")).into_bytes()
        };
        for item in
            ["{}", "1", "[]", "\"\"", "null", "[[[[[[[[0]]]]]]]]", "{\"a\":1}", "\"a\"", "-1e5", "{\"\":{\"\":[]}}"]
        {
            let text = list_of(item, 12 * MIB);
            assert!(matches!(from_slice(&text), Err(JsonTreeError::Large(_))), "{item}");
            assert!(check(&list_of(item, 256 * 1024)).is_ok(), "a small list of {item}");
        }
        assert!(check(&members(2_500_000)).is_err());
        assert!(check(&members(10_000)).is_ok());
    }

    #[test]
    fn text_that_is_not_json_cannot_hide_values() {
        let mut unclosed = list_of("{}", 12 * MIB);
        unclosed.pop();
        assert!(check(&unclosed).is_err());
        let mut spaced = list_of("{  }", 12 * MIB);
        spaced.extend_from_slice(b"\"");
        assert!(check(&spaced).is_err());
        let escaped = list_of("\"\\\"\",[]", 12 * MIB);
        assert!(check(&escaped).is_err());
    }

    #[test]
    fn a_text_within_a_text_counts_as_its_values() {
        let inner = format!("[{}{{}}]", "{},".repeat(4 * MIB));
        for key in ["$serde_json::private::RawValue", "\\u0024serde_json::private::\\u0052awValue"] {
            let bomb = format!("{{\"{key}\":\"{inner}\"}}");
            assert!(matches!(from_slice(bomb.as_bytes()), Err(JsonTreeError::Large(_))), "{key}");
        }
        let harmless = format!("{{\"$serde_json\":\"{inner}\"}}");
        assert!(check(harmless.as_bytes()).is_ok());
    }

    #[test]
    fn a_value_is_measured_as_its_text() {
        let value = json!({"id": 208_045_946, "labels": ["bug", "ui"], "closed": null, "owner": {"name": "A. Smith"}});
        let list = Value::Array(vec![value; 1000]);
        let (text, measured) = (list.to_string(), value_bytes(&list));
        assert_eq!(measured, estimate(text.as_bytes()));
    }

    #[test]
    fn payloads_of_ordinary_providers_are_accepted() {
        let label = json!({
            "id": 208_045_946, "node_id": "MDU6TGFiZWwyMDgwNDU5NDY=", "name": "bug", "color": "f29513", "default": true,
            "url": "https://api.example.com/repos/octocat/hello/labels/bug", "description": "Something isn't working",
        });
        let contact = json!({
            "id": 1000, "firstName": "Anna", "lastName": "Smith", "email": "anna.smith@example.com", "active": true,
            "department": null,
        });
        let file = json!({"name": "report.pdf", "content": "JVBERi0xLjcKJeLjz9MK".repeat(500)});
        for (item, mebibytes) in [(label, 25), (contact, 12), (file, 60)] {
            let text = list_of(&item.to_string(), mebibytes * MIB);
            assert_eq!(check(&text), Ok(()), "{item:.60}");
        }
        assert_eq!(check(&list_of("[1699999999,12.5]", 2 * MIB)), Ok(()));
    }

    #[test]
    fn the_estimate_follows_the_growth_of_lists_and_objects() {
        assert_eq!(size_of::<Value>(), 72);
        let list = estimate(&list_of("null", 5 * 1000));
        assert_eq!(list, VALUE_BYTES + text_bytes(1024 * VALUE_BYTES));
        assert_eq!(estimate(&list_of("1", 2 * 1000)), list + 1000 * text_bytes(16), "a number owns its digits");
        assert!(estimate(&[b'1'; 1000]) > 1000, "and all of them");
        assert_eq!(estimate(b"[]"), VALUE_BYTES);
        assert_eq!(estimate(b" {\"key\": \"a string\"} "), estimate(b"{\"key\":\"a string\"}"));
        assert!(estimate(b"{\"key\":{}}") > MEMBER_BYTES * 3);
    }
}

//! What a provider's headers say of its limits.
//!
//! Read are `Retry-After` (RFC 9110 section 10.2.3), `RateLimit` and `RateLimit-Policy` (the IETF's
//! draft-ietf-httpapi-ratelimit-headers, as a list of policies and in its older forms), and the families
//! `X-RateLimit-*`, `X-Rate-Limit-*` and `RateLimit-*` with a suffix for each window (`-Minute`, `-Requests`). A reset
//! is seconds from now, a moment (seconds or milliseconds since 1970, an HTTP or ISO date) or a duration such as
//! `1m30s`. What makes no sense is as if it were not there.

use std::time::Duration;

use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use patchbay_model::{Clock, Timestamp};

/// No limit is believed to last longer.
pub(super) const LONGEST: Duration = Duration::from_hours(24);

/// One window of a limit, as an answer tells it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Window {
    /// Tells it from the provider's others.
    pub(super) name: String,
    /// Requests in the whole window, where it is told.
    pub(super) limit: Option<u64>,
    /// Requests left.
    pub(super) remaining: u64,
    /// Until there are more.
    pub(super) resets_in: Duration,
    /// The window's length, where it is told.
    pub(super) period: Option<Duration>,
}

/// Seconds as the provider names them, as far as they are believed.
fn believed(seconds: u64) -> Duration {
    Duration::from_secs(seconds).min(LONGEST)
}

/// The wait that an answer names: its `Retry-After`, else, where it was refused for a limit, the longest reset of those
/// that are spent.
pub fn named_wait(status: StatusCode, headers: &HeaderMap, clock: &dyn Clock) -> Option<Duration> {
    retry_after(headers, clock).or_else(|| {
        let windows =
            if status == StatusCode::TOO_MANY_REQUESTS { windows(status, headers, clock) } else { Vec::new() };
        windows.iter().filter(|window| window.remaining == 0).map(|window| window.resets_in).max()
    })
}

/// The wait that a `Retry-After` names: seconds or an HTTP date.
pub(crate) fn retry_after(headers: &HeaderMap, clock: &dyn Clock) -> Option<Duration> {
    let text = text(headers.get(header::RETRY_AFTER)?)?;
    if let Ok(seconds) = text.parse::<u64>() {
        return Some(Duration::from_secs(seconds));
    }
    if let Ok(seconds) = text.parse::<f64>() {
        return Duration::try_from_secs_f64(seconds).ok();
    }
    Some(until(http_date(text)?, clock))
}

/// Every window that an answer tells of. An answer that was refused for a limit has nothing left, also where it does
/// not say so.
pub(super) fn windows(status: StatusCode, headers: &HeaderMap, clock: &dyn Clock) -> Vec<Window> {
    let refused = status == StatusCode::TOO_MANY_REQUESTS;
    let mut found = structured(headers);
    for (name, value) in headers {
        // Each window once, by the header that every one of them has.
        let Some((family, suffix)) = split(name, "reset") else { continue };
        let Some(resets_in) = text(value).and_then(|text| reset(text, clock)) else { continue };
        let sibling = |word: &str| {
            let name = HeaderName::try_from(format!("{family}{word}{suffix}")).ok()?;
            // `100, 100;w=60`: the first is the one that counts.
            text(headers.get(name)?)?.split([',', ';']).next()?.trim().parse::<u64>().ok()
        };
        let Some(remaining) = sibling("remaining").or_else(|| refused.then_some(0)) else { continue };
        let period = match suffix {
            "-second" => Some(1),
            "-minute" => Some(60),
            "-hour" => Some(3600),
            "-day" => Some(86_400),
            _ => None,
        };
        found.push(Window {
            name: format!("{family}{suffix}"),
            limit: sibling("limit"),
            remaining,
            resets_in: resets_in.min(LONGEST),
            period: period.map(Duration::from_secs),
        });
    }
    found
}

/// A header of a family such as `x-ratelimit-reset-minute`, taken apart: (`x-ratelimit-`, `-minute`).
fn split<'a>(name: &'a HeaderName, word: &str) -> Option<(&'a str, &'a str)> {
    let name = name.as_str();
    let family = ["x-ratelimit-", "x-rate-limit-", "ratelimit-"].into_iter().find(|family| name.starts_with(family))?;
    let suffix = name[family.len()..].strip_prefix(word)?;
    // Tokens and the like are counted in what a request does not know of.
    ["", "-requests", "-second", "-minute", "-hour", "-day"].contains(&suffix).then(|| (&name[..family.len()], suffix))
}

/// `RateLimit` with `RateLimit-Policy`.
fn structured(headers: &HeaderMap) -> Vec<Window> {
    let mut policies = Vec::new();
    for item in items(headers, "ratelimit-policy") {
        // Older drafts name the quota where newer ones name the policy: `100;w=60`.
        let quota = item.parameter("q").or_else(|| item.name.parse().ok());
        policies.push((item.name, quota, item.parameter("w")));
    }
    let (mut windows, mut old) = (Vec::new(), [None; 3]);
    for item in items(headers, "ratelimit") {
        // `limit=100, remaining=50, reset=5`, of an older draft.
        if let Some((key, value)) = item.name.split_once('=') {
            let place = ["limit", "remaining", "reset"].iter().position(|known| *known == key.trim());
            if let Some(place) = place {
                old[place] = value.trim().parse::<u64>().ok();
            }
            continue;
        }
        let policy = policies.iter().find(|(name, ..)| *name == item.name);
        let period = policy.and_then(|(.., window)| *window);
        if let (Some(remaining), Some(seconds)) = (item.parameter("r"), item.parameter("t").or(period)) {
            windows.push(Window {
                name: format!("ratelimit:{}", item.name),
                limit: policy.and_then(|(_, quota, _)| *quota),
                remaining,
                resets_in: believed(seconds),
                period: period.map(believed),
            });
        }
    }
    if let [limit, Some(remaining), Some(seconds)] = old {
        let resets_in = believed(seconds);
        windows.push(Window { name: "ratelimit".to_owned(), limit, remaining, resets_in, period: None });
    }
    windows
}

/// An item of a structured list (RFC 9651), with its parameters.
struct Item<'a> {
    name: &'a str,
    parameters: &'a str,
}

impl Item<'_> {
    fn parameter(&self, key: &str) -> Option<u64> {
        self.parameters.split(';').find_map(|parameter| {
            let (name, value) = parameter.split_once('=')?;
            (name.trim() == key).then(|| value.trim().parse().ok())?
        })
    }
}

fn items<'a>(headers: &'a HeaderMap, name: &str) -> impl Iterator<Item = Item<'a>> {
    let texts = headers.get_all(name).into_iter().filter_map(text);
    texts.flat_map(|text| {
        let (mut parts, mut start, mut quoted) = (Vec::new(), 0, false);
        for (at, byte) in text.bytes().enumerate() {
            match byte {
                b'"' => quoted = !quoted,
                b',' if !quoted => {
                    parts.push(&text[start..at]);
                    start = at + 1;
                }
                _ => {}
            }
        }
        parts.push(&text[start..]);
        parts.into_iter().map(|part| {
            let part = part.trim();
            // A quoted name may hold a semicolon.
            let end = match part.strip_prefix('"').and_then(|rest| rest.find('"')) {
                Some(length) => length + 2,
                None => part.find(';').unwrap_or(part.len()),
            };
            let (name, parameters) = part.split_at(end);
            Item { name: name.trim().trim_matches('"'), parameters }
        })
    })
}

/// The time until a reset.
fn reset(text: &str, clock: &dyn Clock) -> Option<Duration> {
    if let Ok(number) = text.parse::<f64>() {
        let seconds = match number {
            // Nobody's window is thirty years long: these are moments.
            number if number >= 1e12 => return until_micros(number * 1e3, clock),
            number if number >= 1e9 => return until_micros(number * 1e6, clock),
            number => number,
        };
        return Duration::try_from_secs_f64(seconds).ok();
    }
    if let Some(seconds) = http_date(text) {
        return Some(until(seconds, clock));
    }
    if let Ok(moment) = text.parse::<Timestamp>() {
        let left = moment.as_micros().saturating_sub(clock.now().as_micros());
        return Some(Duration::from_micros(u64::try_from(left).unwrap_or(0)));
    }
    duration(text)
}

#[expect(clippy::cast_precision_loss, reason = "microseconds since 1970 are far below 2^53")]
fn until_micros(moment: f64, clock: &dyn Clock) -> Option<Duration> {
    let left = (moment - clock.now().as_micros() as f64).max(0.0);
    Duration::try_from_secs_f64(left / 1e6).ok()
}

/// `1h2m3.5s`, `250ms`.
fn duration(text: &str) -> Option<Duration> {
    let (mut rest, mut total) = (text.trim(), Duration::ZERO);
    if rest.is_empty() {
        return None;
    }
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit() && c != '.')?;
        let number = rest[..digits].parse::<f64>().ok()?;
        let unit = rest[digits..].find(|c: char| c.is_ascii_digit()).map_or(rest.len(), |length| digits + length);
        let seconds = match &rest[digits..unit] {
            "ms" => number / 1e3,
            "s" => number,
            "m" => number * 60.0,
            "h" => number * 3600.0,
            "d" => number * 86_400.0,
            _ => return None,
        };
        total = total.checked_add(Duration::try_from_secs_f64(seconds).ok()?)?;
        rest = &rest[unit..];
    }
    Some(total)
}

fn text(value: &HeaderValue) -> Option<&str> {
    value.to_str().ok().map(str::trim)
}

/// The time until a moment; a past one is now.
fn until(seconds: i64, clock: &dyn Clock) -> Duration {
    let left = seconds.saturating_sub(clock.now().as_seconds());
    Duration::from_secs(u64::try_from(left).unwrap_or(0))
}

/// Seconds since the Unix epoch of `Sun, 06 Nov 1994 08:49:37 GMT`.
fn http_date(text: &str) -> Option<i64> {
    let mut parts = text.split([' ', ':']).filter(|part| !part.is_empty());
    let _weekday = parts.next()?.strip_suffix(',')?;
    let day: i64 = parts.next()?.parse().ok()?;
    let name = parts.next()?;
    let month = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
        .iter()
        .position(|month| *month == name)?;
    let year: i64 = parts.next()?.parse().ok()?;
    let mut time = || parts.next()?.parse::<i64>().ok();
    let (hour, minute, second) = (time()?, time()?, time()?);
    let is_time = (0..24).contains(&hour) && (0..60).contains(&minute) && (0..=60).contains(&second);
    if parts.next() != Some("GMT") || !(1970..=9999).contains(&year) || !(1..=31).contains(&day) || !is_time {
        return None;
    }
    // Days from the civil date, counting years from March.
    let month = i64::try_from(month).ok()? + 1;
    let (year, month) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
    let days = 365 * year + year / 4 - year / 100 + year / 400 + (153 * month + 2) / 5 + day - 1 - 719_468;
    Some(((days * 24 + hour) * 60 + minute) * 60 + second)
}

#[cfg(test)]
mod tests {
    use patchbay_model::testing::ManualClock;

    use super::*;

    const OK: StatusCode = StatusCode::OK;

    fn clock() -> ManualClock {
        ManualClock::at("1994-11-06T08:49:07Z")
    }

    fn headers(lines: &[(&str, &str)]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for (name, value) in lines {
            headers.append(HeaderName::try_from(*name).unwrap(), value.parse().unwrap());
        }
        headers
    }

    /// `name limit remaining seconds period`, `-` for what is not told.
    fn read(status: StatusCode, lines: &[(&str, &str)]) -> Vec<String> {
        let told = |number: Option<u64>| number.map_or("-".to_owned(), |number| number.to_string());
        let mut found = windows(status, &headers(lines), &clock())
            .into_iter()
            .map(|window| {
                let (limit, period) = (told(window.limit), told(window.period.map(|period| period.as_secs())));
                format!("{} {limit} {} {:?} {period}", window.name, window.remaining, window.resets_in)
            })
            .collect::<Vec<_>>();
        found.sort();
        found
    }

    #[test]
    fn retry_after_is_read_as_seconds_and_as_a_date() {
        let wait = |value| retry_after(&headers(&[("retry-after", value)]), &clock()).map(|wait| wait.as_secs());
        assert_eq!(wait("120"), Some(120));
        assert_eq!(wait("1.5"), Some(1));
        assert_eq!(wait("Sun, 06 Nov 1994 08:49:37 GMT"), Some(30));
        assert_eq!(wait("Sun, 06 Nov 1994 08:00:00 GMT"), Some(0), "a past moment is now");
        for nonsense in [
            "soon",
            "-5",
            "Sun, 06 Foo 1994 08:49:37 GMT",
            "Sun, 06 Nov 1994 08:49 GMT",
            "Sun, 06 Nov 1994 9223372036854775807:49:37 GMT",
        ] {
            assert_eq!(wait(nonsense), None, "{nonsense}");
        }
        assert_eq!(http_date("Thu, 29 Feb 2024 12:00:00 GMT"), Some(1_709_208_000));
    }

    #[test]
    fn the_ietf_headers_are_read_in_every_form() {
        let policies = r#""burst";q=10;w=1, "daily";q=1000;w=86400"#;
        let found = read(OK, &[("RateLimit-Policy", policies), ("RateLimit", r#""burst";r=5;t=1, "daily";r=0"#)]);
        assert_eq!(found, ["ratelimit:burst 10 5 1s 1", "ratelimit:daily 1000 0 86400s 86400"]);
        let odd = [("RateLimit", r#""a,b;c";r=2;t=30;pk=:cHsdsRa894==:"#), ("RateLimit", "default;r=1;t=9")];
        assert_eq!(read(OK, &odd), ["ratelimit:a,b;c - 2 30s -", "ratelimit:default - 1 9s -"]);
        assert_eq!(read(OK, &[("RateLimit", "limit=100, remaining=50, reset=5")]), ["ratelimit 100 50 5s -"]);
        let oldest = [("RateLimit-Limit", "100, 100;w=60"), ("RateLimit-Remaining", "0"), ("RateLimit-Reset", "7")];
        assert_eq!(read(OK, &oldest), ["ratelimit- 100 0 7s -"]);
        for nonsense in ["", "\"a\"", "\"a\";r=x;t=1", "\"a\";r=1", "limit=1, reset=2", ";;,,\"", "\"\";t=1"] {
            assert!(read(OK, &[("RateLimit", nonsense)]).is_empty(), "{nonsense}");
        }
    }

    #[test]
    fn resets_are_seconds_moments_and_durations() {
        let reset = |value: &str| {
            let lines = [("X-RateLimit-Remaining", "3"), ("X-RateLimit-Reset", value)];
            read(OK, &lines).first().and_then(|found| found.split(' ').nth(3).map(str::to_owned))
        };
        // 08:49:07 on that day is 784111747.
        for (value, expected) in [
            ("30", "30s"),
            ("1.5", "1.5s"),
            ("Sun, 06 Nov 1994 08:49:37 GMT", "30s"),
            ("1994-11-06T08:49:37Z", "30s"),
            ("6m0s", "360s"),
            ("250ms", "250ms"),
            ("1h2m3.5s", "3723.5s"),
            ("0", "0ns"),
            ("784111777", "86400s"),
        ] {
            assert_eq!(reset(value).as_deref(), Some(expected), "{value}");
        }
        for nonsense in ["soon", "-1", "5 minutes", "NaN", "1e400", ""] {
            assert_eq!(reset(nonsense), None, "{nonsense}");
        }
        let now = ManualClock::at("2026-01-15T10:30:00Z");
        let at = |value: &str| super::reset(value, &now);
        assert_eq!(at("1768473030"), Some(Duration::from_secs(30)));
        assert_eq!(at("1768473030000"), Some(Duration::from_secs(30)));
        assert_eq!(at("1768473000"), Some(Duration::ZERO));
        assert_eq!(at("1768000000"), Some(Duration::ZERO), "a past moment is now");
    }

    #[test]
    fn several_windows_are_told_apart_and_tokens_left_alone() {
        let found = read(
            OK,
            &[
                ("X-RateLimit-Limit-Minute", "60"),
                ("X-RateLimit-Remaining-Minute", "59"),
                ("X-RateLimit-Reset-Minute", "12"),
                ("X-RateLimit-Remaining-Day", "4"),
                ("X-RateLimit-Reset-Day", "400"),
                ("x-rate-limit-remaining", "9"),
                ("x-rate-limit-reset", "1"),
                ("x-ratelimit-remaining-tokens", "0"),
                ("x-ratelimit-reset-tokens", "6m0s"),
                ("x-ratelimit-remaining-requests", "2"),
            ],
        );
        let expected =
            ["x-rate-limit- - 9 1s -", "x-ratelimit--day - 4 400s 86400", "x-ratelimit--minute 60 59 12s 60"];
        assert_eq!(found, expected);
    }

    #[test]
    fn a_refusal_names_its_wait_one_way_or_another() {
        let refused = StatusCode::TOO_MANY_REQUESTS;
        let wait =
            |status, lines: &[(&str, &str)]| named_wait(status, &headers(lines), &clock()).map(|wait| wait.as_secs());
        assert_eq!(wait(refused, &[("retry-after", "5"), ("x-ratelimit-reset", "50")]), Some(5));
        assert_eq!(wait(refused, &[("x-ratelimit-reset", "50")]), Some(50), "what it does not say is spent");
        let two = [
            ("RateLimit", r#""burst";r=1;t=100, "daily";r=0;t=20"#),
            ("x-ratelimit-remaining", "0"),
            ("x-ratelimit-reset", "10"),
        ];
        assert_eq!(wait(refused, &two), Some(20), "the strictest of those that are spent");
        assert_eq!(wait(OK, &two), None);
        assert_eq!(wait(refused, &[]), None);
    }

    proptest::proptest! {
        #[test]
        fn no_header_panics(name in "(x-)?rate-?limit(-(limit|remaining|reset|policy))?(-minute)?", value in "[ -~]{0,40}") {
            for status in [OK, StatusCode::TOO_MANY_REQUESTS] {
                let lines = [(name.as_str(), value.as_str()), ("x-ratelimit-remaining", "1")];
                let headers = headers(&lines);
                for window in windows(status, &headers, &clock()) {
                    proptest::prop_assert!(window.resets_in <= LONGEST);
                }
                let _ = named_wait(status, &headers, &clock());
            }
        }
    }
}

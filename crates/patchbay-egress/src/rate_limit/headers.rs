//! Parses the headers in which providers report their rate limits.
//!
//! - `Retry-After` (RFC 9110 section 10.2.3).
//! - `RateLimit` and `RateLimit-Policy` (draft-ietf-httpapi-ratelimit-headers), as a list of policies and in the forms of
//!   older drafts.
//! - The families `X-RateLimit-*`, `X-Rate-Limit-*` and `RateLimit-*`, with an optional suffix per window (`-Minute`,
//!   `-Requests`).
//!
//! A delay or reset is a number of seconds from now, a moment (seconds or milliseconds since 1970, an HTTP date or an
//! ISO 8601 date) or a duration such as `1m30s`. A header that cannot be parsed is ignored, and so is one of more than a
//! day: it is more likely misunderstood than meant, and believing it would close the account for a day, where ignoring
//! it costs one rejected request.
//!
//! `X-RateLimit-Resource` (GitHub) and `X-RateLimit-Bucket` (Discord) name the part of the API that a window counts.

use std::time::Duration;

use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use patchbay_model::{Clock, Timestamp};

/// The longest delay or reset that is believed.
pub(super) const MAX_DELAY: Duration = Duration::from_hours(24);
/// From this number on, a reset is a moment in seconds since 1970, because no window lasts 30 years.
const MIN_EPOCH_SECS: f64 = 1e9;
/// From this number on, a reset is a moment in milliseconds since 1970.
const MIN_EPOCH_MILLIS: f64 = 1e12;

/// The longest name of a part of the API, in bytes; a longer one is ignored.
const MAX_RESOURCE_BYTES: usize = 100;

/// One window of a rate limit, as a response reports it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct ReportedWindow {
    /// Distinguishes it from the provider's other windows.
    pub(super) name: String,
    /// The part of the API that it counts; `None` if it counts every request.
    pub(super) resource: Option<String>,
    /// The number of requests in the whole window, if reported.
    pub(super) limit: Option<u64>,
    /// The number of requests that are left.
    pub(super) remaining: u64,
    /// The time until the window resets.
    pub(super) resets_in: Duration,
    /// The length of the window, if reported.
    pub(super) period: Option<Duration>,
}

/// Returns the duration if it is believed.
fn believed(duration: Duration) -> Option<Duration> {
    (duration <= MAX_DELAY).then_some(duration)
}

/// Returns the delay that a response asks for: its `Retry-After`, otherwise, for a 429 and a 403, the longest reset of
/// the windows that have no requests left.
pub fn retry_delay(status: StatusCode, headers: &HeaderMap, clock: &dyn Clock) -> Option<Duration> {
    retry_after(headers, clock).or_else(|| {
        let windows = if can_refuse(status) { reported_windows(status, headers, clock) } else { Vec::new() };
        windows.iter().filter(|window| window.remaining == 0).map(|window| window.resets_in).max()
    })
}

/// Returns the delay in `Retry-After`, at most a day, for a sender that loses nothing by waiting: a receiver of webhooks that asks for
/// more must not get the next attempt sooner than one that asks for less.
pub fn longest_retry_delay(status: StatusCode, headers: &HeaderMap, clock: &dyn Clock) -> Option<Duration> {
    let asked = headers.get(header::RETRY_AFTER).and_then(header_text).and_then(|text| parse_reset(text, clock));
    asked.map(|delay| delay.min(MAX_DELAY)).or_else(|| retry_delay(status, headers, clock))
}

/// Returns true if a provider may refuse a request with this status because of a limit: 429 (RFC 6585 section 4), and
/// 403, if the response names a delay.
///
/// Source: <https://docs.github.com/en/rest/using-the-rest-api/rate-limits-for-the-rest-api#exceeding-the-rate-limit>
pub(super) fn can_refuse(status: StatusCode) -> bool {
    matches!(status, StatusCode::TOO_MANY_REQUESTS | StatusCode::FORBIDDEN)
}

/// Returns the delay in `Retry-After`: by RFC 9110 section 10.2.3 seconds or an HTTP date, at some providers a fraction
/// of a second or a moment in seconds since 1970.
pub(super) fn retry_after(headers: &HeaderMap, clock: &dyn Clock) -> Option<Duration> {
    parse_reset(header_text(headers.get(header::RETRY_AFTER)?)?, clock).and_then(believed)
}

/// Returns every window that a response reports. In a 429, a window without a remaining number has none left.
pub(super) fn reported_windows(status: StatusCode, headers: &HeaderMap, clock: &dyn Clock) -> Vec<ReportedWindow> {
    let is_refused = status == StatusCode::TOO_MANY_REQUESTS;
    let mut found = standard_windows(headers);
    for (name, value) in headers {
        // Every window has a reset header, so each is found exactly once by it.
        let Some((family, suffix)) = split_name(name, "reset") else { continue };
        let resets_in = header_text(value).and_then(|text| parse_reset(text, clock)).and_then(believed);
        let Some(resets_in) = resets_in else { continue };
        let sibling = |kind: &str| {
            let name = HeaderName::try_from(format!("{family}{kind}{suffix}")).ok()?;
            // Of `100, 100;w=60`, the first number applies.
            header_text(headers.get(name)?)?.split([',', ';']).next()?.trim().parse::<u64>().ok()
        };
        let resource = ["resource", "bucket"].into_iter().find_map(|kind| {
            let name = HeaderName::try_from(format!("{family}{kind}")).ok()?;
            header_text(headers.get(name)?).filter(|text| !text.is_empty() && text.len() <= MAX_RESOURCE_BYTES)
        });
        let Some(remaining) = sibling("remaining").or_else(|| is_refused.then_some(0)) else { continue };
        let period = match suffix {
            "-second" => Some(1),
            "-minute" => Some(60),
            "-hour" => Some(3600),
            "-day" => Some(86_400),
            _ => None,
        };
        found.push(ReportedWindow {
            name: format!("{family}{suffix}"),
            resource: resource.map(str::to_owned),
            limit: sibling("limit"),
            remaining,
            resets_in,
            period: period.map(Duration::from_secs),
        });
    }
    found
}

/// Splits a header name such as `x-ratelimit-reset-minute` around `kind` into (`x-ratelimit-`, `-minute`).
fn split_name<'a>(name: &'a HeaderName, kind: &str) -> Option<(&'a str, &'a str)> {
    let name = name.as_str();
    let family = ["x-ratelimit-", "x-rate-limit-", "ratelimit-"].into_iter().find(|family| name.starts_with(family))?;
    let suffix = name[family.len()..].strip_prefix(kind)?;
    // Other suffixes, such as `-tokens`, do not count requests.
    ["", "-requests", "-second", "-minute", "-hour", "-day"].contains(&suffix).then(|| (&name[..family.len()], suffix))
}

/// Returns the windows in `RateLimit`, with their sizes in `RateLimit-Policy`.
fn standard_windows(headers: &HeaderMap) -> Vec<ReportedWindow> {
    let mut policies = Vec::new();
    for item in list_items(headers, "ratelimit-policy") {
        // Older drafts have the quota in place of the policy's name: `100;w=60`.
        let quota = item.parameter("q").or_else(|| item.name.parse().ok());
        policies.push((item.name, quota, item.parameter("w")));
    }
    let (mut windows, mut draft) = (Vec::new(), [None; 3]);
    for item in list_items(headers, "ratelimit") {
        // `limit=100, remaining=50, reset=5`, the form of an older draft.
        if let Some((key, value)) = item.name.split_once('=') {
            let index = ["limit", "remaining", "reset"].iter().position(|known| *known == key.trim());
            if let Some(index) = index {
                draft[index] = value.trim().parse::<u64>().ok();
            }
            continue;
        }
        let policy = policies.iter().find(|(name, ..)| *name == item.name);
        let period = policy.and_then(|(.., window)| *window);
        let resets_in = item.parameter("t").or(period).map(Duration::from_secs).and_then(believed);
        if let (Some(remaining), Some(resets_in)) = (item.parameter("r"), resets_in) {
            windows.push(ReportedWindow {
                name: format!("ratelimit:{}", item.name),
                resource: None,
                limit: policy.and_then(|(_, quota, _)| *quota),
                remaining,
                resets_in,
                period: period.map(Duration::from_secs).and_then(believed),
            });
        }
    }
    if let [limit, Some(remaining), Some(seconds)] = draft
        && let Some(resets_in) = believed(Duration::from_secs(seconds))
    {
        let name = "ratelimit".to_owned();
        windows.push(ReportedWindow { name, resource: None, limit, remaining, resets_in, period: None });
    }
    windows
}

/// An item of a structured list with its parameters (RFC 9651 section 3.1).
struct ListItem<'a> {
    name: &'a str,
    parameters: &'a str,
}

impl ListItem<'_> {
    fn parameter(&self, key: &str) -> Option<u64> {
        self.parameters.split(';').find_map(|parameter| {
            let (name, value) = parameter.split_once('=')?;
            (name.trim() == key).then(|| value.trim().parse().ok())?
        })
    }
}

/// Returns the items of all headers with this name.
fn list_items<'a>(headers: &'a HeaderMap, name: &str) -> impl Iterator<Item = ListItem<'a>> {
    let values = headers.get_all(name).into_iter().filter_map(header_text);
    values.flat_map(|value| {
        let (mut parts, mut start, mut is_quoted) = (Vec::new(), 0, false);
        for (index, byte) in value.bytes().enumerate() {
            match byte {
                b'"' => is_quoted = !is_quoted,
                b',' if !is_quoted => {
                    parts.push(&value[start..index]);
                    start = index + 1;
                }
                _ => {}
            }
        }
        parts.push(&value[start..]);
        parts.into_iter().map(|part| {
            let part = part.trim();
            // A quoted name may contain a semicolon.
            let end = match part.strip_prefix('"').and_then(|rest| rest.find('"')) {
                Some(length) => length + 2,
                None => part.find(';').unwrap_or(part.len()),
            };
            let (name, parameters) = part.split_at(end);
            ListItem { name: name.trim().trim_matches('"'), parameters }
        })
    })
}

/// Returns the time until a reset.
fn parse_reset(text: &str, clock: &dyn Clock) -> Option<Duration> {
    if let Ok(number) = text.parse::<f64>() {
        let seconds = match number {
            number if number >= MIN_EPOCH_MILLIS => return until_micros(number * 1e3, clock),
            number if number >= MIN_EPOCH_SECS => return until_micros(number * 1e6, clock),
            number => number,
        };
        return Duration::try_from_secs_f64(seconds).ok();
    }
    if let Some(seconds) = parse_http_date(text) {
        return Some(until(seconds, clock));
    }
    if let Ok(moment) = text.parse::<Timestamp>() {
        let left = moment.as_micros().saturating_sub(clock.now().as_micros());
        return Some(Duration::from_micros(u64::try_from(left).unwrap_or(0)));
    }
    parse_duration(text)
}

/// Returns the time until a moment in microseconds since 1970; zero for a past one.
#[expect(clippy::cast_precision_loss, reason = "microseconds since 1970 are far below 2^53")]
fn until_micros(moment: f64, clock: &dyn Clock) -> Option<Duration> {
    let left = (moment - clock.now().as_micros() as f64).max(0.0);
    Duration::try_from_secs_f64(left / 1e6).ok()
}

/// Parses a duration such as `1h2m3.5s` or `250ms`.
fn parse_duration(text: &str) -> Option<Duration> {
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

fn header_text(value: &HeaderValue) -> Option<&str> {
    value.to_str().ok().map(str::trim)
}

/// Returns the time until a moment in seconds since 1970; zero for a past one.
fn until(seconds: i64, clock: &dyn Clock) -> Duration {
    let left = seconds.saturating_sub(clock.now().as_seconds());
    Duration::from_secs(u64::try_from(left).unwrap_or(0))
}

/// Returns the seconds since 1970 of an HTTP date such as `Sun, 06 Nov 1994 08:49:37 GMT` (RFC 9110 section 5.6.7).
fn parse_http_date(text: &str) -> Option<i64> {
    let mut parts = text.split([' ', ':']).filter(|part| !part.is_empty());
    let _weekday = parts.next()?.strip_suffix(',')?;
    let day: i64 = parts.next()?.parse().ok()?;
    let name = parts.next()?;
    let month = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
        .iter()
        .position(|month| *month == name)?;
    let year: i64 = parts.next()?.parse().ok()?;
    let mut number = || parts.next()?.parse::<i64>().ok();
    let (hour, minute, second) = (number()?, number()?, number()?);
    let is_time = (0..24).contains(&hour) && (0..60).contains(&minute) && (0..=60).contains(&second);
    if parts.next() != Some("GMT") || !(1970..=9999).contains(&year) || !(1..=31).contains(&day) || !is_time {
        return None;
    }
    // Days since 1970 from the civil date. The year starts in March, so that the leap day is its last day.
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

    /// Formats each window as `name limit remaining reset period`, with `-` for a missing number.
    fn read(status: StatusCode, lines: &[(&str, &str)]) -> Vec<String> {
        let text = |number: Option<u64>| number.map_or("-".to_owned(), |number| number.to_string());
        let mut found = reported_windows(status, &headers(lines), &clock())
            .into_iter()
            .map(|window| {
                let (limit, period) = (text(window.limit), text(window.period.map(|period| period.as_secs())));
                format!("{} {limit} {} {:?} {period}", window.name, window.remaining, window.resets_in)
            })
            .collect::<Vec<_>>();
        found.sort();
        found
    }

    #[test]
    fn retry_after_is_seconds_or_a_date() {
        let wait = |value| retry_after(&headers(&[("retry-after", value)]), &clock()).map(|wait| wait.as_secs());
        assert_eq!(wait("120"), Some(120));
        assert_eq!(wait("1.5"), Some(1));
        assert_eq!(wait("Sun, 06 Nov 1994 08:49:37 GMT"), Some(30));
        assert_eq!(wait("Sun, 06 Nov 1994 08:00:00 GMT"), Some(0), "a past moment is now");
        assert_eq!((wait("86400"), wait("1994-11-06T08:49:37Z")), (Some(86400), Some(30)));
        for invalid in [
            "soon",
            "-5",
            "86401",
            "5184000",
            "784111777",
            "Wed, 06 Nov 2024 08:49:37 GMT",
            "1e300",
            "Sun, 06 Foo 1994 08:49:37 GMT",
            "Sun, 06 Nov 1994 08:49 GMT",
            "Sun, 06 Nov 1994 9223372036854775807:49:37 GMT",
        ] {
            assert_eq!(wait(invalid), None, "{invalid}");
        }
        assert_eq!(parse_http_date("Thu, 29 Feb 2024 12:00:00 GMT"), Some(1_709_208_000));
        let now = ManualClock::at("2026-01-15T10:30:00Z");
        let at = |value| retry_after(&headers(&[("retry-after", value)]), &now);
        assert_eq!(at("1768473002"), Some(Duration::from_secs(2)), "seconds since 1970");
        assert_eq!(at("1768473002500"), Some(Duration::from_millis(2500)), "milliseconds since 1970");
        assert_eq!((at("1768470000"), at("1770000000")), (Some(Duration::ZERO), None));
    }

    #[test]
    fn the_ietf_headers_are_parsed_in_every_draft_form() {
        let policies = r#""burst";q=10;w=1, "daily";q=1000;w=86400"#;
        let found = read(OK, &[("RateLimit-Policy", policies), ("RateLimit", r#""burst";r=5;t=1, "daily";r=0"#)]);
        assert_eq!(found, ["ratelimit:burst 10 5 1s 1", "ratelimit:daily 1000 0 86400s 86400"]);
        let odd = [("RateLimit", r#""a,b;c";r=2;t=30;pk=:cHsdsRa894==:"#), ("RateLimit", "default;r=1;t=9")];
        assert_eq!(read(OK, &odd), ["ratelimit:a,b;c - 2 30s -", "ratelimit:default - 1 9s -"]);
        assert_eq!(read(OK, &[("RateLimit", "limit=100, remaining=50, reset=5")]), ["ratelimit 100 50 5s -"]);
        let oldest = [("RateLimit-Limit", "100, 100;w=60"), ("RateLimit-Remaining", "0"), ("RateLimit-Reset", "7")];
        assert_eq!(read(OK, &oldest), ["ratelimit- 100 0 7s -"]);
        for invalid in ["", "\"a\"", "\"a\";r=x;t=1", "\"a\";r=1", "limit=1, reset=2", ";;,,\"", "\"\";t=1"] {
            assert!(read(OK, &[("RateLimit", invalid)]).is_empty(), "{invalid}");
        }
    }

    #[test]
    fn a_reset_is_seconds_a_moment_or_a_duration() {
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
            ("86400", "86400s"),
        ] {
            assert_eq!(reset(value).as_deref(), Some(expected), "{value}");
        }
        for invalid in
            ["soon", "-1", "5 minutes", "NaN", "1e400", "", "86401", "784111777", "2d", "1994-12-06T08:49:37Z"]
        {
            assert_eq!(reset(invalid), None, "{invalid}");
        }
        let now = ManualClock::at("2026-01-15T10:30:00Z");
        let at = |value: &str| super::parse_reset(value, &now);
        assert_eq!(at("1768473030"), Some(Duration::from_secs(30)));
        assert_eq!(at("1768473030000"), Some(Duration::from_secs(30)));
        assert_eq!(at("1768473000"), Some(Duration::ZERO));
        assert_eq!(at("1768000000"), Some(Duration::ZERO), "a past moment is now");
    }

    #[test]
    fn windows_are_separate_and_token_limits_are_ignored() {
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
    fn the_delay_of_a_429_comes_from_any_of_its_headers() {
        let refused = StatusCode::TOO_MANY_REQUESTS;
        let wait =
            |status, lines: &[(&str, &str)]| retry_delay(status, &headers(lines), &clock()).map(|wait| wait.as_secs());
        assert_eq!(wait(refused, &[("retry-after", "5"), ("x-ratelimit-reset", "50")]), Some(5));
        assert_eq!(
            wait(refused, &[("x-ratelimit-reset", "50")]),
            Some(50),
            "a missing remaining number means none are left"
        );
        let two = [
            ("RateLimit", r#""burst";r=1;t=100, "daily";r=0;t=20"#),
            ("x-ratelimit-remaining", "0"),
            ("x-ratelimit-reset", "10"),
        ];
        assert_eq!(wait(refused, &two), Some(20), "the longest reset of the used-up windows");
        assert_eq!(wait(OK, &two), None);
        assert_eq!(wait(refused, &[]), None);
        let forbidden = StatusCode::FORBIDDEN;
        assert_eq!(wait(forbidden, &[("retry-after", "2"), ("x-ratelimit-remaining", "4999")]), Some(2));
        assert_eq!(wait(forbidden, &two), Some(20));
        assert_eq!(wait(forbidden, &[("x-ratelimit-reset", "50")]), None, "it does not say that none are left");
        assert_eq!(wait(forbidden, &[("x-ratelimit-remaining", "7"), ("x-ratelimit-reset", "50")]), None);
    }

    #[test]
    fn a_delay_of_more_than_a_day_counts_as_a_day_for_who_can_wait() {
        let refused = StatusCode::SERVICE_UNAVAILABLE;
        for (text, seconds) in
            [("5", 5), ("86400", 86_400), ("86401", 86_400), ("172800", 86_400), ("999999999", 86_400)]
        {
            let asked = longest_retry_delay(refused, &headers(&[("retry-after", text)]), &clock());
            assert_eq!(asked.map(|delay| delay.as_secs()), Some(seconds), "{text}");
        }
        for none in ["", "x", "-5"] {
            assert_eq!(longest_retry_delay(refused, &headers(&[("retry-after", none)]), &clock()), None, "{none}");
        }
        assert_eq!(longest_retry_delay(refused, &headers(&[]), &clock()), None);
    }

    proptest::proptest! {
        #[test]
        fn no_header_panics(name in "(x-)?rate-?limit(-(limit|remaining|reset|policy))?(-minute)?", value in "[ -~]{0,40}") {
            for status in [OK, StatusCode::TOO_MANY_REQUESTS] {
                let lines = [(name.as_str(), value.as_str()), ("x-ratelimit-remaining", "1")];
                let headers = headers(&lines);
                for window in reported_windows(status, &headers, &clock()) {
                    proptest::prop_assert!(window.resets_in <= MAX_DELAY);
                }
                let _ = retry_delay(status, &headers, &clock());
            }
        }
    }
}

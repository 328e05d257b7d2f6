//! Checks strings against named formats, without regular expressions.

/// Returns the expected format, as a noun phrase, if a string does not have it. Returns `None` if it does or if the format is
/// unknown.
pub(super) fn expected_format(format: &str, text: &str) -> Option<&'static str> {
    let (matches, expected) = match format {
        "email" => (is_email(text), "an e-mail address"),
        "url" => (is_url(text), "an http or https URL"),
        "uri" => (url::Url::parse(text).is_ok(), "a URI"),
        "uuid" => (is_uuid(text), "a UUID"),
        "date" => (is_date(text), "a date such as 2026-01-31"),
        "datetime" => (is_datetime(text), "a date and time such as 2026-01-31T10:30:00Z"),
        _ => return None,
    };
    (!matches).then_some(expected)
}

fn is_email(text: &str) -> bool {
    let Some((user, host)) = text.rsplit_once('@') else { return false };
    let plain = |part: &str| !part.is_empty() && part.chars().all(|c| !c.is_whitespace() && !c.is_control());
    text.len() <= 254
        && plain(user)
        && !user.contains(['@', '<', '>', ',', ';'])
        && plain(host)
        && host.contains('.')
        && host.split('.').all(|label| {
            !label.is_empty()
                && !label.starts_with('-')
                && !label.ends_with('-')
                && label.chars().all(|c| c.is_alphanumeric() || c == '-')
        })
}

fn is_url(text: &str) -> bool {
    url::Url::parse(text).is_ok_and(|url| matches!(url.scheme(), "http" | "https") && url.host().is_some())
}

fn is_uuid(text: &str) -> bool {
    text.len() == 36
        && text.bytes().enumerate().all(|(index, byte)| match index {
            8 | 13 | 18 | 23 => byte == b'-',
            _ => byte.is_ascii_hexdigit(),
        })
}

/// Returns true for a calendar date (`full-date` of RFC 3339, section 5.6).
pub(super) fn is_date(text: &str) -> bool {
    let bytes = text.as_bytes();
    if bytes.len() != 10 || bytes[4] != b'-' || bytes[7] != b'-' {
        return false;
    }
    let (Some(year), Some(month), Some(day)) = (digits(&text[..4]), digits(&text[5..7]), digits(&text[8..])) else {
        return false;
    };
    let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let days = match month {
        1 | 3 | 5 | 7 | 8 | 10 | 12 => 31,
        4 | 6 | 9 | 11 => 30,
        2 if leap => 29,
        2 => 28,
        _ => return false,
    };
    (1..=days).contains(&day)
}

/// Returns true for a date and time (`date-time` of RFC 3339, section 5.6). The offset is optional, and the seconds can have
/// a fraction of any length.
pub(super) fn is_datetime(text: &str) -> bool {
    if !text.is_ascii()
        || text.len() < 19
        || !matches!(text.as_bytes()[10], b'T' | b't' | b' ')
        || !is_date(&text[..10])
    {
        return false;
    }
    let (time, mut rest) = (&text[11..19], &text[19..]);
    let in_range = |text: &str, max: u32| digits(text).is_some_and(|number| number <= max);
    let is_time = time.as_bytes()[2] == b':'
        && time.as_bytes()[5] == b':'
        && in_range(&time[..2], 23)
        && in_range(&time[3..5], 59)
        && in_range(&time[6..], 60);
    if let Some(fraction) = rest.strip_prefix('.') {
        let length = fraction.bytes().take_while(u8::is_ascii_digit).count();
        if length == 0 {
            return false;
        }
        rest = &fraction[length..];
    }
    let is_offset = matches!(rest, "" | "Z" | "z")
        || (rest.len() == 6
            && rest.starts_with(['+', '-'])
            && rest.as_bytes()[3] == b':'
            && in_range(&rest[1..3], 23)
            && in_range(&rest[4..], 59));
    is_time && is_offset
}

fn digits(text: &str) -> Option<u32> {
    text.bytes().all(|byte| byte.is_ascii_digit()).then(|| text.parse().ok())?
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_format_accepts_and_rejects_texts() {
        for (format, good, bad) in [
            (
                "email",
                vec!["a@b.co", "jo.doe+x@mail.example.com"],
                vec!["", "a", "a@b", "a b@c.d", "@b.co", "a@-b.co", "a@b..c"],
            ),
            ("url", vec!["https://x.example/a?b", "http://1.2.3.4"], vec!["ftp://x", "x.example", "https://"]),
            ("uri", vec!["urn:isbn:1", "https://x"], vec!["", "not a uri"]),
            ("uuid", vec!["0b6f2f0e-7c0b-4a52-8f1f-4cf3c8f4d1aa"], vec!["0b6f2f0e7c0b4a528f1f4cf3c8f4d1aa", "x"]),
            (
                "date",
                vec!["2026-01-31", "2024-02-29"],
                vec!["2026-02-29", "2026-13-01", "26-01-01", "2026-1-1", "2026-00-10"],
            ),
            (
                "datetime",
                vec!["2026-01-31T10:30:00Z", "2026-01-31T10:30:00.123+01:00", "2026-01-31 10:30:00"],
                vec![
                    "2026-01-31",
                    "2026-01-31T25:00:00Z",
                    "2026-01-31T10:30:00.Z",
                    "2026-01-31T10:30:00+1",
                    "2026-01-31T10:30Zäää",
                ],
            ),
        ] {
            for text in good {
                assert_eq!(expected_format(format, text), None, "{format} {text}");
            }
            for text in bad {
                assert!(expected_format(format, text).is_some(), "{format} {text}");
            }
        }
        assert_eq!(expected_format("colour", "anything"), None);
    }
}

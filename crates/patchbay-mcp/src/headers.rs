//! The headers of Streamable HTTP, and how values that are not plain text are written in them.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use http::{HeaderMap, HeaderName, HeaderValue};

/// The revision.
pub const VERSION: HeaderName = HeaderName::from_static("mcp-protocol-version");
/// The session of the legacy era.
pub const SESSION: HeaderName = HeaderName::from_static("mcp-session-id");
/// The method of the body.
pub const METHOD: HeaderName = HeaderName::from_static("mcp-method");
/// What the method is about: the name of a tool or a prompt, the URI of a resource, the id of a task.
pub const NAME: HeaderName = HeaderName::from_static("mcp-name");
/// The event after which a stream of the legacy era goes on.
pub const LAST_EVENT_ID: HeaderName = HeaderName::from_static("last-event-id");

const PREFIX: &str = "=?base64?";
const SUFFIX: &str = "?=";

/// Encodes a value for a header: unchanged if it is printable ASCII, otherwise as base64 in `=?base64?…?=`.
pub fn encode_value(text: &str) -> HeaderValue {
    let is_plain = text.bytes().all(|byte| matches!(byte, b' ' | b'\t' | 0x21..=0x7e))
        && text.trim_matches([' ', '\t']) == text
        && !(text.starts_with(PREFIX) && text.ends_with(SUFFIX));
    let encoded = if is_plain { text.to_owned() } else { format!("{PREFIX}{}{SUFFIX}", STANDARD.encode(text)) };
    HeaderValue::try_from(encoded).unwrap_or_else(|_| HeaderValue::from_static(""))
}

/// Returns the text of a header's value without the blanks around it; `None` if it is not plain text, or base64 that is not valid.
/// A value without the whole wrapper `=?base64?…?=` is the text itself.
pub fn decode_value(value: &HeaderValue) -> Option<String> {
    let text = value.to_str().ok()?.trim_matches([' ', '\t']);
    let encoded = text.strip_prefix(PREFIX).and_then(|rest| rest.strip_suffix(SUFFIX));
    match encoded {
        Some(encoded) => String::from_utf8(STANDARD.decode(encoded).ok()?).ok(),
        None => Some(text.to_owned()),
    }
}

/// Returns true if a header is there once, and its text is `expected`.
pub fn says(headers: &HeaderMap, name: &HeaderName, expected: &str) -> bool {
    let mut values = headers.get_all(name).iter();
    match (values.next(), values.next()) {
        (Some(value), None) => decode_value(value).is_some_and(|text| text == expected),
        _ => false,
    }
}

/// Returns true if a content type has this media type, with any parameters.
pub fn is_media_type(content_type: &str, media_type: &str) -> bool {
    content_type.split(';').next().unwrap_or_default().trim().eq_ignore_ascii_case(media_type)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_encoded_as_in_the_specification() {
        for (text, written) in [
            ("us-west1", "us-west1"),
            ("Hello, 世界", "=?base64?SGVsbG8sIOS4lueVjA==?="),
            (" padded ", "=?base64?IHBhZGRlZCA=?="),
            ("line1\nline2", "=?base64?bGluZTEKbGluZTI=?="),
            ("=?base64?literal?=", "=?base64?PT9iYXNlNjQ/bGl0ZXJhbD89?="),
            ("", ""),
        ] {
            assert_eq!(encode_value(text), written, "{text:?}");
            assert_eq!(decode_value(&encode_value(text)).as_deref(), Some(text));
        }
    }

    #[test]
    fn only_whole_wrappers_are_decoded() {
        for (written, text) in [
            (" x\t", Some("x")),
            ("=?base64?SGVsbG8=", Some("=?base64?SGVsbG8=")),
            ("SGVsbG8=?=", Some("SGVsbG8=?=")),
            ("=?BASE64?SGVsbG8=?=", Some("=?BASE64?SGVsbG8=?=")),
            ("=?base64??=", Some("")),
            ("=?base64?SGVsbG8?=", None),
            ("=?base64?SGVs!!!bG8=?=", None),
            ("=?base64?/w==?=", None),
        ] {
            let value = HeaderValue::from_static(written);
            assert_eq!(decode_value(&value).as_deref(), text, "{written}");
        }
        assert_eq!(decode_value(&HeaderValue::from_bytes(b"\xff").unwrap()), None);
    }

    #[test]
    fn a_header_says_one_thing() {
        let mut headers = HeaderMap::new();
        assert!(!says(&headers, &METHOD, ""));
        headers.insert(METHOD, HeaderValue::from_static(" tools/list "));
        assert!(says(&headers, &METHOD, "tools/list") && !says(&headers, &METHOD, "TOOLS/LIST"));
        headers.append(METHOD, HeaderValue::from_static("tools/list"));
        assert!(!says(&headers, &METHOD, "tools/list"));
    }
}

//! The text of a response body as UTF-8, in whatever encoding the provider sent it.
//!
//! - A byte order mark decides, and is removed (RFC 8259 section 8.1 allows parsers to ignore it).
//! - Otherwise the charset of the content type decides (WHATWG Encoding Standard). JSON is UTF-8 whatever it declares, if
//!   its bytes are valid UTF-8: many servers declare their default charset for everything.
//! - JSON without a charset may be UTF-16 in old APIs; its first two bytes show that (RFC 4627 section 3).
//!
//! Bytes that are not valid in the encoding stay as they are: the reader decides what to do with them.

use bytes::Bytes;
use encoding_rs::{Encoding, UTF_8, UTF_16BE, UTF_16LE};

use crate::{
    header_values::{ContentType, content_type},
    message::InboundResponse,
};

const UTF8_MARK: &[u8] = &[0xef, 0xbb, 0xbf];

impl InboundResponse {
    /// Returns the body as UTF-8 without a byte order mark. A body in UTF-8 is not copied. Bytes of a file are not
    /// changed, except for the mark.
    #[must_use]
    pub fn text_body(&self) -> Bytes {
        let body = &self.body;
        if body.starts_with(UTF8_MARK) {
            return body.slice(UTF8_MARK.len()..);
        }
        let is_plain = !matches!(body[..], [0xff, 0xfe, ..] | [0xfe, 0xff, ..] | [0, ..] | [_, 0, ..]);
        if is_plain && !self.headers.contains_key(http::header::CONTENT_TYPE) {
            return body.clone();
        }
        let ContentType { media_type, charset } = content_type(&self.headers);
        let Some(encoding) = encoding(body, &media_type, charset.as_deref()) else { return body.clone() };
        // It removes the mark of its own encoding.
        let (text, had_errors) = encoding.decode_with_bom_removal(body);
        if had_errors { body.clone() } else { Bytes::from(text.into_owned()) }
    }
}

/// Returns the encoding that a body must be decoded from; `None` for UTF-8 and for bytes that are not text.
fn encoding(body: &[u8], media_type: &str, charset: Option<&str>) -> Option<&'static Encoding> {
    let is_json = media_type == "application/json" || media_type.ends_with("+json");
    let is_text = is_json || media_type.is_empty() || media_type.starts_with("text/");
    let declared = charset.and_then(|label| Encoding::for_label(label.trim().as_bytes()));
    if is_text || declared.is_some_and(|declared| !declared.is_ascii_compatible()) {
        match body {
            [0xff, 0xfe, ..] => return Some(UTF_16LE),
            [0xfe, 0xff, ..] => return Some(UTF_16BE),
            _ => {}
        }
    }
    let Some(declared) = declared else {
        return match body {
            [0, second, ..] if is_json && *second != 0 => Some(UTF_16BE),
            [first, 0, ..] if is_json && *first != 0 => Some(UTF_16LE),
            _ => None,
        };
    };
    // The label `utf-16` means little-endian, unless the bytes show otherwise.
    let declared = match body {
        [0, second, ..] if declared == UTF_16LE && *second != 0 => UTF_16BE,
        _ => declared,
    };
    let is_utf8 = declared == UTF_8 || (is_json && declared.is_ascii_compatible() && std::str::from_utf8(body).is_ok());
    (!is_utf8).then_some(declared)
}

#[cfg(test)]
mod tests {
    use http::{HeaderMap, StatusCode, header};

    use super::*;

    fn text_of(body: &[u8], content_type: &str) -> Vec<u8> {
        let mut headers = HeaderMap::new();
        if !content_type.is_empty() {
            headers.insert(header::CONTENT_TYPE, content_type.parse().unwrap());
        }
        let url = "https://api.example.com/".parse().unwrap();
        let body = Bytes::copy_from_slice(body);
        InboundResponse { status: StatusCode::OK, headers, body, url }.text_body().to_vec()
    }

    fn utf16(text: &str, order: fn(u16) -> [u8; 2]) -> Vec<u8> {
        text.encode_utf16().flat_map(order).collect()
    }

    #[test]
    fn bodies_in_every_encoding_become_utf8() {
        let json = "{\"name\":\"Müller €\"}";
        let mark = |mark: &[u8], body: &[u8]| [mark, body].concat();
        let (le, be) = (utf16(json, u16::to_le_bytes), utf16(json, u16::to_be_bytes));
        for (body, content_type) in [
            (json.as_bytes().to_vec(), "application/json"),
            (json.as_bytes().to_vec(), "application/json; charset=utf-8"),
            (json.as_bytes().to_vec(), "application/problem+json; charset=ISO-8859-1"),
            (json.as_bytes().to_vec(), "application/json; charset=made-up"),
            (mark(UTF8_MARK, json.as_bytes()), "application/json"),
            (mark(UTF8_MARK, json.as_bytes()), "text/html; charset=windows-1252"),
            (mark(UTF8_MARK, json.as_bytes()), ""),
            (b"{\"name\":\"M\xfcller \x80\"}".to_vec(), "application/json; charset=ISO-8859-1"),
            (b"{\"name\":\"M\xfcller \x80\"}".to_vec(), "text/plain; charset=\"windows-1252\""),
            (b"{\"name\":\"M\xfcller \xa4\"}".to_vec(), "application/vnd.api+json;charset=iso-8859-15"),
            (mark(&[0xff, 0xfe], &le), "application/json"),
            (mark(&[0xfe, 0xff], &be), "text/plain"),
            (mark(&[0xff, 0xfe], &le), ""),
            (mark(&[0xff, 0xfe], &le), "application/x-report; charset=utf-16"),
            (le.clone(), "application/json"),
            (be.clone(), "application/json"),
            (le, "application/json; charset=utf-16le"),
            (be.clone(), "application/json; charset=UTF-16"),
            (be, "application/json; charset=utf-16be"),
        ] {
            assert_eq!(String::from_utf8(text_of(&body, content_type)).as_deref(), Ok(json), "{content_type} {body:?}");
        }
        assert_eq!(text_of(b"\x8c\xa9", "text/csv; charset=Shift_JIS"), "見".as_bytes());
        assert_eq!(
            text_of(b"\xc3\xbc", "text/plain; charset=iso-8859-1"),
            "\u{c3}\u{bc}".as_bytes(),
            "text is as declared"
        );
    }

    #[test]
    fn bytes_that_are_not_text_stay() {
        for (body, content_type) in [
            (&b"\x89PNG\r\n\x1a\n\xff\xfe"[..], "image/png"),
            (b"\xff\xfe\x00\x01\x02", "audio/mpeg"),
            (b"\x00\x01\x02\x03", "application/octet-stream"),
            (b"\xff\xfb\x90", ""),
            (b"M\xfcller", "text/plain"),
            (b"", "application/json; charset=utf-16"),
            (b"\xff", "text/plain; charset=Shift_JIS"),
        ] {
            assert_eq!(text_of(body, content_type), body, "{content_type}");
        }
    }
}

//! Decodes a document in UTF-8, UTF-16, Latin-1 or another encoding of the WHATWG Encoding Standard. Its first bytes, its
//! content type or its declaration determine the encoding (XML 1.0, appendix F; RFC 7303, section 3).

use std::borrow::Cow;

use super::XmlError;

/// The maximum length of an XML declaration, in bytes.
const MAX_DECLARATION_BYTES: usize = 256;

/// Returns the document's text, without a byte order mark. `charset` is the content type's parameter.
///
/// # Errors
///
/// [`XmlError`] if the encoding is not supported, or if the bytes are not valid in it.
pub(super) fn decode<'a>(bytes: &'a [u8], charset: Option<&str>) -> Result<Cow<'a, str>, XmlError> {
    match bytes {
        [0xef, 0xbb, 0xbf, rest @ ..] => return utf8(rest),
        [0xff, 0xfe, rest @ ..] => return utf16(rest, u16::from_le_bytes),
        [0xfe, 0xff, rest @ ..] => return utf16(rest, u16::from_be_bytes),
        [b'<', 0, ..] => return utf16(bytes, u16::from_le_bytes),
        [0, b'<', ..] => return utf16(bytes, u16::from_be_bytes),
        _ => {}
    }
    let encoding = charset.map(str::to_owned).or_else(|| declared(bytes)).unwrap_or_default().to_ascii_lowercase();
    match encoding.as_str() {
        "" | "utf-8" | "utf8" | "us-ascii" | "ascii" => utf8(bytes),
        "utf-16" | "utf-16be" => utf16(bytes, u16::from_be_bytes),
        "utf-16le" => utf16(bytes, u16::from_le_bytes),
        "iso-8859-1" | "latin1" => Ok(bytes.iter().map(|byte| char::from(*byte)).collect::<String>().into()),
        other => match encoding_rs::Encoding::for_label(other.as_bytes()) {
            Some(encoding) => encoding
                .decode_without_bom_handling_and_without_replacement(bytes)
                .ok_or_else(|| XmlError::new(format!("it is not valid {}", encoding.name()))),
            // A guess would corrupt text.
            None => Err(XmlError::new(format!("its encoding `{other}` is not supported"))),
        },
    }
}

fn utf8(bytes: &[u8]) -> Result<Cow<'_, str>, XmlError> {
    std::str::from_utf8(bytes)
        .map(Cow::Borrowed)
        .map_err(|error| XmlError::new(format!("it is not valid UTF-8 ({error})")))
}

fn utf16(bytes: &[u8], unit: fn([u8; 2]) -> u16) -> Result<Cow<'static, str>, XmlError> {
    let (pairs, rest) = bytes.as_chunks::<2>();
    let text = char::decode_utf16(pairs.iter().map(|pair| unit(*pair))).collect::<Result<String, _>>();
    match text {
        Ok(text) if rest.is_empty() => Ok(text.into()),
        _ => Err(XmlError::new("it is not valid UTF-16")),
    }
}

/// Returns the encoding in the declaration `<?xml … encoding="…"?>`.
fn declared(bytes: &[u8]) -> Option<String> {
    let head = &bytes[..bytes.len().min(MAX_DECLARATION_BYTES)];
    let head = String::from_utf8_lossy(head);
    let declaration = head.strip_prefix("<?xml")?.split("?>").next()?;
    let value = declaration.split_once("encoding")?.1.trim_start().strip_prefix('=')?.trim_start();
    let quote = value.chars().next().filter(|quote| matches!(quote, '"' | '\''))?;
    value[1..].split(quote).next().map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_encoding_is_found_by_mark_content_type_and_declaration() {
        let text = "<a>é</a>";
        let units = |order: fn(u16) -> [u8; 2]| text.encode_utf16().flat_map(order).collect::<Vec<_>>();
        let latin = b"<?xml version='1.0' encoding='ISO-8859-1'?><a>\xe9</a>".to_vec();
        assert_eq!(decode(text.as_bytes(), None).unwrap(), text);
        assert_eq!(decode(&[b"\xef\xbb\xbf", text.as_bytes()].concat(), None).unwrap(), text);
        assert_eq!(decode(&units(u16::to_le_bytes), None).unwrap(), text);
        assert_eq!(decode(&units(u16::to_be_bytes), Some("utf-16")).unwrap(), text);
        assert_eq!(decode(&[vec![0xff, 0xfe], units(u16::to_le_bytes)].concat(), None).unwrap(), text);
        assert!(decode(&latin, None).unwrap().ends_with(text));
        assert_eq!(decode(b"<a>\xe9</a>", Some("ISO-8859-1")).unwrap(), text);
        assert_eq!(decode(b"<a>\x80</a>", Some("windows-1252")).unwrap(), "<a>\u{20ac}</a>");
        assert_eq!(
            decode(b"<?xml version='1.0' encoding='Shift_JIS'?>\x8c\xa9", None).unwrap().chars().last(),
            Some('\u{898b}')
        );
    }

    #[test]
    fn the_reason_names_the_encoding() {
        for (bytes, charset, expected) in [
            (&b"<a>\xe9</a>"[..], None, "not valid UTF-8"),
            (b"\xff\xfe<", None, "not valid UTF-16"),
            (b"<a/>", Some("ebcdic"), "`ebcdic`"),
            (b"<a>\xff</a>", Some("Shift_JIS"), "not valid Shift_JIS"),
        ] {
            let error = decode(bytes, charset).unwrap_err();
            assert!(error.to_string().contains(expected), "{error}");
        }
    }
}

//! Reads the values of headers: their text, their parameters with quoted strings, file names and links.
//!
//! Providers send more than ASCII, and quoted strings contain the signs that separate parameters. So a header of a provider
//! that contains text for people is not read with `to_str`, and one with quoted strings is not split at a sign: both go
//! through this module.

use std::borrow::Cow;

use http::{HeaderMap, HeaderValue, header};

/// Returns the text of a header value: UTF-8 if it is valid, otherwise ISO-8859-1, the historical encoding of headers (RFC
/// 9110 section 5.5).
pub fn header_text(value: &HeaderValue) -> Cow<'_, str> {
    match std::str::from_utf8(value.as_bytes()) {
        Ok(text) => Cow::Borrowed(text),
        Err(_) => Cow::Owned(value.as_bytes().iter().map(|byte| char::from(*byte)).collect()),
    }
}

/// Splits a parameter value, quoted or not, from the text after it. An unquoted value ends at one of `ends`, without the
/// spaces before it. In a quoted string (RFC 9110 section 5.6.4) a backslash escapes the character after it if `escapes` of
/// the text after the backslash is true; otherwise it is a part of the value.
pub(crate) fn split_value<'a>(text: &'a str, ends: &[char], escapes: impl Fn(&str) -> bool) -> (String, &'a str) {
    let text = text.trim_start_matches([' ', '\t']);
    let Some(quoted) = text.strip_prefix('"') else {
        let (value, rest) = text.split_at(text.find(ends).unwrap_or(text.len()));
        return (value.trim_end_matches([' ', '\t']).to_owned(), rest);
    };
    let (mut value, mut characters) = (String::new(), quoted.char_indices());
    while let Some((index, character)) = characters.next() {
        match character {
            '"' => return (value, &quoted[index + 1..]),
            '\\' if escapes(&quoted[index + 1..]) => {
                value.extend(characters.next().map(|(_, escaped)| escaped));
            }
            other => value.push(other),
        }
    }
    (value, "")
}

/// Returns true if a text begins with a quote or a backslash. A backslash before another character escapes nothing, because
/// some providers send paths of Windows unescaped.
fn begins_quotable(text: &str) -> bool {
    text.starts_with(['"', '\\'])
}

/// Reads the parameters `; name=value` at the beginning of a text. Returns them, with lower-case names, and the text after
/// them.
fn parameters<'a>(mut text: &'a str, ends: &[char]) -> (Vec<(String, String)>, &'a str) {
    let mut found = Vec::new();
    loop {
        // Anything else before the next parameter is not one.
        let Some(start) = text.find(ends) else { return (found, "") };
        let Some(rest) = text[start..].strip_prefix(';') else { return (found, &text[start..]) };
        let name_end = rest.find(|character| character == '=' || ends.contains(&character)).unwrap_or(rest.len());
        let (name, after) = rest.split_at(name_end);
        text = after;
        let name = name.trim_matches([' ', '\t']).to_ascii_lowercase();
        if let Some(after) = after.strip_prefix('=') {
            let (value, after) = split_value(after, ends, begins_quotable);
            found.push((name, value));
            text = after;
        }
    }
}

/// A link of a `Link` header (RFC 8288 section 3).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Link {
    /// The target as it is in the header, possibly relative to the URL of the response.
    pub target: String,
    relations: String,
}

impl Link {
    /// Returns true if the link has this relation.
    pub fn has_relation(&self, relation: &str) -> bool {
        self.relations.split_ascii_whitespace().any(|one| one.eq_ignore_ascii_case(relation))
    }
}

/// Returns the links in all `Link` headers.
pub fn links(headers: &HeaderMap) -> Vec<Link> {
    headers.get_all(header::LINK).iter().flat_map(|value| links_in(&header_text(value))).collect()
}

fn links_in(header: &str) -> Vec<Link> {
    let (mut rest, mut found) = (header, Vec::new());
    while let Some((_, start)) = rest.split_once('<') {
        let Some((target, after)) = start.split_once('>') else { break };
        let (parameters, after) = parameters(after, &[';', ',']);
        // The first `rel` counts (section 3.3).
        let relations = parameters.into_iter().find(|(name, _)| name == "rel").map(|(_, value)| value);
        found.push(Link { target: target.to_owned(), relations: relations.unwrap_or_default() });
        rest = after;
    }
    found
}

/// Returns the file name of a `Content-Disposition` header as the provider wrote it: `filename*` (RFC 8187), otherwise
/// `filename` (RFC 6266 section 4.3). It may contain directories.
pub fn disposition_file_name(headers: &HeaderMap) -> Option<String> {
    let text = header_text(headers.get(header::CONTENT_DISPOSITION)?);
    let (parameters, _) = parameters(&text, &[';']);
    let named = |wanted: &str| parameters.iter().find(|(name, _)| name == wanted).map(|(_, value)| value.as_str());
    named("filename*").and_then(extended_value).or_else(|| named("filename").map(str::to_owned))
}

/// Decodes an extended value such as `UTF-8'en'%e2%82%ac` (RFC 8187 section 3.2); `None` if its charset is unknown.
fn extended_value(text: &str) -> Option<String> {
    let (charset, rest) = text.split_once('\'')?;
    let (_language, encoded) = rest.split_once('\'')?;
    let encoding = encoding_rs::Encoding::for_label(charset.as_bytes())?;
    Some(encoding.decode_without_bom_handling(&percent_decoded(encoded)).0.into_owned())
}

/// Decodes percent-encoded bytes. A percent sign without two digits stays.
fn percent_decoded(text: &str) -> Vec<u8> {
    let (mut decoded, bytes, mut at) = (Vec::with_capacity(text.len()), text.as_bytes(), 0);
    while let Some(&byte) = bytes.get(at) {
        let digits = text.get(at + 1..at + 3).filter(|digits| digits.bytes().all(|digit| digit.is_ascii_hexdigit()));
        let encoded = digits.filter(|_| byte == b'%').and_then(|digits| u8::from_str_radix(digits, 16).ok());
        decoded.push(encoded.unwrap_or(byte));
        at += if encoded.is_some() { 3 } else { 1 };
    }
    decoded
}

/// The media type of a body and its parameter `charset` (RFC 9110 section 8.3).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ContentType {
    /// The media type without its parameters, in lower case; empty if the header is missing.
    pub media_type: String,
    /// The charset.
    pub charset: Option<String>,
}

/// Returns the media type and the charset of a body.
pub fn content_type(headers: &HeaderMap) -> ContentType {
    let Some(value) = headers.get(header::CONTENT_TYPE) else { return ContentType::default() };
    let text = header_text(value);
    let media_type = text.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    let (parameters, _) = parameters(&text, &[';']);
    let charset = parameters.into_iter().find(|(name, _)| name == "charset").map(|(_, value)| value);
    // Some providers quote with apostrophes.
    let charset = charset.map(|charset| charset.trim_matches('\'').to_owned()).filter(|charset| !charset.is_empty());
    ContentType { media_type, charset }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn value(bytes: &[u8]) -> HeaderValue {
        HeaderValue::from_bytes(bytes).unwrap()
    }

    #[test]
    fn a_value_is_utf8_or_latin1() {
        assert_eq!(header_text(&value("中文.pdf".as_bytes())), "中文.pdf");
        assert_eq!(header_text(&value(b"31. M\xe4rz")), "31. März");
        assert_eq!(header_text(&value(b"plain")), "plain");
    }

    #[test]
    fn file_names_are_found_in_every_form() {
        for (disposition, name) in [
            (&b"attachment; filename=\"a b.pdf\""[..], Some("a b.pdf")),
            (b"attachment; filename=plain.txt", Some("plain.txt")),
            (b"attachment;FileName = two words.txt ; size=3", Some("two words.txt")),
            (b"attachment; filename=\"x.pdf\"; filename*=UTF-8''%C3%BC%20x.pdf", Some("\u{fc} x.pdf")),
            (b"attachment; filename*=UTF-8'de'%C3%BC.pdf; filename=\"x.pdf\"", Some("\u{fc}.pdf")),
            (b"inline; filename*=\"UTF-8''a%3Bb.pdf\"", Some("a;b.pdf")),
            (b"attachment; filename*=windows-1252''%80.pdf", Some("\u{20ac}.pdf")),
            (b"attachment; filename*=iso-8859-1'en'%A3%20rates", Some("\u{a3} rates")),
            (b"attachment; filename*=unknown''a; filename=b", Some("b")),
            (b"attachment; filename*=utf-8''%zz%+1%", Some("%zz%+1%")),
            (b"attachment; filename=\"a;b=c, d.pdf\"; x=1", Some("a;b=c, d.pdf")),
            (b"attachment; filename=\"a\\\"b\\\\c.pdf\"", Some("a\"b\\c.pdf")),
            (b"attachment; filename=\"C:\\temp\\new.pdf\"", Some("C:\\temp\\new.pdf")),
            (b"attachment; note=\"; filename=no.pdf\"; filename=yes.pdf", Some("yes.pdf")),
            (b"attachment; filename=\"open.pdf", Some("open.pdf")),
            ("attachment; filename=\"\u{4e2d}.pdf\"".as_bytes(), Some("\u{4e2d}.pdf")),
            (b"attachment; filename=\"M\xfcller.pdf\"", Some("M\u{fc}ller.pdf")),
            (b"attachment", None),
            (b"filename=not-a-parameter", None),
            (b"", None),
        ] {
            let headers = HeaderMap::from_iter([(header::CONTENT_DISPOSITION, value(disposition))]);
            assert_eq!(disposition_file_name(&headers).as_deref(), name, "{}", String::from_utf8_lossy(disposition));
        }
        assert_eq!(disposition_file_name(&HeaderMap::new()), None);
    }

    #[test]
    fn links_are_read_with_quoted_strings() {
        for (header, next) in [
            (
                "<https://x.example/a?page=2>; rel=\"next\", <https://x.example/a?page=9>; rel=\"last\"",
                Some("https://x.example/a?page=2"),
            ),
            (
                "<a?page=1>; rel=prev, <https://x.example/a,b;c?page=3>; title=\"t\"; REL=\"last Next\"",
                Some("https://x.example/a,b;c?page=3"),
            ),
            ("<things?page=2> ; rel = next", Some("things?page=2")),
            ("</a?page=2>; title=\"see <b>, or <c>; x\"; rel=\"next\"", Some("/a?page=2")),
            ("<a>; rel=\"last\"; title=\"not; rel=next\"", None),
            ("<a>; title=\"a \\\"quoted\\\"; rel=next\"; rel=prev, <b>; rel=next", Some("b")),
            ("<a>; rel=prev; rel=next", None),
            ("<a>; crossorigin; rel=next", Some("a")),
            ("junk, <b>; rel=next", Some("b")),
            ("<a>; rel=\"nextish\"", None),
            ("<>; rel=next", Some("")),
            ("<broken", None),
            ("", None),
        ] {
            let headers = HeaderMap::from_iter([(header::LINK, value(header.as_bytes()))]);
            let found = links(&headers).into_iter().find(|link| link.has_relation("next"));
            assert_eq!(found.map(|link| link.target).as_deref(), next, "{header}");
        }
        let two = [("link", "<a>; rel=prev"), ("link", "<b>; rel=next")];
        let headers = two.map(|(name, text)| (http::HeaderName::from_static(name), value(text.as_bytes())));
        let headers = headers.into_iter().fold(HeaderMap::new(), |mut headers, (name, value)| {
            headers.append(name, value);
            headers
        });
        assert_eq!(links(&headers).len(), 2);
    }

    #[test]
    fn the_content_type_has_a_charset() {
        for (header, media_type, charset) in [
            ("application/json", "application/json", None),
            ("Text/Plain; charset=ISO-8859-1", "text/plain", Some("ISO-8859-1")),
            ("text/csv; header=\"a;charset=no\"; Charset = \"utf-16\"", "text/csv", Some("utf-16")),
            ("text/html;charset='windows-1252'", "text/html", Some("windows-1252")),
            ("text/html; charset=", "text/html", None),
            ("", "", None),
        ] {
            let headers = HeaderMap::from_iter([(header::CONTENT_TYPE, value(header.as_bytes()))]);
            let expected = ContentType { media_type: media_type.to_owned(), charset: charset.map(str::to_owned) };
            assert_eq!(content_type(&headers), expected, "{header}");
        }
    }

    proptest! {
        #[test]
        fn a_quoted_value_is_read_as_it_was_written(text in "[ -~]{0,40}") {
            let quoted = text.replace('\\', "\\\\").replace('"', "\\\"");
            let line = format!("attachment; x=\"{quoted}\"; filename=\"{quoted}\"; y=1");
            let headers = HeaderMap::from_iter([(header::CONTENT_DISPOSITION, value(line.as_bytes()))]);
            prop_assert_eq!(disposition_file_name(&headers), Some(text));
        }

        #[test]
        fn no_value_panics(bytes in prop::collection::vec(32_u8..=255, 0..60)) {
            let Ok(value) = HeaderValue::from_bytes(&bytes) else { return Ok(()) };
            let names = [header::CONTENT_DISPOSITION, header::LINK, header::CONTENT_TYPE];
            let headers = names.into_iter().map(|name| (name, value.clone())).collect::<HeaderMap>();
            let _ = (disposition_file_name(&headers), links(&headers), content_type(&headers));
        }
    }
}

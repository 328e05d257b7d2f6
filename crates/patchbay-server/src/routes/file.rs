//! A file that an action or the proxy streams: as its bytes for callers that accept `application/octet-stream`, otherwise
//! within the JSON of the action's result. Only one chunk of it is in memory.
//!
//! A failure in the middle aborts the response: the status was already sent, and half a file must not look complete.

use axum::{
    body::{Body, Bytes},
    http::{HeaderMap, HeaderValue, header},
    response::Response,
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use futures_util::stream;
use patchbay_engine::{Error, FileContent, FileMetadata, RunFile};
use serde_json::Value;

use crate::dto::actions::RunResultOut;

/// The media type of a file whose type is not known.
const OCTET_STREAM: &str = "application/octet-stream";

/// Returns true if the caller accepts the file itself.
pub(super) fn wants_bytes(headers: &HeaderMap) -> bool {
    let accepted = headers.get_all(header::ACCEPT).iter().filter_map(|value| value.to_str().ok());
    accepted
        .flat_map(|value| value.split(','))
        .any(|range| range.split(';').next().is_some_and(|kind| kind.trim().eq_ignore_ascii_case(OCTET_STREAM)))
}

/// Returns the file itself.
pub(super) fn bytes(metadata: &FileMetadata, content: FileContent) -> Response {
    let mut response = Response::new(SplicedBody::new("", "", content, Encoder::Plain).into_body());
    let headers = response.headers_mut();
    let kind = metadata.content_type.as_deref().and_then(|kind| HeaderValue::from_str(kind).ok());
    headers.insert(header::CONTENT_TYPE, kind.unwrap_or(HeaderValue::from_static(OCTET_STREAM)));
    headers.insert(header::CONTENT_DISPOSITION, disposition(metadata));
    // The provider's file must not run as a page of this server.
    headers.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static("default-src 'none'; sandbox"));
    if let Some(length) = metadata.length {
        headers.insert(header::CONTENT_LENGTH, HeaderValue::from(length));
    }
    for (name, value) in [(header::LAST_MODIFIED, &metadata.last_modified), (header::ETAG, &metadata.etag)] {
        if let Some(value) = value.as_deref().and_then(|value| HeaderValue::from_str(value).ok()) {
            headers.insert(name, value);
        }
    }
    response
}

/// Returns the action's result as JSON, with the file at its place.
pub(super) fn json(file: RunFile) -> Response {
    let RunFile { outcome, placeholder, is_text, content, .. } = file;
    let text = serde_json::to_string(&RunResultOut::new(outcome)).unwrap_or_default();
    let body = match text.split_once(&placeholder) {
        Some((before, after)) => {
            let encoder = if is_text { Encoder::Text(Vec::new()) } else { Encoder::Base64(Vec::new()) };
            SplicedBody::new(before, after, content, encoder).into_body()
        }
        // The result does not contain the file, so the file is not read.
        None => Body::from(text),
    };
    let mut response = Response::new(body);
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}

/// Returns the `Content-Disposition` with the file's name, escaped for the header (RFC 6266, section 4.3).
fn disposition(metadata: &FileMetadata) -> HeaderValue {
    let Some(name) = metadata.file_name.as_deref().filter(|name| !name.is_empty()) else {
        return HeaderValue::from_static("attachment");
    };
    let plain = name.chars().map(|c| if c.is_ascii_graphic() && !matches!(c, '"' | '\\' | '%') { c } else { '_' });
    let encoded = name.bytes().map(|byte| {
        let stays = byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_');
        if stays { char::from(byte).to_string() } else { format!("%{byte:02X}") }
    });
    let text = format!(
        "attachment; filename=\"{}\"; filename*=UTF-8''{}",
        plain.collect::<String>(),
        encoded.collect::<String>()
    );
    HeaderValue::try_from(text).unwrap_or(HeaderValue::from_static("attachment"))
}

/// A JSON text into which a file is spliced while it arrives.
struct SplicedBody {
    before: Option<Bytes>,
    content: FileContent,
    encoder: Encoder,
    after: Option<Bytes>,
}

impl SplicedBody {
    fn new(before: &str, after: &str, content: FileContent, encoder: Encoder) -> Self {
        let bytes = |text: &str| Some(Bytes::copy_from_slice(text.as_bytes()));
        Self { before: bytes(before), content, encoder, after: bytes(after) }
    }

    fn into_body(self) -> Body {
        Body::from_stream(stream::unfold(self, |mut body| async move { Some((body.next().await?, body)) }))
    }

    async fn next(&mut self) -> Option<Result<Bytes, Error>> {
        if let Some(before) = self.before.take().filter(|before| !before.is_empty()) {
            return Some(Ok(before));
        }
        loop {
            match self.content.next().await {
                Some(Ok(chunk)) => {
                    let encoded = self.encoder.encode(chunk);
                    if !encoded.is_empty() {
                        return Some(Ok(encoded));
                    }
                }
                Some(Err(error)) => {
                    self.after = None;
                    return Some(Err(error));
                }
                None => {
                    let after = self.after.take()?;
                    let last = [&self.encoder.finish()[..], &after[..]].concat();
                    return (!last.is_empty()).then(|| Ok(last.into()));
                }
            }
        }
    }
}

/// How the response contains a file's bytes. Bytes that do not fill a unit wait for the next chunk.
enum Encoder {
    /// Unchanged.
    Plain,
    /// As base64.
    Base64(Vec<u8>),
    /// As text within a JSON string; bytes that are not UTF-8 become U+FFFD.
    Text(Vec<u8>),
}

impl Encoder {
    fn encode(&mut self, chunk: Bytes) -> Bytes {
        match self {
            Self::Plain => chunk,
            Self::Base64(pending) => {
                pending.extend_from_slice(&chunk);
                let even = pending.len() / 3 * 3;
                let encoded = STANDARD.encode(&pending[..even]);
                pending.drain(..even);
                encoded.into()
            }
            Self::Text(pending) => {
                pending.extend_from_slice(&chunk);
                let (text, rest) = lossy(pending);
                *pending = rest;
                within_quotes(&text)
            }
        }
    }

    fn finish(&mut self) -> Bytes {
        match self {
            Self::Plain => Bytes::new(),
            Self::Base64(pending) => STANDARD.encode(std::mem::take(pending)).into(),
            Self::Text(pending) => within_quotes(&String::from_utf8_lossy(&std::mem::take(pending))),
        }
    }
}

/// Returns the text of bytes, and the incomplete character at their end.
fn lossy(bytes: &[u8]) -> (String, Vec<u8>) {
    let (mut text, mut rest) = (String::new(), bytes);
    loop {
        let error = match std::str::from_utf8(rest) {
            Ok(valid) => {
                text.push_str(valid);
                return (text, Vec::new());
            }
            Err(error) => error,
        };
        let (valid, after) = rest.split_at(error.valid_up_to());
        text.push_str(&String::from_utf8_lossy(valid));
        let Some(broken) = error.error_len() else { return (text, after.to_vec()) };
        text.push(char::REPLACEMENT_CHARACTER);
        rest = &after[broken..];
    }
}

/// Returns a text as the inside of a JSON string.
fn within_quotes(text: &str) -> Bytes {
    let quoted = Value::from(text).to_string();
    Bytes::copy_from_slice(&quoted.as_bytes()[1..quoted.len() - 1])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn encoded(mut encoder: Encoder, chunks: &[&'static [u8]]) -> String {
        let mut out = Vec::new();
        for chunk in chunks {
            out.extend_from_slice(&encoder.encode(Bytes::from_static(chunk)));
        }
        out.extend_from_slice(&encoder.finish());
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn chunks_can_be_cut_anywhere() {
        let base64 = |chunks: &[&'static [u8]]| encoded(Encoder::Base64(Vec::new()), chunks);
        assert_eq!(base64(&[b"a", b"bcde", b"", b"f", b"g"]), STANDARD.encode("abcdefg"));
        assert_eq!(base64(&[]), "");
        let text = |chunks: &[&'static [u8]]| encoded(Encoder::Text(Vec::new()), chunks);
        assert_eq!(text(&[b"\xe2\x82", b"\xac \"", b"\n\xff!", b"\xc3"]), "€ \\\"\\n\u{fffd}!\u{fffd}");
    }

    #[test]
    fn file_names_are_escaped() {
        let named = |name: &str| {
            let metadata = FileMetadata { file_name: Some(name.to_owned()), ..FileMetadata::default() };
            disposition(&metadata).to_str().unwrap().to_owned()
        };
        assert_eq!(named("a b.pdf"), "attachment; filename=\"a_b.pdf\"; filename*=UTF-8''a%20b.pdf");
        assert_eq!(named("ü\"\r\n;x"), "attachment; filename=\"____;x\"; filename*=UTF-8''%C3%BC%22%0D%0A%3Bx");
        assert_eq!(named(""), "attachment");
    }

    #[test]
    fn bytes_are_sent_to_callers_that_accept_them() {
        let wants = |accept: &'static str| {
            wants_bytes(&HeaderMap::from_iter([(header::ACCEPT, HeaderValue::from_static(accept))]))
        };
        assert!(wants("application/octet-stream") && wants("text/html, Application/Octet-Stream;q=0.5"));
        assert!(!wants("*/*") && !wants("application/json") && !wants_bytes(&HeaderMap::new()));
    }
}

//! `download_file`: a file as base64 or text, with its facts.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use http::{HeaderMap, HeaderName, header};
use patchbay_connector::definition::DownloadFile;
use serde_json::{Map, Value};

use crate::{
    Error,
    http::shown,
    pipeline::{Answer, Run, Wants},
};

pub(super) async fn run(run: &Run<'_>, download: &DownloadFile) -> Result<Answer, Error> {
    let incoming = run.send(run.build(&download.request, None)?).await?;
    if !incoming.status.is_success() {
        // The error's rules are those of any request.
        return run.interpret(&download.request, &incoming, Wants { raw: false, headers: false });
    }
    let content = if download.as_text {
        String::from_utf8_lossy(&incoming.body).into_owned()
    } else {
        STANDARD.encode(&incoming.body)
    };
    let text = |name: HeaderName| text(&incoming.headers, name);
    let disposition = text(header::CONTENT_DISPOSITION);
    let file_name = disposition.as_deref().and_then(file_name);
    let metadata = Map::from_iter([
        ("contentType".to_owned(), text(header::CONTENT_TYPE).into()),
        ("contentLength".to_owned(), Value::from(incoming.body.len())),
        ("fileName".to_owned(), file_name.into()),
        ("lastModified".to_owned(), text(header::LAST_MODIFIED).into()),
        ("etag".to_owned(), text(header::ETAG).into()),
    ]);
    Ok(Answer {
        data: Value::String(content),
        status: Some(incoming.status.as_u16()),
        more: vec![
            ("contentDisposition", disposition.into()),
            ("fileMetadata", Value::Object(metadata)),
            ("finalUrl", Value::String(shown(&incoming.url))),
        ],
        ..Answer::default()
    })
}

fn text(headers: &HeaderMap, name: HeaderName) -> Option<String> {
    Some(headers.get(name)?.to_str().ok()?.to_owned())
}

/// The file's name (RFC 6266): `filename*` in UTF-8 before `filename`. Directories are cut off.
fn file_name(disposition: &str) -> Option<String> {
    let mut plain = None;
    for parameter in disposition.split(';').skip(1) {
        let Some((name, value)) = parameter.split_once('=') else { continue };
        let value = value.trim().trim_matches('"');
        match name.trim().to_ascii_lowercase().as_str() {
            "filename*" => {
                if let Some(encoded) = value.get(..7).filter(|lead| lead.eq_ignore_ascii_case("utf-8''")) {
                    let decoded = percent_decode(&value[encoded.len()..]);
                    return Some(base_name(&decoded));
                }
            }
            "filename" => plain = Some(base_name(value)),
            _ => {}
        }
    }
    plain
}

fn base_name(path: &str) -> String {
    path.rsplit(['/', '\\']).next().unwrap_or_default().to_owned()
}

fn percent_decode(text: &str) -> String {
    let (mut decoded, bytes) = (Vec::with_capacity(text.len()), text.as_bytes());
    let mut at = 0;
    while at < bytes.len() {
        let hex = text.get(at + 1..at + 3).filter(|_| bytes[at] == b'%');
        if let Some(byte) = hex.and_then(|hex| u8::from_str_radix(hex, 16).ok()) {
            decoded.push(byte);
            at += 3;
        } else {
            decoded.push(bytes[at]);
            at += 1;
        }
    }
    String::from_utf8_lossy(&decoded).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn file_names_are_read_and_lose_their_directories() {
        for (disposition, name) in [
            ("attachment; filename=\"a b.pdf\"", Some("a b.pdf")),
            ("attachment; filename=plain.txt", Some("plain.txt")),
            ("attachment; filename=\"x.pdf\"; filename*=UTF-8''%C3%BC%20x.pdf", Some("ü x.pdf")),
            ("attachment; filename=\"../../etc/passwd\"", Some("passwd")),
            ("inline", None),
            ("attachment; filename*=utf-8''%zz%", Some("%zz%")),
        ] {
            assert_eq!(file_name(disposition).as_deref(), name, "{disposition}");
        }
    }
}

//! `download_file`: a file with its facts. Held, it is base64, text or JSON in the step's output; with
//! `responseMode: stream`, in an action's last step, it is handed on piece by piece to a caller who takes it so.
//!
//! A provider may describe the file in JSON: where it is (`urlKey`), or the file itself (`dataKey`).

use std::time::Duration;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use bytes::Bytes;
use http::{HeaderMap, HeaderName, header};
use patchbay_connector::{definition::DownloadFile, expr::Escape};
use patchbay_egress::{OutboundRequest, display_url};
use serde_json::{Map, Value};
use tokio::time::Instant;
use url::Url;

use super::upload_binary::{decode, optional};
use crate::{
    Error, ErrorCode,
    context::Run,
    egress_error::IntoError as _,
    file_stream::{FileFacts, HandOut, OpenFile},
    json::{pick, text},
    response::{
        headers::headers_value,
        output::{Answer, Wants, unreadable},
    },
};

/// The most redirects that a step may ask for.
const MOST_REDIRECTS: u64 = 10;
/// How long a streamed file may take in all.
const LONGEST: Duration = Duration::from_hours(1);

pub(super) async fn run(run: &Run<'_>, download: &DownloadFile, wants: Wants) -> Result<Answer, Error> {
    let outgoing = run.build(&download.request, None)?;
    let (url_key, data_key) = (download.file.url_key.as_deref(), download.request.response.data_key.as_deref());
    let Some(key) = url_key.or(data_key) else {
        return take(run, download, outgoing, &Value::Null, wants).await;
    };
    let asked = outgoing.url.clone();
    let incoming = run.send_with_redirect_limit(outgoing, hops(download)).await?;
    let answer = run.interpret(&download.request, &incoming, Wants { raw: true, headers: wants.headers })?;
    // A custom error may say that there is no file, and that this is well.
    let Some(said) = answer.raw else { return Ok(answer) };
    let found = pick(&said, key).filter(|found| !found.is_null());
    let missing = || unreadable(&run.ctx.connector.title, &incoming, &format!("nothing at `{key}`, where the file is"));
    if url_key.is_some() {
        let url = found.and_then(Value::as_str).and_then(|text| incoming.url.join(text).ok()).ok_or_else(missing)?;
        return take(run, download, fetch(run, download, &asked, url)?, &said, wants).await;
    }
    let content = content(run, download, text(found.ok_or_else(missing)?))?;
    let facts = facts(run, download, &HeaderMap::new(), &said)?;
    let at = Source { status: incoming.status.as_u16(), headers: &incoming.headers, url: &incoming.url };
    held(run, download, &content, facts, &at, wants)
}

/// Takes the file itself: piece by piece where connector and caller want that.
async fn take(
    run: &Run<'_>,
    download: &DownloadFile,
    outgoing: OutboundRequest,
    said: &Value,
    wants: Wants,
) -> Result<Answer, Error> {
    match run.hand_out().filter(|_| download.stream) {
        Some(hand_out) => stream(run, download, outgoing, said, hand_out, wants).await,
        None => whole(run, download, outgoing, said, wants).await,
    }
}

fn hops(download: &DownloadFile) -> usize {
    if !download.follow_redirects {
        return 0;
    }
    usize::try_from(download.max_redirects.min(MOST_REDIRECTS)).unwrap_or(0)
}

/// The request for a file that an answer named. Credentials go along where the file asks for that and the address is
/// on the host that was asked: an answer never chooses who gets them.
fn fetch(run: &Run<'_>, download: &DownloadFile, asked: &Url, url: Url) -> Result<OutboundRequest, Error> {
    let with_credentials = download.file.forward_auth && url.origin() == asked.origin();
    run.build_file_request(&download.request, url, with_credentials)
}

/// The content that stood in JSON.
fn content(run: &Run<'_>, download: &DownloadFile, text: String) -> Result<Bytes, Error> {
    if !download.file.is_base64 {
        return Ok(text.into());
    }
    decode(&text).map(Bytes::from).ok_or_else(|| {
        let message = format!("{} answered with a file that is no base64", run.ctx.connector.title);
        Error::new(ErrorCode::ProviderInvalidResponse, message)
    })
}

/// Where an answer came from.
struct Source<'a> {
    status: u16,
    headers: &'a HeaderMap,
    url: &'a Url,
}

async fn whole(
    run: &Run<'_>,
    download: &DownloadFile,
    outgoing: OutboundRequest,
    said: &Value,
    wants: Wants,
) -> Result<Answer, Error> {
    let incoming = run
        .send_with_redirect_limit(outgoing, hops(download))
        .await
        .map_err(|error| too_large(run, download, error))?;
    if !incoming.status.is_success() {
        // The error's rules are those of any request.
        return run.interpret(&download.request, &incoming, Wants { raw: false, headers: false });
    }
    let facts = facts(run, download, &incoming.headers, said)?;
    let at = Source { status: incoming.status.as_u16(), headers: &incoming.headers, url: &incoming.url };
    held(run, download, &incoming.body, facts, &at, wants)
}

/// Says what helps where a file does not fit into memory.
fn too_large(run: &Run<'_>, download: &DownloadFile, mut error: Error) -> Error {
    if error.code == ErrorCode::ProviderResponseTooLarge {
        let (title, limit) = (&run.ctx.connector.title, run.ctx.config.max_response_bytes);
        let way = if download.stream {
            "take it from `POST /actions/rpc`, which hands it on as it comes"
        } else {
            "its connector can hand it on as it comes with `responseMode: stream`"
        };
        error.message = format!("{title}'s file has more than {limit} bytes, the most that is held in memory; {way}");
    }
    error
}

/// The output of a file that is held.
fn held(
    run: &Run<'_>,
    download: &DownloadFile,
    content: &[u8],
    mut facts: FileFacts,
    at: &Source<'_>,
    wants: Wants,
) -> Result<Answer, Error> {
    let data = if download.as_json {
        serde_json::from_slice(content).map_err(|error| {
            let message = format!("{} answered with JSON that does not parse ({error})", run.ctx.connector.title);
            Error::new(ErrorCode::ProviderInvalidResponse, message)
        })?
    } else if download.as_text {
        Value::String(String::from_utf8_lossy(content).into_owned())
    } else {
        Value::String(STANDARD.encode(content))
    };
    facts.length = Some(content.len() as u64);
    Ok(answer(data, &facts, at, wants))
}

async fn stream(
    run: &Run<'_>,
    download: &DownloadFile,
    outgoing: OutboundRequest,
    said: &Value,
    hand_out: &HandOut,
    wants: Wants,
) -> Result<Answer, Error> {
    let title = &run.ctx.connector.title;
    let opened = run.open(outgoing, hops(download)).await?;
    if !opened.status.is_success() {
        let read = opened.read_body(run.ctx.config.max_response_bytes, run.ctx.deadline).await;
        let incoming = read.map_err(|failure| failure.into_error(title))?;
        return run.interpret(&download.request, &incoming, Wants { raw: false, headers: false });
    }
    let mut facts = facts(run, download, &opened.headers, said)?;
    if !opened.headers.contains_key(header::CONTENT_ENCODING) {
        facts.length = text_of(&opened.headers, header::CONTENT_LENGTH).and_then(|length| length.parse().ok());
    }
    let place = format!("file-{}", run.host.entropy().token());
    let at = Source { status: opened.status.as_u16(), headers: &opened.headers, url: &opened.url };
    let answer = answer(Value::String(place.clone()), &facts, &at, wants);
    let patience = run.ctx.config.call_budget;
    let pieces = opened.into_stream(patience, Instant::now() + LONGEST).map_err(|failure| failure.into_error(title))?;
    let is_text = download.as_text || download.as_json;
    hand_out.leave(OpenFile { pieces, mask: run.mask(), facts, is_text, place });
    Ok(answer)
}

fn answer(data: Value, facts: &FileFacts, at: &Source<'_>, wants: Wants) -> Answer {
    let metadata = Map::from_iter([
        ("contentType".to_owned(), facts.content_type.clone().into()),
        ("contentLength".to_owned(), facts.length.into()),
        ("fileName".to_owned(), facts.file_name.clone().into()),
        ("lastModified".to_owned(), facts.last_modified.clone().into()),
        ("etag".to_owned(), facts.etag.clone().into()),
    ]);
    Answer {
        data,
        status: Some(at.status),
        headers: wants.headers.then(|| headers_value(at.headers)),
        more: vec![
            ("contentDisposition", text_of(at.headers, header::CONTENT_DISPOSITION).into()),
            ("fileMetadata", Value::Object(metadata)),
            ("finalUrl", Value::String(display_url(at.url))),
        ],
        ..Answer::default()
    }
}

/// What is known of the file: what JSON says of it comes before its headers.
fn facts(run: &Run<'_>, download: &DownloadFile, headers: &HeaderMap, said: &Value) -> Result<FileFacts, Error> {
    let spec = &download.file;
    let told = |key: &Option<String>| {
        let found = pick(said, key.as_deref()?)?.as_str()?;
        (!found.is_empty()).then(|| found.to_owned())
    };
    let fixed = optional(run, spec.content_type.as_ref(), Escape::Header)?;
    let disposition = text_of(headers, header::CONTENT_DISPOSITION);
    Ok(FileFacts {
        content_type: fixed.or_else(|| told(&spec.content_type_key)).or_else(|| text_of(headers, header::CONTENT_TYPE)),
        file_name: told(&spec.name_key)
            .map(|name| base_name(&name))
            .or_else(|| disposition.as_deref().and_then(file_name)),
        length: None,
        last_modified: text_of(headers, header::LAST_MODIFIED),
        etag: text_of(headers, header::ETAG),
    })
}

fn text_of(headers: &HeaderMap, name: HeaderName) -> Option<String> {
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

//! `download_file`: downloads a file and its metadata. The step's output contains the buffered file as base64, text or
//! JSON. With `responseMode: stream` in an action's last step, the file is streamed to a caller that accepts streams.
//!
//! A provider may describe the file in JSON, with its URL (`urlKey`) or its content (`dataKey`).

use base64::{Engine as _, engine::general_purpose::STANDARD};
use bytes::Bytes;
use http::{HeaderMap, header};
use patchbay_connector::{definition::DownloadFile, expr::Escape, json_tree};
use patchbay_egress::{OutboundRequest, display_url, header_text};
use patchbay_model::{MemorySpent, Reservation};
use serde_json::{Map, Value};
use tokio::time::Instant;
use url::Url;

use super::upload_binary::{decode, optional};
use crate::{
    Error, ErrorCode,
    busy::memory_spent,
    context::Run,
    egress_error::IntoError as _,
    file_stream::{FileMetadata, MAX_STREAM_DURATION, StreamSlot, StreamedFile, base_name},
    json::{at_path, to_text},
    response::{
        headers::headers_value,
        output::{OutputParts, StepOutput, invalid_response},
    },
    run_memory::{ClaimError, claim_bytes, claim_json},
};

/// The upper limit of a step's `maxRedirects`.
const MAX_REDIRECTS: u64 = 10;

/// Downloads the file.
///
/// # Errors
///
/// The errors of [`Run::send`] and of the provider. 502 `ProviderInvalidResponseError` if the response contains no file,
/// 502 `ProviderResponseTooLargeError` if a buffered file exceeds the limit.
pub(super) async fn run(run: &Run<'_>, download: &DownloadFile, parts: OutputParts) -> Result<StepOutput, Error> {
    let request = run.build(&download.request, None)?;
    let (url_key, data_key) = (download.file.url_key.as_deref(), download.request.response.data_key.as_deref());
    let Some(key) = url_key.or(data_key) else {
        return transfer(run, download, request, &Value::Null, parts).await;
    };
    let requested_url = request.url.clone();
    let response = run.send_with_redirect_limit(request, redirects(download)).await?;
    let mut output =
        run.interpret(&download.request, &response, OutputParts { raw: true, headers: parts.headers }).await?;
    run.memory.hold(std::mem::take(&mut output.memory));
    // A custom error may report a missing file as a success.
    let Some(description) = output.raw else { return Ok(output) };
    let found = at_path(&description, key).filter(|found| !found.is_null());
    let missing = || invalid_response(&run.ctx.connector.title, &response, &format!("no file at `{key}`"));
    if url_key.is_some() {
        let url = found.and_then(Value::as_str).and_then(|text| response.url.join(text).ok()).ok_or_else(missing)?;
        return transfer(run, download, file_request(run, download, &requested_url, url)?, &description, parts).await;
    }
    let text = to_text(found.ok_or_else(missing)?);
    run.memory.hold(claim_bytes(text.len()).map_err(|spent| file_refused(run, spent))?);
    let content = decode_content(run, download, text)?;
    let metadata = metadata(run, download, &HeaderMap::new(), &description)?;
    let head = ResponseHead { status: response.status.as_u16(), headers: &response.headers, url: &response.url };
    buffered_output(run, download, &content, metadata, &head, parts).await
}

/// Downloads the file itself: as a stream if the connector and the caller both support it, otherwise buffered.
async fn transfer(
    run: &Run<'_>,
    download: &DownloadFile,
    request: OutboundRequest,
    description: &Value,
    parts: OutputParts,
) -> Result<StepOutput, Error> {
    match run.stream_slot().filter(|_| download.stream) {
        Some(slot) => open_stream(run, download, request, description, slot, parts).await,
        None => buffer(run, download, request, description, parts).await,
    }
}

/// Returns the maximum number of redirects to follow.
fn redirects(download: &DownloadFile) -> usize {
    if !download.follow_redirects {
        return 0;
    }
    usize::try_from(download.max_redirects.min(MAX_REDIRECTS)).unwrap_or(0)
}

/// Builds the request for a file whose URL a response contained. It carries credentials only if the connector asks for
/// that and the URL has the origin of the first request: a response never chooses which origin receives credentials.
fn file_request(
    run: &Run<'_>,
    download: &DownloadFile,
    requested_url: &Url,
    url: Url,
) -> Result<OutboundRequest, Error> {
    let with_credentials = download.file.forward_auth && url.origin() == requested_url.origin();
    run.build_file_request(&download.request, url, with_credentials)
}

/// Decodes the content that a JSON response contained.
fn decode_content(run: &Run<'_>, download: &DownloadFile, text: String) -> Result<Bytes, Error> {
    if !download.file.is_base64 {
        return Ok(text.into());
    }
    decode(&text).map(Bytes::from).ok_or_else(|| {
        let message = format!("{}'s response contains a file that is not valid base64", run.ctx.connector.title);
        Error::new(ErrorCode::ProviderInvalidResponse, message)
    })
}

/// The head of the response that contained the file.
struct ResponseHead<'a> {
    status: u16,
    headers: &'a HeaderMap,
    url: &'a Url,
}

/// Downloads the file into memory.
async fn buffer(
    run: &Run<'_>,
    download: &DownloadFile,
    request: OutboundRequest,
    description: &Value,
    parts: OutputParts,
) -> Result<StepOutput, Error> {
    let response = run
        .send_with_redirect_limit(request, redirects(download))
        .await
        .map_err(|error| too_large(run, download, error))?;
    if !response.status.is_success() {
        // Errors follow the rules of every request.
        return run.interpret(&download.request, &response, OutputParts { raw: false, headers: false }).await;
    }
    let metadata = metadata(run, download, &response.headers, description)?;
    let head = ResponseHead { status: response.status.as_u16(), headers: &response.headers, url: &response.url };
    buffered_output(run, download, &response.body, metadata, &head, parts).await
}

/// Explains how to download a file that is too large for memory.
fn too_large(run: &Run<'_>, download: &DownloadFile, mut error: Error) -> Error {
    if error.code == ErrorCode::ProviderResponseTooLarge {
        let (title, limit) = (&run.ctx.connector.title, run.ctx.config.max_response_bytes);
        let remedy = if download.stream {
            "call the action with `POST /actions/rpc`, which streams the file"
        } else {
            "set `responseMode: stream` in the connector to stream it"
        };
        error.message =
            format!("{title}'s file is larger than {limit} bytes, the limit for a file in memory; {remedy}");
    }
    error
}

/// Returns the error of a file for which the process has no memory left.
fn file_refused(run: &Run<'_>, spent: MemorySpent) -> Error {
    memory_spent(&format!("{}'s file was not read", run.ctx.connector.title), spent)
}

/// Returns the output with a buffered file.
async fn buffered_output(
    run: &Run<'_>,
    download: &DownloadFile,
    content: &Bytes,
    mut metadata: FileMetadata,
    head: &ResponseHead<'_>,
    parts: OutputParts,
) -> Result<StepOutput, Error> {
    let total = run.memory.receive(content.len());
    let (data, memory) = if download.as_json {
        json_file(run, content, total).await?
    } else {
        // The text, or base64 with four characters for three bytes.
        let memory = claim_bytes(content.len() / 3 * 4).map_err(|spent| file_refused(run, spent))?;
        run.leave_if_large().await?;
        let text =
            if download.as_text { String::from_utf8_lossy(content).into_owned() } else { STANDARD.encode(content) };
        (Value::String(text), memory)
    };
    run.leave_if_large().await?;
    metadata.length = Some(content.len() as u64);
    Ok(StepOutput { memory, ..output(data, &metadata, head, parts) })
}

/// Parses a file as JSON.
///
/// # Errors
///
/// 502 `ProviderInvalidResponseError` if it is not JSON, 502 `ProviderResponseTooLargeError` if its values would take too
/// much memory, 503 `ServerBusyError` if the process has no memory left for them.
async fn json_file(run: &Run<'_>, content: &Bytes, total: usize) -> Result<(Value, Reservation), Error> {
    run.leave_if_large().await?;
    let title = &run.ctx.connector.title;
    let memory = claim_json(content, total, 1).map_err(|error| match error {
        ClaimError::Large(large) => Error::new(
            ErrorCode::ProviderResponseTooLarge,
            format!("{title}'s file cannot be read as JSON: {large}; download it as text"),
        ),
        ClaimError::Spent(spent) => file_refused(run, spent),
    })?;
    let value = json_tree::from_slice(content).map_err(|error| {
        Error::new(ErrorCode::ProviderInvalidResponse, format!("{title}'s file is not valid JSON ({error})"))
    })?;
    Ok((value, memory))
}

/// Opens the download and puts its body into the caller's slot; the output contains a placeholder.
async fn open_stream(
    run: &Run<'_>,
    download: &DownloadFile,
    request: OutboundRequest,
    description: &Value,
    slot: &StreamSlot,
    parts: OutputParts,
) -> Result<StepOutput, Error> {
    let title = &run.ctx.connector.title;
    let response = run.open(request, redirects(download)).await?;
    if !response.status.is_success() {
        let read = response.read_body(run.ctx.config.max_response_bytes, run.ctx.deadline).await;
        let response = read.map_err(|failure| failure.into_error(title))?;
        return run.interpret(&download.request, &response, OutputParts { raw: false, headers: false }).await;
    }
    let metadata = metadata(run, download, &response.headers, description)?;
    let placeholder = format!("file-{}", run.host.entropy().token());
    let head = ResponseHead { status: response.status.as_u16(), headers: &response.headers, url: &response.url };
    let output = output(Value::String(placeholder.clone()), &metadata, &head, parts);
    let idle_timeout = run.ctx.config.call_budget;
    let content = response
        .into_stream(idle_timeout, Instant::now() + MAX_STREAM_DURATION)
        .map_err(|failure| failure.into_error(title))?;
    let is_text = download.as_text || download.as_json;
    slot.put(StreamedFile { content, redactor: run.stream_redactor(), metadata, is_text, placeholder });
    Ok(output)
}

fn output(data: Value, metadata: &FileMetadata, head: &ResponseHead<'_>, parts: OutputParts) -> StepOutput {
    let members = Map::from_iter([
        ("contentType".to_owned(), metadata.content_type.clone().into()),
        ("contentLength".to_owned(), metadata.length.into()),
        ("fileName".to_owned(), metadata.file_name.clone().into()),
        ("lastModified".to_owned(), metadata.last_modified.clone().into()),
        ("etag".to_owned(), metadata.etag.clone().into()),
    ]);
    let disposition = head.headers.get(header::CONTENT_DISPOSITION);
    StepOutput {
        data,
        status: Some(head.status),
        headers: parts.headers.then(|| headers_value(head.headers)),
        extra: vec![
            ("contentDisposition", disposition.map(|value| header_text(value).into_owned()).into()),
            ("fileMetadata", Value::Object(members)),
            ("finalUrl", Value::String(display_url(head.url))),
        ],
        ..StepOutput::default()
    }
}

/// Returns the file's metadata. The JSON description takes precedence over the headers.
fn metadata(
    run: &Run<'_>,
    download: &DownloadFile,
    headers: &HeaderMap,
    description: &Value,
) -> Result<FileMetadata, Error> {
    let spec = &download.file;
    let described = |key: &Option<String>| {
        let found = at_path(description, key.as_deref()?)?.as_str()?;
        (!found.is_empty()).then(|| found.to_owned())
    };
    let fixed = optional(run, spec.content_type.as_ref(), Escape::Header)?;
    let reported = FileMetadata::from_headers(headers);
    Ok(FileMetadata {
        content_type: fixed.or_else(|| described(&spec.content_type_key)).or(reported.content_type),
        file_name: described(&spec.name_key).map(|name| base_name(&name)).or(reported.file_name),
        ..reported
    })
}

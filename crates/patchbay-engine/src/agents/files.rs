//! Files in the results of actions.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use patchbay_connector::definition::{Action, StepFunction};
use patchbay_runtime::FileMetadata;
use serde_json::{Map, Value};
use url::Url;

use crate::{Error, FileContent};

/// The largest file that an answer contains, in bytes.
const MAX_FILE_BYTES: usize = 1024 * 1024;
/// The media type of a file whose type is not known.
const OCTET_STREAM: &str = "application/octet-stream";

/// The members in which connectors return the content of a file that was downloaded into memory, its name and its type.
const CONTENTS: [&str; 4] = ["content", "file_content", "fileContent", "base64"];
const NAMES: [&str; 3] = ["file_name", "fileName", "name"];
const TYPES: [&str; 4] = ["content_type", "contentType", "mime_type", "mimeType"];

/// A file of an answer.
pub(super) enum File {
    /// The whole file.
    Content { name: String, media_type: String, bytes: Vec<u8>, uri: String },
    /// It is larger than an answer can contain.
    TooLarge { message: String },
}

/// Reads a file that a run streams. One that is too large is not read to its end.
///
/// # Errors
///
/// Those of the provider, in the middle of the file.
pub(super) async fn read(
    metadata: &FileMetadata,
    mut content: FileContent,
    call: &str,
    account: &str,
    action: &str,
) -> Result<File, Error> {
    let too_large = || too_large(&shown_name(metadata), account, action, " and `Accept: application/octet-stream`");
    let max = u64::try_from(MAX_FILE_BYTES).unwrap_or(u64::MAX);
    if metadata.length.is_some_and(|length| length > max) {
        return Ok(too_large());
    }
    let mut bytes = Vec::new();
    while let Some(piece) = content.next().await {
        let piece = piece?;
        if bytes.len() + piece.len() > MAX_FILE_BYTES {
            return Ok(too_large());
        }
        bytes.extend_from_slice(&piece);
    }
    let name = shown_name(metadata);
    let media_type = metadata.content_type.clone().filter(|kind| kind.contains('/'));
    Ok(File::Content {
        uri: uri(call, &name),
        name,
        media_type: media_type.unwrap_or_else(|| OCTET_STREAM.to_owned()),
        bytes,
    })
}

/// Takes the file out of the result of an action that downloads one into memory: base64 in a text costs a model many tokens
/// and tells it nothing. The members of `data` beside the content stay.
pub(super) fn take(action: &Action, result: &mut Map<String, Value>, call: &str, account: &str) -> Option<File> {
    let is_binary = |function: &StepFunction| match function {
        StepFunction::DownloadFile(download) => !download.as_text && !download.as_json,
        _ => false,
    };
    if !action.steps.iter().any(|step| is_binary(&step.function) || step.then.iter().any(is_binary)) {
        return None;
    }
    let data = result.get_mut("data")?.as_object_mut()?;
    let text = |data: &Map<String, Value>, keys: &[&str]| {
        keys.iter().find_map(|key| data.get(*key)?.as_str().filter(|text| !text.is_empty()).map(str::to_owned))
    };
    let (name, media_type) = (text(data, &NAMES), text(data, &TYPES).filter(|kind| kind.contains('/')));
    if name.is_none() && media_type.is_none() {
        return None;
    }
    let key = CONTENTS.into_iter().find(|key| data.get(*key).is_some_and(Value::is_string))?;
    let bytes = STANDARD.decode(data.get(key)?.as_str()?).ok().filter(|bytes| !bytes.is_empty())?;
    let name = name.unwrap_or_else(|| "file".to_owned());
    let file = if bytes.len() > MAX_FILE_BYTES {
        too_large(&name, account, &action.public_id, "")
    } else {
        let media_type = media_type.unwrap_or_else(|| OCTET_STREAM.to_owned());
        File::Content { uri: uri(call, &name), name, media_type, bytes }
    };
    data.insert(key.to_owned(), file.mark().into());
    Some(file)
}

/// `more` is what the request needs beside the account.
fn too_large(name: &str, account: &str, action: &str, more: &str) -> File {
    File::TooLarge {
        message: format!(
            "The file {name} is larger than {} kB, the most that an answer contains. A program can download it with `POST \
             /actions/rpc`, the action `{action}` and the header `x-account-id: {account}`{more}.",
            MAX_FILE_BYTES / 1024,
        ),
    }
}

impl File {
    /// Returns what stands for the content in the result.
    fn mark(&self) -> String {
        match self {
            Self::Content { name, .. } => format!("(the file {name}, attached)"),
            Self::TooLarge { .. } => "(not attached: too large)".to_owned(),
        }
    }
}

fn shown_name(metadata: &FileMetadata) -> String {
    metadata.file_name.clone().filter(|name| !name.is_empty()).unwrap_or_else(|| "file".to_owned())
}

/// Returns an address that names the file within an answer. It cannot be read.
fn uri(call: &str, name: &str) -> String {
    let mut uri = format!("patchbay://files/{call}");
    if let Ok(mut url) = Url::parse(&uri) {
        if let Ok(mut segments) = url.path_segments_mut() {
            segments.push(name);
        }
        uri = url.into();
    }
    uri
}

/// Replaces the mark of a file's content in a result.
pub(super) fn describe(value: &mut Value, placeholder: &str, file: &File) {
    match value {
        Value::String(text) if text.contains(placeholder) => {
            *text = file.mark();
        }
        Value::Array(items) => items.iter_mut().for_each(|item| describe(item, placeholder, file)),
        Value::Object(members) => members.values_mut().for_each(|member| describe(member, placeholder, file)),
        _ => {}
    }
}

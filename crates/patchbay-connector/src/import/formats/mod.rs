//! The formats of API descriptions, each read into the common model.

mod common;
mod discovery;
mod openapi;
mod security;
mod swagger;

use serde_json::Value;

pub(super) use self::common::spelled;
use super::{ImportError, model::Api, refs::ApiDocument, review_notes::ReviewNotes};

/// Returns true if a description may refer to other files. In Google discovery, a reference is a name.
pub(super) fn has_files(root: &Value) -> bool {
    root.get("openapi").is_some() || root.get("swagger").is_some()
}

/// Returns the schema of a response's JSON: in Swagger beside the response, otherwise with its media type.
pub(super) fn described_json<'d>(document: ApiDocument<'d>, response: &'d Value) -> Option<&'d Value> {
    let response = document.resolved(response)?;
    let by_media = common::members(response, "content").find(|(media, _)| common::is_json(media));
    by_media.map_or_else(|| response.get("schema"), |(_, media)| media.get("schema"))
}

/// Reads an API description of any format.
///
/// # Errors
/// [`ImportError::Format`] if the format is unknown.
pub(super) fn read<'d>(root: &'d Value, notes: &ReviewNotes) -> Result<Api<'d>, ImportError> {
    read_format(ApiDocument { root, facts_only: false }, notes)
}

/// Reads an API description of any format without its sentences.
///
/// # Errors
/// [`ImportError::Format`] if the format is unknown.
pub(super) fn read_facts<'d>(root: &'d Value, notes: &ReviewNotes) -> Result<Api<'d>, ImportError> {
    let mut api = read_format(ApiDocument { root, facts_only: true }, notes)?;
    super::words::keep_facts(&mut api);
    Ok(api)
}

fn read_format<'d>(document: ApiDocument<'d>, notes: &ReviewNotes) -> Result<Api<'d>, ImportError> {
    let root = document.root;
    let version = |key| root.get(key).map(common::spelled).unwrap_or_default();
    if version("openapi").starts_with("3.") {
        return Ok(openapi::read(document, &version("openapi"), notes));
    }
    if version("swagger").starts_with('2') {
        return Ok(swagger::read(document, notes));
    }
    let is_discovery = root.get("kind").and_then(Value::as_str) == Some("discovery#restDescription")
        || (root.get("discoveryVersion").is_some() && root.get("resources").is_some());
    if is_discovery {
        return Ok(discovery::read(document, notes));
    }
    Err(ImportError::Format)
}

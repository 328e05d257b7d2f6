//! The formats of API descriptions, each read into the common model.

mod common;
mod discovery;
mod openapi;
mod security;
mod swagger;

use serde_json::Value;

use super::{ImportError, model::Api, refs::ApiDocument, review_notes::ReviewNotes};

/// Reads an API description of any format.
///
/// # Errors
/// [`ImportError::Format`] if the format is unknown.
pub(super) fn read<'d>(root: &'d Value, notes: &ReviewNotes) -> Result<Api<'d>, ImportError> {
    let document = ApiDocument { root };
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

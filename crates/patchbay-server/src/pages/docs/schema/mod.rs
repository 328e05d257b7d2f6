//! JSON Schemas for people: of requests and responses in the OpenAPI document, and of actions' inputs.
//!
//! A schema becomes a [`Shape`], a tree without references. It is bounded: schemas of pushed connectors can be large, and
//! those of the API refer to themselves.

mod example;
mod pattern;
mod read;
mod write;

pub(super) use example::example;
pub(super) use read::read;
pub(super) use write::{facts_markdown, write_members};

/// Returns what a `$ref` into the document refers to; any other value unchanged.
pub(super) fn resolve<'a>(document: &'a serde_json::Value, value: &'a serde_json::Value) -> &'a serde_json::Value {
    let mut value = value;
    // A reference to a reference to itself would never end.
    for _ in 0..8 {
        let pointer = value["$ref"].as_str().and_then(|reference| reference.strip_prefix('#'));
        match pointer.and_then(|pointer| document.pointer(pointer)) {
            Some(found) => value = found,
            None => break,
        }
    }
    value
}

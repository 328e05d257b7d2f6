//! What OpenAPI and Swagger write the same way.

use std::collections::{HashMap, hash_map::Entry};

use serde_json::Value;

use crate::import::{
    model::{ApiMethod, ApiOperation, ParameterLocation, ParameterStyle},
    refs::ApiDocument,
    review_notes::{ReviewNotes, Topic},
};

/// The most parameters of an operation.
const MAX_PARAMETERS: usize = 1_000;

/// What stands for a schema that is missing: anything.
pub(super) const ANYTHING: &Value = &Value::Bool(true);

/// The text of a key, empty when it has none.
pub(super) fn text(value: &Value, key: &str) -> String {
    value.get(key).and_then(Value::as_str).unwrap_or_default().to_owned()
}

/// A text that may have been written as a number.
pub(super) fn spelled(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Number(number) => number.to_string(),
        _ => String::new(),
    }
}

pub(super) fn flag(value: &Value, key: &str) -> bool {
    value.get(key).and_then(Value::as_bool).unwrap_or(false)
}

/// The items of a key's list.
pub(super) fn items<'d>(value: &'d Value, key: &str) -> &'d [Value] {
    value.get(key).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default()
}

/// The members of a key's object.
pub(super) fn members<'d>(value: &'d Value, key: &str) -> impl Iterator<Item = (&'d str, &'d Value)> + use<'d> {
    value.get(key).and_then(Value::as_object).into_iter().flatten().map(|(name, member)| (name.as_str(), member))
}

/// The texts of a key's list.
pub(super) fn texts(value: &Value, key: &str) -> Vec<String> {
    items(value, key).iter().filter_map(Value::as_str).map(str::to_owned).collect()
}

/// An operation's parts that both formats write alike.
pub(super) fn operation<'d>(path: &str, method: ApiMethod, described: &'d Value) -> ApiOperation<'d> {
    ApiOperation {
        id: described.get("operationId").and_then(Value::as_str).filter(|id| !id.is_empty()).map(str::to_owned),
        method,
        path: path.to_owned(),
        tags: texts(described, "tags"),
        summary: text(described, "summary"),
        description: text(described, "description"),
        docs: docs(described),
        deprecated: flag(described, "deprecated"),
        params: Vec::new(),
        body: None,
        answer: crate::import::model::ApiResponse::default(),
        security: None,
        server: None,
    }
}

/// The link of `externalDocs`.
pub(super) fn docs(value: &Value) -> Option<String> {
    let url = value.get("externalDocs")?.get("url")?.as_str()?;
    (url.starts_with("https://") || url.starts_with("http://")).then(|| url.to_owned())
}

/// Each operation with its path's item; methods that no step has are noted.
pub(super) fn operations<'d>(
    document: ApiDocument<'d>,
    notes: &ReviewNotes,
    mut read: impl FnMut(&'d str, &'d Value, ApiMethod, &'d Value) -> ApiOperation<'d>,
) -> Vec<ApiOperation<'d>> {
    let mut found = Vec::new();
    for (path, item) in members(document.root, "paths").filter(|(path, _)| !path.starts_with("x-")) {
        let Some(item) = document.resolved(item) else {
            notes.add(Topic::Reference, path, "the path's `$ref` leads nowhere in this file");
            continue;
        };
        for (name, described) in item.as_object().into_iter().flatten() {
            if let Some(method) = ApiMethod::of(name) {
                found.push(read(path, item, method, described));
            } else if matches!(name.as_str(), "head" | "options" | "trace" | "query") {
                notes.add(Topic::LeftOut, format!("{} {path}", name.to_ascii_uppercase()), "no step has this method");
            }
        }
    }
    found
}

/// The parameters of a path and of its operation, whose own win.
pub(super) fn parameters<'d>(
    document: ApiDocument<'d>,
    item: &'d Value,
    described: &'d Value,
    place: &str,
    notes: &ReviewNotes,
) -> Vec<&'d Value> {
    let mut found: Vec<&Value> = Vec::new();
    let mut places = HashMap::new();
    for param in items(item, "parameters").iter().chain(items(described, "parameters")) {
        let Some(param) = document.resolved(param) else {
            notes.add(Topic::Reference, place, "a parameter's `$ref` leads nowhere in this file");
            continue;
        };
        match places.entry((text(param, "name"), text(param, "in"))) {
            Entry::Occupied(earlier) => found[*earlier.get()] = param,
            Entry::Vacant(free) if found.len() < MAX_PARAMETERS => {
                free.insert(found.len());
                found.push(param);
            }
            Entry::Vacant(_) => {
                let note = format!("more than {MAX_PARAMETERS} parameters; the others were left out");
                notes.add(Topic::Parameter, place, note);
                break;
            }
        }
    }
    found
}

/// Where a parameter travels; what cannot travel is noted.
pub(super) fn location(param: &Value, place: &str, notes: &ReviewNotes) -> Option<ParameterLocation> {
    let name = text(param, "name");
    match param.get("in").and_then(Value::as_str) {
        Some("path") => Some(ParameterLocation::Path),
        Some("query") => Some(ParameterLocation::Query),
        // These are the sender's own affair.
        Some("header") if ["accept", "content-type", "authorization"].contains(&name.to_ascii_lowercase().as_str()) => {
            None
        }
        Some("header") => Some(ParameterLocation::Header),
        Some(other) => {
            let needed = if flag(param, "required") { "; it is required" } else { "" };
            notes.add(Topic::Parameter, place, format!("`{name}` travels in `{other}`, which no input does{needed}"));
            None
        }
        None => None,
    }
}

/// The success answer of an operation: 200, another 2xx, `default`.
pub(super) fn success<'d>(document: ApiDocument<'d>, described: &'d Value) -> Option<&'d Value> {
    let responses = described.get("responses")?;
    let named = ["200", "201", "202", "203", "206", "2XX", "2xx", "default"];
    named.iter().find_map(|status| responses.get(status)).and_then(|answer| document.resolved(answer))
}

/// Whether an answer's headers name `Link`.
pub(super) fn has_link(answer: &Value) -> bool {
    members(answer, "headers").any(|(name, _)| name.eq_ignore_ascii_case("link"))
}

/// Whether this media type is JSON.
pub(super) fn is_json(media: &str) -> bool {
    let bare = bare(media);
    bare == "application/json" || bare == "text/json" || bare.ends_with("+json") || bare == "*/*"
}

/// Media types of files, by their beginning.
const FILES: [&str; 11] = [
    "image/",
    "audio/",
    "video/",
    "font/",
    "application/octet-stream",
    "application/pdf",
    "application/zip",
    "application/gzip",
    "application/x-tar",
    "application/vnd.",
    "text/csv",
];

/// Whether what has this type is a file rather than text that is read.
pub(super) fn is_file(media: &str) -> bool {
    let bare = bare(media);
    FILES.iter().any(|start| bare.starts_with(start))
}

/// A media type without its parameters, in lower case.
pub(super) fn bare(media: &str) -> String {
    media.split(';').next().unwrap_or_default().trim().to_ascii_lowercase()
}

/// Swagger's names for how lists are written.
pub(super) fn collection_style(name: &str) -> ParameterStyle {
    match name {
        "multi" => ParameterStyle::Repeat,
        "ssv" => ParameterStyle::Space,
        "pipes" => ParameterStyle::Pipe,
        _ => ParameterStyle::Comma,
    }
}

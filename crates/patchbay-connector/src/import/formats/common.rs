//! The common parts of OpenAPI and Swagger.

use std::collections::{HashMap, hash_map::Entry};

use serde_json::Value;

use crate::import::{
    model::{ApiMethod, ApiOperation, ApiParameter, ParameterLocation, ParameterStyle},
    refs::ApiDocument,
    review_notes::{ReviewNotes, Topic},
};

/// The maximum number of parameters of an operation.
const MAX_PARAMETERS: usize = 1_000;

/// The schema of a text.
static TEXT: std::sync::LazyLock<Value> = std::sync::LazyLock::new(|| serde_json::json!({"type": "string"}));
/// The schema of any value, for a missing schema.
pub(super) const ANYTHING: &Value = &Value::Bool(true);

/// Returns the string of a key; empty if there is none.
pub(super) fn text(value: &Value, key: &str) -> String {
    value.get(key).and_then(Value::as_str).unwrap_or_default().to_owned()
}

/// Returns a string that may be written as a number or a boolean.
pub(in crate::import) fn spelled(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Number(_) | Value::Bool(_) => value.to_string(),
        _ => String::new(),
    }
}

pub(super) fn flag(value: &Value, key: &str) -> bool {
    value.get(key).and_then(Value::as_bool).unwrap_or(false)
}

/// Returns the items of a key's list.
pub(super) fn items<'d>(value: &'d Value, key: &str) -> &'d [Value] {
    value.get(key).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default()
}

/// Returns the members of a key's object.
pub(super) fn members<'d>(value: &'d Value, key: &str) -> impl Iterator<Item = (&'d str, &'d Value)> + use<'d> {
    value.get(key).and_then(Value::as_object).into_iter().flatten().map(|(name, member)| (name.as_str(), member))
}

/// Returns the strings of a key's list.
pub(super) fn texts(value: &Value, key: &str) -> Vec<String> {
    items(value, key).iter().filter_map(Value::as_str).map(str::to_owned).collect()
}

/// Returns the parts of an operation that both formats have.
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
        described,
    }
}

/// Returns the URL of `externalDocs`.
pub(super) fn docs(value: &Value) -> Option<String> {
    let url = value.get("externalDocs")?.get("url")?.as_str()?;
    (url.starts_with("https://") || url.starts_with("http://")).then(|| url.to_owned())
}

/// Returns each operation; methods that a step cannot use are noted.
pub(super) fn operations<'d>(
    document: ApiDocument<'d>,
    notes: &ReviewNotes,
    mut read: impl FnMut(&'d str, &'d Value, ApiMethod, &'d Value) -> ApiOperation<'d>,
) -> Vec<ApiOperation<'d>> {
    let mut found = Vec::new();
    for (path, item) in members(document.root, "paths").filter(|(path, _)| !path.starts_with("x-")) {
        let Some(item) = document.resolved(item) else {
            notes.add(Topic::Reference, path, "the `$ref` of the path is not in this file or beside it");
            continue;
        };
        for (name, described) in item.as_object().into_iter().flatten() {
            if let Some(method) = ApiMethod::of(name) {
                match document.resolved(described) {
                    Some(described) => found.push(read(path, item, method, described)),
                    None => notes.add(
                        Topic::LeftOut,
                        format!("{} {path}", name.to_ascii_uppercase()),
                        format!("its `$ref` `{}` is not in this file or beside it", text(described, "$ref")),
                    ),
                }
            } else if matches!(name.as_str(), "head" | "options" | "trace" | "query") {
                notes.add(
                    Topic::LeftOut,
                    format!("{} {path}", name.to_ascii_uppercase()),
                    "a step cannot use this method",
                );
            }
        }
    }
    found
}

/// Moves the parameters that a path writes into its query (`/a?b={b}`) to the parameters of the query.
pub(super) fn split_query<'d>(operation: &mut ApiOperation<'d>) {
    let Some((path, query)) = operation.path.split_once('?').map(|(path, query)| (path.to_owned(), query.to_owned()))
    else {
        return;
    };
    let mut fixed = Vec::new();
    for pair in query.split('&').filter(|pair| !pair.is_empty()) {
        let variable =
            pair.split_once('=').and_then(|(name, value)| Some((name, value.strip_prefix('{')?.strip_suffix('}')?)));
        let Some((name, variable)) = variable.filter(|(name, _)| !name.contains(['{', '}'])) else {
            fixed.push(pair);
            continue;
        };
        let is_in_query = |param: &ApiParameter<'d>| param.location == ParameterLocation::Query && param.name == name;
        if operation.params.iter().any(is_in_query) {
            operation.params.retain(|param| !(param.location == ParameterLocation::Path && param.name == variable));
            continue;
        }
        match operation.params.iter_mut().find(|param| param.name == variable) {
            Some(param) => {
                param.location = ParameterLocation::Query;
                name.clone_into(&mut param.name);
            }
            None => operation.params.push(ApiParameter {
                name: name.to_owned(),
                location: ParameterLocation::Query,
                required: false,
                description: String::new(),
                schema: &TEXT,
                style: ParameterStyle::Repeat,
            }),
        }
    }
    let fixed = fixed.join("&");
    operation.path = if fixed.is_empty() { path } else { format!("{path}?{fixed}") };
}

/// Returns the parameters of a path and of its operation; those of the operation take precedence.
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
            notes.add(Topic::Reference, place, "the `$ref` of a parameter is not in this file");
            continue;
        };
        match places.entry((text(param, "name"), text(param, "in"))) {
            Entry::Occupied(earlier) => found[*earlier.get()] = param,
            Entry::Vacant(free) if found.len() < MAX_PARAMETERS => {
                free.insert(found.len());
                found.push(param);
            }
            Entry::Vacant(_) => {
                let note = format!("more than {MAX_PARAMETERS} parameters; the others are omitted");
                notes.add(Topic::Parameter, place, note);
                break;
            }
        }
    }
    found
}

/// Returns the part of a request that carries a parameter; an unsupported one is noted.
pub(super) fn location(param: &Value, place: &str, notes: &ReviewNotes) -> Option<ParameterLocation> {
    let name = text(param, "name");
    match param.get("in").and_then(Value::as_str) {
        Some("path") => Some(ParameterLocation::Path),
        Some("query") => Some(ParameterLocation::Query),
        // A version within `Accept` is a part of the request; anything else in it is not.
        Some("header") if name.eq_ignore_ascii_case("accept") && names_a_version(param) => {
            Some(ParameterLocation::Header)
        }
        // The HTTP client sets these headers.
        Some("header") if ["accept", "content-type", "authorization"].contains(&name.to_ascii_lowercase().as_str()) => {
            None
        }
        Some("header") => Some(ParameterLocation::Header),
        Some(other) => {
            let needed = if flag(param, "required") { "; it is required" } else { "" };
            notes.add(
                Topic::Parameter,
                place,
                format!("`{name}` is in `{other}`, which inputs do not support{needed}"),
            );
            None
        }
        None => None,
    }
}

/// Returns true if a parameter has a media type of the provider as its only value or its default.
fn names_a_version(param: &Value) -> bool {
    let schema = param.get("schema").unwrap_or(param);
    let only = if let [only] = items(schema, "enum") { only.as_str() } else { None };
    let value = only.or_else(|| schema.get("default").and_then(Value::as_str));
    value.is_some_and(is_vendor_json)
}

/// Returns true for JSON with a media type of the provider: `application/vnd.acme.v2+json`.
pub(super) fn is_vendor_json(media: &str) -> bool {
    let media = media.to_ascii_lowercase();
    media.starts_with("application/vnd.") && media.contains("json") && !media.contains(',')
}

/// Returns the response of a successful request: 200, another 2xx, `default`.
pub(super) fn success<'d>(document: ApiDocument<'d>, described: &'d Value) -> Option<&'d Value> {
    let responses = described.get("responses")?;
    let named = ["200", "201", "202", "203", "206", "2XX", "2xx", "default"];
    named.iter().find_map(|status| responses.get(status)).and_then(|answer| document.resolved(answer))
}

/// Returns true if the response has a `Link` header (RFC 8288).
pub(super) fn has_link(answer: &Value) -> bool {
    members(answer, "headers").any(|(name, _)| name.eq_ignore_ascii_case("link"))
}

/// Returns true if the media type is JSON.
pub(super) fn is_json(media: &str) -> bool {
    let bare = bare(media);
    bare == "application/json" || bare == "text/json" || bare.ends_with("+json") || bare == "*/*"
}

/// The prefixes of media types of files.
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

/// Returns true if the media type is a file rather than readable text.
pub(super) fn is_file(media: &str) -> bool {
    let bare = bare(media);
    FILES.iter().any(|start| bare.starts_with(start))
}

/// Returns a media type without parameters, in lower case.
pub(super) fn bare(media: &str) -> String {
    media.split(';').next().unwrap_or_default().trim().to_ascii_lowercase()
}

/// Returns the style of a `collectionFormat` of Swagger.
pub(super) fn collection_style(name: &str) -> ParameterStyle {
    match name {
        "multi" => ParameterStyle::Repeat,
        "ssv" => ParameterStyle::Space,
        "pipes" => ParameterStyle::Pipe,
        _ => ParameterStyle::Comma,
    }
}

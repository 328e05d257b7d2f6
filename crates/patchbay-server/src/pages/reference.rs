//! The API reference, rendered from the OpenAPI document.

use axum::{extract::State, http::header, response::Response};
use minijinja::{Value as View, context};
use serde_json::Value;

use super::render::page;
use crate::{extract::EntityTag, guides::sentence_to_html, state::AppState};

/// `GET /openapi.json`: returns the OpenAPI document.
pub(crate) async fn openapi(State(state): State<AppState>, tag: EntityTag) -> Response {
    tag.public().respond(|| ([(header::CONTENT_TYPE, "application/json")], state.document_text()))
}

/// `GET /docs`: returns the API reference.
pub(crate) async fn reference(State(state): State<AppState>) -> Response {
    let document = state.document();
    let mut groups: Vec<(String, Vec<View>)> = Vec::new();
    for (path, methods) in document["paths"].as_object().into_iter().flatten() {
        for (method, operation) in methods.as_object().into_iter().flatten() {
            let tag = operation["tags"][0].as_str().unwrap_or("Other").to_owned();
            let view = operation_view(document, path, method, operation);
            match groups.iter_mut().find(|(known, _)| *known == tag) {
                Some((_, operations)) => operations.push(view),
                None => groups.push((tag, vec![view])),
            }
        }
    }
    let groups = groups.into_iter().map(|(name, operations)| {
        let id = name.to_lowercase().replace(' ', "-");
        context! { id => id, name => name, operations => operations }
    });
    page("reference.html", context! { groups => groups.collect::<Vec<_>>(), public_url => state.config.urls.base() })
}

fn operation_view(document: &Value, path: &str, method: &str, operation: &Value) -> View {
    let parameters = operation["parameters"].as_array().cloned().unwrap_or_default();
    let parameters = parameters.iter().map(|parameter| {
        context! {
            name => parameter["name"].as_str().unwrap_or_default(), place => parameter["in"].as_str().unwrap_or_default(),
            required => parameter["required"].as_bool().unwrap_or(false), description => sentence(&parameter["description"]),
        }
    });
    let schema = &operation["requestBody"]["content"]["application/json"]["schema"];
    let fields = fields(document, schema);
    let responses = operation["responses"].as_object().into_iter().flatten();
    let responses = responses.map(|(status, response)| {
        context! { status => status, description => sentence(&resolve(document, response)["description"]) }
    });
    context! {
        id => format!("{method}-{}", path.replace(['/', '{', '}'], "-").trim_matches('-')),
        method => method.to_uppercase(), path => path,
        summary => sentence(&operation["summary"]), description => sentence(&operation["description"]),
        session => operation["security"][0].get("session").is_some(),
        parameters => parameters.collect::<Vec<_>>(), fields => fields, responses => responses.collect::<Vec<_>>(),
    }
}

/// Returns a description's Markdown as HTML.
fn sentence(text: &Value) -> View {
    View::from_safe_string(sentence_to_html(text.as_str().unwrap_or_default()))
}

/// Returns the members of a request's body.
fn fields(document: &Value, schema: &Value) -> Vec<View> {
    let schema = resolve(document, schema);
    let required = schema["required"].as_array().cloned().unwrap_or_default();
    let properties = schema["properties"].as_object().into_iter().flatten();
    let views = properties.map(|(name, property)| {
        let kind = match &resolve(document, property)["type"] {
            Value::String(kind) => kind.clone(),
            Value::Array(kinds) => kinds.iter().filter_map(Value::as_str).collect::<Vec<_>>().join(" or "),
            _ => "object".to_owned(),
        };
        context! { name => name, kind => kind, required => required.iter().any(|required| required == name), description => sentence(&property["description"]) }
    });
    views.collect()
}

/// Returns what a `$ref` into the document refers to; any other value unchanged.
fn resolve<'a>(document: &'a Value, value: &'a Value) -> &'a Value {
    let pointer = value["$ref"].as_str().and_then(|reference| reference.strip_prefix('#'));
    pointer.and_then(|pointer| document.pointer(pointer)).unwrap_or(value)
}

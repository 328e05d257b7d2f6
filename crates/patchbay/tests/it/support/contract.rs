//! Checks responses against the OpenAPI document: each status is documented, and each JSON body has the documented shape.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, OnceLock},
};

use jsonschema::Validator;
use serde_json::{Value, json};

use super::ApiResponse;

fn document() -> &'static Value {
    static DOCUMENT: OnceLock<Value> = OnceLock::new();
    DOCUMENT.get_or_init(|| patchbay_server::openapi("http://127.0.0.1:8080"))
}

/// Panics if the document does not describe the response. Paths without an operation are pages, and 405 and 431 concern
/// requests that are not operations.
pub fn assert_documented(method: &str, path: &str, answer: &ApiResponse) {
    let path = path.split(['?', '#']).next().unwrap_or_default();
    let Some((pattern, operation)) = operation(method, path) else { return };
    if matches!(answer.status, 405 | 431) || answer.header("preference-applied").is_some() {
        return;
    }
    let what = format!("{method} {pattern} {}", answer.status);
    let responses = &operation["responses"];
    let status = answer.status.to_string();
    let range = format!("{}XX", answer.status / 100);
    let response = [status, range].iter().find_map(|status| responses.get(status));
    let response = resolve(response.unwrap_or_else(|| panic!("{what} is not documented: {answer}")));
    let schema = &response["content"]["application/json"]["schema"];
    let is_json = answer.header("content-type").is_some_and(|kind| kind.starts_with("application/json"));
    if schema.is_null() || !is_json {
        return;
    }
    let validator = validator(&what, schema);
    let body = answer.json();
    let problems = validator.iter_errors(&body).map(|error| format!("{}: {error}", error.instance_path()));
    let problems = problems.collect::<Vec<_>>();
    assert!(problems.is_empty(), "{what} is not as documented: {}\n{answer}", problems.join("; "));
}

/// Returns the validator of a response's schema, which is compiled once.
fn validator(what: &str, schema: &Value) -> Arc<Validator> {
    static VALIDATORS: Mutex<BTreeMap<String, Arc<Validator>>> = Mutex::new(BTreeMap::new());
    let mut validators = VALIDATORS.lock().unwrap();
    let compile = || {
        let schema = json!({ "allOf": [schema], "components": document()["components"] });
        Arc::new(jsonschema::draft202012::new(&schema).unwrap_or_else(|error| panic!("{what}: {error}")))
    };
    validators.entry(what.to_owned()).or_insert_with(compile).clone()
}

/// Returns the operation of a path, with literal segments before parameters, as the router has them.
fn operation(method: &str, path: &str) -> Option<(&'static str, &'static Value)> {
    let matches = |pattern: &str| {
        let (mut wanted, mut found) = (pattern.split('/'), path.split('/'));
        loop {
            match (wanted.next(), found.next()) {
                (None, None) => return true,
                (Some(wanted), Some(found)) if wanted == found || (wanted.starts_with('{') && !found.is_empty()) => {}
                _ => return false,
            }
        }
    };
    let paths = document()["paths"].as_object()?.iter();
    let found = paths.filter(|(pattern, _)| matches(pattern)).min_by_key(|(pattern, _)| pattern.matches('{').count());
    let (pattern, methods) = found?;
    Some((pattern, methods.get(method.to_lowercase())?))
}

fn resolve(value: &'static Value) -> &'static Value {
    let pointer = value["$ref"].as_str().and_then(|reference| reference.strip_prefix('#'));
    pointer.and_then(|pointer| document().pointer(pointer)).unwrap_or(value)
}

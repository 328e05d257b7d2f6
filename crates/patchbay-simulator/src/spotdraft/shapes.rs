//! The provider's OpenAPI document: operations, requests and responses.
//!
//! `tools/shapes.py` derives `shapes.json` from SpotDraft's OpenAPI document; a test checks that it is current.
//! Validators are compiled when they are first needed, and cached.

use std::{
    collections::{BTreeMap, HashMap},
    sync::{Arc, Mutex, OnceLock, PoisonError},
};

use jsonschema::Validator;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::{errors::Rejection, fit};

#[derive(Deserialize)]
pub struct Operation {
    pub method: String,
    pub path: String,
    query: BTreeMap<String, Value>,
    query_required: Vec<String>,
    body: Option<Value>,
    responses: BTreeMap<String, Option<Value>>,
    #[serde(default)]
    pub key: String,
}

#[derive(Deserialize)]
struct OperationCatalog {
    operations: Vec<Operation>,
    components: Value,
}

pub struct Shapes {
    operations: Vec<Operation>,
    components: Value,
    validators: Mutex<HashMap<String, Arc<Validator>>>,
}

/// The operation of a request.
pub struct Matched<'a> {
    pub operation: &'a Operation,
    pub parameters: Vec<String>,
    /// The documented path, if it differs from the request's in the trailing slash.
    pub documented: Option<String>,
}

impl Shapes {
    pub fn get() -> &'static Self {
        static SHAPES: OnceLock<Shapes> = OnceLock::new();
        SHAPES.get_or_init(|| {
            let mut document: OperationCatalog =
                serde_json::from_str(include_str!("shapes.json")).expect("shapes.json is checked by a test");
            for operation in &mut document.operations {
                operation.key = format!("{} {}", operation.method, operation.path);
            }
            Self { operations: document.operations, components: document.components, validators: Mutex::default() }
        })
    }

    #[cfg(test)]
    pub fn operations(&self) -> &[Operation] {
        &self.operations
    }

    pub fn find(&self, method: &str, path: &str) -> Result<Matched<'_>, Rejection> {
        let segments = path.trim_end_matches('/').split('/').collect::<Vec<_>>();
        let mut best: Option<(usize, Matched<'_>)> = None;
        let mut other_method = false;
        for operation in &self.operations {
            let template = operation.path.trim_end_matches('/').split('/').collect::<Vec<_>>();
            if template.len() != segments.len() {
                continue;
            }
            let mut parameters = Vec::new();
            let fits = template.iter().zip(&segments).all(|(template, segment)| {
                if template.starts_with('{') {
                    parameters.push(decode(segment));
                    !segment.is_empty()
                } else {
                    template == segment
                }
            });
            if !fits {
                continue;
            }
            if operation.method != method {
                other_method = true;
                continue;
            }
            // `/contracts/preview/` is not a contract with the id "preview".
            let literal = template.len() - parameters.len();
            if best.as_ref().is_none_or(|(most, _)| literal > *most) {
                let slashed = operation.path.ends_with('/');
                let documented = (slashed != path.ends_with('/')).then(|| {
                    let bare = path.trim_end_matches('/');
                    if slashed { format!("{bare}/") } else { bare.to_owned() }
                });
                best = Some((literal, Matched { operation, parameters, documented }));
            }
        }
        match best {
            Some((_, matched)) => Ok(matched),
            None if other_method => Err(Rejection::method_not_allowed()),
            None => Err(Rejection::not_found()),
        }
    }

    pub fn check_query(operation: &Operation, query: &[(String, String)]) -> Result<(), Rejection> {
        let mut wrong = Map::new();
        for name in &operation.query_required {
            if !query.iter().any(|(known, _)| known == name) {
                wrong.insert(name.clone(), json!(["This query parameter is required."]));
            }
        }
        for (name, text) in query {
            // A documented name may be a pattern: `filter_custom__<custom_field_name>`.
            let schema = operation.query.get(name).or_else(|| {
                let family =
                    |known: &&String| known.split_once('<').is_some_and(|(prefix, _)| name.starts_with(prefix));
                operation.query.keys().find(family).and_then(|known| operation.query.get(known))
            });
            let Some(schema) = schema else {
                wrong.insert(name.clone(), json!(["This query parameter is not known."]));
                continue;
            };
            // `$in` accepts several values, each of which must be valid.
            let several = name.ends_with("[$in]");
            let fits = if several {
                text.split(',').all(|text| fits_text(schema, text.trim()))
            } else {
                fits_text(schema, text)
            };
            if !fits {
                wrong.insert(name.clone(), json!([format!("\"{text}\" is not a valid value.")]));
            }
        }
        if wrong.is_empty() { Ok(()) } else { Err(Rejection::fields(wrong)) }
    }

    pub fn check_body(&self, operation: &Operation, bytes: &[u8]) -> Result<Value, Rejection> {
        let Some(schema) = &operation.body else { return Ok(Value::Null) };
        let body: Value = match serde_json::from_slice(bytes) {
            Ok(body) => body,
            Err(_) if bytes.is_empty() => json!({}),
            Err(error) => return Err(Rejection::invalid(format!("JSON parse error - {error}"))),
        };
        let validator = self.validator(&format!("body {}", operation.key), schema);
        let mut wrong: Map<String, Value> = Map::new();
        for error in validator.iter_errors(&body) {
            let place = error.instance_path().to_string();
            let place = place.trim_start_matches('/').replace('/', ".");
            let place = if place.is_empty() { "non_field_errors".to_owned() } else { place };
            let messages = wrong.entry(place).or_insert_with(|| json!([]));
            if let Some(messages) = messages.as_array_mut() {
                messages.push(json!(error.to_string().chars().take(200).collect::<String>()));
            }
        }
        if wrong.is_empty() { Ok(body) } else { Err(Rejection::fields(wrong)) }
    }

    /// Returns the value with exactly the members of the document.
    pub fn complete(&self, operation: &Operation, status: u16, value: Value) -> Value {
        match operation.responses.get(&status.to_string()) {
            Some(Some(schema)) => fit::fit(schema, &self.components["schemas"], value),
            _ => value,
        }
    }

    /// Checks that the document describes a response.
    #[cfg(test)]
    pub fn check_answer(&self, operation: &Operation, status: u16, body: Option<&Value>) -> Result<(), String> {
        let Some(schema) = operation.responses.get(&status.to_string()) else {
            return Err(format!("{}: status {status} is not documented", operation.key));
        };
        let (Some(schema), Some(body)) = (schema, body) else { return Ok(()) };
        let validator = self.validator(&format!("{status} {}", operation.key), schema);
        let errors =
            validator.iter_errors(body).map(|error| format!("{}: {error}", error.instance_path())).collect::<Vec<_>>();
        if errors.is_empty() { Ok(()) } else { Err(format!("{}: {}\n{body}", operation.key, errors.join("; "))) }
    }

    fn validator(&self, name: &str, schema: &Value) -> Arc<Validator> {
        let mut validators = self.validators.lock().unwrap_or_else(PoisonError::into_inner);
        let build = || {
            let whole = json!({ "allOf": [schema], "components": self.components });
            Arc::new(
                jsonschema::draft202012::new(&whole).expect("the document's schemas compile; a test compiles each"),
            )
        };
        validators.entry(name.to_owned()).or_insert_with(build).clone()
    }
}

fn decode(segment: &str) -> String {
    // `+` does not mean a space in a path.
    url::form_urlencoded::parse(format!("x={}", segment.replace('+', "%2B")).as_bytes())
        .next()
        .map(|(_, value)| value.into_owned())
        .unwrap_or_default()
}

fn fits_text(schema: &Value, text: &str) -> bool {
    if let Some(allowed) = schema["enum"].as_array() {
        return allowed.iter().any(|allowed| allowed.as_str() == Some(text));
    }
    match schema["type"].as_str() {
        Some("integer") => text.parse::<i64>().is_ok(),
        Some("number") => text.parse::<f64>().is_ok(),
        Some("boolean") => matches!(text.to_ascii_lowercase().as_str(), "true" | "false" | "1" | "0"),
        _ => true,
    }
}

//! Shows how sharp the comparison is: requests that are right are changed in one place, and the share of the changes that
//! are found is counted.
//!
//! The description is Patchbay's own, with its several hundred parameters and members.

use serde_json::{Value, json};
use url::{Url, form_urlencoded};

use super::{sample::Direction, sample::sample, schema, *};
use crate::import::model::{ParameterLocation, ParameterStyle};

const OWN: &str = include_str!("../../../../../docs/openapi.json");

/// A request that can be changed.
#[derive(Clone, Debug)]
struct Request {
    method: String,
    path: String,
    query: Vec<(String, String)>,
    headers: Vec<(String, String)>,
    body: Option<Value>,
}

/// How many changes of a kind were found.
#[derive(Debug, Default)]
struct Share {
    found: usize,
    all: usize,
    missed: Vec<String>,
}

impl Share {
    fn count(&mut self, is_found: bool, what: impl FnOnce() -> String) {
        self.all += 1;
        self.found += usize::from(is_found);
        if !is_found {
            self.missed.push(what());
        }
    }
}

fn spelled(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// Returns a request of an operation with everything that the description names.
fn right(contract: &Contract<'_>, operation: &ApiOperation<'_>) -> Request {
    let document = contract.api.document;
    let made = |schema| sample(document, schema, Direction::Request).unwrap_or_else(|| json!("text"));
    let mut path = operation.path.clone();
    let mut query = Vec::new();
    let mut headers =
        vec![("authorization".to_owned(), "Bearer t".to_owned()), ("x-hub-session-token".to_owned(), "t".to_owned())];
    for param in &operation.params {
        let value = made(param.schema);
        match param.location {
            ParameterLocation::Path => {
                let encoded = form_urlencoded::byte_serialize(spelled(&value).as_bytes()).collect::<String>();
                path = path.replace(&format!("{{{}}}", param.name), &encoded);
            }
            ParameterLocation::Header => headers.push((param.name.to_ascii_lowercase(), spelled(&value))),
            ParameterLocation::Query => match (&value, param.style) {
                (Value::Array(items), ParameterStyle::Comma) => {
                    query.push((param.name.clone(), items.iter().map(spelled).collect::<Vec<_>>().join(",")));
                }
                (Value::Array(items), _) => query.extend(items.iter().map(|item| (param.name.clone(), spelled(item)))),
                (Value::Object(members), ParameterStyle::Deep) => {
                    query.extend(
                        members.iter().map(|(name, value)| (format!("{}[{name}]", param.name), spelled(value))),
                    );
                }
                _ => query.push((param.name.clone(), spelled(&value))),
            },
        }
    }
    let json_body = operation.body.as_ref().and_then(|body| body.schema).map(made);
    Request { method: operation.method.as_str().to_ascii_uppercase(), path, query, headers, body: json_body }
}

fn findings(contract: &Contract<'_>, request: &Request) -> Vec<Finding> {
    let mut url = Url::parse("https://patchbay.example").unwrap().join(&request.path).unwrap();
    if !request.query.is_empty() {
        url.query_pairs_mut().extend_pairs(&request.query);
    }
    let body = request.body.as_ref().map(|body| body.to_string().into_bytes()).unwrap_or_default();
    let sent = SentRequest {
        method: &request.method,
        url: &url,
        headers: Some(&request.headers),
        content_type: request.body.as_ref().map(|_| "application/json"),
        body: Some(&body),
    };
    contract.check_request(&sent).findings.into_iter().filter(|finding| !finding.kind.is_note()).collect()
}

/// Returns the methods of the path of an operation.
fn methods(contract: &Contract<'_>, place: usize) -> Vec<String> {
    let path = &contract.api.operations[place].path;
    let same = contract.api.operations.iter().filter(|operation| operation.path == *path);
    same.map(|operation| operation.method.as_str().to_ascii_uppercase()).collect()
}

/// Returns the pointers of all members of a body.
fn members(value: &Value, at: &str, found: &mut Vec<String>) {
    match value {
        Value::Object(members) => {
            for (name, value) in members {
                let at = format!("{at}/{}", name.replace('~', "~0").replace('/', "~1"));
                found.push(at.clone());
                self::members(value, &at, found);
            }
        }
        Value::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                self::members(item, &format!("{at}/{index}"), found);
            }
        }
        _ => {}
    }
}

fn parent_of<'v>(body: &'v mut Value, pointer: &str) -> (&'v mut serde_json::Map<String, Value>, String) {
    let (parent, name) = pointer.rsplit_once('/').unwrap();
    let members = body.pointer_mut(parent).and_then(Value::as_object_mut).unwrap();
    (members, name.replace("~1", "/").replace("~0", "~"))
}

/// Returns a value of another type.
fn retyped(value: &Value) -> Value {
    match value {
        Value::String(_) => json!(7),
        Value::Number(_) | Value::Bool(_) | Value::Null => json!("seven"),
        Value::Array(_) => json!({"a": 1}),
        Value::Object(_) => json!("an object"),
    }
}

#[test]
fn nine_of_ten_wrong_names_and_types_are_found() {
    let description = Description::read(OWN).unwrap();
    let contract = description.contract().unwrap();
    let [mut member, mut typed, mut dropped, mut parameter, mut value, mut method] =
        std::array::from_fn(|_| Share::default());
    let (mut right_requests, mut wrong) = (0, Vec::new());
    for (place, operation) in contract.api.operations.iter().enumerate() {
        let request = right(&contract, operation);
        let found = findings(&contract, &request);
        if !found.is_empty() {
            wrong.push(format!("{}: {found:?}", operation.place()));
            continue;
        }
        right_requests += 1;
        let is_found = |request: &Request| !findings(&contract, request).is_empty();
        for index in 0..request.query.len() {
            let mut changed = request.clone();
            changed.query[index].0.push_str("_x");
            parameter.count(is_found(&changed), || format!("{} {}", operation.place(), request.query[index].0));
            let param = operation.params.iter().find(|param| param.name == request.query[index].0);
            let takes_text = |param: &crate::import::model::ApiParameter<'_>| {
                let is_listed = schema::find(contract.api.document, param.schema, "enum").is_some();
                !is_listed && schema::accepts(contract.api.document, param.schema, "string")
            };
            // Any text is a text.
            if param.is_some_and(|param| {
                !takes_text(param) && !schema::accepts(contract.api.document, param.schema, "array")
            }) {
                let mut changed = request.clone();
                "seven!".clone_into(&mut changed.query[index].1);
                value.count(is_found(&changed), || format!("{} {}", operation.place(), request.query[index].0));
            }
        }
        let mut pointers = Vec::new();
        if let Some(body) = &request.body {
            members(body, "", &mut pointers);
        }
        for pointer in &pointers {
            let what = || format!("{} {pointer}", operation.place());
            let body = request.body.clone().unwrap();
            let old = body.pointer(pointer).unwrap().clone();
            let change = |change: &dyn Fn(&mut serde_json::Map<String, Value>, String)| {
                let mut body = body.clone();
                let (members, name) = parent_of(&mut body, pointer);
                change(members, name);
                Request { body: Some(body), ..request.clone() }
            };
            // What is in a map is up to the caller.
            if !pointer.ends_with("/key") {
                let renamed = change(&|members, name| {
                    let value = members.remove(&name).unwrap_or_default();
                    members.insert(format!("{name}_x"), value);
                });
                member.count(is_found(&renamed), what);
                let other = change(&|members, name| _ = members.insert(name, retyped(&old)));
                typed.count(is_found(&other), what);
            }
            let without = change(&|members, name| _ = members.remove(&name));
            if is_found(&without) {
                dropped.count(true, what);
            }
        }
        let path_methods = methods(&contract, place);
        for other in ["GET", "POST", "PUT", "PATCH", "DELETE"] {
            if !path_methods.iter().any(|known| known == other) {
                let changed = Request { method: other.to_owned(), ..request.clone() };
                method.count(is_found(&changed), || format!("{} as {other}", operation.place()));
            }
        }
    }
    for (name, share) in [
        ("members renamed", &member),
        ("members retyped", &typed),
        ("parameters renamed", &parameter),
        ("parameters with another type", &value),
        ("methods changed", &method),
    ] {
        println!("{name}: {} of {} found; missed: {:?}", share.found, share.all, share.missed);
        assert!(share.all > 0 && share.found * 10 >= share.all * 9, "{name}: {share:?}");
    }
    println!("required members dropped: {} found; {right_requests} right requests", dropped.found);
    assert!(dropped.found > 0);
    assert_eq!(wrong, Vec::<String>::new());
}

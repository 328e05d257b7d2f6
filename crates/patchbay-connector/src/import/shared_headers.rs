//! Headers that most operations have: versions, tenants, accounts. They are the same for every call of an account, so they
//! become constants of the actions or fields of the account, not inputs.

use serde_json::Value;

use super::{
    args,
    auth::is_header,
    model::{Api, ApiParameter, ParameterLocation},
    overlay::{HeaderChoice, Overlay},
    refs::ApiDocument,
    review_notes::{ReviewNotes, Topic},
    schema::merge,
    servers::ConnectorBaseUrl,
    text::{description, line, snake},
    words,
};
use crate::yaml::Map;

/// The minimum number of operations that share a header.
const MIN_OPERATIONS: usize = 3;
/// Words in the names of headers that belong to one call.
const OF_A_CALL: [&str; 12] = [
    "idempotency",
    "idempotent",
    "request",
    "trace",
    "correlation",
    "if",
    "range",
    "prefer",
    "signature",
    "timestamp",
    "nonce",
    "dry",
];

/// The headers that are not inputs.
#[derive(Debug, Default)]
pub(super) struct SharedHeaders {
    /// The names in lower case, each with the argument that sends it; no argument if it is not sent.
    known: Vec<(String, Vec<Map>)>,
    /// The names of headers that every action sends.
    everywhere: Vec<String>,
}

impl SharedHeaders {
    /// Returns the argument of a header that is not an input; an empty list if it is not sent.
    pub(super) fn argument(&self, name: &str) -> Option<&[Map]> {
        let name = name.to_ascii_lowercase();
        self.known.iter().find(|(known, _)| *known == name).map(|(_, argument)| argument.as_slice())
    }

    /// Returns the arguments of headers that the description does not have.
    pub(super) fn everywhere(&self) -> impl Iterator<Item = &Map> {
        self.known.iter().filter(|(name, _)| self.everywhere.contains(name)).flat_map(|(_, argument)| argument)
    }
}

/// Returns the only value that a header can have, or its default.
pub(super) fn fixed_value(document: ApiDocument<'_>, schema: &Value) -> Option<Value> {
    let merged = merge(document, schema);
    let only = match merged.values {
        Some([only]) => Some(only),
        _ => merged.constant,
    };
    only.or(merged.default).filter(|value| value.is_string() || value.is_number() || value.is_boolean()).cloned()
}

/// Finds the shared headers, and adds the fields that they need.
pub(super) fn find(
    api: &Api<'_>,
    overlay: &Overlay,
    server: &mut ConnectorBaseUrl,
    notes: &ReviewNotes,
) -> SharedHeaders {
    let mut found = SharedHeaders::default();
    let mut names: Vec<(String, usize, usize, &ApiParameter<'_>)> = Vec::new();
    let headers = api.operations.iter().flat_map(|operation| &operation.params);
    for param in headers.filter(|param| param.location == ParameterLocation::Header && is_header(&param.name)) {
        let required = usize::from(param.required);
        match names.iter_mut().find(|(known, ..)| known.eq_ignore_ascii_case(&param.name)) {
            Some((_, count, requiring, _)) => (*count, *requiring) = (*count + 1, *requiring + required),
            None => names.push((param.name.clone(), 1, required, param)),
        }
    }
    for choice in &overlay.headers {
        let is_described = names.iter().any(|(name, ..)| name.eq_ignore_ascii_case(&choice.name));
        if !is_described {
            found.everywhere.push(choice.name.to_ascii_lowercase());
        }
        found.known.push((choice.name.to_ascii_lowercase(), chosen(choice, server).into_iter().collect()));
    }
    for (name, count, requiring, param) in names {
        let is_of_a_call = super::text::words(&name).iter().any(|word| OF_A_CALL.contains(&word.as_str()));
        let is_shared = count >= MIN_OPERATIONS && count * 10 >= api.operations.len() * 8;
        if !is_shared || is_of_a_call || found.argument(&name).is_some() {
            continue;
        }
        let argument = match fixed_value(api.document, param.schema) {
            Some(value) => {
                notes.add(Topic::Parameter, "headers", format!("`{name}` of {count} operations is sent as `{value}`"));
                args::fixed(&name, &value, "headers")
            }
            None => {
                let key = free_key(&name, server);
                let note = format!("`{name}` of {count} operations is a field of the account, `{key}`");
                notes.add(Topic::Parameter, "headers", note);
                let about = description(&param.description);
                let about = if about.is_empty() { format!("The value of the header `{name}`.") } else { about };
                by_field(&name, &key, &words::label(&key), &about, requiring == count, server)
            }
        };
        found.known.push((name.to_ascii_lowercase(), argument.into_iter().collect()));
    }
    found
}

fn chosen(choice: &HeaderChoice, server: &mut ConnectorBaseUrl) -> Option<Map> {
    if let Some(value) = &choice.value {
        return args::fixed(&choice.name, &Value::from(value.as_str()), "headers");
    }
    let key = match &choice.field {
        Some(field) => field.clone(),
        None => free_key(&choice.name, server),
    };
    let label = choice.label.clone().unwrap_or_else(|| words::label(&key));
    let about = choice.description.clone().unwrap_or_else(|| format!("The value of the header `{}`.", choice.name));
    by_field(&choice.name, &key, &label, &about, true, server)
}

fn free_key(name: &str, server: &ConnectorBaseUrl) -> String {
    let key = snake(name.strip_prefix("X-").or_else(|| name.strip_prefix("x-")).unwrap_or(name), 40);
    let begins = key.starts_with(|c: char| c.is_ascii_lowercase());
    let key = if begins { key } else { format!("header_{key}") };
    if server.keys.contains(&key) { format!("header_{key}") } else { key }
}

fn by_field(
    name: &str,
    key: &str,
    label: &str,
    about: &str,
    is_required: bool,
    server: &mut ConnectorBaseUrl,
) -> Option<Map> {
    let name = args::literal(name)?;
    if !server.keys.iter().any(|known| known == key) {
        let field = Map::new()
            .with("key", key)
            .with("label", label)
            .with("type", "text")
            .with("required", is_required)
            .with("secret", false)
            .with("description", line(about, 400));
        server.fields.push(field);
        server.keys.push(key.to_owned());
    }
    Some(Map::flow().with("name", name).with("value", format!("$.credentials.{key}")).with("in", "headers"))
}

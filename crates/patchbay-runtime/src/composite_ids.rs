//! Composite ids: several of the provider's ids as one opaque string.
//!
//! In results, a field becomes `cid1_` and, in base64url, a JSON list of `[alias, value]`; `1` is the version of the
//! encoding. The same string as an input becomes an object again, `inputs.id.ALIAS`. It is neither secret nor signed: it
//! contains the ids of the provider, and is validated as strictly as any input.

use std::borrow::Cow;

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use patchbay_connector::definition::{Action, CompositeId};
use serde_json::{Map, Value};

use crate::{Error, ErrorCode, Problem, json::at_path};

const PREFIX: &str = "cid1_";
/// The maximum length of an id, in bytes.
const MAX_ID_BYTES: usize = 4096;

/// Returns the fields of an action that are composite ids.
fn fields(action: &Action) -> &[CompositeId] {
    match &action.composite_ids {
        Some(ids) if ids.enabled => &ids.fields,
        _ => &[],
    }
}

/// Encodes the composite ids of a result's records.
pub(crate) fn encode_ids(action: &Action, result: &mut Map<String, Value>) {
    let fields = fields(action);
    if fields.is_empty() {
        return;
    }
    match result.get_mut("data") {
        Some(Value::Array(records)) => records.iter_mut().for_each(|record| encode_record(fields, record)),
        Some(record) => encode_record(fields, record),
        None => {}
    }
}

fn encode_record(fields: &[CompositeId], record: &mut Value) {
    // All ids are encoded from the unchanged record.
    let encoded = fields.iter().map(|field| (field, encode(field, record))).collect::<Vec<_>>();
    let Value::Object(members) = record else { return };
    for (field, id) in encoded {
        let original = match id {
            Some(id) => members.insert(field.target.clone(), Value::String(id)),
            // Without all parts, no composite id exists; the provider's own id would be rejected as an input.
            None => members.get_mut(&field.target).map(Value::take),
        };
        if let (Some(original), Some(remote)) = (original, &field.remote)
            && *remote != field.target
        {
            members.entry(remote.clone()).or_insert(original);
        }
    }
}

/// Returns the id of a record; `None` if the record lacks a part.
fn encode(field: &CompositeId, record: &Value) -> Option<String> {
    let mut parts = Vec::with_capacity(field.components.len());
    for (name, alias) in &field.components {
        let value = at_path(record, name).filter(|value| value.is_string() || value.is_number())?;
        parts.push(Value::Array(vec![Value::String(alias.clone()), value.clone()]));
    }
    Some(format!("{PREFIX}{}", URL_SAFE_NO_PAD.encode(Value::Array(parts).to_string())))
}

/// Decodes the composite ids among the inputs.
///
/// # Errors
///
/// 400 `ValidationError` with every input that is not a composite id of its field.
pub(crate) fn decode_ids(action: &Action, inputs: &mut Cow<'_, Value>) -> Result<(), Error> {
    let mut problems = Vec::new();
    for field in fields(action) {
        let Some(input) = action.inputs.iter().find(|input| input.name == field.target) else { continue };
        let Some(value) = inputs.get(&field.target).filter(|value| !value.is_null()) else { continue };
        let path = format!("{}.{}", input.location.as_str(), input.name);
        let mut decode_one = |value: &Value, path: String| {
            let parts = value.as_str().and_then(|text| decode(field, text));
            if parts.is_none() {
                let message =
                    format!("`{path}` is not a valid `{}` id; pass it exactly as a result returned it", field.target);
                problems.push(Problem { path: path.into(), code: "composite_id", message });
            }
            parts.unwrap_or_default()
        };
        let decoded = match value {
            Value::Array(items) => {
                items.iter().enumerate().map(|(index, item)| decode_one(item, format!("{path}[{index}]"))).collect()
            }
            single => decode_one(single, path),
        };
        if let Value::Object(members) = inputs.to_mut() {
            members.insert(field.target.clone(), decoded);
        }
    }
    let Some(first) = problems.first() else { return Ok(()) };
    Err(Error::new(ErrorCode::Validation, first.message.clone()).with_problems(problems))
}

/// Returns the parts by alias; `None` if the string is not an id of this field.
fn decode(field: &CompositeId, text: &str) -> Option<Value> {
    let packed = text.strip_prefix(PREFIX).filter(|packed| packed.len() <= MAX_ID_BYTES)?;
    let parts: Vec<(String, Value)> = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(packed).ok()?).ok()?;
    let matches = parts.len() == field.components.len()
        && parts
            .iter()
            .zip(&field.components)
            .all(|((alias, value), (_, known))| alias == known && (value.is_string() || value.is_number()));
    matches.then(|| Value::Object(parts.into_iter().collect()))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn field() -> CompositeId {
        CompositeId {
            target: "id".to_owned(),
            remote: Some("remote_id".to_owned()),
            components: vec![("project.key".to_owned(), "project".to_owned()), ("id".to_owned(), "issue".to_owned())],
        }
    }

    #[test]
    fn an_encoded_id_is_decoded_with_its_types() {
        let mut record = json!({ "id": 7, "project": { "key": "A/ü" } });
        encode_record(&[field()], &mut record);
        let id = record["id"].as_str().unwrap().to_owned();
        assert_eq!(id, "cid1_W1sicHJvamVjdCIsIkEvw7wiXSxbImlzc3VlIiw3XV0", "stored ids must stay readable");
        assert_eq!(record, json!({ "id": id, "project": { "key": "A/ü" }, "remote_id": 7 }));
        assert_eq!(decode(&field(), &id), Some(json!({ "project": "A/ü", "issue": 7 })));
    }

    #[test]
    fn a_record_that_lacks_a_part_has_no_id() {
        let mut record = json!({ "id": 7, "project": {}, "remote_id": "kept" });
        encode_record(&[field()], &mut record);
        assert_eq!(record, json!({ "id": null, "project": {}, "remote_id": "kept" }));
        let mut record = json!({ "name": "x" });
        encode_record(&[field()], &mut record);
        assert_eq!(record, json!({ "name": "x" }));
        let mut record = json!("text");
        encode_record(&[field()], &mut record);
        assert_eq!(record, json!("text"));
    }

    #[test]
    fn a_string_that_is_not_an_id_is_none() {
        let packed = |value: Value| format!("{PREFIX}{}", URL_SAFE_NO_PAD.encode(value.to_string()));
        for text in [
            String::new(),
            "7".to_owned(),
            PREFIX.to_owned(),
            format!("{PREFIX}%%%"),
            "cid2_W10".to_owned(),
            packed(json!({})),
            packed(json!([["project", "A"]])),
            packed(json!([["issue", 7], ["project", "A"]])),
            packed(json!([["project", {}], ["issue", 7]])),
            packed(json!([["project", "A"], ["issue", 7], ["more", 1]])),
            packed(json!([["project", "a".repeat(MAX_ID_BYTES)], ["issue", 7]])),
        ] {
            assert_eq!(decode(&field(), &text), None, "{text}");
        }
    }

    proptest::proptest! {
        #[test]
        fn any_parts_survive(project in proptest::prelude::any::<String>(), issue in proptest::prelude::any::<i64>()) {
            let record = json!({ "id": issue, "project": { "key": project } });
            let id = encode(&field(), &record).unwrap();
            proptest::prop_assert!(id.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte)));
            proptest::prop_assert_eq!(decode(&field(), &id), Some(json!({ "project": project, "issue": issue })));
        }
    }
}

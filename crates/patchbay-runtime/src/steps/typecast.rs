//! `typecast`: converts the declared fields of records to their types. Other fields do not change.

use patchbay_connector::{
    definition::{FieldMapping, InputType, MapFields},
    expr::{from_unix_millis, parse_iso, unix_to_millis, write_iso},
    json_number,
};
use serde_json::{Map, Value};

use super::map_fields::{map_records, source_records};
use crate::{Error, context::Run, granted_scopes::GrantedScopes, json::to_text, response::output::StepOutput};

/// Converts the records.
///
/// # Errors
///
/// The error of an expression. 500 `ConnectorError` after the deadline.
pub(super) fn run(run: &Run<'_>, step: &MapFields) -> Result<StepOutput, Error> {
    let source = source_records(run, step)?;
    let fields = step.fields.as_deref().unwrap_or(&run.action.fields);
    let granted = GrantedScopes::new(run.ctx.connector, run.ctx.granted);
    let cast = |record: &Value| run.check_deadline().map(|()| cast_record(record, fields, &granted));
    let data = map_records(&source, cast).map_err(|error| run.response_error(&error))?;
    Ok(StepOutput { data, ..StepOutput::default() })
}

/// Converts the declared fields of a record. Hidden fields are omitted.
fn cast_record(record: &Value, fields: &[FieldMapping], granted: &GrantedScopes<'_>) -> Value {
    let Value::Object(members) = record else { return record.clone() };
    let mut target = Map::with_capacity(members.len());
    for (name, value) in members {
        let value = match fields.iter().find(|field| field.target == *name) {
            Some(field) if field.hidden || !granted.allows(field) => continue,
            Some(field) => match value {
                Value::Array(items) => {
                    Value::Array(items.iter().map(|item| cast_value(item, field, granted)).collect())
                }
                Value::Null => Value::Null,
                single if field.array => Value::Array(vec![cast_value(single, field, granted)]),
                single => cast_value(single, field, granted),
            },
            None => value.clone(),
        };
        target.insert(name.clone(), value);
    }
    Value::Object(target)
}

/// Converts a value to the field's type. A value that cannot be converted does not change, so that no data is lost.
fn cast_value(value: &Value, field: &FieldMapping, granted: &GrantedScopes<'_>) -> Value {
    let cast = match (field.kind, value) {
        (_, Value::Null) => None,
        (InputType::String, Value::Number(_) | Value::Bool(_)) => Some(Value::String(to_text(value))),
        (InputType::Number, Value::String(text)) => {
            serde_json::from_str::<serde_json::Number>(text.trim()).ok().map(Value::Number)
        }
        (InputType::Boolean, Value::String(text)) => match text.trim().to_ascii_lowercase().as_str() {
            "true" | "yes" | "1" => Some(Value::Bool(true)),
            "false" | "no" | "0" => Some(Value::Bool(false)),
            _ => None,
        },
        (InputType::Boolean, Value::Number(number)) => Some(Value::Bool(!json_number::is_zero(number))),
        (InputType::DatetimeString, value) => to_timestamp(value).map(Value::String),
        (InputType::Object, Value::Object(_)) if !field.properties.is_empty() => {
            Some(cast_record(value, &field.properties, granted))
        }
        _ => None,
    };
    cast.unwrap_or_else(|| value.clone())
}

/// Returns a moment in ISO 8601, in UTC with milliseconds. A number is a Unix time; a date, or a time without a zone, is in
/// UTC.
pub(super) fn to_timestamp(value: &Value) -> Option<String> {
    let moment = match value {
        Value::Number(number) => number.as_i64().and_then(unix_to_millis).and_then(from_unix_millis),
        Value::String(text) => parse_iso(text),
        _ => None,
    };
    moment.map(write_iso)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn field(target: &str, kind: InputType) -> FieldMapping {
        FieldMapping {
            target: target.to_owned(),
            alias: None,
            expression: None,
            values: None,
            kind,
            array: false,
            custom: false,
            hidden: false,
            enum_mapper: None,
            properties: Vec::new(),
            required_scopes: Vec::new(),
        }
    }

    #[test]
    fn values_are_converted_and_none_is_lost() {
        for (kind, value, expected) in [
            (InputType::Number, json!("12.50"), serde_json::from_str("12.50").unwrap()),
            (InputType::Number, json!("many"), json!("many")),
            (InputType::Number, json!(7), json!(7)),
            (InputType::String, json!(7), json!("7")),
            (InputType::String, serde_json::from_str("1e2").unwrap(), json!("100")),
            (InputType::String, json!(true), json!("true")),
            (InputType::Boolean, json!("TRUE"), json!(true)),
            (InputType::Boolean, json!(0), json!(false)),
            (InputType::Boolean, json!("perhaps"), json!("perhaps")),
            (InputType::DatetimeString, json!("2026-01-31"), json!("2026-01-31T00:00:00.000Z")),
            (InputType::DatetimeString, json!("2026-01-31T10:30:00+02:00"), json!("2026-01-31T08:30:00.000Z")),
            (InputType::DatetimeString, json!("2026-01-31T10:30:00"), json!("2026-01-31T10:30:00.000Z")),
            (InputType::DatetimeString, json!(1_769_855_400), json!("2026-01-31T10:30:00.000Z")),
            (InputType::DatetimeString, json!(1_769_855_400_000_i64), json!("2026-01-31T10:30:00.000Z")),
            (InputType::DatetimeString, json!("9999-12-31"), json!("9999-12-31T00:00:00.000Z")),
            (InputType::DatetimeString, json!("9999-12-31T23:59:59Z"), json!("9999-12-31T23:59:59.000Z")),
            (InputType::DatetimeString, json!("9999-12-31T23:59:59-01:00"), json!("9999-12-31T23:59:59-01:00")),
            (InputType::DatetimeString, json!("0001-01-01"), json!("0001-01-01T00:00:00.000Z")),
            (InputType::DatetimeString, json!("soon"), json!("soon")),
            (InputType::Number, json!(null), json!(null)),
            (InputType::Number, json!(["1", 2]), json!([1, 2])),
        ] {
            let record = json!({ "it": value, "other": "stays" });
            assert_eq!(
                cast_record(&record, &[field("it", kind)], &GrantedScopes::all()),
                json!({ "it": expected, "other": "stays" }),
                "{value}"
            );
        }
    }

    #[test]
    fn nested_fields_are_cast_and_hidden_fields_are_omitted() {
        let fields = [
            FieldMapping { properties: vec![field("age", InputType::Number)], ..field("person", InputType::Object) },
            FieldMapping { hidden: true, ..field("secret", InputType::String) },
            FieldMapping { array: true, ..field("tags", InputType::String) },
        ];
        let record = json!({ "person": { "age": "7", "name": "Ada" }, "secret": "x", "tags": 5 });
        assert_eq!(
            cast_record(&record, &fields, &GrantedScopes::all()),
            json!({ "person": { "age": 7, "name": "Ada" }, "tags": ["5"] })
        );
    }
}

//! `map_fields`: maps a provider's records to the connector's fields. Types do not change; expressions are evaluated with
//! the record's members as roots.

use patchbay_connector::{
    definition::{EnumMatcher, FieldMapping, InputType, MapFields},
    expr::{Bindings, EvalError, MemoryBudget},
};
use serde_json::{Map, Value, json};

use super::enum_matchers::built_in;
use crate::{Error, context::Run, granted_scopes::GrantedScopes, json::to_text, response::output::StepOutput};

/// The value of an enum that matches no rule.
const UNMAPPED: &str = "unmapped_value";

/// Maps the records.
///
/// # Errors
///
/// The error of an expression. 500 `ConnectorError` after the deadline or if the memory budget is exhausted.
pub(super) fn run(run: &Run<'_>, step: &MapFields) -> Result<StepOutput, Error> {
    let source = source_records(run, step)?;
    let fields = step.fields.as_deref().unwrap_or(&run.action.fields);
    let roots = run.roots();
    let bindings = Bindings { roots: &roots };
    let mut external = Vec::new();
    for (alias, template) in &step.external_sources {
        let value = template.eval(&bindings).map_err(|error| run.expression_error(&error))?;
        external.push((alias.as_str(), value.unwrap_or(Value::Null)));
    }
    // A record's own members take precedence. Secrets cannot be mapped.
    let mut outer = external.iter().map(|(alias, value)| (*alias, value)).collect::<Vec<_>>();
    outer.extend(roots.iter().filter(|(name, _)| *name != "credentials").copied());
    let granted = GrantedScopes::new(run.ctx.connector, run.ctx.granted);
    let mut budget = MemoryBudget::default();
    let map = |record: &Value| {
        run.check_deadline()?;
        map_record(record, fields, &outer, &granted, &mut budget)
    };
    let data = map_records(&source, map).map_err(|error| run.response_error(&error))?;
    Ok(StepOutput { data, ..StepOutput::default() })
}

/// Returns the records to map: those that the step names, otherwise the data of the previous step.
///
/// # Errors
///
/// The error of the expression.
pub(super) fn source_records(run: &Run<'_>, step: &MapFields) -> Result<Value, Error> {
    let roots = run.roots();
    let value = match &step.source {
        Some(source) => source.eval(&Bindings { roots: &roots }).map_err(|error| run.expression_error(&error))?,
        None => run.last_data().cloned(),
    };
    Ok(value.unwrap_or(Value::Null))
}

/// Maps each record of a list, or a single record. Null stays null.
///
/// # Errors
///
/// The error of `map`.
pub(super) fn map_records(
    source: &Value,
    mut map: impl FnMut(&Value) -> Result<Value, EvalError>,
) -> Result<Value, EvalError> {
    match source {
        Value::Array(records) => Ok(Value::Array(records.iter().map(map).collect::<Result<_, _>>()?)),
        Value::Null => Ok(Value::Null),
        record => map(record),
    }
}

/// Maps a record to the declared fields that the granted scopes allow.
fn map_record(
    record: &Value,
    fields: &[FieldMapping],
    outer: &[(&str, &Value)],
    granted: &GrantedScopes<'_>,
    budget: &mut MemoryBudget,
) -> Result<Value, EvalError> {
    let mut roots: Vec<(&str, &Value)> = match record {
        Value::Object(members) => members.iter().map(|(name, value)| (name.as_str(), value)).collect(),
        _ => Vec::new(),
    };
    roots.extend(outer.iter().copied());
    let bindings = Bindings { roots: &roots };
    let mut target = Map::new();
    for field in fields.iter().filter(|field| !field.hidden && granted.allows(field)) {
        let value = match (&field.expression, &field.values) {
            (Some(expression), _) => expression.eval(&bindings)?,
            (None, Some(values)) => values.eval(&bindings)?,
            // An object without a source of its own is mapped from the record itself.
            (None, None) if !field.properties.is_empty() => Some(record.clone()),
            (None, None) => record.get(&field.target).cloned(),
        };
        let Some(value) = value else { continue };
        // Many fields can copy one large value.
        budget.charge(&value)?;
        let value = match (field.array, value) {
            (true, Value::Array(items)) => Value::Array(
                items
                    .iter()
                    .map(|item| map_value(item, field, &bindings, outer, granted, budget))
                    .collect::<Result<_, _>>()?,
            ),
            (true, Value::Null) => Value::Null,
            (true, single) => Value::Array(vec![map_value(&single, field, &bindings, outer, granted, budget)?]),
            (false, value) => map_value(&value, field, &bindings, outer, granted, budget)?,
        };
        target.insert(field.target.clone(), value);
    }
    Ok(Value::Object(target))
}

/// Maps the value of a field.
fn map_value(
    value: &Value,
    field: &FieldMapping,
    bindings: &Bindings<'_>,
    outer: &[(&str, &Value)],
    granted: &GrantedScopes<'_>,
    budget: &mut MemoryBudget,
) -> Result<Value, EvalError> {
    match field.kind {
        InputType::Object if !field.properties.is_empty() && !value.is_null() => {
            map_record(value, &field.properties, outer, granted, budget)
        }
        InputType::Enum => map_enum(value, field.enum_mapper.as_ref(), bindings),
        _ => Ok(value.clone()),
    }
}

/// Returns `{value, source_value}`: the connector's value and the provider's.
fn map_enum(value: &Value, mapper: Option<&EnumMatcher>, bindings: &Bindings<'_>) -> Result<Value, EvalError> {
    let mapped = match mapper {
        None => Some(to_text(value)),
        Some(EnumMatcher::BuiltIn(matcher)) => built_in(matcher, &to_text(value)),
        Some(EnumMatcher::Rules(rules)) => {
            let mut matching = None;
            for (condition, result) in rules {
                if condition.is_truthy(bindings)? {
                    matching = Some(result.clone());
                    break;
                }
            }
            matching
        }
    };
    Ok(json!({ "value": mapped.unwrap_or_else(|| UNMAPPED.to_owned()), "source_value": value }))
}

#[cfg(test)]
mod tests {
    use patchbay_connector::expr::Template;

    use super::*;

    fn field(target: &str, kind: InputType, expression: Option<&str>) -> FieldMapping {
        FieldMapping {
            target: target.to_owned(),
            alias: None,
            expression: expression.map(|text| Template::parse(text).unwrap()),
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

    fn map(record: &Value, fields: &[FieldMapping]) -> Value {
        map_records(record, |record| {
            map_record(record, fields, &[], &GrantedScopes::all(), &mut MemoryBudget::default())
        })
        .unwrap()
    }

    #[test]
    fn types_do_not_change_and_missing_values_are_omitted() {
        let fields = [
            field("id", InputType::String, Some("$.key")),
            field("fixed", InputType::String, Some("3600")),
            field("city", InputType::String, Some("$.address.city")),
            field("plain", InputType::String, None),
            FieldMapping { hidden: true, ..field("secret", InputType::String, Some("$.key")) },
        ];
        let records = json!([{ "key": 7, "plain": true }, { "key": "x", "address": { "city": "Bern" } }]);
        assert_eq!(
            map(&records, &fields),
            json!([{ "id": 7, "fixed": "3600", "plain": true }, { "id": "x", "fixed": "3600", "city": "Bern" }])
        );
        assert_eq!(map(&json!({ "key": 1 }), &fields), json!({ "id": 1, "fixed": "3600" }));
        assert_eq!(map(&Value::Null, &fields), Value::Null);
    }

    #[test]
    fn nested_objects_and_lists_are_mapped_from_their_own_source() {
        let nested = FieldMapping {
            array: true,
            properties: vec![field("name", InputType::String, Some("$.n"))],
            ..field("people", InputType::Object, Some("$.team"))
        };
        let of_record = FieldMapping {
            properties: vec![field("street", InputType::String, Some("$.s"))],
            ..field("address", InputType::Object, None)
        };
        let tags = FieldMapping { array: true, ..field("tags", InputType::String, Some("$.tag")) };
        let record = json!({ "team": [{ "n": "Ada" }, { "n": "Bob" }], "s": "Main", "tag": "one" });
        assert_eq!(
            map(&record, &[nested, of_record, tags]),
            json!({ "people": [{ "name": "Ada" }, { "name": "Bob" }], "address": { "street": "Main" }, "tags": ["one"] })
        );
    }

    #[test]
    fn an_enum_has_both_values() {
        let rules = vec![
            (Template::parse("{{state == 'A'}}").unwrap(), "active".to_owned()),
            (Template::parse("{{state == 'I'}}").unwrap(), "inactive".to_owned()),
        ];
        let status = FieldMapping {
            enum_mapper: Some(EnumMatcher::Rules(rules)),
            ..field("status", InputType::Enum, Some("$.state"))
        };
        let country = FieldMapping {
            enum_mapper: Some(EnumMatcher::BuiltIn("country_alpha2code_by_alpha2code".to_owned())),
            ..field("country", InputType::Enum, Some("$.c"))
        };
        let fields = [status, country];
        assert_eq!(
            map(&json!({ "state": "I", "c": "ch" }), &fields),
            json!({ "status": { "value": "inactive", "source_value": "I" }, "country": { "value": "CH", "source_value": "ch" } })
        );
        assert_eq!(
            map(&json!({ "state": "X", "c": "Switzerland" }), &fields)["status"],
            json!({ "value": "unmapped_value", "source_value": "X" })
        );
    }
}

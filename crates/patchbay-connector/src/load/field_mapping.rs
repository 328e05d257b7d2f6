//! The fields of mappings: `fieldConfigs`, and the fields of step functions.

use std::collections::HashSet;

use super::input::TYPES;
use crate::{
    definition::{EnumMatcher, FieldMapping, ValueTemplate},
    diagnostic::code,
    syntax::Reader,
};

/// The keys of a field that is mapped.
pub(crate) const KEYS: [&str; 11] = [
    "targetFieldKey",
    "alias",
    "expression",
    "values",
    "type",
    "array",
    "custom",
    "hidden",
    "enumMapper",
    "properties",
    "requiredScopes",
];
/// The keys of a field that is only converted to its type.
pub(crate) const TYPED_KEYS: [&str; 7] =
    ["targetFieldKey", "type", "array", "custom", "hidden", "properties", "requiredScopes"];

/// Reads fields that are mapped.
pub(crate) fn field_mappings(list: &Reader<'_>) -> Vec<FieldMapping> {
    fields(list, &KEYS)
}

/// Reads fields that are only converted to their types.
pub(crate) fn typed_fields(list: &Reader<'_>) -> Vec<FieldMapping> {
    fields(list, &TYPED_KEYS)
}

fn fields(list: &Reader<'_>, keys: &[&str]) -> Vec<FieldMapping> {
    let mut fields: Vec<FieldMapping> = Vec::new();
    let mut seen = HashSet::new();
    for place in list.items() {
        let Some(field) = field(place, keys) else { continue };
        if !seen.insert(field.target.clone()) {
            place.error(code::DUPLICATE_ID, format!("there is another field `{}`", field.target));
        }
        fields.push(field);
    }
    fields
}

fn field(reader: Reader<'_>, keys: &[&str]) -> Option<FieldMapping> {
    let mapping = reader.mapping("a mapped field", keys)?;
    let (target, kind) = (mapping.require("targetFieldKey"), mapping.require("type"));
    let field = FieldMapping {
        alias: mapping.text("alias"),
        expression: mapping.template("expression"),
        values: mapping.get("values").and_then(|values| ValueTemplate::read(&values)),
        array: mapping.flag("array", false),
        custom: mapping.flag("custom", false),
        hidden: mapping.flag("hidden", false),
        enum_mapper: mapping.get("enumMapper").and_then(enum_mapper),
        properties: mapping.get("properties").map(|list| fields(&list, keys)).unwrap_or_default(),
        required_scopes: mapping.texts("requiredScopes"),
        kind: kind?.choice(&TYPES)?,
        target: target?.text()?,
    };
    Some(field)
}

/// The tables that Patchbay ships.
const BUILT_IN_MATCHERS: [&str; 1] = ["country_alpha2code_by_alpha2code"];

fn enum_mapper(reader: Reader<'_>) -> Option<EnumMatcher> {
    let matcher = reader.mapping("`enumMapper`", &["matcher"])?.require("matcher")?;
    if !matcher.is_list() {
        let name = matcher.text()?;
        if !BUILT_IN_MATCHERS.contains(&name.as_str()) {
            let hint = format!("the matchers are: {}; or list the rules", BUILT_IN_MATCHERS.join(", "));
            matcher.error_with_hint(code::UNKNOWN_VALUE, format!("there is no matcher `{name}`"), hint);
        }
        return Some(EnumMatcher::BuiltIn(name));
    }
    let rules = matcher.items().filter_map(|place| {
        let rule = place.mapping("a matcher", &["matchExpression", "value"])?;
        let (condition, result) = (rule.require("matchExpression"), rule.require("value"));
        Some((condition?.template()?, result?.text()?))
    });
    Some(EnumMatcher::Rules(rules.collect()))
}

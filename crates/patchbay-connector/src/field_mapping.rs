//! The fields of mappings: `fieldConfigs` of an action, and the fields of step functions.

use std::collections::HashMap;

use serde_json::{Value, json};

use crate::{
    diagnostic::code,
    expr::{Template, ValueTemplate},
    input_type::InputType,
    json_schema::{boolean, choice, list, object, reference, text, texts},
    syntax::{NameSet, Reader},
};

/// The keys of a field that is mapped.
const KEYS: [&str; 11] = [
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
const TYPED_KEYS: [&str; 7] = ["targetFieldKey", "type", "array", "custom", "hidden", "properties", "requiredScopes"];

/// One field of a mapping.
#[derive(Debug)]
pub struct FieldMapping {
    /// The field's key in the result.
    pub target: String,
    /// An alternative name.
    pub alias: Option<String>,
    /// The expression that gives the value.
    pub expression: Option<Template>,
    /// Fixed values, or an object of expressions.
    pub values: Option<ValueTemplate>,
    /// The type; with `array`, the type of the elements.
    pub kind: InputType,
    /// Whether the value is a list.
    pub array: bool,
    /// Whether the field belongs to the connector and not to the unified schema.
    pub custom: bool,
    /// Whether the field is only in the result if the caller requests it.
    pub hidden: bool,
    /// How a provider's value is mapped to an enum value.
    pub enum_mapper: Option<EnumMatcher>,
    /// The fields of an object.
    pub properties: Vec<FieldMapping>,
    /// The scopes that the field requires; without them it is not in the result.
    pub required_scopes: Vec<String>,
}

/// How a provider's value is mapped to an enum value.
#[derive(Debug)]
pub enum EnumMatcher {
    /// A table that Patchbay ships, by name.
    BuiltIn(String),
    /// Conditions with values; the first condition that is true selects the value.
    Rules(Vec<(Template, String)>),
}

impl FieldMapping {
    /// Adds every expression of the field and of the fields in it.
    pub(crate) fn templates<'a>(&'a self, found: &mut Vec<&'a Template>) {
        found.extend(&self.expression);
        if let Some(values) = &self.values {
            values.templates(&mut |template| found.push(template));
        }
        if let Some(EnumMatcher::Rules(rules)) = &self.enum_mapper {
            found.extend(rules.iter().map(|(condition, _)| condition));
        }
        self.properties.iter().for_each(|field| field.templates(found));
    }

    /// Reports required scopes, of the field and of the fields in it, that are not in `scopes`.
    pub(crate) fn check_scopes(&self, place: &Reader<'_>, scopes: &NameSet<'_>) {
        for scope in self.required_scopes.iter().filter(|scope| !scopes.contains(scope)) {
            scopes.report_undefined(place, "scope", scope, scope);
        }
        self.properties.iter().for_each(|field| field.check_scopes(place, scopes));
    }
}

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
    let mut seen = HashMap::new();
    for place in list.items() {
        let Some(field) = field(place, keys) else { continue };
        if let Some(earlier) = seen.insert(field.target.clone(), place) {
            place.duplicate(&earlier, format!("there is another field `{}`", field.target));
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
        kind: kind?.choice(&InputType::ALL)?,
        target: target?.text()?,
    };
    Some(field)
}

/// The tables that Patchbay ships.
const BUILT_IN_MATCHERS: [&str; 5] = [
    "country_alpha2code_by_alpha2code",
    "country_alpha2code_by_alpha3code",
    "country_alpha3code_by_alpha2code",
    "country_alpha3code_by_alpha3code",
    "document_file_format_from_extension",
];

fn enum_mapper(reader: Reader<'_>) -> Option<EnumMatcher> {
    let matcher = reader.mapping("`enumMapper`", &["matcher"])?.require("matcher")?;
    if !matcher.is_list() {
        let name = matcher.text()?;
        if !BUILT_IN_MATCHERS.contains(&name.as_str()) {
            let hint = format!("the matchers are: {}; or list the rules", BUILT_IN_MATCHERS.join(", "));
            matcher.error_with_hint(code::UNKNOWN_VALUE, format!("unknown matcher `{name}`"), hint);
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

/// Adds the schemas of mapped and of typed fields.
pub(crate) fn definitions(add: &mut dyn FnMut(&str, Value)) {
    add("fieldMapping", schema("fieldMapping", &KEYS));
    add("typecastField", schema("typecastField", &TYPED_KEYS));
}

fn schema(name: &str, keys: &[&str]) -> Value {
    let rule = object(&["matchExpression", "value"], &["matchExpression", "value"], &[]);
    let matcher = json!({ "anyOf": [text(), list(&rule)] });
    let overrides = [
        ("values", json!(true)),
        ("type", choice(&InputType::ALL)),
        ("array", boolean()),
        ("custom", boolean()),
        ("hidden", boolean()),
        ("enumMapper", object(&["matcher"], &["matcher"], &[("matcher", matcher)])),
        ("properties", list(&reference(name))),
        ("requiredScopes", texts()),
    ];
    object(keys, &["targetFieldKey", "type"], &overrides)
}

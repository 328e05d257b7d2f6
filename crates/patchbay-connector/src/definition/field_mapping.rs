//! The fields of mappings: `fieldConfigs` of an action, and the fields of step functions.

use super::{InputType, ValueTemplate};
use crate::{expr::Template, load::name_set::NameSet, syntax::Reader};

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

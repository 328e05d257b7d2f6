//! Reads inputs and their rules.

use std::collections::HashMap;

use regex::Regex;

use super::enums::Enums;
use crate::{
    definition::{FilterField, FilterOperator, Filters, Input, InputLocation, InputRules, InputType},
    diagnostic::code,
    pattern::compile,
    syntax::{Mapping, Reader},
};

pub(crate) const KEYS: [&str; 12] = [
    "name",
    "type",
    "in",
    "required",
    "description",
    "array",
    "properties",
    "oneOf",
    "rules",
    "variants",
    "filters",
    "hidden",
];
pub(crate) const LOCATIONS: [(&str, InputLocation); 4] = [
    ("path", InputLocation::Path),
    ("query", InputLocation::Query),
    ("headers", InputLocation::Headers),
    ("body", InputLocation::Body),
];

pub(super) fn inputs(mapping: &Mapping<'_>, enums: &Enums<'_>) -> Vec<Input> {
    let mut inputs: Vec<Input> = Vec::new();
    // Expressions refer to an input without its group.
    let mut seen = HashMap::new();
    for reader in mapping.items("inputs") {
        let Some(input) = input(reader, None, enums) else { continue };
        if let Some((earlier, first)) = seen.insert(input.name.clone(), (input.location, reader)) {
            let message = format!("there is another input `{}`", input.name);
            if earlier == input.location {
                reader.duplicate(&first, message);
            } else {
                let place = earlier.as_str();
                reader.warning(code::DUPLICATE_ID, format!("{message}, in `{place}`; `inputs` only has the later one"));
            }
        }
        inputs.push(input);
    }
    inputs.shrink_to_fit();
    inputs
}

/// Reads an input or (with `inherited`) a property or variant of one.
fn input(reader: Reader<'_>, inherited: Option<(InputLocation, Option<&str>)>, enums: &Enums<'_>) -> Option<Input> {
    let mapping = reader.mapping("an input", &KEYS)?;
    let name = match inherited {
        Some((_, Some(name))) => Some(name.to_owned()),
        _ => mapping.require("name").and_then(|name| name.text()),
    };
    let kind = kind(&mapping);
    let location = match inherited {
        Some((location, _)) => Some(location),
        None => mapping.require("in").and_then(|location| location.choice(&LOCATIONS)),
    };
    let one_of = one_of(&mapping, enums);
    let (name, kind, location) = (name?, kind?, location?);
    if kind == InputType::Enum && one_of.as_ref().is_some_and(Vec::is_empty) {
        reader.error(code::INVALID, format!("the enum `{name}` has no values; list them under oneOf.values"));
    }
    let description = mapping.text("description").unwrap_or_default();
    if description.is_empty() && inherited.is_none_or(|(_, name)| name.is_none()) {
        reader.warning(code::MISSING_TEXT, format!("the input `{name}` has no description"));
    }
    let properties = mapping.each("properties", |property| input(property, Some((location, None)), enums));
    let variants = mapping.each("variants", |variant| input(variant, Some((location, Some(&name))), enums));
    let (required, hidden) = (mapping.flag("required", false), mapping.flag("hidden", false));
    if required
        && hidden
        && let Some(place) = mapping.get("hidden")
    {
        place.warning(code::UNUSED, format!("`hidden` has no effect, because the input `{name}` is required"));
    }
    let array = mapping.flag("array", false);
    let filters = mapping.get("filters").and_then(|place| {
        let is_list_of_objects = kind == InputType::Object && array && properties.is_empty() && variants.is_empty();
        if inherited.is_some() || !is_list_of_objects {
            place.error_with_hint(
                code::INVALID,
                format!("`{name}` cannot have `filters`"),
                "only an input of an action with `type: object` and `array: true`, without `properties` and `variants`, \
                 can have filters",
            );
            return None;
        }
        Some(Box::new(filters(&place)))
    });
    Some(Input {
        kind,
        location,
        required,
        description,
        array,
        properties,
        one_of: one_of.unwrap_or_default(),
        rules: mapping.get("rules").and_then(rules).map(Box::new),
        variants,
        filters,
        hidden,
        name,
    })
}

/// Reads the fields of filters, each with its operators and the inputs that receive their values.
fn filters(place: &Reader<'_>) -> Filters {
    let mut fields = Vec::new();
    for (name, place) in place.entries("`filters`") {
        let operators = place
            .entries("the operators of a field")
            .filter_map(|(name, input)| Some(FilterOperator { name: name.to_owned(), input: input.text()? }));
        let operators = operators.collect::<Vec<_>>();
        if operators.is_empty() {
            place.error(code::INVALID, format!("the field `{name}` has no operators"));
        }
        fields.push(FilterField { name: name.to_owned(), operators });
    }
    if fields.is_empty() {
        place.error(code::INVALID, "`filters` has no fields");
    }
    Filters { fields }
}

fn kind(mapping: &Mapping<'_>) -> Option<InputType> {
    let kind = mapping.require("type")?;
    if kind.text().as_deref() == Some("array") {
        kind.error_with_hint(code::INVALID, "`array` is not a type", "set the type of the items and `array: true`");
        return None;
    }
    kind.choice(&InputType::ALL)
}

/// Reads the values, listed or by reference; `None` if the reference has an error, which is reported.
fn one_of(mapping: &Mapping<'_>, enums: &Enums<'_>) -> Option<Vec<serde_json::Value>> {
    let Some(one_of) = mapping.get("oneOf") else { return Some(Vec::new()) };
    let one_of = one_of.mapping("`oneOf`", &["values", "ref"])?;
    let Some(reference) = one_of.get("ref") else {
        return Some(one_of.items("values").into_iter().map(|value| value.node.to_json()).collect());
    };
    if let Some(values) = one_of.get("values") {
        values.error(code::INVALID, "`oneOf` can have `values` or `ref`, not both");
    }
    enums.values(&reference)
}

fn rules(reader: Reader<'_>) -> Option<InputRules> {
    const FORMATS: [&str; 6] = ["email", "url", "uri", "uuid", "date", "datetime"];
    let mapping =
        reader.mapping("`rules`", &["minLength", "maxLength", "pattern", "format", "min", "max", "errorMessage"])?;
    let format = mapping.get("format").and_then(|format| format.choice(&FORMATS.map(|name| (name, name))));
    let pattern = mapping.get("pattern").and_then(|place| {
        let pattern = place.text()?;
        compile_pattern(&pattern, &place).map(|regex| (pattern, regex))
    });
    Some(InputRules {
        min_length: mapping.get("minLength").and_then(|value| value.whole()),
        max_length: mapping.get("maxLength").and_then(|value| value.whole()),
        pattern,
        format: format.map(str::to_owned),
        min: mapping.get("min").and_then(|value| value.number()),
        max: mapping.get("max").and_then(|value| value.number()),
        error_message: mapping.text("errorMessage"),
    })
}

/// Compiles a pattern; an error is reported.
pub(super) fn compile_pattern(pattern: &str, place: &Reader<'_>) -> Option<Regex> {
    // Compiling takes time, too.
    if !place.takes_patterns() {
        return None;
    }
    match compile(pattern, |_| {}) {
        Some((regex, size)) => {
            place.add_pattern(size);
            Some(regex)
        }
        None => {
            place.error_with_hint(
                code::PATTERN,
                format!("`{pattern}` is not a supported regular expression"),
                "look-around and backreferences are not supported",
            );
            None
        }
    }
}

/// Returns the pattern of a named format. ECMAScript and the crate `regex` both read it.
pub(super) fn format_pattern(format: &str) -> Option<&'static str> {
    Some(match format {
        "email" => r"[^\s@]+@[^\s@]+\.[^\s@]+",
        "url" | "uri" => r"https?://[^\s]+",
        "uuid" => "[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}",
        "date" => r"\d{4}-\d{2}-\d{2}",
        "datetime" => r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(:\d{2}(\.\d+)?)?(Z|[+-]\d{2}:\d{2})?",
        _ => return None,
    })
}

//! Generates the inputs of an action from the shapes of their values.

use std::fmt::Write as _;

use serde_json::Value;

use super::{
    filters::FilterFamily,
    overlay::ActionChoice,
    schema::{InputShape, Property, ShapeRules, ShapeType},
    text::{description, sentence, snake},
    words,
};
use crate::{
    definition::InputLocation,
    yaml::{Map, Yaml},
};

/// Names with another meaning in expressions.
const RESERVED: [&str; 2] = ["in", "length"];

/// The inputs of one action.
#[derive(Debug, Default)]
pub(super) struct ActionInputs {
    list: Vec<Yaml>,
    names: Vec<String>,
    /// The noun of the record that the next inputs belong to.
    pub(super) thing: String,
    choice: Option<ActionChoice>,
    omitted: Vec<String>,
    /// Whether an input is required.
    pub(super) any_required: bool,
    /// The number of inputs without a description.
    pub(super) undescribed: usize,
    /// The rules for several inputs.
    pub(super) rules: Vec<Yaml>,
    /// The members of the body, each with its input.
    pub(super) members: Vec<(String, String)>,
    /// The filter parameters.
    pub(super) filters: FilterFamily,
}

impl ActionInputs {
    /// Creates the inputs of an action on a record with this noun, with the decisions of a person.
    pub(super) fn of(thing: String, choice: Option<&ActionChoice>, omitted: Vec<String>) -> Self {
        Self { thing, choice: choice.cloned(), omitted, ..Self::default() }
    }

    /// Returns true if a person decided against an input with this name.
    pub(super) fn omits(&self, name: &str) -> bool {
        self.omitted.iter().any(|omitted| omitted == name)
            || self.choice.as_ref().is_some_and(|choice| choice.omits(name))
    }

    /// Adds an input with the provider's name, or the most similar one that expressions permit; returns the name.
    pub(super) fn add(&mut self, wanted: &str, place: InputLocation, shape: &InputShape, required: bool) -> String {
        let name = self.free_name(wanted, place);
        let map = Map::new().with("name", name.as_str());
        let map = self.described(map, &name, Some(place), shape, required);
        self.list.push(map.into());
        self.any_required |= required && !shape.nullable;
        self.names.push(name.clone());
        name
    }

    /// Adds a list of filters in place of a family of filter parameters, whose inputs it hides. Returns the name of the
    /// list and the number of parameters; `None` if the family is small.
    pub(super) fn add_filters(&mut self) -> Option<(String, usize)> {
        let (filters, replaced) = std::mem::take(&mut self.filters).into_filters()?;
        for name in &replaced {
            let place = self.names.iter().position(|known| known == name);
            if let Some(Yaml::Map(map)) = place.and_then(|place| self.list.get_mut(place)) {
                map.set("hidden", true);
            }
        }
        let name = self.free_name("filters", InputLocation::Query);
        let map = Map::new()
            .with("name", name.as_str())
            .with("type", ShapeType::Object.as_str())
            .with("in", InputLocation::Query.as_str())
            .with("array", true)
            .with("description", "Only records that match every filter.")
            .with("filters", filters);
        self.list.push(map.into());
        self.names.push(name.clone());
        Some((name, replaced.len()))
    }

    pub(super) fn into_list(self) -> Vec<Yaml> {
        self.list
    }

    /// Expressions refer to inputs without their group, so names are unique across groups.
    fn free_name(&self, wanted: &str, place: InputLocation) -> String {
        let plain = is_identifier(wanted) && wanted.len() <= 80;
        let mut name = if plain { wanted.to_owned() } else { snake(wanted, 80) };
        if name.is_empty() || name.starts_with(|c: char| c.is_ascii_digit()) {
            name = if name.is_empty() { place.as_str().to_owned() } else { format!("{}_{name}", place.as_str()) };
        }
        if RESERVED.contains(&name.as_str()) {
            name.push_str("_value");
        }
        let is_free = |name: &str| !self.names.iter().any(|known| known.eq_ignore_ascii_case(name));
        if is_free(&name) {
            return name;
        }
        let prefix = if place == InputLocation::Headers { "header" } else { place.as_str() };
        let prefixed = format!("{prefix}_{name}");
        let mut name = prefixed.clone();
        let mut number = 2;
        while !is_free(&name) {
            name = format!("{prefixed}_{number}");
            number += 1;
        }
        name
    }

    fn described(
        &mut self,
        mut map: Map,
        name: &str,
        place: Option<InputLocation>,
        shape: &InputShape,
        required: bool,
    ) -> Map {
        let shape = &travelling(shape, place);
        map.set("type", shape.kind.as_str());
        if let Some(place) = place {
            map.set("in", place.as_str());
        }
        // Null would be a missing value.
        if required && !shape.nullable {
            map.set("required", true);
        }
        if shape.array {
            map.set("array", true);
        }
        map.set("description", self.about(name, shape, required));
        self.rest(map, shape)
    }

    /// Adds what a shape has beyond type and description.
    fn rest(&mut self, mut map: Map, shape: &InputShape) -> Map {
        if shape.kind == ShapeType::Enum {
            let values = shape.values.iter().map(Yaml::from_json).collect::<Vec<_>>();
            map.set("oneOf", Map::flow().with("values", values));
        }
        let rules = rules(&shape.rules);
        if !rules.is_empty() {
            map.set("rules", rules);
        }
        if shape.kind == ShapeType::Object && !shape.properties.is_empty() {
            let properties = shape.properties.iter().map(|property| self.property(property)).collect::<Vec<_>>();
            map.set("properties", properties);
        }
        let mut variants = shape.variants.iter().map(|variant| self.variant(variant)).collect::<Vec<_>>();
        if shape.open && !shape.properties.is_empty() {
            let free =
                Map::new().with("type", ShapeType::Object.as_str()).with_some("array", shape.array.then_some(true));
            variants.push(free.with("description", "The object with additional members.").into());
        }
        if !variants.is_empty() {
            map.set("variants", variants);
        }
        map
    }

    fn property(&mut self, property: &Property) -> Yaml {
        let map = Map::new().with("name", property.name.as_str());
        self.described(map, &property.name, None, &property.shape, property.required).into()
    }

    fn variant(&mut self, shape: &InputShape) -> Yaml {
        let map = Map::new().with("type", shape.kind.as_str()).with_some("array", shape.array.then_some(true));
        let about = description(&shape.description);
        let map = map.with_some("description", (!about.is_empty()).then_some(about));
        self.rest(map, shape).into()
    }

    fn about(&mut self, name: &str, shape: &InputShape, required: bool) -> String {
        let mut about = description(&shape.description);
        if let Some(words) = self.choice.as_ref().and_then(|choice| choice.words_of(name)) {
            about = sentence(words);
        }
        if about.is_empty() {
            self.undescribed += 1;
            about = words::input(name, &self.thing, shape);
        }
        if required && shape.nullable {
            about.push_str(" Required by the provider; use null for no value.");
        }
        match &shape.default {
            Some(Value::String(text)) if !text.is_empty() && text.len() <= 60 => {
                let text = super::text::line(text, 60);
                _ = write!(about, " Default: `{text}`.");
            }
            Some(value @ (Value::Number(_) | Value::Bool(_))) => _ = write!(about, " Default: {value}."),
            _ => {}
        }
        about
    }
}

/// Returns the shape that a group can carry: paths and headers only carry scalars.
fn travelling(shape: &InputShape, place: Option<InputLocation>) -> InputShape {
    let plain = !shape.array && shape.kind != ShapeType::Object && shape.variants.is_empty();
    let as_text = || InputShape {
        description: shape.description.clone(),
        default: shape.default.clone(),
        nullable: shape.nullable,
        ..InputShape::of(ShapeType::String)
    };
    match place {
        Some(InputLocation::Path) if !plain => as_text(),
        Some(InputLocation::Headers) if shape.kind == ShapeType::Object => as_text(),
        Some(_) | None if shape.nested_list => as_text(),
        _ => shape.clone(),
    }
}

fn rules(rules: &ShapeRules) -> Map {
    Map::flow()
        .with_some("minLength", rules.min_length)
        .with_some("maxLength", rules.max_length)
        .with_some("pattern", rules.pattern.clone())
        .with_some("format", rules.format)
        .with_some("min", rules.min.clone())
        .with_some("max", rules.max.clone())
}

/// Returns true if a name can be used in an expression without brackets.
pub(super) fn is_identifier(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}

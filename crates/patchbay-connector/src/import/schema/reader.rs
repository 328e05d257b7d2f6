//! Converts schemas to shapes, within limits.

use std::collections::HashSet;

use serde_json::Value;

use super::{
    InputShape, MergedSchema, Property, ShapeRules, ShapeType,
    alternatives::{MAX_VARIANTS, alike, either, union},
    merge,
};
use crate::{
    import::{
        refs::ApiDocument,
        review_notes::{ReviewNotes, Topic},
    },
    pattern::pattern_size,
};

/// The maximum number of shapes of an action.
const MAX_SHAPES: usize = 400;
/// The maximum nesting depth of objects.
const MAX_DEPTH: usize = 6;
/// The maximum number of members of an object.
const MAX_MEMBERS: usize = 1_000;
/// The maximum number of values of an enum.
const MAX_VALUES: usize = 300;
/// The maximum number of alternatives that are read.
const MAX_ALTERNATIVES: usize = 64;

/// Converts the schemas of an operation.
pub(in crate::import) struct SchemaReader<'d, 'n> {
    document: ApiDocument<'d>,
    notes: &'n ReviewNotes,
    place: String,
    left: usize,
    depth: usize,
    /// The references that are being read, the outermost one first.
    within: Vec<&'d str>,
    /// Whether a depth is being tried; no notes are added then.
    trying: bool,
}

impl<'d, 'n> SchemaReader<'d, 'n> {
    pub(in crate::import) fn new(document: ApiDocument<'d>, notes: &'n ReviewNotes, place: String) -> Self {
        Self { document, notes, place, left: MAX_SHAPES, depth: MAX_DEPTH, within: Vec::new(), trying: false }
    }

    /// Returns the shape of a schema, with the greatest depth that the limits permit for all of its parts.
    pub(in crate::import) fn shape(&mut self, schema: &'d Value, at: &str) -> InputShape {
        let before = self.left;
        self.trying = true;
        for depth in (1..=MAX_DEPTH).rev() {
            (self.left, self.depth) = (before, depth);
            _ = self.read(schema, at, depth);
            if self.left > 0 {
                break;
            }
        }
        if self.depth < MAX_DEPTH {
            let note = format!("`{at}` has more than {MAX_SHAPES} parts; deeper objects accept any members");
            self.notes.add(Topic::TooLarge, self.place.clone(), note);
        }
        self.trying = false;
        self.left = before;
        self.read(schema, at, self.depth)
    }

    fn note(&self, topic: Topic, detail: String) {
        if !self.trying {
            self.notes.add(topic, self.place.clone(), detail);
        }
    }

    fn read(&mut self, schema: &'d Value, at: &str, depth: usize) -> InputShape {
        if self.left == 0 {
            return InputShape::anything();
        }
        self.left -= 1;
        let merged = merge(self.document, schema);
        if let Some(reference) = merged.broken {
            self.note(Topic::Reference, format!("`{at}`: `{reference}` is not in this file"));
        }
        if let Some(again) = merged.refs.iter().find(|reference| self.within.contains(reference)) {
            let name = again.rsplit('/').next().unwrap_or(again);
            self.note(Topic::Recursive, format!("`{at}` is a `{name}` within a `{name}`"));
            let mut shape = if merged.items.is_some() || merged.types == ["array"] {
                InputShape { array: true, ..InputShape::free_object() }
            } else if merged.types.contains(&"object") || !merged.properties.is_empty() {
                InputShape::free_object()
            } else {
                InputShape::anything()
            };
            self.describe(&merged, &mut shape);
            return shape;
        }
        let outside = self.within.len();
        self.within.extend(&merged.refs);
        let mut shape = self.of(&merged, at, depth);
        self.within.truncate(outside);
        self.describe(&merged, &mut shape);
        if merged.repeated {
            shape = shape.into_list();
        }
        shape
    }

    fn describe(&self, merged: &MergedSchema<'_>, shape: &mut InputShape) {
        merged.describe(shape);
        if self.document.facts_only {
            shape.description.clear();
        }
    }

    fn of(&mut self, merged: &MergedSchema<'d>, at: &str, depth: usize) -> InputShape {
        if let Some(shape) = self.listed(merged, at) {
            return shape;
        }
        let alternatives = merged.alternatives.iter().copied().filter(|alternative| {
            let alternative = merge(self.document, alternative);
            !alternative.only_requires() && !alternative.only_null()
        });
        let alternatives = alternatives.collect::<Vec<_>>();
        let has_null = merged.alternatives.iter().any(|alternative| merge(self.document, alternative).only_null());
        let sets = merged.alternatives.iter().map(|alternative| merge(self.document, alternative));
        let sets = sets.filter(MergedSchema::only_requires).map(|set| set.required).collect::<Vec<_>>();
        let single =
            sets.iter().filter_map(|set| if let [only] = set.as_slice() { Some((*only).to_owned()) } else { None });
        let mut at_least_one = single.collect::<Vec<_>>();
        if at_least_one.len() < sets.len() || sets.len() < merged.alternatives.len() || at != "body" {
            at_least_one.clear();
        }
        if sets.len() > 1 && at_least_one.is_empty() {
            let sets = sets.iter().map(|set| set.join(" and ")).collect::<Vec<_>>().join("; ");
            let note = format!("`{at}` requires one of several sets of members, which is not checked: {sets}");
            self.note(Topic::Shape, super::super::text::line(&note, 300));
        }
        let mut shape = if alternatives.is_empty() {
            self.typed(merged, at, depth)
        } else {
            self.one_of(merged, &alternatives, at, depth)
        };
        shape.nullable |= has_null;
        shape.at_least_one = at_least_one;
        shape
    }

    /// Returns the shape of an enum, if its values can be listed.
    fn listed(&self, merged: &MergedSchema<'d>, at: &str) -> Option<InputShape> {
        let values = match (merged.values, merged.constant) {
            (Some(values), _) => values.iter().collect::<Vec<_>>(),
            (None, Some(constant)) => vec![constant],
            (None, None) => return None,
        };
        if merged.types == ["array"] {
            return None;
        }
        let has_null = values.iter().any(|value| value.is_null());
        let mut listed: Vec<Value> = Vec::new();
        for value in values.into_iter().filter(|value| !value.is_null()) {
            if value.is_object() || value.is_array() {
                return None;
            }
            if listed.len() >= MAX_VALUES {
                self.note(Topic::Shape, format!("`{at}` has more than {MAX_VALUES} values, which are not listed"));
                return None;
            }
            if !listed.contains(value) {
                listed.push(value.clone());
            }
        }
        if listed.is_empty() {
            return None;
        }
        Some(InputShape { values: listed, nullable: has_null, ..InputShape::of(ShapeType::Enum) })
    }

    fn typed(&mut self, merged: &MergedSchema<'d>, at: &str, depth: usize) -> InputShape {
        let mut types = merged.types.clone();
        if types.is_empty() {
            types.extend(merged.implied());
        }
        let mut shapes =
            types.iter().take(MAX_VARIANTS).map(|name| self.named(name, merged, at, depth)).collect::<Vec<_>>();
        if shapes.is_empty() {
            return InputShape::anything();
        }
        let mut shape = shapes.remove(0);
        shape.variants.append(&mut shapes);
        shape
    }

    fn named(&mut self, name: &str, merged: &MergedSchema<'d>, at: &str, depth: usize) -> InputShape {
        match name {
            "string" => self.text(merged, at),
            "integer" | "number" => {
                let bound = |bound: Option<&Value>| {
                    if let Some(Value::Number(number)) = bound { Some(number.clone()) } else { None }
                };
                let rules =
                    ShapeRules { min: bound(merged.minimum), max: bound(merged.maximum), ..ShapeRules::default() };
                InputShape { rules, ..InputShape::of(ShapeType::Number) }
            }
            "boolean" => InputShape::of(ShapeType::Boolean),
            "array" => {
                let mut shape = match merged.items {
                    Some(items) => self.read(items, &format!("{at}[]"), depth),
                    None => InputShape::anything(),
                };
                shape = shape.into_list();
                // The description of the items does not describe the list.
                (shape.description, shape.default, shape.nullable) = (String::new(), None, false);
                if shape.nested_list {
                    self.note(Topic::Shape, format!("`{at}` is a list of lists, which is not checked"));
                }
                (shape.rules.min_length, shape.rules.max_length) =
                    (merged.min_items.filter(|least| *least > 0), merged.max_items);
                shape
            }
            "object" => self.object(merged, at, depth),
            "file" => InputShape { is_file: true, ..InputShape::of(ShapeType::String) },
            "any" => InputShape::anything(),
            other => {
                self.note(Topic::Shape, format!("`{at}` has the type `{other}`, which is not checked"));
                InputShape::anything()
            }
        }
    }

    fn text(&self, merged: &MergedSchema<'d>, at: &str) -> InputShape {
        let mut shape = InputShape::of(ShapeType::String);
        match merged.format {
            Some("date-time") => shape.kind = ShapeType::Datetime,
            Some("date") => shape.rules.format = Some("date"),
            Some("email" | "idn-email") => shape.rules.format = Some("email"),
            Some("uuid") => shape.rules.format = Some("uuid"),
            Some("uri" | "url") => shape.rules.format = Some("uri"),
            Some("binary") => shape.is_file = true,
            _ => shape.is_file = merged.is_file,
        }
        if shape.kind == ShapeType::Datetime {
            return shape;
        }
        shape.rules.min_length = merged.min_length.filter(|least| *least > 0);
        shape.rules.max_length = merged.max_length;
        if let Some(pattern) = merged.pattern.filter(|pattern| !pattern.is_empty()) {
            if self.trying || pattern_size(pattern).is_some_and(|size| self.notes.reserve_pattern(size)) {
                shape.rules.pattern = Some(pattern.to_owned());
            } else {
                let shown = super::super::text::line(pattern, 80);
                self.note(Topic::Shape, format!("`{at}`: the pattern `{shown}` is not supported; it is omitted"));
            }
        }
        shape
    }

    fn object(&mut self, merged: &MergedSchema<'d>, at: &str, depth: usize) -> InputShape {
        let mut shape = InputShape { open: merged.open, ..InputShape::of(ShapeType::Object) };
        if depth == 0 {
            if !merged.properties.is_empty() && self.depth == MAX_DEPTH {
                self.note(
                    Topic::TooLarge,
                    format!("`{at}` is nested deeper than {MAX_DEPTH} levels; it accepts any members"),
                );
            }
            return shape;
        }
        if merged.properties.len() > MAX_MEMBERS {
            self.note(
                Topic::TooLarge,
                format!("`{at}` has more than {MAX_MEMBERS} members; the others are not described"),
            );
            shape.open = true;
        }
        let required = merged.required.iter().copied().collect::<HashSet<_>>();
        for (name, property) in merged.properties.iter().take(MAX_MEMBERS) {
            let inner = format!("{at}.{name}");
            let property = self.read(property, &inner, depth - 1);
            if property.read_only || name.is_empty() {
                continue;
            }
            if property.nested_list {
                // Without described members, the object accepts a list of lists.
                shape.properties.clear();
                return shape;
            }
            let required = required.contains(name);
            shape.properties.push(Property { name: (*name).to_owned(), required, shape: property });
        }
        shape
    }

    fn one_of(&mut self, merged: &MergedSchema<'d>, alternatives: &[&'d Value], at: &str, depth: usize) -> InputShape {
        let mut shapes: Vec<InputShape> = Vec::new();
        for alternative in alternatives.iter().take(MAX_ALTERNATIVES) {
            let mut shape = self.read(alternative, at, depth);
            name_kind(merged, alternative, &mut shape);
            if !shapes.iter().any(|earlier| alike(earlier, &shape)) {
                shapes.push(shape);
            }
        }
        let complete = !merged.alternatives.iter().any(|one| merge(self.document, one).only_requires())
            && alternatives.len() <= MAX_ALTERNATIVES;
        if alternatives.len() > MAX_ALTERNATIVES {
            let note = format!("only the first {MAX_ALTERNATIVES} of {} alternatives of `{at}`", alternatives.len());
            self.note(Topic::Shape, format!("{note} are read"));
        }
        if !complete {
            let members = shapes.iter_mut().flat_map(|shape| &mut shape.properties);
            members.for_each(|property| property.required = false);
        }
        let has_base = !merged.properties.is_empty();
        let are_objects = shapes.iter().all(InputShape::is_object);
        if are_objects
            && (has_base || (shapes.len() > MAX_VARIANTS && shapes.iter().all(|shape| !shape.properties.is_empty())))
        {
            self.note(Topic::Shape, format!("`{at}` has {} alternatives; it has the members of all", shapes.len()));
            let mut base = if has_base { self.object(merged, at, depth) } else { InputShape::of(ShapeType::Object) };
            union(&mut base, shapes, complete);
            return base;
        }
        if shapes.len() > MAX_VARIANTS && are_objects {
            self.note(Topic::Shape, format!("`{at}` has {} alternatives, which are not distinguished", shapes.len()));
            return InputShape::free_object();
        }
        let are_listed =
            |shape: &InputShape| shape.kind == ShapeType::Enum && !shape.array && shape.variants.is_empty();
        if shapes.iter().all(are_listed) {
            return shapes.into_iter().reduce(either).unwrap_or_default();
        }
        let count = shapes.iter().map(|shape| 1 + shape.variants.len()).sum::<usize>();
        if count > MAX_VARIANTS + 1 {
            self.note(Topic::Shape, format!("`{at}` has {count} alternatives, which are not distinguished"));
            return InputShape::anything();
        }
        let mut shapes = shapes.into_iter();
        let mut first = shapes.next().unwrap_or_default();
        for mut shape in shapes {
            let mut more = std::mem::take(&mut shape.variants);
            first.nullable |= shape.nullable;
            first.variants.push(shape);
            first.variants.append(&mut more);
        }
        first
    }
}

/// Lists the values by which a `discriminator` selects an alternative (OpenAPI 3.1, section 4.8.25), if the alternative
/// does not list them.
fn name_kind(merged: &MergedSchema<'_>, alternative: &Value, shape: &mut InputShape) {
    let (Some((name, kinds)), Some(reference)) = (&merged.kinds, alternative.get("$ref").and_then(Value::as_str))
    else {
        return;
    };
    let last = reference.rsplit('/').next();
    let own = kinds.iter().filter(|(_, target)| *target == reference || Some(*target) == last);
    let values = own.map(|(value, _)| Value::from(*value)).collect::<Vec<_>>();
    let member = shape.properties.iter_mut().find(|property| property.name == *name);
    let Some(member) = member.filter(|member| member.shape.kind == ShapeType::String && !member.shape.array) else {
        return;
    };
    if !values.is_empty() {
        member.shape.kind = ShapeType::Enum;
        member.shape.rules = ShapeRules::default();
        member.shape.values = values;
    }
}

impl MergedSchema<'_> {
    /// Returns the type of a schema without `type`.
    fn implied(&self) -> Option<&'static str> {
        if !self.properties.is_empty() || self.open {
            return Some("object");
        }
        if self.items.is_some() {
            return Some("array");
        }
        if self.pattern.is_some() || self.min_length.is_some() || self.max_length.is_some() || self.format.is_some() {
            return Some("string");
        }
        (self.minimum.is_some() || self.maximum.is_some()).then_some("number")
    }

    fn describe(&self, shape: &mut InputShape) {
        if !self.description.is_empty() {
            self.description.clone_into(&mut shape.description);
        }
        shape.nullable |= self.nullable;
        shape.default = self.default.filter(|default| !default.is_null()).cloned().or(shape.default.take());
        let output_only = self.description.trim_start_matches('[').to_ascii_lowercase().starts_with("output only");
        shape.read_only |= self.read_only || output_only;
    }
}

//! Combines the shapes of alternatives (`oneOf`, `anyOf`) into one shape.
//!
//! Rule: the combined shape accepts every value that any alternative accepts. No alternative decides for the others: a
//! member that selects the kind has the values of all, and a member is required only if all alternatives require it.

use serde_json::Value;

use super::{InputShape, Property, ShapeRules, ShapeType};

/// The maximum number of further shapes of a value.
pub(super) const MAX_VARIANTS: usize = 8;

/// Returns true if two shapes accept the same values.
pub(super) fn alike(one: &InputShape, other: &InputShape) -> bool {
    let bare = |shape: &InputShape| InputShape { description: String::new(), default: None, ..shape.clone() };
    bare(one) == bare(other)
}

/// Adds the members of alternatives to an object. `complete` is false if there are further alternatives without members.
pub(in crate::import) fn union(base: &mut InputShape, shapes: Vec<InputShape>, complete: bool) {
    // Without a base, an object without described members accepts any.
    let is_free = base.properties.is_empty() && shapes.iter().any(|shape| shape.properties.is_empty());
    base.open |= is_free || shapes.iter().any(|shape| shape.open);
    let count = shapes.len();
    let mut found: Vec<(Property, usize, usize)> = Vec::new();
    for property in shapes.into_iter().flat_map(|shape| shape.properties) {
        let required = usize::from(property.required);
        match found.iter_mut().find(|(known, ..)| known.name == property.name) {
            Some((known, having, requiring)) => {
                (*having, *requiring) = (*having + 1, *requiring + required);
                let first = std::mem::take(&mut known.shape);
                known.shape = either(first, property.shape);
            }
            None => found.push((property, 1, required)),
        }
    }
    for (mut property, having, requiring) in found {
        property.required = complete && requiring == count;
        match base.properties.iter_mut().find(|known| known.name == property.name) {
            None => base.properties.push(property),
            Some(known) => {
                known.required |= property.required;
                // The alternatives limit a member of the base only if each of them does.
                if complete && having == count && is_wider(&known.shape, &property.shape) {
                    let base = std::mem::replace(&mut known.shape, property.shape);
                    if !base.description.is_empty() {
                        known.shape.description = base.description;
                    }
                    known.shape.nullable |= base.nullable;
                    known.shape.default = base.default;
                }
            }
        }
    }
}

/// Returns true if the second shape lists the values of the first, which lists none.
fn is_wider(base: &InputShape, listed: &InputShape) -> bool {
    let is_bare = base.values.is_empty() && base.properties.is_empty() && !base.array && !listed.array;
    is_bare && listed.kind == ShapeType::Enum && listed.variants.is_empty()
}

/// Returns the shape of values that one of two shapes accepts.
pub(super) fn either(one: InputShape, other: InputShape) -> InputShape {
    if alike(&one, &other) {
        return InputShape { description: longer(one.description.clone(), &other.description), ..one };
    }
    let is_list = |shape: &InputShape| shape.array;
    if !one.variants.is_empty() || !other.variants.is_empty() || is_list(&one) != is_list(&other) {
        return with_variant(&one, other);
    }
    match (one.kind, other.kind) {
        (ShapeType::Enum, ShapeType::Enum) => with_values(one, other),
        (ShapeType::Object, ShapeType::Object) if one.properties.is_empty() || other.properties.is_empty() => {
            InputShape { properties: Vec::new(), open: true, ..common(one, &other) }
        }
        (ShapeType::Object, ShapeType::Object) => {
            let mut both = InputShape { properties: Vec::new(), open: false, ..common(one.clone(), &other) };
            union(&mut both, vec![one, other], true);
            both
        }
        (ShapeType::Enum, kind) if is_free(&other) && of_kind(&one.values, kind) => common(other, &one),
        (kind, ShapeType::Enum) if is_free(&one) && of_kind(&other.values, kind) => common(one, &other),
        (first, second) if first == second => InputShape { rules: ShapeRules::default(), ..common(one, &other) },
        _ => with_variant(&one, other),
    }
}

fn longer(one: String, other: &str) -> String {
    if one.is_empty() { other.to_owned() } else { one }
}

/// Returns the first shape with what both have beyond their values.
fn common(one: InputShape, other: &InputShape) -> InputShape {
    InputShape {
        nullable: one.nullable || other.nullable,
        is_file: one.is_file && other.is_file,
        read_only: one.read_only && other.read_only,
        nested_list: one.nested_list || other.nested_list,
        description: longer(one.description.clone(), &other.description),
        ..one
    }
}

fn is_free(shape: &InputShape) -> bool {
    shape.rules == ShapeRules::default()
}

fn of_kind(values: &[Value], kind: ShapeType) -> bool {
    values.iter().all(|value| match kind {
        ShapeType::String => value.is_string(),
        ShapeType::Number => value.is_number(),
        ShapeType::Boolean => value.is_boolean(),
        _ => false,
    })
}

fn with_values(one: InputShape, other: InputShape) -> InputShape {
    let mut both = common(one, &other);
    for value in other.values {
        if !both.values.contains(&value) {
            both.values.push(value);
        }
    }
    both
}

/// Returns the first shape with the second one and its variants as further variants; any value if there are too many.
fn with_variant(one: &InputShape, mut other: InputShape) -> InputShape {
    let mut both = common(one.clone(), &other);
    let more = std::mem::take(&mut other.variants);
    for variant in std::iter::once(other).chain(more) {
        let is_known = alike(&InputShape { variants: Vec::new(), ..one.clone() }, &variant)
            || both.variants.iter().any(|known| alike(known, &variant));
        if !is_known {
            both.variants.push(variant);
        }
    }
    if both.variants.len() > MAX_VARIANTS {
        let InputShape { description, nullable, array, .. } = both;
        let any = InputShape { nullable, description, ..InputShape::anything() };
        return if array && any.array { any.into_list() } else { any };
    }
    both
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn listed(values: &[&str]) -> InputShape {
        InputShape { values: values.iter().map(|value| json!(value)).collect(), ..InputShape::of(ShapeType::Enum) }
    }

    fn object(members: &[(&str, bool, InputShape)]) -> InputShape {
        let property = |(name, required, shape): &(&str, bool, InputShape)| Property {
            name: (*name).to_owned(),
            required: *required,
            shape: shape.clone(),
        };
        InputShape { properties: members.iter().map(property).collect(), ..InputShape::of(ShapeType::Object) }
    }

    #[test]
    fn a_member_that_selects_the_kind_has_the_values_of_all() {
        let text = InputShape::of(ShapeType::String);
        let cat = object(&[("kind", true, listed(&["cat"])), ("lives", true, text.clone())]);
        let dog = object(&[("kind", true, listed(&["dog"]))]);
        let mut both = InputShape::of(ShapeType::Object);
        union(&mut both, vec![cat.clone(), dog.clone()], true);
        let kind = &both.properties[0];
        assert_eq!((&kind.shape.values, kind.required), (&vec![json!("cat"), json!("dog")], true));
        assert!(!both.properties[1].required, "one alternative does not have it");

        let mut narrowed = object(&[("kind", false, text.clone())]);
        union(&mut narrowed, vec![cat.clone(), dog.clone()], true);
        assert_eq!(narrowed.properties[0].shape.values.len(), 2, "the alternatives list the values of the base");
        let mut free = InputShape::of(ShapeType::Object);
        union(&mut free, vec![cat, object(&[("kind", true, text)])], false);
        assert_eq!((free.properties[0].shape.kind, free.properties[0].required), (ShapeType::String, false));
    }

    #[test]
    fn unlike_members_accept_the_values_of_both() {
        let number = InputShape::of(ShapeType::Number);
        let both = either(listed(&["a"]), number.clone());
        assert_eq!((both.kind, both.variants.len()), (ShapeType::Enum, 1));
        let short = InputShape {
            rules: ShapeRules { max_length: Some(3), ..ShapeRules::default() },
            ..InputShape::of(ShapeType::String)
        };
        assert_eq!(either(short.clone(), InputShape::of(ShapeType::String)).rules, ShapeRules::default());
        assert_eq!(either(listed(&["abcdef"]), short).variants.len(), 1, "a listed value may break the other's rules");
        let inner = either(object(&[("a", true, number.clone())]), object(&[("b", true, number)]));
        assert_eq!(inner.properties.iter().map(|member| member.required).collect::<Vec<_>>(), [false, false]);
    }
}

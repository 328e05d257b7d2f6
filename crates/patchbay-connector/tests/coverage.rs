//! Every key of the format is in a fixture: compares the keys of the schema with those of the fixtures.

use std::{collections::BTreeSet, path::Path};

use patchbay_connector::{format_schema, syntax};
use serde_json::Value;

/// Walks the schema, with or without an instance.
struct Walk<'s> {
    schema: &'s Value,
    /// The keys, as `PLACE.KEY`; a place is a definition's name or a path of keys.
    found: BTreeSet<String>,
    /// The definitions that were visited without an instance, to end recursion.
    seen: BTreeSet<String>,
}

/// Definitions that only differ in their required keys.
const SAME: [(&str, &str); 3] = [("nestedAction", "action"), ("property", "input"), ("variant", "input")];
/// Objects that step functions share.
const SHARED: [&str; 7] = ["response", "saml", "certificates", "namespaces", "iterator", "cursor", "args"];

impl Walk<'_> {
    fn definition<'a>(&'a self, schema: &'a Value, place: &str) -> (&'a Value, String) {
        match schema.get("$ref").and_then(Value::as_str) {
            Some(reference) => {
                let name = reference.rsplit('/').next().unwrap_or_default();
                let place = SAME.iter().find(|(of, _)| *of == name).map_or(name, |(_, same)| same);
                (&self.schema["$defs"][name], place.to_owned())
            }
            None => (schema, shared(place)),
        }
    }

    /// With `instance`: adds the keys that it has. Without: adds every key.
    fn walk(&mut self, schema: &Value, instance: Option<&Value>, place: &str) {
        let (schema, place) = self.definition(schema, place);
        let schema = schema.clone();
        if instance.is_none() && !self.seen.insert(format!("{place} {schema}")) {
            return;
        }
        if let Some(properties) = schema.get("properties").and_then(Value::as_object) {
            for (key, inner) in properties {
                let value = instance.map(|instance| instance.get(key));
                if value == Some(None) {
                    continue;
                }
                let inside = format!("{place}.{key}");
                self.found.insert(shared(&inside));
                self.walk(inner, value.flatten(), &inside);
            }
        }
        for (keyword, members) in [("items", true), ("additionalProperties", false)] {
            let Some(inner) = schema.get(keyword).filter(|inner| inner.is_object()) else { continue };
            let inside = format!("{place}[]");
            match instance {
                None => self.walk(inner, None, &inside),
                Some(Value::Array(items)) if members => {
                    items.iter().for_each(|item| self.walk(inner, Some(item), &inside));
                }
                Some(Value::Object(entries)) if !members => {
                    let named = schema.get("properties");
                    let others = entries.iter().filter(|(key, _)| named.is_none_or(|named| named.get(key).is_none()));
                    others.for_each(|(_, value)| self.walk(inner, Some(value), &inside));
                }
                Some(_) => {}
            }
        }
        for keyword in ["anyOf", "oneOf", "allOf"] {
            for branch in schema.get(keyword).and_then(Value::as_array).into_iter().flatten() {
                let name = branch.pointer("/if/properties/functionName/const");
                match (branch.get("then"), instance) {
                    (Some(then), Some(instance)) if instance.get("functionName") == name => {
                        self.walk(then, Some(instance), &place);
                    }
                    (Some(then), None) => self.walk(then, None, &place),
                    (Some(_), Some(_)) => {}
                    (None, instance) => self.walk(branch, instance, &place),
                }
            }
        }
    }
}

/// Returns `parameters_x.response.key` as `response.key`.
fn shared(place: &str) -> String {
    let rest = place.strip_prefix("parameters_").and_then(|rest| rest.split_once('.')).map(|(_, rest)| rest);
    match rest {
        Some(rest) if rest.contains(['.', '[']) && SHARED.iter().any(|shared| rest.starts_with(shared)) => {
            rest.to_owned()
        }
        _ => place.to_owned(),
    }
}

fn tree(text: &str) -> Value {
    syntax::parse("x", text).unwrap_or_else(|error| panic!("{}", error.message)).to_json()
}

#[test]
fn every_key_of_the_schema_is_in_a_fixture() {
    let schema = format_schema();
    let walk = || Walk { schema: &schema, found: BTreeSet::new(), seen: BTreeSet::new() };
    let mut every = walk();
    let main = &schema["$defs"]["connector"];
    every.walk(main, None, "");
    let mut used = walk();
    for text in [include_str!("whole.connector.yaml"), include_str!("rest.connector.yaml")] {
        used.walk(main, Some(&tree(text)), "");
    }
    // The fixtures are single files; a built-in connector has partials.
    let several = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../connectors/spotdraft/spotdraft.connector.yaml");
    used.walk(main, Some(&tree(&std::fs::read_to_string(several).unwrap())), "");
    used.walk(main, Some(&tree("$ref: a.b\nactions:\n  $ref: a.b")), "");
    assert!(every.found.len() > 400, "{}", every.found.len());
    assert!(used.found.is_subset(&every.found), "{:?}", used.found.difference(&every.found).collect::<Vec<_>>());
    let unused = every.found.difference(&used.found).collect::<Vec<_>>();
    assert!(unused.is_empty(), "put these keys into tests/rest.connector.yaml: {unused:#?}");
}

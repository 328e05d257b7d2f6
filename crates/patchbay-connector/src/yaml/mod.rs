//! Writes YAML in the layout of connector files, which `connector fmt` does not change.

mod emit;
mod value;

pub(crate) use emit::{emit, is_printable};
pub(crate) use value::{Map, Yaml};

use serde_json::Value;

/// Returns a JSON value as YAML: values that fit are on one line, all others in blocks.
pub fn to_yaml(value: &Value) -> String {
    let yaml = match Yaml::from_json(value) {
        Yaml::Map(map) => Yaml::Map(map.in_block()),
        other => other,
    };
    emit(&yaml)
}

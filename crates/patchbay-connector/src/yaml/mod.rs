//! Writing YAML as connector files have it: the layout that `connector fmt` leaves as it is.

mod emit;
mod value;

pub(crate) use emit::{emit, is_printable};
pub(crate) use value::{Map, Yaml};

use serde_json::Value;

/// A JSON value as YAML: what fits on a line stands on one, everything else in blocks.
pub fn to_yaml(value: &Value) -> String {
    let yaml = match Yaml::from_json(value) {
        Yaml::Map(map) => Yaml::Map(map.in_block()),
        other => other,
    };
    emit(&yaml)
}

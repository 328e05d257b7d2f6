//! `type: apiKey`: one header or query parameter; short for `type: custom` with one argument (Patchbay extension).

use serde_json::Value;

use super::{Authorization, CustomAuthorization, Scheme};
use crate::{
    expr::ValueTemplate,
    http::{Arg, ArgLocation, ArrayFormat},
    json_schema::{choice, object},
    syntax::Mapping,
};

const KEYS: [&str; 4] = ["type", "key", "value", "in"];
const LOCATIONS: [(&str, ArgLocation); 3] =
    [("header", ArgLocation::Headers), ("headers", ArgLocation::Headers), ("query", ArgLocation::Query)];

pub(super) const SCHEME: Scheme = Scheme { name: "apiKey", keys: &KEYS, read, schema };

fn read(mapping: &Mapping<'_>) -> Option<Authorization> {
    let name = mapping.require("key").and_then(|key| key.template());
    let value = mapping.require("value").and_then(|place| ValueTemplate::read(&place));
    let location = mapping.get("in").map_or(Some(ArgLocation::Headers), |place| place.choice(&LOCATIONS));
    let arg = Arg {
        name: name?,
        value: value?,
        location: location?,
        condition: None,
        spread: false,
        inline: false,
        array_format: ArrayFormat::default(),
    };
    Some(Authorization::Custom(CustomAuthorization { args: vec![arg] }))
}

fn schema() -> Value {
    object(&KEYS, &["type", "key", "value"], &[SCHEME.type_schema(), ("in", choice(&LOCATIONS))])
}

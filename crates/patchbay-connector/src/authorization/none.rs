//! `type: none`: no authorization, or (with `signing`) a signature over every request.

use serde_json::Value;

use super::{Authorization, Scheme, signing};
use crate::{
    json_schema::{object, reference},
    syntax::Mapping,
};

const KEYS: [&str; 3] = ["type", "signing", "redirectUri"];

pub(super) const SCHEME: Scheme = Scheme { name: "none", keys: &KEYS, read, schema };

fn read(mapping: &Mapping<'_>) -> Option<Authorization> {
    match mapping.get("signing") {
        None => Some(Authorization::None),
        Some(place) => signing::read(place).map(Authorization::Signed),
    }
}

fn schema() -> Value {
    object(&KEYS, &["type"], &[SCHEME.type_schema(), ("signing", reference("signing"))])
}

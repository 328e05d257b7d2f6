//! `type: bearer`: a bearer token (RFC 6750).

use serde_json::Value;

use super::{Authorization, Scheme, SchemeParameters};
use crate::{
    expr::Template,
    json_schema::{boolean, object},
    syntax::Mapping,
};

const KEYS: [&str; 4] = ["type", "token", "includeBearer", "redirectUri"];

pub(super) const SCHEME: Scheme = Scheme { name: "bearer", keys: &KEYS, read, schema };

/// A bearer token in the header `Authorization` (RFC 6750 section 2.1).
#[derive(Debug)]
pub struct BearerAuthorization {
    /// The token.
    pub token: Template,
    /// Whether the header's value begins with `Bearer `.
    pub include_bearer: bool,
}

impl SchemeParameters for BearerAuthorization {
    fn templates<'a>(&'a self, found: &mut Vec<&'a Template>) {
        found.push(&self.token);
    }
}

fn read(mapping: &Mapping<'_>) -> Option<Authorization> {
    Some(Authorization::Bearer(BearerAuthorization {
        token: mapping.require("token")?.template()?,
        include_bearer: mapping.flag("includeBearer", true),
    }))
}

fn schema() -> Value {
    object(&KEYS, &["type", "token"], &[SCHEME.type_schema(), ("includeBearer", boolean())])
}

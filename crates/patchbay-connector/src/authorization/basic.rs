//! `type: basic`: HTTP Basic authentication (RFC 7617).

use serde_json::Value;

use super::{Authorization, Scheme, SchemeParameters};
use crate::{
    expr::Template,
    json_schema::{choice, object},
    syntax::Mapping,
};

const KEYS: [&str; 5] = ["type", "username", "password", "encoding", "redirectUri"];
const ENCODINGS: [(&str, ()); 1] = [("base64", ())];

pub(super) const SCHEME: Scheme = Scheme {
    name: "basic",
    keys: &KEYS,
    read: |mapping| Some(Authorization::Basic(BasicAuthorization::read(mapping))),
    schema,
};

/// HTTP Basic authentication (RFC 7617).
#[derive(Debug)]
pub struct BasicAuthorization {
    /// The user name; empty if absent.
    pub username: Option<Template>,
    /// The password; empty if absent.
    pub password: Option<Template>,
}

impl SchemeParameters for BasicAuthorization {
    fn templates<'a>(&'a self, found: &mut Vec<&'a Template>) {
        found.extend(self.username.iter().chain(&self.password));
    }
}

impl BasicAuthorization {
    fn read(mapping: &Mapping<'_>) -> Self {
        mapping.get("encoding").and_then(|encoding| encoding.choice(&ENCODINGS));
        Self { username: mapping.template("username"), password: mapping.template("password") }
    }
}

fn schema() -> Value {
    object(&KEYS, &["type"], &[SCHEME.type_schema(), ("encoding", choice(&ENCODINGS))])
}

//! `type: ws_security`: a `UsernameToken` in the envelopes of SOAP requests (Patchbay extension).

use serde_json::Value;

use super::{Authorization, Scheme, SchemeParameters};
use crate::{
    expr::Template,
    json_schema::{choice, object},
    syntax::Mapping,
};

const KEYS: [&str; 4] = ["type", "username", "password", "passwordType"];
/// Whether the password is sent as a digest.
const PASSWORD_TYPES: [(&str, bool); 2] = [("text", false), ("digest", true)];

pub(super) const SCHEME: Scheme = Scheme { name: "ws_security", keys: &KEYS, read, schema };

/// A `UsernameToken` (OASIS Web Services Security, `UsernameToken` Profile 1.1.1) in the envelopes of SOAP requests.
/// Other requests are not changed.
#[derive(Debug)]
pub struct WsSecurityAuthorization {
    /// The user name.
    pub username: Template,
    /// The password.
    pub password: Template,
    /// Whether a digest of the password is sent, with a nonce and the time, instead of the password.
    pub digested: bool,
}

impl SchemeParameters for WsSecurityAuthorization {
    fn templates<'a>(&'a self, found: &mut Vec<&'a Template>) {
        found.extend([&self.username, &self.password]);
    }
}

fn read(mapping: &Mapping<'_>) -> Option<Authorization> {
    let (username, password) = (mapping.require("username"), mapping.require("password"));
    Some(Authorization::WsSecurity(WsSecurityAuthorization {
        digested: mapping.get("passwordType").and_then(|kind| kind.choice(&PASSWORD_TYPES)).unwrap_or(false),
        username: username?.template()?,
        password: password?.template()?,
    }))
}

fn schema() -> Value {
    object(&KEYS, &["type", "username", "password"], &[SCHEME.type_schema(), ("passwordType", choice(&PASSWORD_TYPES))])
}

//! `type: custom`: headers and query parameters of the connector's choice (Patchbay extension).

use serde_json::Value;

use super::{AuthKind, AuthType, Authorization, Scheme, SchemeParameters};
use crate::{
    diagnostic::code,
    expr::Template,
    http::{Arg, credential_argument},
    json_schema::{list, object, reference},
    syntax::Mapping,
};

const KEYS: [&str; 2] = ["type", "args"];

pub(super) const SCHEME: Scheme = Scheme { name: "custom", keys: &KEYS, read, schema };

/// Authentication with credentials that the customer enters.
pub(super) const AUTH_TYPE: AuthType =
    AuthType { name: "custom", kind: |_| Some(AuthKind::Custom), check: |_, _, _| () };

/// An earlier name of `custom`, which files of the original format have.
pub(super) const API_KEY_AUTH_TYPE: AuthType = AuthType {
    name: "apikey",
    kind: |method| {
        if let Some(place) = method.get("type") {
            let message = "`type: apikey` is read like `type: custom`";
            place.warning_with_hint(code::DEPRECATED, message, "write `type: custom`");
        }
        Some(AuthKind::Custom)
    },
    check: |_, _, _| (),
};

/// Headers and query parameters, written like `args` of a step (`in: headers` or `in: query`, with `condition`). They
/// are added to every request, those of the raw proxy among them.
#[derive(Debug)]
pub struct CustomAuthorization {
    /// The headers and query parameters.
    pub args: Vec<Arg>,
}

impl SchemeParameters for CustomAuthorization {
    fn templates<'a>(&'a self, found: &mut Vec<&'a Template>) {
        self.args.iter().for_each(|arg| arg.templates(found));
    }
}

fn read(mapping: &Mapping<'_>) -> Option<Authorization> {
    let args = mapping.require("args")?.items().filter_map(|arg| credential_argument(&arg)).collect();
    Some(Authorization::Custom(CustomAuthorization { args }))
}

fn schema() -> Value {
    object(&KEYS, &["type", "args"], &[SCHEME.type_schema(), ("args", list(&reference("argument")))])
}

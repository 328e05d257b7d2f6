//! Checks that the connector's base URL accepts the values that its own fields have or offer.
//!
//! A default that is refused at run time makes a connector that is valid and never makes a request.

use serde_json::{Map, Value};

use super::root::LoadedRoot;
use crate::{
    definition::FormField,
    diagnostic::code,
    expr::{Bindings, Escape, EvalError},
};

/// A value that any part of a URL accepts, for the fields that are not checked.
const PLAIN: &str = "x";

/// Checks the defaults and options of every field that the base URL contains.
pub(super) fn check(read: &LoadedRoot<'_>) {
    let connector = &read.connector;
    let (Some(base), Some(place)) = (&connector.base_url, &read.base_url) else { return };
    let names = base.references().into_iter().filter(|(root, _)| root == "credentials").filter_map(|(_, name)| name);
    let names = names.collect::<Vec<_>>();
    let mut reported: Vec<(String, String)> = Vec::new();
    for method in &connector.authentication {
        for field in method.fields().filter(|field| names.contains(&field.key)) {
            for value in values(field) {
                let mut credentials =
                    names.iter().map(|name| (name.clone(), Value::from(PLAIN))).collect::<Map<_, _>>();
                credentials.insert(field.key.clone(), Value::from(value.as_str()));
                let credentials = Value::Object(credentials);
                let roots = [("credentials", &credentials)];
                let found = base.eval_text(&Bindings { roots: &roots }, Escape::Host);
                let Err(EvalError::Refused { path, reason }) = found else { continue };
                let entry = (field.key.clone(), value);
                if path.contains(&field.key) && !reported.contains(&entry) {
                    let (key, value) = &entry;
                    place.error(
                        code::INVALID,
                        format!("`baseUrl` cannot use the value `{value}` that the field `{key}` has: it {reason}"),
                    );
                    reported.push(entry);
                }
            }
        }
    }
}

/// Returns the values that a field has without an entry, or that it offers.
fn values(field: &FormField) -> Vec<String> {
    let default = field.default.as_ref().and_then(Value::as_str).filter(|default| !default.is_empty());
    default.map(str::to_owned).into_iter().chain(field.options.iter().map(|option| option.value.clone())).collect()
}

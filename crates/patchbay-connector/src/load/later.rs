//! What this version reads and checks but does not run.
//!
//! Whoever teaches the engine one of these takes its name out here, and nothing else changes: types,
//! keys and checks are there already. `NEVER` stays.

use crate::{diagnostic::code, syntax::Mapping};

/// Keys of a request that the engine does not heed yet.
const REQUEST_KEYS: [&str; 2] = ["certificates", "saml"];
/// Functions that stay out, each with the reason and the way around it.
const NEVER: [(&str, &str); 2] = [
    (
        "code_execution_lambda",
        "it runs code of its own on AWS, outside of what Patchbay can bound or record; call the provider with `request` \
         and shape the answer with expressions",
    ),
    (
        "browser_use",
        "it steers a browser with a language model, which a gateway can neither repeat nor bound; use the provider's API \
         with `request`",
    ),
];

/// The reason why a function is refused for good, if it is.
pub(super) fn refused(function: &str) -> Option<&'static str> {
    NEVER.iter().find(|(name, _)| *name == function).map(|(_, reason)| *reason)
}

pub(super) fn refused_names() -> impl Iterator<Item = &'static str> {
    NEVER.into_iter().map(|(name, _)| name)
}

pub(super) fn request(mapping: &Mapping<'_>) {
    keys(mapping, &REQUEST_KEYS, "a request");
}

fn keys(mapping: &Mapping<'_>, later: &[&str], what: &str) {
    for key in later {
        if let Some(value) = mapping.get(key) {
            value.error(code::UNSUPPORTED, format!("`{key}` of {what} is not supported yet"));
        }
    }
}

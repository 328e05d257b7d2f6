//! What a provider granted to an account, what actions need, and what a sign-in asks for.
//!
//! A scope may contain others (`includes` of the connector's scope definitions, as deep as they go). Where a provider
//! does not say what it granted, nothing is held against the account.

use std::collections::BTreeSet;

use patchbay_connector::{
    Connector,
    definition::{Action, AuthMethod, ScopeDefinition},
};
use patchbay_model::{Account, EnabledActions};

/// The scopes that an action needs and that the provider did not grant to the account; empty when it may run.
pub fn missing_scopes(connector: &Connector, method: &AuthMethod, account: &Account, action: &Action) -> Vec<String> {
    let Some(token) = &account.token else { return Vec::new() };
    let needed = method.required_scopes.iter().chain(&action.required_scopes);
    missing(&connector.scopes, &token.scopes, needed)
}

fn missing<'a>(
    definitions: &[ScopeDefinition],
    granted: &[String],
    needed: impl Iterator<Item = &'a String>,
) -> Vec<String> {
    let has = with_included(definitions, granted.iter().map(String::as_str));
    // A provider that calls its scopes otherwise than the connector does tells nothing about these.
    let speaks_our_words = definitions.iter().any(|definition| has.contains(definition.name.as_str()));
    if !speaks_our_words {
        return Vec::new();
    }
    let mut missing: Vec<String> = needed.filter(|scope| !has.contains(scope.as_str())).cloned().collect();
    missing.sort();
    missing.dedup();
    missing
}

/// These scopes and those that they contain.
fn with_included<'a>(definitions: &'a [ScopeDefinition], scopes: impl Iterator<Item = &'a str>) -> BTreeSet<&'a str> {
    let mut all = BTreeSet::new();
    let mut to_look_at: Vec<&str> = scopes.collect();
    while let Some(scope) = to_look_at.pop() {
        if all.insert(scope) {
            let found = definitions.iter().filter(|definition| definition.name == scope);
            to_look_at.extend(found.flat_map(|definition| definition.includes.iter().map(String::as_str)));
        }
    }
    all
}

/// What a sign-in asks for: what the connector lists, without what only actions need that the profile does not allow,
/// and with what those need that it does.
pub(crate) fn to_ask(
    connector: &Connector,
    method: &AuthMethod,
    enabled: &EnabledActions,
    listed: &str,
    delimiter: Option<&str>,
) -> String {
    if matches!(enabled, EnabledActions::All) {
        return listed.to_owned();
    }
    let all = || connector.actions.iter().flat_map(|action| action.required_scopes.iter());
    let allowed = connector.actions.iter().filter(|action| enabled.allows(&action.public_id));
    let needed: BTreeSet<&str> =
        allowed.flat_map(|action| &action.required_scopes).chain(&method.required_scopes).map(String::as_str).collect();
    let of_actions: BTreeSet<&str> = all().map(String::as_str).collect();
    let separator = delimiter.filter(|delimiter| !delimiter.trim().is_empty() && listed.contains(delimiter));
    let listed: Vec<&str> = match separator {
        Some(separator) => listed.split(separator).map(str::trim).collect(),
        None => listed.split_whitespace().collect(),
    };
    let asked = narrowed(&connector.scopes, &listed, &needed, &of_actions);
    asked.join(separator.unwrap_or(" "))
}

fn narrowed<'a>(
    definitions: &'a [ScopeDefinition],
    listed: &[&'a str],
    needed: &BTreeSet<&'a str>,
    of_actions: &BTreeSet<&str>,
) -> Vec<&'a str> {
    let covers = |scope: &str, wanted: &BTreeSet<&str>| {
        with_included(definitions, std::iter::once(scope)).iter().any(|included| wanted.contains(included))
    };
    let is_kept = |scope: &&&str| {
        let scope = **scope;
        // A larger scope is not asked for where a listed smaller one does.
        let wanted: BTreeSet<&str> =
            needed.iter().copied().filter(|&wanted| wanted == scope || !listed.contains(&wanted)).collect();
        scope_is_of_no_action(definitions, scope, of_actions) || covers(scope, &wanted)
    };
    let mut asked: Vec<&str> = listed.iter().filter(is_kept).copied().collect();
    for scope in needed {
        let has = with_included(definitions, asked.iter().copied());
        if !has.contains(scope) {
            asked.push(scope);
        }
    }
    asked
}

/// Whether a scope is there for something else than actions, such as a token that can be renewed.
fn scope_is_of_no_action(definitions: &[ScopeDefinition], scope: &str, of_actions: &BTreeSet<&str>) -> bool {
    !with_included(definitions, std::iter::once(scope)).iter().any(|included| of_actions.contains(included))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn definitions() -> Vec<ScopeDefinition> {
        let scope = |name: &str, includes: &[&str]| ScopeDefinition {
            name: name.to_owned(),
            description: String::new(),
            includes: includes.iter().map(|&name| name.to_owned()).collect(),
        };
        // The last two contain each other: a mistake that must not hang.
        vec![
            scope("admin", &["write"]),
            scope("write", &["read"]),
            scope("read", &[]),
            scope("a", &["b"]),
            scope("b", &["a"]),
        ]
    }

    fn owned(scopes: &[&str]) -> Vec<String> {
        scopes.iter().map(|&scope| scope.to_owned()).collect()
    }

    #[test]
    fn a_scope_brings_what_it_contains() {
        for (granted, needed, expected) in [
            (&["admin"][..], &["read", "write"][..], &[][..]),
            (&["write"], &["read", "admin"], &["admin"]),
            (&["read"], &["write", "read", "write"], &["write"]),
            (&["a"], &["b"], &[]),
            // It does not say, or says it in other words.
            (&[], &["read"], &[]),
            (&["https://provider.test/scope/1"], &["read"], &[]),
            (&["read", "more"], &["unknown"], &["unknown"]),
        ] {
            let needed = owned(needed);
            assert_eq!(missing(&definitions(), &owned(granted), needed.iter()), owned(expected), "{granted:?}");
        }
    }

    #[test]
    fn a_sign_in_asks_for_what_allowed_actions_need() {
        let definitions = definitions();
        let of_actions = BTreeSet::from(["read", "write", "a"]);
        for (listed, needed, expected) in [
            // Nothing allowed needs `write`; `offline` is there for something else.
            (&["offline", "read", "write"][..], &["read"][..], &["offline", "read"][..]),
            (&["offline", "read", "a"], &["read"], &["offline", "read"]),
            (&["read"], &["read", "write"], &["read", "write"]),
            (&["admin"], &["read"], &["admin"]),
            (&["offline"], &[], &["offline"]),
            (&["a"], &[], &[]),
        ] {
            let needed = needed.iter().copied().collect();
            assert_eq!(narrowed(&definitions, listed, &needed, &of_actions), expected, "{listed:?} {needed:?}");
        }
    }
}

//! OAuth scopes: those granted to an account, those that actions need, and those that an authorization requests.
//!
//! A scope may include others (`includes` of the connector's scope definitions, recursively). If a provider does not
//! report the granted scopes, Patchbay assumes that all were granted.

use std::collections::BTreeSet;

use patchbay_connector::{
    Connector,
    definition::{Action, AuthMethod, Authorization, ScopeDefinition},
    expr::{Bindings, Escape},
};
use patchbay_model::{Account, EnabledActions};

/// Returns the scopes that an action needs and that the provider did not grant; empty if the action can run.
pub fn missing_scopes(connector: &Connector, method: &AuthMethod, account: &Account, action: &Action) -> Vec<String> {
    let Some(token) = &account.token else { return Vec::new() };
    let needed = method.required_scopes.iter().chain(&action.required_scopes);
    missing(&connector.scopes, &token.scopes, needed)
}

/// Returns the missing scopes of an action to show to people, including those that the provider named when it rejected
/// the action. The latter do not block another attempt, because the provider may need others by then.
pub(crate) fn lacking_scopes(
    connector: &Connector,
    method: &AuthMethod,
    account: &Account,
    action: &Action,
) -> Vec<String> {
    let mut lacking = missing_scopes(connector, method, account, action);
    lacking.extend(account.missing_scopes.get(&action.public_id).into_iter().flatten().cloned());
    lacking.sort();
    lacking.dedup();
    lacking
}

/// Returns the scopes that these actions need, with those of the method itself.
pub fn needed_scopes(connector: &Connector, method: &AuthMethod, enabled: &EnabledActions) -> BTreeSet<String> {
    needed(connector, method, enabled).map(str::to_owned).collect()
}

fn needed<'a>(
    connector: &'a Connector,
    method: &'a AuthMethod,
    enabled: &'a EnabledActions,
) -> impl Iterator<Item = &'a str> {
    let allowed = connector.actions.iter().filter(|action| enabled.allows(&action.public_id));
    let scopes = allowed.flat_map(|action| &action.required_scopes).chain(&method.required_scopes);
    scopes.chain(needed_to_link(connector, method)).map(String::as_str)
}

/// Returns the scopes of the required test actions, enabled or not.
fn needed_to_link<'a>(connector: &'a Connector, method: &'a AuthMethod) -> impl Iterator<Item = &'a String> {
    let tests = method.test_actions.iter().filter(|test| test.required);
    let actions = tests.filter_map(|test| match &test.inline {
        Some(action) => Some(action),
        None => connector.actions.iter().find(|action| action.id == test.action),
    });
    actions.flat_map(|action| &action.required_scopes)
}

/// Returns the scopes to set up at the provider for these actions, in the connector's order: those that an authorization
/// requests if the connector's list does not depend on the account, otherwise those that the actions need.
pub fn scopes_to_set_up(connector: &Connector, method: &AuthMethod, enabled: &EnabledActions) -> Vec<String> {
    let needed = || needed_scopes(connector, method, enabled).into_iter().collect();
    let (true, Authorization::OAuth2(oauth2)) = (method.is_interactive(), &method.authorization) else {
        return needed();
    };
    let listed =
        oauth2.scopes.as_ref().and_then(|scopes| scopes.eval_text(&Bindings { roots: &[] }, Escape::None).ok()?);
    let Some(listed) = listed else { return needed() };
    let delimiter = oauth2.scope_delimiter.as_deref();
    let asked = to_ask(connector, method, enabled, &listed, delimiter);
    parted(&asked, delimiter).into_iter().map(str::to_owned).collect()
}

/// Returns a list of scopes with more scopes appended, without duplicates.
pub(crate) fn joined(asked: &str, delimiter: Option<&str>, more: impl Iterator<Item = String>) -> String {
    let mut all: Vec<String> = parted(asked, delimiter).into_iter().map(str::to_owned).collect();
    for scope in more {
        if !all.contains(&scope) {
            all.push(scope);
        }
    }
    all.join(separator_of(asked, delimiter).unwrap_or(" "))
}

/// Returns the delimiter of a list of scopes if it is not a space.
fn separator_of<'a>(listed: &str, delimiter: Option<&'a str>) -> Option<&'a str> {
    delimiter.filter(|delimiter| !delimiter.trim().is_empty() && listed.contains(delimiter))
}

fn parted<'a>(listed: &'a str, delimiter: Option<&str>) -> Vec<&'a str> {
    match separator_of(listed, delimiter) {
        Some(separator) => listed.split(separator).map(str::trim).filter(|scope| !scope.is_empty()).collect(),
        None => listed.split_whitespace().collect(),
    }
}

fn missing<'a>(
    definitions: &[ScopeDefinition],
    granted: &[String],
    needed: impl Iterator<Item = &'a String>,
) -> Vec<String> {
    let has = with_included(definitions, granted.iter().map(String::as_str));
    // A provider that uses other names for its scopes says nothing about these.
    let speaks_our_words = definitions.iter().any(|definition| has.contains(definition.name.as_str()));
    if !speaks_our_words {
        return Vec::new();
    }
    let mut missing: Vec<String> = needed.filter(|scope| !has.contains(scope.as_str())).cloned().collect();
    missing.sort();
    missing.dedup();
    missing
}

/// Returns these scopes and all that they include.
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

/// Returns the scopes that an authorization requests: those that the connector lists, without those that only disabled
/// actions need, and with those that enabled actions need.
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
    let needed: BTreeSet<&str> = needed(connector, method, enabled).collect();
    let of_actions: BTreeSet<&str> = all().map(String::as_str).collect();
    let asked = narrowed(&connector.scopes, &parted(listed, delimiter), &needed, &of_actions);
    asked.join(separator_of(listed, delimiter).unwrap_or(" "))
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
        // A larger scope is not requested if a listed smaller one is sufficient.
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

/// Returns true if a scope has another purpose than actions, such as a refresh token.
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
        // The last two include each other, a mistake that must not cause an endless loop.
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
    fn what_is_to_be_set_up_is_what_a_sign_in_asks_for() {
        let source = r#"
Patchbay: 1.0.0
info: {title: Demo, key: demo, version: 1.0.0, description: For a test.}
categories: [documents]
baseUrl: https://demo.example.com
scopeDefinitions: {base: {description: B.}, me: {description: Me.}, read: {description: R.}, write: {description: W.}, more: {description: M.}}
authentication:
  - key: {type: custom, label: Key, configFields: [{key: k, label: K, type: password, required: true, secret: true}],
      authorization: {type: bearer, token: "${credentials.k}"}, testActions: [{action: get_me, required: true}]}
  - sign_in: {type: oauth2, grantType: authorization_code, label: Sign in, requiredScopes: base,
      authorization: {type: oauth2, authorizationUrl: "https://demo.example.com/a", tokenUrl: "https://demo.example.com/t",
        token: "${credentials.accessToken}", scopes: "offline,base,me,read,write", scopeDelimiter: ","},
      testActions: [{action: get_me, required: true}]}
actions:
  - {actionId: get_me, label: One, description: Does it., categories: [documents], actionType: get, requiredScopes: me,
      steps: [{stepId: a, description: A., stepFunction: {functionName: request, parameters: {url: /me}}}]}
  - {actionId: list_things, label: One, description: Does it., categories: [documents], actionType: get, requiredScopes: read,
      steps: [{stepId: a, description: A., stepFunction: {functionName: request, parameters: {url: /me}}}]}
  - {actionId: add_thing, label: One, description: Does it., categories: [documents], actionType: get, requiredScopes: [write, more],
      steps: [{stepId: a, description: A., stepFunction: {functionName: request, parameters: {url: /me}}}]}
"#;
        let file = patchbay_connector::SourceFile { name: "demo.connector.yaml".into(), text: source.to_owned() };
        let loaded = patchbay_connector::load(&[file]);
        let connector = loaded.connector.unwrap_or_else(|| panic!("{:?}", loaded.diagnostics));
        let to_set_up = |method: &str, actions: &[&str]| {
            let ids = actions.iter().map(|id| format!("demo_{id}")).collect();
            scopes_to_set_up(&connector, connector.auth_method(method).unwrap(), &EnabledActions::Only(ids))
        };
        assert_eq!(to_set_up("sign_in", &["list_things"]), ["offline", "base", "me", "read"]);
        assert_eq!(to_set_up("sign_in", &["add_thing"]), ["offline", "base", "me", "write", "more"]);
        assert_eq!(to_set_up("sign_in", &[]), ["offline", "base", "me"], "linking tries the first one");
        assert_eq!(to_set_up("key", &["list_things"]), ["me", "read"]);
        let all = |method| scopes_to_set_up(&connector, connector.auth_method(method).unwrap(), &EnabledActions::All);
        assert_eq!(all("sign_in"), ["offline", "base", "me", "read", "write"]);
        assert_eq!(all("key"), ["me", "more", "read", "write"]);
    }

    #[test]
    fn more_scopes_are_added_to_a_list_as_it_is_parted() {
        let joined = |asked, delimiter| joined(asked, delimiter, owned(&["b", "c"]).into_iter());
        assert_eq!(joined("a  b", None), "a b c");
        assert_eq!(joined("a,b", Some(",")), "a,b,c");
        assert_eq!(joined("a b", Some(",")), "a b c");
        assert_eq!(joined("", Some(",")), "b c");
    }

    #[test]
    fn a_scope_brings_what_it_contains() {
        for (granted, needed, expected) in [
            (&["admin"][..], &["read", "write"][..], &[][..]),
            (&["write"], &["read", "admin"], &["admin"]),
            (&["read"], &["write", "read", "write"], &["write"]),
            (&["a"], &["b"], &[]),
            // The provider reports nothing, or uses other names.
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
            // No enabled action needs `write`; `offline` has another purpose.
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

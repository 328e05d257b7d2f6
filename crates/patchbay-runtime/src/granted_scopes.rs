//! The scopes that a provider granted to an account.

use std::collections::HashSet;

use patchbay_connector::{Connector, definition::FieldMapping};

/// The scopes that the provider granted to an account, and the scopes that they include.
pub(crate) struct GrantedScopes<'a>(Option<HashSet<&'a str>>);

impl<'a> GrantedScopes<'a> {
    /// Expands the scopes that the provider reported. Without a report, every scope counts as granted.
    pub(crate) fn new(connector: &'a Connector, scopes: Option<&'a [String]>) -> Self {
        let Some(scopes) = scopes else { return Self(None) };
        let (mut granted, mut pending) = (HashSet::new(), scopes.iter().map(String::as_str).collect::<Vec<_>>());
        while let Some(scope) = pending.pop() {
            if granted.insert(scope)
                && let Some(definition) = connector.scopes.iter().find(|definition| definition.name == scope)
            {
                pending.extend(definition.includes.iter().map(String::as_str));
            }
        }
        Self(Some(granted))
    }

    /// Grants every scope.
    #[cfg(test)]
    pub(crate) fn all() -> Self {
        Self(None)
    }

    /// Returns true if a mapped field may be read.
    pub(crate) fn allows(&self, field: &FieldMapping) -> bool {
        let Some(granted) = &self.0 else { return true };
        field.required_scopes.iter().all(|scope| granted.contains(scope.as_str()))
    }
}

/// Returns the message about scopes that the provider did not grant, with the instruction for the person who can grant
/// them. `what` is the subject of the sentence: it needs the scopes.
pub fn not_granted(title: &str, what: &str, missing: &[String]) -> String {
    let names = missing.iter().map(|scope| format!("`{scope}`")).collect::<Vec<_>>().join(", ");
    let (scopes, them) = match missing.len() {
        0 => ("more scopes".to_owned(), "the requested scopes"),
        1 => (format!("the scope {names}"), "it"),
        _ => (format!("the scopes {names}"), "them"),
    };
    format!(
        "{what} needs {scopes}, which {title} did not grant to this account; reconnect the account and allow {them}"
    )
}

#[cfg(test)]
mod tests {
    use patchbay_connector::{SourceFile, definition::InputType, load};

    use super::*;

    fn field(scopes: &[&str]) -> FieldMapping {
        FieldMapping {
            target: "a".to_owned(),
            alias: None,
            expression: None,
            values: None,
            kind: InputType::String,
            array: false,
            custom: false,
            hidden: false,
            enum_mapper: None,
            properties: Vec::new(),
            required_scopes: scopes.iter().map(|scope| (*scope).to_owned()).collect(),
        }
    }

    #[test]
    fn a_scope_includes_the_scopes_of_its_definition() {
        let text = r"
Patchbay: 1.0.0
info: {title: Demo, key: demo, version: 1.0.0, description: For a test.}
categories: [documents]
baseUrl: https://demo.example.com
scopeDefinitions: {all: {description: A., includes: people}, people: {description: P., includes: [names]}, names: {description: N.}, salaries: {description: S.}}
authentication:
  - key: {type: custom, label: Key, authorization: {type: none}, configFields: [],
      environments: [{key: production, name: Production}]}
actions:
  - {actionId: get_me, label: One, description: Does it., categories: [documents], actionType: get,
      steps: [{stepId: a, description: A., stepFunction: {functionName: request, parameters: {url: /me}}}]}
";
        let connector =
            load(&[SourceFile { name: "demo.connector.yaml".into(), text: text.to_owned() }]).connector.unwrap();
        let allows = |scopes: Option<&[&str]>, required: &[&str]| {
            let scopes = scopes.map(|scopes| scopes.iter().map(|scope| (*scope).to_owned()).collect::<Vec<_>>());
            GrantedScopes::new(&connector, scopes.as_deref()).allows(&field(required))
        };
        assert!(allows(None, &["salaries"]), "the provider reports no scopes");
        assert!(allows(Some(&["names"]), &[]));
        assert!(allows(Some(&["all"]), &["names", "people"]), "through two steps");
        assert!(!allows(Some(&["all"]), &["names", "salaries"]), "all are needed");
        assert!(!allows(Some(&["people"]), &["all"]), "inclusion has one direction");
        assert!(allows(Some(&["unknown", "salaries"]), &["salaries"]));
    }
}

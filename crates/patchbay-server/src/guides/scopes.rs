//! The scopes that a guide lists.

use std::collections::BTreeSet;

use patchbay_connector::{
    Connector,
    definition::{AuthMethod, Authorization},
};
use patchbay_engine::{needed_scopes, scopes_to_set_up};
use patchbay_model::EnabledActions;

/// The scopes for which a guide is shown.
pub(crate) struct GuideScopes {
    /// A part of a guide that is for some scopes appears if one of them is among these.
    needed: BTreeSet<String>,
    /// The scopes that are listed (`displayScopes`), in order.
    listed: Vec<String>,
    /// Whether they are the scopes of all actions, because the enabled actions are not known.
    of_all: bool,
}

impl GuideScopes {
    /// Returns the scopes that the actions of a profile need.
    pub(crate) fn of(connector: &Connector, method: &AuthMethod, enabled: &EnabledActions) -> Self {
        let listed = scopes_to_set_up(connector, method, enabled);
        let needed = needed_scopes(connector, method, enabled).into_iter().chain(listed.iter().cloned()).collect();
        Self { needed, listed, of_all: false }
    }

    /// Returns the scopes that all actions need, for readers without a profile.
    pub(crate) fn of_all(connector: &Connector, method: &AuthMethod) -> Self {
        Self { of_all: true, ..Self::of(connector, method, &EnabledActions::All) }
    }

    /// Returns the scopes that these actions need, by their public or local ids.
    pub(crate) fn of_actions(connector: &Connector, method: &AuthMethod, actions: &[String]) -> Self {
        let named = connector
            .actions
            .iter()
            .filter(|action| actions.iter().any(|wanted| *wanted == action.id || *wanted == action.public_id));
        let enabled = EnabledActions::Only(named.map(|action| action.public_id.clone()).collect());
        Self::of(connector, method, &enabled)
    }

    /// Returns these scopes, without those that the connector does not know: anyone can write a link to a guide, and its
    /// words must not appear in the page.
    pub(crate) fn named(connector: &Connector, method: &AuthMethod, mut scopes: Vec<String>) -> Self {
        let Self { needed: known, .. } = Self::of(connector, method, &EnabledActions::All);
        let is_known = |name: &String| known.contains(name) || connector.scopes.iter().any(|scope| scope.name == *name);
        scopes.retain(is_known);
        Self { needed: scopes.iter().cloned().collect(), listed: scopes, of_all: false }
    }

    /// Returns true if a part of a guide for these scopes is shown. A part that names no scopes is always shown.
    pub(super) fn show(&self, applicable: &[String]) -> bool {
        applicable.is_empty() || applicable.iter().any(|scope| self.needed.contains(scope))
    }

    /// Returns the scopes with their descriptions.
    pub(super) fn described(&self, connector: &Connector, method: &AuthMethod) -> ListedScopes {
        let description = |name: &String| {
            let definition = connector.scopes.iter().find(|scope| scope.name == *name);
            definition.map(|scope| scope.description.clone()).unwrap_or_default()
        };
        let delimiter = match &method.authorization {
            Authorization::OAuth2(oauth2) => oauth2.scope_delimiter.as_deref(),
            _ => None,
        };
        let note = match (self.listed.is_empty(), self.of_all) {
            // A provider without scopes has nothing to say about them.
            (true, _) => (!connector.scopes.is_empty()).then(|| "No scopes are needed.".to_owned()),
            (false, true) => Some(format!(
                "These scopes are for all actions of {}. A connector profile that allows fewer actions needs fewer scopes.",
                connector.title
            )),
            (false, false) => None,
        };
        ListedScopes {
            scopes: self.listed.iter().map(|name| (name.clone(), description(name))).collect(),
            copy: (!self.listed.is_empty()).then(|| self.listed.join(delimiter.unwrap_or(" "))),
            is_pasted: method.is_interactive(),
            note,
        }
    }

    /// Returns the query with which the guide's own page shows these scopes; empty if they are not limited, or if the
    /// connector has none.
    pub(super) fn query(&self, connector: &Connector, enabled: &EnabledActions) -> String {
        if matches!(enabled, EnabledActions::All) || connector.scopes.is_empty() {
            return String::new();
        }
        let scopes = self.listed.join(",");
        format!("?{}", url::form_urlencoded::Serializer::new(String::new()).append_pair("scopes", &scopes).finish())
    }
}

/// Scopes, for a step that lists them.
pub(crate) struct ListedScopes {
    /// The scopes, each with its description.
    pub(crate) scopes: Vec<(String, String)>,
    /// All of them in one string, with the provider's delimiter.
    pub(crate) copy: Option<String>,
    /// Whether the list can be pasted at the provider, when a client is set up.
    pub(crate) is_pasted: bool,
    /// A remark on the list.
    pub(crate) note: Option<String>,
}

impl ListedScopes {
    /// Returns the list as Markdown; empty without scopes.
    pub(super) fn to_markdown(&self) -> String {
        let items = self.scopes.iter().map(|(scope, description)| match description.as_str() {
            "" => format!("- `{scope}`\n"),
            description => format!("- `{scope}`: {description}\n"),
        });
        let copy = self.copy.iter().filter(|_| self.is_pasted);
        let copy = copy.map(|copy| format!("\nAll scopes, to copy:\n\n```text\n{copy}\n```\n"));
        items.chain(copy).chain(self.note.iter().map(|note| format!("\n{note}\n"))).collect()
    }
}

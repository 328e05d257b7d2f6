//! The scopes that a guide speaks of.

use std::collections::BTreeSet;

use patchbay_connector::{
    Connector,
    definition::{AuthMethod, Authorization},
};
use patchbay_engine::{needed_scopes, scopes_to_set_up};
use patchbay_model::EnabledActions;

/// Which scopes are in play.
pub(crate) struct GuideScopes {
    /// Parts of a guide that are for some scopes appear where one of these is among them.
    needed: BTreeSet<String>,
    /// Those that are listed (`displayScopes`), in order.
    listed: Vec<String>,
    /// Whether they are every action's, because nobody said which are enabled.
    of_all: bool,
}

impl GuideScopes {
    /// What the actions of a profile need.
    pub(crate) fn of(connector: &Connector, method: &AuthMethod, enabled: &EnabledActions) -> Self {
        let listed = scopes_to_set_up(connector, method, enabled);
        let needed = needed_scopes(connector, method, enabled).into_iter().chain(listed.iter().cloned()).collect();
        Self { needed, listed, of_all: false }
    }

    /// What all actions need, for readers of whom no profile is known.
    pub(crate) fn of_all(connector: &Connector, method: &AuthMethod) -> Self {
        Self { of_all: true, ..Self::of(connector, method, &EnabledActions::All) }
    }

    /// What these actions need, by their public or local ids.
    pub(crate) fn of_actions(connector: &Connector, method: &AuthMethod, actions: &[String]) -> Self {
        let named = connector
            .actions
            .iter()
            .filter(|action| actions.iter().any(|wanted| *wanted == action.id || *wanted == action.public_id));
        let enabled = EnabledActions::Only(named.map(|action| action.public_id.clone()).collect());
        Self::of(connector, method, &enabled)
    }

    /// These.
    pub(crate) fn named(scopes: Vec<String>) -> Self {
        Self { needed: scopes.iter().cloned().collect(), listed: scopes, of_all: false }
    }

    /// Whether a part of a guide is shown that is for these scopes; one for none in particular always is.
    pub(super) fn show(&self, applicable: &[String]) -> bool {
        applicable.is_empty() || applicable.iter().any(|scope| self.needed.contains(scope))
    }

    /// The scopes with what they let one do.
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
            (true, _) => Some("None in particular.".to_owned()),
            (false, true) => Some(format!(
                "These are for all actions of {}. A connector profile that allows fewer of them needs fewer: it lists its own.",
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

    /// What leads a guide's own page to the same scopes; nothing where they are not narrowed.
    pub(super) fn query(&self, enabled: &EnabledActions) -> String {
        match enabled {
            EnabledActions::All => String::new(),
            EnabledActions::Only(_) => {
                let scopes = self.listed.join(",");
                format!(
                    "?{}",
                    url::form_urlencoded::Serializer::new(String::new()).append_pair("scopes", &scopes).finish()
                )
            }
        }
    }
}

/// Scopes, for a step that lists them.
#[derive(Default)]
pub(crate) struct ListedScopes {
    /// (scope, what it lets one do)
    pub(crate) scopes: Vec<(String, String)>,
    /// All of them, parted as the provider parts them.
    pub(crate) copy: Option<String>,
    /// Whether providers take such a list: where an app is set up for sign-ins.
    pub(crate) is_pasted: bool,
    /// What is to be known of the list.
    pub(crate) note: Option<String>,
}

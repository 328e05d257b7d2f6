//! Connector profiles: a project's configuration of one connector and one of its authentication methods.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::{Metadata, ProfileId, ProjectId, Sealed, Timestamp};

/// The actions of the connector that a profile allows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EnabledActions {
    /// All actions, including those that a later version adds.
    All,
    /// Only these actions, by their public id (`spotdraft_list_contracts`).
    Only(BTreeSet<String>),
}

impl EnabledActions {
    /// Returns whether the action with this public id may run.
    pub fn allows(&self, action: &str) -> bool {
        match self {
            Self::All => true,
            Self::Only(actions) => actions.contains(action),
        }
    }
}

/// The provider rejects the OAuth client's own credentials (`invalid_client`, RFC 6749 section 5.2). It affects every
/// account of the profile; the accounts' own credentials may still be valid.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProfileAlarm {
    /// A stable code, for machines.
    pub code: String,
    /// The provider's message and what to do, for people.
    pub message: String,
    /// When it was raised.
    pub since: Timestamp,
}

/// A project's configuration of one connector and one of its authentication methods.
#[derive(Clone, Debug, PartialEq)]
pub struct Profile {
    /// Its id, a UUID.
    pub id: ProfileId,
    /// The project it belongs to.
    pub project_id: ProjectId,
    /// Its display name.
    pub name: String,
    /// The connector's key.
    pub connector: String,
    /// The key of the connector's authentication method that it uses.
    pub auth_config_key: String,
    /// The provider's environment.
    pub environment: String,
    /// The version pin (`latest`, `1.x.x`, `1.2.x`, `1.2.0`); none means `latest`.
    pub version_pin: Option<String>,
    /// Whether accounts can be linked and calls run. If false, calls of its accounts return 412.
    pub active: bool,
    /// Whether a session that names only the connector uses this profile.
    pub default: bool,
    /// The actions it allows.
    pub enabled_actions: EnabledActions,
    /// The values of its setup fields that are not secret.
    pub setup_information: Metadata,
    /// The values of its secret setup fields, each sealed for this project, profile and field.
    pub secrets: BTreeMap<String, Sealed>,
    /// The alarm while the provider rejects the OAuth client. It ends when the provider accepts the client again or the
    /// setup values change.
    pub alarm: Option<ProfileAlarm>,
    /// When it was created.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_empty_list_allows_nothing() {
        let listed = EnabledActions::Only(BTreeSet::from(["spotdraft_list_contracts".to_owned()]));
        assert!(EnabledActions::All.allows("spotdraft_void_contract"));
        assert!(listed.allows("spotdraft_list_contracts"));
        assert!(!listed.allows("spotdraft_list"));
        assert!(!EnabledActions::Only(BTreeSet::new()).allows("spotdraft_list_contracts"));
    }
}

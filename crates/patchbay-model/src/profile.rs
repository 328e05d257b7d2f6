//! Connector profiles: a project's configuration of one connector and one of its authentication methods.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::{Metadata, ProfileId, ProjectId, Sealed, Timestamp};

/// Which of the connector's actions a profile allows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EnabledActions {
    /// All, also those that a later version adds.
    All,
    /// Only these, by their public id (`spotdraft_list_contracts`).
    Only(BTreeSet<String>),
}

impl EnabledActions {
    /// Whether the action with this public id may run.
    pub fn allows(&self, action: &str) -> bool {
        match self {
            Self::All => true,
            Self::Only(actions) => actions.contains(action),
        }
    }
}

/// The provider refuses the app's own credentials: it concerns every account of the profile, and none is to blame.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProfileAlarm {
    /// Stable, for machines.
    pub code: String,
    /// What the provider said and what to do, for a person.
    pub message: String,
    /// Since when.
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
    /// Which authentication method of the connector it uses.
    pub auth_config_key: String,
    /// The provider's environment.
    pub environment: String,
    /// The version pin (`latest`, `1.x.x`, `1.2.x`, `1.2.0`); none follows the latest.
    pub version_pin: Option<String>,
    /// Whether accounts can be linked and calls run; disabled, its accounts answer 412.
    pub active: bool,
    /// Whether a session that names only the connector uses this profile.
    pub default: bool,
    /// The actions it allows.
    pub enabled_actions: EnabledActions,
    /// The values of its set-up fields that are not secret.
    pub setup_information: Metadata,
    /// The values of its secret set-up fields, each sealed for this project, profile and field.
    pub secrets: BTreeMap<String, Sealed>,
    /// What the provider holds against the app, until it takes it again or the set-up values change.
    pub alarm: Option<ProfileAlarm>,
    /// When it was made.
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

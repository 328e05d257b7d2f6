//! The profiles that projects get without the operator's request: one for each connector that needs no setup.

use std::{collections::BTreeSet, sync::Arc};

use patchbay_connector::{Connector, definition::ReleaseStage};
use patchbay_model::{EnabledActions, ProjectId};
use patchbay_storage::ProfileFilter;

use super::Projects;
use crate::{Error, profiles::NewProfile};

/// The record of the connectors for which a project got a profile.
const OFFERED_CONNECTORS_RECORD: &str = "offered_connectors";

impl Projects {
    /// Creates profiles for connectors that are newer than a project.
    pub(crate) async fn offer_new_connectors(&self) -> Result<(), Error> {
        for project in self.list().await? {
            self.offer_connectors(&project.id).await?;
        }
        Ok(())
    }

    /// Creates an active default profile for each connector that is generally available (`ga`), needs no setup and did not
    /// get one before: a profile that the operator deleted is not created again.
    pub(super) async fn offer_connectors(&self, project: &ProjectId) -> Result<(), Error> {
        let record = format!("{OFFERED_CONNECTORS_RECORD}:{project}");
        let stored = self.storage.meta().get(&record).await?;
        let mut offered: BTreeSet<String> =
            stored.and_then(|bytes| serde_json::from_slice(&bytes).ok()).unwrap_or_default();
        let state = self.connectors.state();
        let registry = state.instance();
        let is_new = |connector: &&Arc<Connector>| {
            // Operators create the profiles of beta connectors and of their own pushed connectors themselves.
            let is_own = state
                .project_connectors(project)
                .is_some_and(|project_connectors| project_connectors.versions(&connector.key).is_some());
            !is_own && !offered.contains(&connector.key)
        };
        let new = registry.of_stage(ReleaseStage::Ga).filter(is_new).cloned().collect::<Vec<_>>();
        if new.is_empty() {
            return Ok(());
        }
        for connector in new {
            let ready =
                connector.authentication.iter().find(|method| method.setup_fields.iter().all(|field| !field.required));
            let filter = ProfileFilter { connector: Some(connector.key.clone()), active: None, page: 1, page_size: 1 };
            let has_one = self.storage.profiles().list(project, &filter).await?.total > 0;
            if let (Some(method), false) = (ready, has_one) {
                self.profiles
                    .add(
                        project,
                        NewProfile {
                            connector: connector.key.clone(),
                            name: None,
                            auth_config_key: Some(method.key.clone()),
                            environment: None,
                            version_pin: None,
                            active: true,
                            default: true,
                            enabled_actions: EnabledActions::All,
                            setup: Vec::new(),
                        },
                    )
                    .await?;
            }
            offered.insert(connector.key.clone());
        }
        let bytes = serde_json::to_vec(&offered).unwrap_or_default();
        Ok(self.storage.meta().set(&record, &bytes).await?)
    }
}

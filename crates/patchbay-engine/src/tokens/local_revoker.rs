//! Revokes the credentials of an account that is not stored, for recorded tests.

use std::collections::BTreeMap;

use async_trait::async_trait;
use patchbay_model::{EnabledActions, Metadata, Owner, Profile, ProfileId, ProjectId, Timestamp};
use patchbay_runtime::{
    Revocation, RuntimeConfig,
    local_runner::{LocalAccount, LocalRunner, OpenAccount},
    recorded_tests::Revoker,
};

use super::{revoke::revoke, token_context::TokenContext, token_request::TokenClient};
use crate::{Error, NoRoutes};

/// The id of the project, profile and owner of an account that is not stored.
const LOCAL_ID: &str = "local";

/// Revokes credentials as the deletion of a stored account does.
#[derive(Default)]
pub struct LocalRevoker {
    config: RuntimeConfig,
}

#[async_trait]
impl Revoker for LocalRevoker {
    async fn revoke(&self, runner: &LocalRunner, account: LocalAccount<'_>) -> Result<Revocation, Error> {
        let OpenAccount { connector, method, environment, credentials } = account.open()?;
        let owner = Owner { id: LOCAL_ID.to_owned(), name: LOCAL_ID.to_owned(), username: None };
        let never = Timestamp::from_micros(0);
        let profile = Profile {
            id: ProfileId::new(LOCAL_ID),
            project_id: ProjectId::new(LOCAL_ID),
            name: connector.title.clone(),
            connector: connector.key.clone(),
            auth_config_key: method.key.clone(),
            environment,
            version_pin: None,
            active: true,
            default: true,
            enabled_actions: EnabledActions::All,
            setup_information: Metadata::new(),
            secrets: BTreeMap::new(),
            alarm: None,
            created_at: never,
            updated_at: never,
        };
        let token_context = TokenContext::of_local(connector, method, &profile, &owner, &credentials);
        let client = TokenClient { host: runner.host(), config: self.config, urls: &NoRoutes };
        revoke(client, &token_context, self.config.deadline()).await
    }
}

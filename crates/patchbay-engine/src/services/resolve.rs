//! Resolves an account id to everything that a call needs, from the cache if possible.

use std::sync::Arc;

use patchbay_connector::{Connector, definition::AuthMethod};
use patchbay_model::{Account, AccountId, AccountStatus, Profile, ProjectId};
use patchbay_vault::Vault;

use super::revocation::revoked;
use crate::{Engine, Error, ErrorCode, accounts::credentials::CredentialSet};
use patchbay_runtime::Credentials;

/// An account that calls may use, with its profile and connector.
pub(crate) struct ResolvedAccount {
    /// The account.
    pub(crate) account: Arc<Account>,
    /// Its profile.
    pub(crate) profile: Arc<Profile>,
    /// Its connector.
    pub(crate) connector: Arc<Connector>,
    auth_index: usize,
}

impl ResolvedAccount {
    /// Returns the account's authentication method.
    pub(crate) fn method(&self) -> &AuthMethod {
        &self.connector.authentication[self.auth_index]
    }

    /// Opens the account's field values for one call. Plaintexts are never cached.
    pub(crate) fn credentials(&self, vault: &Vault) -> Result<Credentials, Error> {
        CredentialSet::stored(&self.account, &self.profile).open(vault)
    }
}

impl Engine {
    /// Returns the account in any status; `AccountNotFoundError` (404), also for an account of another project.
    pub(crate) async fn account(&self, project: &ProjectId, id: &AccountId) -> Result<Arc<Account>, Error> {
        self.account_store.get(project, id).await
    }

    /// Resolves an account for a call; 404 for an account of another project, 412 if the status of the account or its profile
    /// does not allow calls.
    pub(crate) async fn resolve_account(
        &self,
        project: &ProjectId,
        id: &AccountId,
    ) -> Result<Arc<ResolvedAccount>, Error> {
        let account = self.account(project, id).await?;
        let refused = |code, message: String| Err(Error::new(code, message));
        match account.status {
            AccountStatus::Revoked => return Err(revoked()),
            // The token's refresh reports why the account needs to be reconnected.
            AccountStatus::Active | AccountStatus::ReconnectRequired => {}
            AccountStatus::Suspended => {
                return refused(
                    ErrorCode::AccountSuspended,
                    "the account is suspended; resume it before calling".to_owned(),
                );
            }
            AccountStatus::Expired | AccountStatus::Archived => {
                return refused(
                    ErrorCode::AccountExpiredCredentials,
                    "the account's credentials have expired; reconnect the account".to_owned(),
                );
            }
        }
        let profile = self.profile(project, &account.profile_id).await?;
        if !profile.active {
            return Err(profile_disabled(&profile));
        }
        let connector = self.connector_of(&profile).await?;
        let auth_index = method_index(&connector, &account.auth_config_key)?;
        Ok(Arc::new(ResolvedAccount { account, profile, connector, auth_index }))
    }
}

/// Returns 412 `AccountIntegrationInactiveError`.
pub(super) fn profile_disabled(profile: &Profile) -> Error {
    let message = format!("the connector profile `{}` is disabled; enable it before calling", profile.name);
    Error::new(ErrorCode::AccountIntegrationInactive, message)
}

/// Returns the index of an authentication method; `AuthMethodMissingError` (412) if the connector no longer has it.
pub(super) fn method_index(connector: &Connector, key: &str) -> Result<usize, Error> {
    connector.authentication.iter().position(|method| method.key == key).ok_or_else(|| {
        Error::new(
            ErrorCode::AuthMethodMissing,
            format!(
                "{} {} has no authentication method `{key}`; reconnect the account, or pin its profile to a version \
                 that has it",
                connector.title, connector.version
            ),
        )
    })
}

//! Resolves an account id to everything that a call needs, from the cache if possible.

use std::sync::Arc;

use patchbay_connector::{Connector, definition::AuthMethod};
use patchbay_model::{Account, AccountId, AccountStatus, Profile, ProjectId};
use patchbay_vault::Vault;

use super::{credentials::CredentialSet, store::CachedAccounts};
use crate::{
    Error, ErrorCode,
    connector_catalog::{ConnectorCatalog, InstalledConnector, Origin},
    profiles::Profiles,
};
use patchbay_runtime::Credentials;

/// An account that calls may use, with its profile and connector.
pub(crate) struct ResolvedAccount {
    /// The account.
    pub(crate) account: Arc<Account>,
    /// Its profile.
    pub(crate) profile: Arc<Profile>,
    /// Its connector.
    pub(crate) connector: Arc<Connector>,
    /// The owner of the connector.
    pub(crate) connector_origin: Origin,
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

/// Resolves accounts for calls.
pub(crate) struct AccountResolver {
    accounts: Arc<CachedAccounts>,
    profiles: Arc<Profiles>,
    connectors: Arc<ConnectorCatalog>,
}

impl AccountResolver {
    pub(crate) fn new(
        accounts: Arc<CachedAccounts>,
        profiles: Arc<Profiles>,
        connectors: Arc<ConnectorCatalog>,
    ) -> Self {
        Self { accounts, profiles, connectors }
    }

    /// Resolves an account for a call.
    ///
    /// # Errors
    ///
    /// 404 `AccountNotFoundError`, also for an account of another project; 412 if the status of the account or its profile
    /// does not allow calls, or if the connector or the authentication method is missing.
    pub(crate) async fn resolve(&self, project: &ProjectId, id: &AccountId) -> Result<Arc<ResolvedAccount>, Error> {
        let account = self.accounts.get(project, id).await?;
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
        let profile = self.profiles.load(project, &account.profile_id).await?;
        if !profile.active {
            return Err(profile_disabled(&profile));
        }
        let InstalledConnector { connector, origin } = self.connectors.for_profile(&profile).await?;
        let auth_index = method_index(&connector, &account.auth_config_key)?;
        Ok(Arc::new(ResolvedAccount { account, profile, connector, connector_origin: origin, auth_index }))
    }
}

/// Returns 412 `AccountIntegrationInactiveError`.
pub(crate) fn profile_disabled(profile: &Profile) -> Error {
    let message = format!("the connector profile `{}` is disabled; enable it before calling", profile.name);
    Error::new(ErrorCode::AccountIntegrationInactive, message)
}

/// Returns the index of an authentication method; `AuthMethodMissingError` (412) if the connector no longer has it.
pub(crate) fn method_index(connector: &Connector, key: &str) -> Result<usize, Error> {
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

/// Returns `AccountRevokedError` (412).
pub(crate) fn revoked() -> Error {
    Error::new(
        ErrorCode::AccountRevoked,
        "the operator revoked the account, and its credentials are deleted; reconnect the account",
    )
}

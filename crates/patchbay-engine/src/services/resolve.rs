//! Resolves an account id to everything that a call needs, from the cache if possible.

use std::sync::Arc;

use patchbay_connector::{Connector, definition::AuthMethod};
use patchbay_model::{Account, AccountId, AccountStatus, Profile, ProjectId};
use patchbay_vault::{SealContext, Secret, Vault};

use super::revocation::revoked;
use crate::{
    Engine, Error, ErrorCode,
    profiles::{is_previous_client, previous_client, previous_client_id},
    sealed_fields::open_secrets,
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
    auth_index: usize,
}

impl ResolvedAccount {
    /// Returns the account's authentication method.
    pub(crate) fn method(&self) -> &AuthMethod {
        &self.connector.authentication[self.auth_index]
    }

    /// Opens the account's field values for one call. Plaintexts are never cached.
    pub(crate) fn credentials(&self, vault: &Vault) -> Result<Credentials, Error> {
        credentials(vault, &self.account, &self.profile)
    }
}

/// Opens the field values of an account and its profile; those of the account take precedence. If the token was issued to a
/// client that the profile had before, the profile's values are those of that client: no other client can use the token.
pub(crate) fn credentials(vault: &Vault, account: &Account, profile: &Profile) -> Result<Credentials, Error> {
    let project = &account.project_id;
    let app = previous_client(vault, account, profile)?;
    let mut secrets = match &app {
        Some(app) => app.secrets().collect(),
        None => open_secrets(vault, profile.secrets.iter().filter(|(field, _)| !is_previous_client(field)), |field| {
            SealContext::Profile { project, profile: &profile.id, field }
        })?,
    };
    secrets.extend(own_secrets(vault, account)?);
    let shared = app.as_ref().map_or(&profile.setup_information, |app| &app.plain);
    let secrets = secrets.into_iter();
    let credentials = if shared.is_empty() {
        Credentials::from_parts(&account.setup_information, secrets)
    } else {
        let mut plain = shared.clone();
        plain.extend(account.setup_information.clone());
        Credentials::from_parts(&plain, secrets)
    };
    Ok(credentials.with_previous_client(app.as_ref().and(previous_client_id(account, profile))))
}

/// Opens only the field values of the account itself.
pub(crate) fn own_credentials(vault: &Vault, account: &Account) -> Result<Credentials, Error> {
    Ok(Credentials::from_parts(&account.setup_information, own_secrets(vault, account)?.into_iter()))
}

fn own_secrets<'a>(vault: &Vault, account: &'a Account) -> Result<Vec<(&'a str, Secret)>, Error> {
    let project = &account.project_id;
    open_secrets(vault, &account.secrets, |field| SealContext::Account { project, account: &account.id, field })
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
            return refused(
                ErrorCode::AccountIntegrationInactive,
                format!("the connector profile `{}` is disabled; enable it before calling", profile.name),
            );
        }
        let connector = self.connector_of(&profile).await?;
        let auth_index = method_index(&connector, &account.auth_config_key)?;
        Ok(Arc::new(ResolvedAccount { account, profile, connector, auth_index }))
    }
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

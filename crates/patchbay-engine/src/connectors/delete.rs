//! Deletes a pushed version, unless profiles or accounts need it.

use std::sync::Arc;

use patchbay_connector::{Connector, VersionPin};
use patchbay_model::{ApiScope, ConnectorVersion, Profile, ProjectId};
use patchbay_storage::{AccountFilter, StorageError};

use super::{Connectors, missing};
use crate::{Caller, Error, ErrorCode, connector_catalog::Resolution};

impl Connectors {
    /// Deletes a version that the project pushed, and returns it.
    ///
    /// # Errors
    ///
    /// 409 `ConnectorVersionPinnedError` if a profile is pinned to exactly this version; 409 `ConnectorInUseError` if accounts
    /// would have no connector; 404 `ConnectorVersionNotFoundError`.
    pub async fn delete(
        self: &Arc<Self>,
        caller: &Caller,
        key: &str,
        version: &str,
    ) -> Result<ConnectorVersion, Error> {
        caller.require(ApiScope::ConnectorsWrite)?;
        let (connectors, project) = (Arc::clone(self), caller.project_id.clone());
        let (key, version) = (key.to_owned(), version.to_owned());
        self.changes
            .run_to_completion(async move {
                // While the lock is held, no pin is set and no account is linked.
                let _catalog_lock = connectors.catalog.change_lock.write().await;
                connectors.delete_locked(&project, &key, &version).await
            })
            .await
    }

    async fn delete_locked(&self, project: &ProjectId, key: &str, version: &str) -> Result<ConnectorVersion, Error> {
        self.catalog.refresh_before_change(project).await?;
        let state = self.catalog.state();
        let Some(project_connectors) = state.project_connectors(project) else {
            return Err(self.not_pushed(project, key, version));
        };
        if !project_connectors.versions(key).is_some_and(|all| all.iter().any(|pushed| pushed.info.version == version))
        {
            return Err(self.not_pushed(project, key, version));
        }
        let after = state.with_project(project, project_connectors.without(key, version));
        for profile in self.profiles.all(project, Some(key), None).await? {
            let pin = profile.version_pin.as_deref();
            if pin == Some(version) {
                return Err(pinned(&profile, key, version));
            }
            let left = match after.resolve(project, key, pin) {
                Some(resolution) => self.catalog.install(&resolution).await?.ok().map(|installed| installed.connector),
                None => None,
            };
            let serves = |connector: &Arc<Connector>| connector.auth_method(&profile.auth_config_key).is_some();
            if left.as_ref().is_some_and(serves) {
                continue;
            }
            let filter = AccountFilter {
                profile_ids: vec![profile.id.clone()],
                page: 1,
                page_size: 1,
                ..AccountFilter::default()
            };
            let accounts = self.storage.accounts().list(project, &filter).await?.total;
            if accounts > 0 {
                return Err(in_use(&profile, key, accounts));
            }
        }
        let deleted = match self.storage.connectors().delete(project, key, version).await {
            // Another server has pinned a profile in the meantime.
            Err(StorageError::Conflict(why)) => {
                let profiles = self.profiles.all(project, Some(key), None).await?;
                let holder = profiles.iter().find(|profile| profile.version_pin.as_deref() == Some(version));
                return Err(
                    holder.map_or_else(|| StorageError::Conflict(why).into(), |profile| pinned(profile, key, version))
                );
            }
            deleted => deleted?,
        };
        self.catalog.replace_project(project, project_connectors.without(key, version));
        deleted.ok_or_else(|| missing(key, Some(version)))
    }

    /// Creates the 404 error, or 409 `ConnectorBuiltInError` if the version belongs to the instance.
    fn not_pushed(&self, project: &ProjectId, key: &str, version: &str) -> Error {
        let known = self.catalog.state().versions(project, key);
        let is_instances = known
            .iter()
            .any(|resolution| matches!(resolution, Resolution::Instance(_)) && resolution.version() == version);
        if version.parse::<VersionPin>().is_ok() && is_instances {
            return Error::new(
                ErrorCode::ConnectorBuiltIn,
                format!("{key} {version} belongs to the instance, not to the project; disable its profiles instead"),
            );
        }
        missing(key, Some(version))
    }
}

fn pinned(profile: &Profile, key: &str, version: &str) -> Error {
    let message = format!(
        "the connector profile `{}` ({}) is pinned to {key} {version}; change its pin (connector_pinned_version) or delete \
         the profile first",
        profile.name, profile.id
    );
    Error::new(ErrorCode::ConnectorVersionPinned, message)
}

fn in_use(profile: &Profile, key: &str, accounts: u64) -> Error {
    let noun = if accounts == 1 { "account" } else { "accounts" };
    let message = format!(
        "{accounts} {noun} of the connector profile `{}` ({}) would be left without a version of {key}; push another \
         version that its pin ({}) accepts, or delete the accounts first",
        profile.name,
        profile.id,
        profile.version_pin.as_deref().unwrap_or("latest")
    );
    Error::new(ErrorCode::ConnectorInUse, message)
}

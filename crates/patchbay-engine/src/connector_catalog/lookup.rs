//! Finds the connector for a project, a key and a version pin.

use std::sync::Arc;

use patchbay_connector::{Connector, Registry, nearest};
use patchbay_model::{Profile, ProjectId};

use super::{ConnectorCatalog, InstalledConnector, Origin, PushedVersion, Resolution};
use crate::{Error, ErrorCode, Field, validation::invalid_at};

impl ConnectorCatalog {
    /// Returns the connectors of the instance: built-in ones, and those of the operator's directory. Pushed connectors are not
    /// included.
    pub fn instance(&self) -> Arc<Registry> {
        self.state().instance().clone()
    }

    /// Returns the connector of a profile and its origin; none if no installed version matches the pin, if this version of
    /// Patchbay cannot run it, or if it was changed in the database.
    ///
    /// # Errors
    ///
    /// Errors of the storage.
    pub async fn find_for_profile(&self, profile: &Profile) -> Result<Option<InstalledConnector>, Error> {
        match self.resolve_for(profile) {
            Some(resolution) => self.shown(&resolution).await,
            None => Ok(None),
        }
    }

    /// Returns the connectors that a project can use: the latest version of each key.
    ///
    /// # Errors
    ///
    /// Errors of the storage.
    pub async fn of_project(&self, project: &ProjectId) -> Result<Arc<Registry>, Error> {
        let state = self.state();
        let Some(project_connectors) = state.project_connectors(project) else { return Ok(state.instance().clone()) };
        let view = project_connectors.view.get_or_try_init(|| async {
            let mut view = (**state.instance()).clone();
            for (key, pushed) in project_connectors.latest() {
                view = match self.shown(&Resolution::Pushed(pushed.clone())).await? {
                    Some(installed) => view.with(installed.connector),
                    // The instance's connector does not replace the version that the project pushed, and neither a version
                    // with errors nor a damaged one makes the other connectors unusable.
                    None => view.without(key),
                };
            }
            Ok::<_, Error>(Arc::new(view))
        });
        view.await.cloned()
    }

    /// Returns the connector of a profile, with its owner.
    ///
    /// # Errors
    ///
    /// 412 `ConnectorMissingError` or `ConnectorVersionMissingError` with the remedy if there is none.
    pub(crate) async fn for_profile(&self, profile: &Profile) -> Result<InstalledConnector, Error> {
        let mut resolution = self.resolve_for(profile);
        if resolution.is_none() && self.is_shared() {
            // Another server may have stored it just now.
            self.refresh(&profile.project_id).await?;
            resolution = self.resolve_for(profile);
        }
        self.resolved(profile, resolution).await
    }

    /// Returns the connector of a profile, for a caller that holds `change_lock`: it found the connector before, and does not look
    /// whether another server has stored it, which would wait for the lock.
    ///
    /// # Errors
    ///
    /// Those of [`ConnectorCatalog::for_profile`].
    pub(crate) async fn for_profile_locked(&self, profile: &Profile) -> Result<InstalledConnector, Error> {
        self.resolved(profile, self.resolve_for(profile)).await
    }

    /// Returns the owner of the connector of a profile; none if it is not installed.
    pub(crate) fn origin_for_profile(&self, profile: &Profile) -> Option<Origin> {
        self.resolve_for(profile).map(|resolution| resolution.origin())
    }

    fn resolve_for(&self, profile: &Profile) -> Option<Resolution> {
        self.resolve(&profile.project_id, &profile.connector, profile.version_pin.as_deref())
    }

    async fn resolved(&self, profile: &Profile, resolution: Option<Resolution>) -> Result<InstalledConnector, Error> {
        let (key, pin) = (&profile.connector, profile.version_pin.as_deref());
        let refused = |code, message: String| Error::new(code, message);
        let Some(resolution) = resolution else {
            let others = self.state().versions(&profile.project_id, key);
            if others.is_empty() {
                let message = format!(
                    "the connector `{key}` is not installed; push it again, or see the server's log if it should be there"
                );
                return Err(refused(ErrorCode::ConnectorMissing, message));
            }
            let others = others.iter().map(Resolution::version).collect::<Vec<_>>().join(", ");
            return Err(refused(
                ErrorCode::ConnectorVersionMissing,
                format!(
                    "the connector profile `{}` is pinned to {} of `{key}`, and there is only {others}; change its pin \
                     (connector_pinned_version), or push the version",
                    profile.name,
                    pin.unwrap_or("latest"),
                ),
            ));
        };
        match self.install(&resolution).await? {
            Ok(installed) => Ok(installed),
            Err(pushed) => Err(refused(
                ErrorCode::ConnectorMissing,
                format!(
                    "this version of Patchbay cannot run {} {}: it has errors (GET /connectors/{}/versions/{} lists them); \
                     push a version without them",
                    pushed.info.key, pushed.info.version, pushed.info.key, pushed.info.version
                ),
            )),
        }
    }

    /// Returns the connector of a resolution for a view of it; none if it cannot run. One damaged version must not hide the
    /// records that are shown with it.
    ///
    /// # Errors
    ///
    /// Errors of the storage.
    pub(crate) async fn shown(&self, resolution: &Resolution) -> Result<Option<InstalledConnector>, Error> {
        match self.install(resolution).await {
            Ok(installed) => Ok(installed.ok()),
            Err(error) if error.code == ErrorCode::Vault => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Returns the connector of a resolution, or the pushed version itself if it has errors.
    pub(crate) async fn install(
        &self,
        resolution: &Resolution,
    ) -> Result<Result<InstalledConnector, Arc<PushedVersion>>, Error> {
        Ok(match resolution {
            Resolution::Instance(connector) => {
                Ok(InstalledConnector { connector: connector.clone(), origin: Origin::Instance })
            }
            Resolution::Pushed(pushed) => match pushed.connector(self).await? {
                Ok(connector) => Ok(InstalledConnector { connector, origin: Origin::Project }),
                Err(_) => Err(pushed.clone()),
            },
        })
    }

    /// Returns the connector with this key.
    ///
    /// # Errors
    ///
    /// 400 `ValidationError` with the nearest key if there is none.
    pub(crate) async fn known(&self, project: &ProjectId, key: &str) -> Result<Arc<Connector>, Error> {
        let registry = self.of_project(project).await?;
        registry.get(key).cloned().ok_or_else(|| {
            let shown: String = key.chars().filter(|c| !c.is_control()).take(64).collect();
            let near = nearest(&shown, registry.keys());
            let hint = near.map_or_else(String::new, |near| format!("; did you mean `{near}`?"));
            invalid_at(Field::Connector, "unknown_connector", format!("unknown connector `{shown}`{hint}"))
        })
    }
}

//! Reloads the instance's connectors while calls continue.

use patchbay_connector::Registry;
use patchbay_model::ApiScope;

use super::Connectors;
use crate::{Caller, Error, ErrorCode, connector_catalog::SourceRead};

/// The result of a reload.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Reloaded {
    /// The keys of new connectors.
    pub added: Vec<String>,
    /// The keys of changed connectors.
    pub changed: Vec<String>,
    /// The keys of removed connectors.
    pub removed: Vec<String>,
    /// The folders with errors.
    pub refused: Vec<String>,
    /// The rejected folders whose last valid version stays in use.
    pub kept: Vec<String>,
    /// The diagnostics, rendered for a person; empty without errors.
    pub report: String,
}

impl Connectors {
    /// Reloads the instance's connectors for a caller with the scope `connectors:write`.
    ///
    /// # Errors
    ///
    /// 403 `MissingScopeError`; as [`Connectors::reload_instance`].
    pub async fn reload(&self, caller: &Caller) -> Result<Reloaded, Error> {
        caller.require(ApiScope::ConnectorsWrite)?;
        self.reload_instance().await
    }

    /// Reloads the instance's connectors. Afterwards the valid connectors are in use; for an invalid one, its last valid
    /// version stays in use.
    ///
    /// # Errors
    ///
    /// 409 `ConnectorSourceError` if the source cannot be read; nothing changes then.
    pub async fn reload_instance(&self) -> Result<Reloaded, Error> {
        let Some(source) = self.source.clone() else { return Ok(Reloaded::default()) };
        let catalog = self.catalog.clone();
        let reloaded = self
            .changes
            .run_to_completion(async move {
                let _catalog_lock = catalog.change_lock.write().await;
                let stopped = || "the reload was interrupted".to_owned();
                let read = tokio::task::spawn_blocking(move || source.read()).await;
                let read = read.unwrap_or_else(|_| Err(stopped()));
                let SourceRead { registry, report, refused, kept } = read.map_err(|why| {
                    let message = format!("the connectors could not be reloaded, so nothing changed: {why}");
                    Error::new(ErrorCode::ConnectorSource, message)
                })?;
                let before = catalog.instance();
                let mut reloaded = differences(&before, &registry);
                (reloaded.refused, reloaded.kept, reloaded.report) = (refused, kept, report);
                catalog.replace_instance(registry);
                Ok::<_, Error>(reloaded)
            })
            .await?;
        // A new connector gets a profile in every project, as at the start.
        self.projects.offer_new_connectors().await?;
        Ok(reloaded)
    }
}

fn differences(before: &Registry, after: &Registry) -> Reloaded {
    let (came, stayed): (Vec<&str>, Vec<&str>) = after.keys().partition(|key| !before.contains(key));
    let owned = |keys: Vec<&str>| keys.into_iter().map(str::to_owned).collect();
    Reloaded {
        added: owned(came),
        changed: owned(stayed.into_iter().filter(|key| !before.shares(after, key)).collect()),
        removed: owned(before.keys().filter(|key| !after.contains(key)).collect()),
        ..Reloaded::default()
    }
}

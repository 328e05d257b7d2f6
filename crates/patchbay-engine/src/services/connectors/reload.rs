//! Reading the instance's connectors again, while calls go on.

use patchbay_connector::Registry;
use patchbay_model::ApiScope;

use super::super::{Caller, Engine};
use crate::{Error, ErrorCode, connector_catalog::SourceRead};

/// What came of reading them again.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Reloaded {
    /// The keys that are new.
    pub added: Vec<String>,
    /// The keys whose connector is another one than before.
    pub changed: Vec<String>,
    /// The keys that are no more.
    pub removed: Vec<String>,
    /// The folders with errors.
    pub refused: Vec<String>,
    /// Those of them whose last good version stays in use.
    pub kept: Vec<String>,
    /// What is wrong, rendered for a person; empty when all is well.
    pub report: String,
}

impl Engine {
    /// Reads the instance's connectors again, for a caller who may push some.
    pub async fn reload_connectors(&self, caller: &Caller) -> Result<Reloaded, Error> {
        caller.require(ApiScope::ConnectorsWrite)?;
        self.reload_instance().await
    }

    /// The same for whoever runs the process. The good ones are in use when this is done; a bad one leaves its last
    /// good version in use. 409 `ConnectorSourceError` when nothing can be read: nothing is changed then.
    pub async fn reload_instance(&self) -> Result<Reloaded, Error> {
        let Some(source) = self.parts().source.clone() else { return Ok(Reloaded::default()) };
        let engine = self.clone();
        let reloaded = self
            .run_to_completion(async move {
                let _catalog_lock = engine.connector_catalog().change_lock.write().await;
                let stopped = || "reading them stopped half-way".to_owned();
                let read = tokio::task::spawn_blocking(move || source.read()).await;
                let read = read.unwrap_or_else(|_| Err(stopped()));
                let SourceRead { registry, report, refused, kept } = read.map_err(|why| {
                    let message = format!("the connectors could not be read again, so that nothing was changed: {why}");
                    Error::new(ErrorCode::ConnectorSource, message)
                })?;
                let before = engine.registry();
                let mut reloaded = differences(&before, &registry);
                (reloaded.refused, reloaded.kept, reloaded.report) = (refused, kept, report);
                engine.connector_catalog().replace_instance(registry);
                Ok::<_, Error>(reloaded)
            })
            .await?;
        // A connector that came gets a profile in every project, as at the start.
        self.offer_new_connectors().await?;
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

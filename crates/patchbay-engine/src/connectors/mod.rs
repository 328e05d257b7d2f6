//! The connectors of a project: list, read, push and delete them, and reload those of the instance.

use std::sync::Arc;

use patchbay_connector::{Connector, Diagnostic, SourceFile, VersionPin};
use patchbay_model::{ApiScope, Clock, ConnectorVersion};
use patchbay_storage::Storage;
use patchbay_vault::Vault;

use crate::{
    Caller, ConnectorSource, EngineParts, Error, ErrorCode, Field, Page,
    changes::Changes,
    connector_catalog::{ConnectorCatalog, InstalledConnector, Origin, Resolution},
    profiles::Profiles,
    projects::Projects,
    row_seals::check_files,
    validation::{check_page, invalid_at},
};

mod delete;
mod push;
mod reload;

pub use push::PushOutcome;
pub use reload::Reloaded;

/// A query for connectors.
#[derive(Clone, Copy, Debug)]
pub struct ConnectorQuery {
    /// Only connectors of the instance, or only those of the project.
    pub origin: Option<Origin>,
    /// The page, from 1.
    pub page: u32,
    /// Connectors on a page, 1 to 100.
    pub page_size: u32,
}

/// A connector with its versions, as a project sees it.
#[derive(Clone, Debug)]
pub struct ConnectorEntry {
    /// Its key.
    pub key: String,
    /// Its latest version; `None` if this version of Patchbay cannot run it.
    pub connector: Option<Arc<Connector>>,
    /// The owner of the latest version: instance or project.
    pub origin: Origin,
    /// Every version: those of the project, newest first, then that of the instance.
    pub versions: Vec<VersionEntry>,
}

/// A version of a connector.
#[derive(Clone, Debug)]
pub struct VersionEntry {
    /// Its number.
    pub version: String,
    /// Its owner: instance or project.
    pub origin: Origin,
    /// True if `latest`, and a profile without a pin, select it.
    pub is_latest: bool,
    /// The metadata of a pushed version.
    pub pushed: Option<ConnectorVersion>,
}

/// A version with its files.
#[derive(Clone, Debug)]
pub struct VersionFiles {
    /// The connector's key.
    pub key: String,
    /// The version.
    pub entry: VersionEntry,
    /// Its files, by name.
    pub files: Vec<SourceFile>,
    /// The diagnostics of this version of Patchbay; empty if it can run the connector.
    pub diagnostics: Vec<Diagnostic>,
}

/// The connectors of a project: those of the instance and those that it pushed.
pub struct Connectors {
    storage: Arc<dyn Storage>,
    vault: Arc<Vault>,
    clock: Arc<dyn Clock>,
    source: Option<Arc<dyn ConnectorSource>>,
    catalog: Arc<ConnectorCatalog>,
    profiles: Arc<Profiles>,
    projects: Arc<Projects>,
    changes: Changes,
}

impl Connectors {
    pub(crate) fn new(
        parts: &EngineParts,
        catalog: Arc<ConnectorCatalog>,
        profiles: Arc<Profiles>,
        projects: Arc<Projects>,
        changes: Changes,
    ) -> Self {
        Self {
            storage: parts.storage.clone(),
            vault: parts.vault.clone(),
            clock: parts.clock.clone(),
            source: parts.source.clone(),
            catalog,
            profiles,
            projects,
            changes,
        }
    }

    /// Lists a page of the connectors that the project can use, ordered by key.
    ///
    /// # Errors
    ///
    /// 403 `MissingScopeError` if the caller lacks `connectors:read`; 400 `ValidationError` for an invalid page.
    pub async fn list(&self, caller: &Caller, query: ConnectorQuery) -> Result<Page<ConnectorEntry>, Error> {
        caller.require(ApiScope::ConnectorsRead)?;
        check_page(query.page, query.page_size)?;
        let mut all = self.catalog.state().latest(&caller.project_id);
        if let Some(wanted) = query.origin {
            all.retain(|_, latest| latest.origin() == wanted);
        }
        let total = u64::try_from(all.len()).unwrap_or(u64::MAX);
        let size = usize::try_from(query.page_size).unwrap_or(usize::MAX);
        let before = usize::try_from(query.page - 1).unwrap_or(usize::MAX).saturating_mul(size);
        let mut items = Vec::new();
        for (key, latest) in all.into_iter().skip(before).take(size) {
            items.push(self.entry(caller, key, &latest).await?);
        }
        Ok(Page { items, total })
    }

    /// Returns a connector with its versions.
    ///
    /// # Errors
    ///
    /// 404 `ConnectorNotFoundError`, also for a connector that another project pushed.
    pub async fn get(&self, caller: &Caller, key: &str) -> Result<ConnectorEntry, Error> {
        caller.require(ApiScope::ConnectorsRead)?;
        let latest = self.catalog.resolve(&caller.project_id, key, None).ok_or_else(|| missing(key, None))?;
        self.entry(caller, key.to_owned(), &latest).await
    }

    /// Returns a version with its files, by number or pin.
    ///
    /// # Errors
    ///
    /// 404 `ConnectorNotFoundError` or `ConnectorVersionNotFoundError`; 500 `VaultError` if a pushed version was changed in the
    /// database.
    pub async fn version(&self, caller: &Caller, key: &str, pin: &str) -> Result<VersionFiles, Error> {
        caller.require(ApiScope::ConnectorsRead)?;
        if let Err(error) = pin.parse::<VersionPin>() {
            return Err(invalid_at(Field::Version, "format", error.to_string()));
        }
        let state = self.catalog.state();
        let resolution = state.resolve(&caller.project_id, key, Some(pin)).ok_or_else(|| missing(key, Some(pin)))?;
        let latest = state.resolve(&caller.project_id, key, None);
        let (files, diagnostics) = match &resolution {
            Resolution::Instance(connector) => {
                let source = self.source.as_ref();
                (source.and_then(|source| source.files(&connector.key)).unwrap_or_default(), Vec::new())
            }
            Resolution::Pushed(pushed) => {
                let version = &pushed.info.version;
                let files = self.storage.connectors().files(&caller.project_id, key, version).await?;
                let files = files.ok_or_else(|| missing(key, Some(pin)))?;
                check_files(&self.vault, &pushed.info, &files)?;
                let files = files.into_iter().map(|file| SourceFile { name: file.name, text: file.text }).collect();
                (files, pushed.connector(&self.catalog).await?.err().map(|found| found.to_vec()).unwrap_or_default())
            }
        };
        Ok(VersionFiles { key: key.to_owned(), entry: version_entry(&resolution, latest.as_ref()), files, diagnostics })
    }

    async fn entry(&self, caller: &Caller, key: String, latest: &Resolution) -> Result<ConnectorEntry, Error> {
        let connector = self.catalog.shown(latest).await?.map(|InstalledConnector { connector, .. }| connector);
        let versions = self.catalog.state().versions(&caller.project_id, &key);
        let versions = versions.iter().map(|resolution| version_entry(resolution, Some(latest))).collect();
        Ok(ConnectorEntry { key, connector, origin: latest.origin(), versions })
    }
}

fn version_entry(resolution: &Resolution, latest: Option<&Resolution>) -> VersionEntry {
    let (origin, version) = (resolution.origin(), resolution.version());
    let is_latest = latest.is_some_and(|latest| latest.origin() == origin && latest.version() == version);
    let pushed = match resolution {
        Resolution::Instance(_) => None,
        Resolution::Pushed(pushed) => Some(pushed.info.clone()),
    };
    VersionEntry { version, origin, is_latest, pushed }
}

/// Creates the 404 error for a connector or one of its versions.
fn missing(key: &str, version: Option<&str>) -> Error {
    let shown = |text: &str| text.chars().filter(|c| !c.is_control()).take(64).collect::<String>();
    let (code, message) = match version {
        None => (
            ErrorCode::ConnectorNotFound,
            format!("this project has no connector `{}`; GET /connectors lists the connectors", shown(key)),
        ),
        Some(version) => (
            ErrorCode::ConnectorVersionNotFound,
            format!(
                "this project has no version {} of a connector `{}`; GET /connectors/{} lists them",
                shown(version),
                shown(key),
                shown(key)
            ),
        ),
    };
    Error::new(code, message)
}

//! Connectors with their versions.

use patchbay_connector::SourceFile;
use patchbay_engine::{ConnectorEntry, PushOutcome, Reloaded, VersionEntry, VersionFiles};
use patchbay_model::{ConnectorVersion, Timestamp};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::shared::{ConnectorOwner, DiagnosticOut, ReleaseStageOut};

/// A connector that the project can use.
#[derive(Serialize, ToSchema)]
#[schema(as = Connector)]
pub(crate) struct ConnectorOut {
    #[schema(example = "acme")]
    key: String,
    /// The name in the latest version; null if this version of Patchbay cannot run it.
    #[schema(required, example = "Acme")]
    title: Option<String>,
    #[schema(required)]
    description: Option<String>,
    #[schema(required, format = "uri")]
    icon: Option<String>,
    categories: Vec<String>,
    #[schema(required)]
    release_stage: Option<ReleaseStageOut>,
    /// The number of actions of the latest version.
    actions: usize,
    /// Who provides the latest version.
    owner: ConnectorOwner,
    /// The version that runs without a pin, and with the pin `latest`.
    #[schema(example = "1.2.0")]
    latest_version: String,
    /// The project's versions, newest first, then the instance's.
    versions: Vec<VersionOut>,
}

/// A version of a connector.
#[derive(Serialize, ToSchema)]
#[schema(as = ConnectorVersion)]
pub(crate) struct VersionOut {
    #[schema(example = "1.2.0")]
    version: String,
    owner: ConnectorOwner,
    /// Whether it is the latest version.
    latest: bool,
    /// The digest of its files; null if the project did not push it.
    #[schema(required)]
    digest: Option<String>,
    /// The number of its files; null if the project did not push it.
    #[schema(required)]
    file_count: Option<u32>,
    /// The size of its files; null if the project did not push it.
    #[schema(required)]
    size_bytes: Option<u64>,
    /// When it was pushed; null if the project did not push it.
    #[schema(required, value_type = Option<String>, format = DateTime)]
    created_at: Option<Timestamp>,
}

/// The versions of a connector.
#[derive(Serialize, ToSchema)]
#[schema(as = ConnectorVersionList)]
pub(crate) struct VersionListOut {
    /// The project's versions, newest first, then the instance's.
    data: Vec<VersionOut>,
}

impl ConnectorOut {
    /// Returns the versions.
    pub(crate) fn into_versions(self) -> VersionListOut {
        VersionListOut { data: self.versions }
    }
}

/// A page of connectors.
#[derive(Serialize, ToSchema)]
#[schema(as = ConnectorPage)]
pub(crate) struct ConnectorPageOut {
    #[schema(minimum = 1)]
    pub(crate) page: u32,
    #[schema(minimum = 1, maximum = 100)]
    pub(crate) page_size: u32,
    /// The number of connectors on all pages.
    pub(crate) total: u64,
    #[schema(max_items = 100)]
    pub(crate) data: Vec<ConnectorOut>,
}

/// A version of a connector with its files.
#[derive(Serialize, ToSchema)]
#[schema(as = ConnectorVersionFiles)]
pub(crate) struct VersionFilesOut {
    #[schema(example = "acme")]
    key: String,
    #[serde(flatten)]
    version: VersionOut,
    files: Vec<FileOut>,
    /// The problems that this version of Patchbay finds in the files. It does not run a version with errors.
    diagnostics: Vec<DiagnosticOut>,
}

/// A file of a connector.
#[derive(Serialize, ToSchema)]
#[schema(as = ConnectorFile)]
pub(crate) struct FileOut {
    #[schema(example = "acme.connector.yaml")]
    name: String,
    text: String,
}

/// The outcome of a push.
#[derive(Serialize, ToSchema)]
#[schema(as = PushedVersion)]
pub(crate) struct PushedVersionOut {
    #[schema(example = "acme")]
    key: String,
    #[schema(example = "Acme")]
    title: String,
    #[serde(flatten)]
    version: VersionOut,
    /// False if the project had already pushed this version with these files.
    pub(crate) created: bool,
    /// Whether it is used instead of a connector of the instance with the same key.
    overrides: bool,
    /// The warnings about its files.
    warnings: Vec<DiagnosticOut>,
}

/// The outcome of a reload of the operator's connectors directory.
#[derive(Serialize, ToSchema)]
#[schema(as = ConnectorReload)]
pub(crate) struct ReloadOut {
    /// The keys of new connectors.
    added: Vec<String>,
    /// The keys of connectors that changed.
    changed: Vec<String>,
    /// The keys of connectors that were removed.
    removed: Vec<String>,
    /// The folders with errors.
    refused: Vec<String>,
    /// The folders with errors whose last valid version stays in use.
    kept: Vec<String>,
    /// The errors, for a person.
    report: String,
}

/// The files of a new version of a connector. One merged file can be sent as YAML instead.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct PushConnector {
    /// The main file and its partials, in any order.
    #[schema(min_items = 1)]
    files: Vec<PushFile>,
}

/// A file of a connector.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct PushFile {
    /// The name, for example `acme.connector.yaml` or `acme.items.partial.yaml`.
    #[schema(example = "acme.connector.yaml")]
    name: String,
    /// The file's content, as YAML.
    #[schema(example = "Patchbay: 1.0.0\ninfo: …")]
    text: String,
}

impl PushConnector {
    pub(crate) fn into_files(self) -> Vec<SourceFile> {
        self.files.into_iter().map(|PushFile { name, text }| SourceFile { name, text }).collect()
    }
}

impl VersionOut {
    /// Returns a version that the project pushed.
    pub(crate) fn pushed(version: &ConnectorVersion, latest: bool) -> Self {
        Self {
            version: version.version.clone(),
            owner: ConnectorOwner::Custom,
            latest,
            digest: Some(version.digest.to_string()),
            file_count: Some(version.file_count),
            size_bytes: Some(version.size_bytes),
            created_at: Some(version.created_at),
        }
    }
}

impl From<VersionEntry> for VersionOut {
    fn from(entry: VersionEntry) -> Self {
        match &entry.pushed {
            Some(pushed) => Self::pushed(pushed, entry.is_latest),
            None => Self {
                owner: entry.origin.into(),
                version: entry.version,
                latest: entry.is_latest,
                digest: None,
                file_count: None,
                size_bytes: None,
                created_at: None,
            },
        }
    }
}

impl From<ConnectorEntry> for ConnectorOut {
    fn from(entry: ConnectorEntry) -> Self {
        let connector = entry.connector.as_deref();
        let latest = entry.versions.iter().find(|version| version.is_latest);
        Self {
            title: connector.map(|connector| connector.title.clone()),
            description: connector.map(|connector| connector.description.clone()),
            icon: connector.map(|connector| connector.icon.clone()),
            categories: connector.map(|connector| connector.categories.clone()).unwrap_or_default(),
            release_stage: connector.map(|connector| connector.release_stage.into()),
            actions: connector.map_or(0, |connector| connector.actions.len()),
            owner: entry.origin.into(),
            latest_version: latest.map(|version| version.version.clone()).unwrap_or_default(),
            key: entry.key,
            versions: entry.versions.into_iter().map(VersionOut::from).collect(),
        }
    }
}

impl From<VersionFiles> for VersionFilesOut {
    fn from(version: VersionFiles) -> Self {
        let VersionFiles { key, entry, files, diagnostics } = version;
        let files = files.into_iter().map(|file| FileOut { name: file.name, text: file.text }).collect();
        Self { key, version: entry.into(), files, diagnostics: DiagnosticOut::list(&diagnostics) }
    }
}

impl From<PushOutcome> for PushedVersionOut {
    fn from(outcome: PushOutcome) -> Self {
        let PushOutcome { version, connector, warnings, created, overrides, is_latest } = outcome;
        Self {
            key: version.key.clone(),
            title: connector.title.clone(),
            version: VersionOut::pushed(&version, is_latest),
            created,
            overrides,
            warnings: DiagnosticOut::list(&warnings),
        }
    }
}

impl From<Reloaded> for ReloadOut {
    fn from(reloaded: Reloaded) -> Self {
        let Reloaded { added, changed, removed, refused, kept, report } = reloaded;
        Self { added, changed, removed, refused, kept, report }
    }
}

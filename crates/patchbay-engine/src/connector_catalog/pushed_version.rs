//! A pushed version, compiled when it is first needed.

use std::sync::Arc;

use patchbay_connector::{Connector, Diagnostic, Loaded, SourceFile};
use patchbay_model::ConnectorVersion;
use semver::Version;
use tokio::sync::OnceCell;

use super::ConnectorCatalog;
use crate::{Error, row_seals::check_files};

/// The result of the compilation: the connector, or the diagnostics if this version of Patchbay cannot run it.
pub(crate) type Compiled = Result<Arc<Connector>, Arc<[Diagnostic]>>;

/// A pushed version.
pub(crate) struct PushedVersion {
    /// Its metadata.
    pub(crate) info: ConnectorVersion,
    /// Its version, for comparisons.
    pub(crate) version: Version,
    compiled: OnceCell<Compiled>,
}

impl PushedVersion {
    /// Creates it from its stored metadata; `None` if its version is invalid, which every push rejects.
    pub(crate) fn uncompiled(info: ConnectorVersion) -> Option<Self> {
        let version = Version::parse(&info.version).ok()?;
        Some(Self { info, version, compiled: OnceCell::new() })
    }

    /// Creates it from a push, compiled.
    pub(crate) fn compiled(info: ConnectorVersion, connector: Arc<Connector>) -> Option<Self> {
        Some(Self { compiled: OnceCell::new_with(Some(Ok(connector))), ..Self::uncompiled(info)? })
    }

    /// Returns the compiled connector; the first call reads and compiles it.
    ///
    /// # Errors
    ///
    /// 500 `VaultError` if the version or its files were changed in the database, which decides where secrets are sent;
    /// errors of the storage.
    pub(crate) async fn connector(&self, catalog: &ConnectorCatalog) -> Result<Compiled, Error> {
        let compiled = self.compiled.get_or_try_init(|| async {
            let ConnectorVersion { project_id, key, version, .. } = &self.info;
            let files = catalog.storage.connectors().files(project_id, key, version).await?.unwrap_or_default();
            check_files(&catalog.vault, &self.info, &files)?;
            let files = files.into_iter().map(|file| SourceFile { name: file.name, text: file.text });
            let Loaded { connector, diagnostics } = catalog.compile(files.collect()).await?;
            Ok::<_, Error>(connector.map(Arc::new).ok_or_else(|| {
                tracing::error!(
                    project = %project_id, connector = key, version,
                    "this version of Patchbay cannot run a pushed connector, because it has errors"
                );
                diagnostics.into()
            }))
        });
        compiled.await.cloned()
    }
}

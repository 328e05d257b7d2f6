//! One pushed version, compiled when it is needed.

use std::sync::Arc;

use patchbay_connector::{Connector, Diagnostic, Loaded, SourceFile, load};
use patchbay_model::ConnectorVersion;
use semver::Version;
use tokio::sync::OnceCell;

use crate::{Engine, Error, ErrorCode};

/// What came of compiling: the connector, or why this version of Patchbay cannot run it (an older one could).
pub(crate) type Compiled = Result<Arc<Connector>, Arc<[Diagnostic]>>;

/// A pushed version.
pub(crate) struct PushedVersion {
    /// What is known of it without its files.
    pub(crate) info: ConnectorVersion,
    /// Its version, to compare.
    pub(crate) version: Version,
    compiled: OnceCell<Compiled>,
}

impl PushedVersion {
    /// As it is stored; none when its version is no version, which no push lets in.
    pub(crate) fn uncompiled(info: ConnectorVersion) -> Option<Self> {
        let version = Version::parse(&info.version).ok()?;
        Some(Self { info, version, compiled: OnceCell::new() })
    }

    /// As it was just pushed.
    pub(crate) fn compiled(info: ConnectorVersion, connector: Arc<Connector>) -> Option<Self> {
        Some(Self { compiled: OnceCell::new_with(Some(Ok(connector))), ..Self::uncompiled(info)? })
    }

    /// What it was compiled to, reading and compiling it the first time.
    pub(crate) async fn connector(&self, engine: &Engine) -> Result<Compiled, Error> {
        let compiled = self.compiled.get_or_try_init(|| async {
            let ConnectorVersion { project_id, key, version, .. } = &self.info;
            let files = engine.storage().connectors().files(project_id, key, version).await?.unwrap_or_default();
            let files = files.into_iter().map(|file| SourceFile { name: file.name, text: file.text });
            let Loaded { connector, diagnostics } = check(engine, files.collect()).await?;
            Ok::<_, Error>(connector.map(Arc::new).ok_or_else(|| {
                tracing::error!(
                    project = %project_id, connector = key, version,
                    "a pushed connector has errors in the eyes of this version of Patchbay, and is not served"
                );
                diagnostics.into()
            }))
        });
        compiled.await.cloned()
    }
}

/// Reads and compiles a connector beside the threads that answer calls.
pub(crate) async fn check(engine: &Engine, files: Vec<SourceFile>) -> Result<Loaded, Error> {
    let stopped = || Error::new(ErrorCode::Internal, "the check of the connector stopped half-way");
    let _permit = engine.connector_catalog().compiling.acquire().await.map_err(|_| stopped())?;
    tokio::task::spawn_blocking(move || load(&files)).await.map_err(|_| stopped())
}

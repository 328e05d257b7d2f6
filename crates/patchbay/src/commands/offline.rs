//! Opens an engine on a data directory that no server uses, for commands that change it.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use anyhow::bail;
use clap::Args;
use patchbay_engine::{Engine, EngineConfig, EngineParts};
use patchbay_model::Entropy;
use patchbay_storage::sqlite::SqliteStorage;
use patchbay_vault::OsEntropy;

use crate::{
    connectors,
    data_dir::{DataDir, is_filled},
    runtime::{SystemClock, Threads, build_runtime},
};

/// Selects the data directory of a command.
#[derive(Args)]
pub struct OfflineArgs {
    /// Directory with the database and the key ring
    #[arg(long, env = "PATCHBAY_DATA_DIR", default_value = ".patchbay", value_name = "DIR")]
    data_dir: PathBuf,
    /// Directory of connectors that override the built-in ones
    #[arg(long, env = "PATCHBAY_CONNECTORS", value_name = "DIR")]
    connectors: Option<PathBuf>,
}

impl OfflineArgs {
    /// Returns the path of the data directory.
    pub fn data_dir(&self) -> &Path {
        &self.data_dir
    }

    /// Checks that the directory contains a database, for commands that only read or change what is stored: a mistyped path
    /// must not become a new data directory.
    ///
    /// # Errors
    ///
    /// If the directory or its database does not exist, or the database was lost beside its key ring.
    pub fn require_database(&self) -> anyhow::Result<()> {
        if !is_filled(&DataDir::database_of(&self.data_dir)) {
            DataDir::reject_lost_database(&self.data_dir)?;
            bail!(
                "{} contains no database of Patchbay; check --data-dir or PATCHBAY_DATA_DIR",
                self.data_dir.display()
            );
        }
        Ok(())
    }

    /// Opens the directory (creates it if it does not exist), runs `work`, and closes the directory in order.
    pub fn with_engine<T>(&self, work: impl AsyncFnOnce(&Engine) -> anyhow::Result<T>) -> anyhow::Result<T> {
        build_runtime(Threads::Single)?.block_on(async {
            let data_dir = DataDir::open(&self.data_dir)?;
            let connectors = connectors::read(self.connectors.as_deref())?;
            let (clock, entropy): (_, Arc<dyn Entropy>) = (Arc::new(SystemClock), Arc::new(OsEntropy));
            let (storage, vault) = data_dir.unlock(&*clock, &entropy).await?;
            let storage: Arc<SqliteStorage> = Arc::new(storage);
            // The engine is opened, not started: it runs no background work such as token refresh.
            let engine = Engine::open(EngineParts {
                storage: storage.clone(),
                vault: Arc::new(vault),
                registry: connectors.registry,
                source: None,
                clock,
                entropy,
                // These commands create no URLs and call no provider.
                config: EngineConfig {
                    max_response_bytes: 1024 * 1024,
                    call_retention_days: 0,
                    key_requests_per_minute: 0,
                    ..EngineConfig::default()
                },
            })
            .await?;
            let outcome = work(&engine).await;
            engine.shutdown().await;
            storage.close().await;
            outcome
        })
    }
}

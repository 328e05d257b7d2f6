//! An engine on a data directory that no server is using, for commands that change it.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use clap::Args;
use patchbay_engine::{Engine, EngineConfig, EngineParts};
use patchbay_storage::sqlite::SqliteStorage;
use patchbay_vault::{OsEntropy, Vault};

use crate::{
    connectors,
    data_dir::DataDir,
    system::{SystemClock, Threads, runtime},
};

/// Which data directory a command works on.
#[derive(Args)]
pub struct Target {
    /// Directory with the database and the key ring
    #[arg(long, env = "PATCHBAY_DATA_DIR", default_value = ".patchbay", value_name = "DIR")]
    data_dir: PathBuf,
    /// Directory of connectors that override the built-in ones
    #[arg(long, env = "PATCHBAY_CONNECTORS", value_name = "DIR")]
    connectors: Option<PathBuf>,
}

impl Target {
    /// The data directory.
    pub fn data_dir(&self) -> &Path {
        &self.data_dir
    }

    /// Opens the directory (made where it is missing), runs `work`, and closes it in order.
    pub fn with_engine<T>(&self, work: impl AsyncFnOnce(&Engine) -> anyhow::Result<T>) -> anyhow::Result<T> {
        runtime(Threads::One)?.block_on(async {
            let data_dir = DataDir::open(&self.data_dir)?;
            let connectors = connectors::read(self.connectors.as_deref())?;
            let (clock, entropy) = (Arc::new(SystemClock), Arc::new(OsEntropy));
            let (storage, ring) = data_dir.unlock(&*clock, &*entropy).await?;
            let storage: Arc<SqliteStorage> = Arc::new(storage);
            // It renews no tokens: what a command is for is all that it does.
            let engine = Engine::open(EngineParts {
                storage: storage.clone(),
                vault: Arc::new(Vault::new(ring, entropy.clone())),
                registry: connectors.registry,
                source: None,
                clock,
                entropy,
                config: EngineConfig {
                    // No command here makes a link or talks to a provider.
                    public_url: "http://127.0.0.1".to_owned(),
                    egress_allow: Vec::new(),
                    egress_ca: None,
                    upstreams: Vec::new(),
                    call_budget_millis: 60_000,
                    max_response_bytes: 1024 * 1024,
                    call_retention_days: 0,
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

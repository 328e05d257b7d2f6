//! Opens an engine on a data directory that no server uses, for commands that change it.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use anyhow::bail;
use clap::Args;
use patchbay_engine::{Engine, EngineConfig, EngineParts};
use patchbay_logs::Logs;
use patchbay_model::Entropy;
use patchbay_vault::{OsEntropy, Secret};

use crate::{
    connectors,
    data_dir::{DataDir, is_filled},
    database::PostgresTarget,
    runtime::{SystemClock, Threads, build_runtime},
};

/// Selects the data directory of a command.
#[derive(Args)]
pub struct OfflineArgs {
    #[command(flatten)]
    database: DatabaseArgs,
    /// Directory of connectors that override the built-in ones
    #[arg(long, env = "PATCHBAY_CONNECTORS", value_name = "DIR")]
    connectors: Option<PathBuf>,
}

/// The data directory and the database of a server.
#[derive(Args)]
pub struct DatabaseArgs {
    /// Directory with the database and the key ring
    #[arg(long, env = "PATCHBAY_DATA_DIR", default_value = ".patchbay", value_name = "DIR")]
    data_dir: PathBuf,
    /// PostgreSQL database of the server, `postgres://USER:PASSWORD@HOST/DATABASE`, if it uses one. Other users of the machine can
    /// see a password on the command line: use the variable
    #[arg(long, env = "PATCHBAY_DATABASE_URL", hide_env_values = true, value_name = "URL")]
    database_url: Option<Secret>,
    /// Whether the database URL leads to a pooler in transaction mode
    #[arg(long, env = "PATCHBAY_DATABASE_POOLED", num_args = 0..=1, default_missing_value = "true", value_name = "BOOL")]
    database_pooled: Option<bool>,
    /// URL of the same database that leads around the pooler
    #[arg(long, env = "PATCHBAY_DATABASE_LISTEN_URL", hide_env_values = true, value_name = "URL")]
    database_listen_url: Option<Secret>,
}

impl DatabaseArgs {
    /// Returns the path of the data directory.
    pub fn data_dir(&self) -> &Path {
        &self.data_dir
    }

    /// Returns the PostgreSQL database, if one is used.
    pub fn postgres(&self) -> Option<PostgresTarget> {
        let target = self.database_url.clone().and_then(PostgresTarget::at)?;
        Some(target.behind(self.database_pooled.unwrap_or(false), self.database_listen_url.clone()))
    }

    /// Checks that the directory contains a database, for commands that only read or change what is stored: a mistyped path
    /// must not become a new data directory.
    ///
    /// # Errors
    ///
    /// If the directory or its database does not exist, or the database was lost beside its key ring.
    pub fn require_database(&self) -> anyhow::Result<()> {
        if self.postgres().is_none() && !is_filled(&DataDir::database_of(&self.data_dir)) {
            DataDir::reject_lost_database(&self.data_dir)?;
            bail!(
                "{} contains no database of Patchbay; check --data-dir or PATCHBAY_DATA_DIR",
                self.data_dir.display()
            );
        }
        Ok(())
    }
}

impl OfflineArgs {
    /// Returns the path of the data directory.
    pub fn data_dir(&self) -> &Path {
        self.database.data_dir()
    }

    /// Returns the PostgreSQL database, if one is used.
    pub fn postgres(&self) -> Option<PostgresTarget> {
        self.database.postgres()
    }

    /// Checks that the directory contains a database.
    ///
    /// # Errors
    ///
    /// As [`DatabaseArgs::require_database`].
    pub fn require_database(&self) -> anyhow::Result<()> {
        self.database.require_database()
    }

    /// Opens the directory (creates it if it does not exist), runs `work`, and closes the directory in order.
    pub fn with_engine<T>(&self, work: impl AsyncFnOnce(&Engine) -> anyhow::Result<T>) -> anyhow::Result<T> {
        build_runtime(Threads::Single)?.block_on(async {
            let target = self.postgres();
            let data_dir = DataDir::open_with(self.data_dir(), target.as_ref())?;
            let connectors = connectors::read(self.connectors.as_deref())?;
            let (clock, entropy): (_, Arc<dyn Entropy>) = (Arc::new(SystemClock), Arc::new(OsEntropy));
            let (database, vault) = data_dir.unlock(target.as_ref(), &*clock, &entropy).await?;
            // The engine is opened, not started: it runs no background work such as token refresh.
            let engine = Engine::open(EngineParts {
                storage: database.storage(),
                // These commands call no provider.
                logs: Arc::new(Logs::none()),
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
            database.close().await;
            outcome
        })
    }
}

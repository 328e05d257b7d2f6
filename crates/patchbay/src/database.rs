//! The database of a server or a command: the file in its data directory, or PostgreSQL.

use std::{path::Path, sync::Arc};

use anyhow::{Context, bail};
use patchbay_model::Clock;
use patchbay_storage::{
    Storage,
    postgres::{ConnectionSettings, DEFAULT_MAX_CONNECTIONS, PostgresStorage},
    sqlite::SqliteStorage,
    transfer::AnyStorage,
};
use patchbay_vault::Secret;

/// The PostgreSQL database that replaces the file in the data directory.
#[derive(Clone, Debug)]
pub struct PostgresTarget {
    /// The URL. It contains a password.
    pub url: Secret,
    /// The largest number of connections.
    pub max_connections: u32,
    /// Whether the URL leads to a pooler in transaction mode.
    pub is_pooled: bool,
    /// The URL of the same database for what needs a session.
    pub listen_url: Option<Secret>,
}

/// Where the URL comes from. It stands before an error.
const SOURCE: &str = "the PostgreSQL URL of PATCHBAY_DATABASE_URL, --database-url or `database.url`";
const LISTEN_SOURCE: &str =
    "the PostgreSQL URL of PATCHBAY_DATABASE_LISTEN_URL, --database-listen-url or `database.listenUrl`";

impl PostgresTarget {
    /// Checks the URL, before anything is created for a server or a command that cannot use it.
    ///
    /// # Errors
    /// If it is not a URL of PostgreSQL.
    pub fn check(&self) -> anyhow::Result<()> {
        PostgresStorage::check_url(self.url.expose()).context(SOURCE)?;
        let listen_url = self.listen_url.as_ref().map_or(Ok(()), |url| PostgresStorage::check_url(url.expose()));
        listen_url.context(LISTEN_SOURCE)
    }

    /// Returns the database of a URL. An empty URL is none, as in a container whose variable is not filled in.
    pub fn at(url: Secret) -> Option<Self> {
        let is_given = |url: &Secret| !url.expose().trim().is_empty();
        is_given(&url).then_some(Self {
            url,
            max_connections: DEFAULT_MAX_CONNECTIONS,
            is_pooled: false,
            listen_url: None,
        })
    }

    /// Returns the database behind a pooler: whether the pooler is in transaction mode, and the URL that leads around it.
    pub fn behind(self, is_pooled: bool, listen_url: Option<Secret>) -> Self {
        let listen_url = listen_url.filter(|url| !url.expose().trim().is_empty());
        Self { is_pooled, listen_url, ..self }
    }

    /// Returns a URL of the database that gives sessions; none behind a pooler in transaction mode that no other URL leads around.
    pub fn session_url(&self) -> Option<Secret> {
        self.listen_url.clone().or_else(|| (!self.is_pooled).then(|| self.url.clone()))
    }

    /// Returns the settings of its connections.
    pub fn settings(&self) -> ConnectionSettings<'_> {
        ConnectionSettings {
            max_connections: self.max_connections,
            is_pooled: self.is_pooled,
            listen_url: self.listen_url.as_ref().map(Secret::expose),
        }
    }
}

/// A difference of clocks that an operator should know of, in seconds.
const WARNED_SECONDS: i64 = 5;

/// An open database.
#[derive(Clone)]
pub enum Database {
    /// A file, which this process has locked.
    Sqlite(Arc<SqliteStorage>),
    /// PostgreSQL, which several servers can share.
    Postgres(Arc<PostgresStorage>),
}

impl Database {
    /// Opens the file.
    pub async fn open_file(path: &Path) -> anyhow::Result<Self> {
        let storage = SqliteStorage::open(path).await;
        Ok(Self::Sqlite(Arc::new(storage.with_context(|| format!("cannot open the database {}", path.display()))?)))
    }

    /// Connects to PostgreSQL.
    pub async fn connect(target: &PostgresTarget) -> anyhow::Result<Self> {
        let storage = PostgresStorage::open_with(target.url.expose(), target.settings()).await.context(SOURCE)?;
        Ok(Self::Postgres(Arc::new(storage)))
    }

    /// Returns the addresses of the servers that use the database; none for a file, which is locked instead.
    pub async fn servers(&self) -> anyhow::Result<Vec<String>> {
        let storage = self.storage();
        let Some(replicas) = storage.replicas() else { return Ok(Vec::new()) };
        Ok(replicas.live().await?.into_iter().map(|live| live.address).collect())
    }

    /// Checks that no server uses the database.
    ///
    /// # Errors
    /// If servers use it, with their addresses.
    pub async fn require_unused(&self) -> anyhow::Result<()> {
        let addresses = self.servers().await?;
        if addresses.is_empty() {
            return Ok(());
        }
        bail!(
            "a Patchbay server uses the PostgreSQL database ({}); stop it first. One that was killed counts for 20 seconds",
            addresses.join(", ")
        )
    }

    /// Returns the database as a side of a transfer.
    pub fn side(&self) -> AnyStorage<'_> {
        match self {
            Self::Sqlite(storage) => AnyStorage::Sqlite(storage),
            Self::Postgres(storage) => AnyStorage::Postgres(storage),
        }
    }

    /// Returns the storage.
    pub fn storage(&self) -> Arc<dyn Storage> {
        match self {
            Self::Sqlite(storage) => storage.clone(),
            Self::Postgres(storage) => storage.clone(),
        }
    }

    /// Returns the clock of what is stored: the machine's, or that of a database server, with which other servers compare.
    pub async fn clock(&self, machine: Arc<dyn Clock>) -> anyhow::Result<Arc<dyn Clock>> {
        match self {
            Self::Sqlite(_) => Ok(machine),
            Self::Postgres(storage) => {
                let clock = storage.clock(machine).await.context("cannot read the database's clock")?;
                let seconds = clock.seconds_ahead();
                if seconds.abs() >= WARNED_SECONDS {
                    tracing::warn!(
                        seconds,
                        "the database's clock is ahead of this machine's by these seconds, and is used"
                    );
                }
                Ok(clock)
            }
        }
    }

    /// Waits for running statements and closes the database.
    pub async fn close(&self) {
        match self {
            Self::Sqlite(storage) => storage.close().await,
            Self::Postgres(storage) => storage.close().await,
        }
    }
}

//! Connects to the database and closes the connections.

use std::{
    hash::{BuildHasher, RandomState},
    net::IpAddr,
    str::FromStr,
    sync::Arc,
    time::Duration,
};

use sqlx::{
    ConnectOptions, Connection, Executor, PgConnection, Row as _,
    postgres::{PgConnectOptions, PgPoolOptions, PgSslMode},
};
use tokio::{runtime::Handle, time::timeout};

use super::{
    PostgresStorage,
    error::{Failure, Outcome},
    losses::Losses,
    migrate::{migrate, migrate_pooled, versions},
    write_marks::WriteMarks,
};
use crate::{Result, SchemaVersions, StorageError};

/// The number of connections of a server, unless its operator chooses another.
pub const DEFAULT_MAX_CONNECTIONS: u32 = 10;

/// How a storage connects to its database.
#[derive(Clone, Copy)]
pub struct ConnectionSettings<'a> {
    /// The largest number of connections.
    pub max_connections: u32,
    /// Whether the URL leads to a pooler in transaction mode: then no statement is kept prepared, no session has a state, and every
    /// statement runs in a transaction.
    pub is_pooled: bool,
    /// The URL of the server itself, or of a pooler in session mode, for what needs a session: notifications, locks that outlast a
    /// transaction, migrations.
    pub listen_url: Option<&'a str>,
}

/// What a look at the database of a URL finds.
#[derive(Debug)]
pub struct Findings {
    /// The version of PostgreSQL, in its own words.
    pub version: String,
    /// Whether the URL leads to a pooler in transaction mode.
    pub is_transaction_pooled: bool,
    /// The version of the schema.
    pub schema: SchemaVersions,
}

/// How long a pooler may take to run a statement at the start.
const POOLER_TIMEOUT: Duration = Duration::from_secs(2);
/// How long a request waits for a connection.
const ACQUIRE_TIMEOUT: Duration = Duration::from_secs(2);
/// How long the start waits for the first connection.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// How long a connection that nobody uses stays open.
const IDLE_TIMEOUT: Duration = Duration::from_mins(10);
/// How long a connection lives: 30 minutes, and up to 10 % less or more, so that those of many servers do not end at once.
const SHORTEST_LIFE: Duration = Duration::from_mins(27);
const LIFE_SPREAD_SECONDS: u64 = 6 * 60;
/// The settings of each connection.
pub(super) const SESSION: &str = "SET statement_timeout = '10s'; SET lock_timeout = '5s'; \
     SET idle_in_transaction_session_timeout = '15s'";
/// The settings of a transaction behind a pooler in transaction mode, where a session belongs to nobody. The driver names the
/// statements that it prepares, and another client may have used the names on the same server.
pub(super) const LOCAL_LIMITS: &str = "SET LOCAL statement_timeout = '10s'; SET LOCAL lock_timeout = '5s'; \
     SET LOCAL idle_in_transaction_session_timeout = '15s'; DEALLOCATE ALL";
/// Frees the names of prepared statements on a server that a pooler has lent before.
pub(super) const FORGET_STATEMENTS: &str = "DEALLOCATE ALL";
/// The oldest PostgreSQL that works, as the server writes its version.
const OLDEST_SERVER: i32 = 130_000;

const CHECK_URL: &str = "the database URL has the form postgres://USER:PASSWORD@HOST:PORT/DATABASE";
const SET_POOLED: &str = "set `database.pooled: true` (PATCHBAY_DATABASE_POOLED=true), or give the URL of PostgreSQL itself or of a \
     pooler in session mode";
const CORRECT_LISTEN_URL: &str = "give `database.listenUrl` (PATCHBAY_DATABASE_LISTEN_URL) the URL of the same database without a pooler in \
     transaction mode";
const USE_POSTGRESQL: &str = "use PostgreSQL 13 or later";
const CHECK_REACHABLE: &str = "check the host and the port in the database URL, and that this machine reaches it";

impl PostgresStorage {
    /// Connects to the database of a URL and migrates its schema. The connections belong to the Tokio runtime that polls this
    /// future: it must live until [`PostgresStorage::close`] has returned.
    ///
    /// # Errors
    /// [`StorageError::Newer`] if a newer version of Patchbay made the schema and this one cannot work with it;
    /// [`StorageError::Unavailable`], with what to do, if the URL is wrong, the server is not reached, refuses the user, is not
    /// PostgreSQL, or is too old, or if the database belongs to another program.
    pub async fn open(url: &str, max_connections: u32) -> Result<Self> {
        Self::open_with(url, ConnectionSettings { max_connections, is_pooled: false, listen_url: None }).await
    }

    /// Connects to the database of a URL, as [`PostgresStorage::open`], with these settings.
    ///
    /// # Errors
    /// As [`PostgresStorage::open`]; also [`StorageError::Unavailable`] if a URL leads to a pooler in transaction mode where the
    /// settings do not say so, or if the two URLs lead to two databases.
    pub async fn open_with(url: &str, settings: ConnectionSettings<'_>) -> Result<Self> {
        let ConnectionSettings { max_connections, is_pooled, listen_url } = settings;
        let options = options_of(url, is_pooled)?;
        let direct = listen_url.map(|url| options_of(url, false)).transpose()?;
        prepare(&options, is_pooled, direct.as_ref()).await?;
        let life = SHORTEST_LIFE + Duration::from_secs(RandomState::new().hash_one(url.len()) % LIFE_SPREAD_SECONDS);
        let losses = Arc::new(Losses::default());
        let tried = losses.clone();
        let pool = PgPoolOptions::new()
            .max_connections(max_connections.max(1))
            .acquire_timeout(ACQUIRE_TIMEOUT)
            .idle_timeout(IDLE_TIMEOUT)
            .max_lifetime(life)
            .test_before_acquire(false)
            .after_connect(move |connection, _| {
                Box::pin(async move {
                    if !is_pooled {
                        connection.execute(SESSION).await?;
                    }
                    Ok(())
                })
            })
            .before_acquire(move |connection, life| {
                let losses = tried.clone();
                Box::pin(async move { losses.is_usable(connection, life).await })
            })
            .connect_lazy_with(options);
        Ok(Self { pool, losses, marks: WriteMarks::new(), is_pooled, direct, runtime: Handle::current() })
    }

    /// Checks that a URL is one of PostgreSQL, without a connection.
    ///
    /// # Errors
    /// [`StorageError::Unavailable`], which says what is wrong with it.
    pub fn check_url(url: &str) -> Result<()> {
        options_of(url, false).map(drop)
    }

    /// Returns the version of the schema of the database of a URL, without a change.
    ///
    /// # Errors
    /// As [`PostgresStorage::open`].
    pub async fn schema(url: &str, is_pooled: bool) -> Result<SchemaVersions> {
        let mut connection = connect(&options_of(url, is_pooled)?).await?;
        let read = read_schema(&mut connection).await;
        // The connection is of no further use: an error while it ends does not matter.
        let _ = connection.close().await;
        Ok(read?.1)
    }

    /// Looks at the database of a URL, without a change.
    ///
    /// # Errors
    /// As [`PostgresStorage::open`].
    pub async fn examine(url: &str) -> Result<Findings> {
        let options = options_of(url, true)?;
        let mut connection = connect(&options).await?;
        let is_transaction_pooled = is_behind_transaction_pooler(&mut connection, &options).await?;
        let (version, schema) = read_schema(&mut connection).await?;
        let _ = connection.close().await;
        Ok(Findings { version, is_transaction_pooled, schema })
    }

    /// Checks that two URLs lead to one database, the second one not through a pooler in transaction mode.
    ///
    /// # Errors
    /// As [`PostgresStorage::open_with`].
    pub async fn check_listen_url(url: &str, listen_url: &str) -> Result<()> {
        let (options, direct) = (options_of(url, true)?, options_of(listen_url, false)?);
        let mut connection = connect(&options).await?;
        let _ = connect_direct(&mut connection, &direct).await?.close().await;
        let _ = connection.close().await;
        Ok(())
    }

    /// Migrates the schema of the database of a URL, while servers may use it.
    ///
    /// # Errors
    /// As [`PostgresStorage::open_with`].
    pub async fn migrate(url: &str, settings: ConnectionSettings<'_>) -> Result<()> {
        let options = options_of(url, settings.is_pooled)?;
        let direct = settings.listen_url.map(|url| options_of(url, false)).transpose()?;
        Ok(prepare(&options, settings.is_pooled, direct.as_ref()).await?)
    }

    /// Waits for the statements that run, and closes the connections.
    pub async fn close(&self) {
        let pool = self.pool.clone();
        // If the runtime has ended, its connections have too.
        let _ = self.runtime.spawn(async move { pool.close().await }).await;
    }
}

/// Reads a URL. Its password is in no error.
///
/// # Errors
/// [`StorageError::Unavailable`] if it is not a URL of PostgreSQL.
pub fn connect_options(url: &str) -> Result<PgConnectOptions> {
    options_of(url, false)
}

fn options_of(url: &str, is_pooled: bool) -> Result<PgConnectOptions> {
    let wrong = |cause: &str| StorageError::Unavailable { remedy: CHECK_URL, source: cause.into() };
    if !url.starts_with("postgres://") && !url.starts_with("postgresql://") {
        return Err(wrong("it does not begin with postgres://"));
    }
    let options = PgConnectOptions::from_str(url).map_err(|_| wrong("it is not a URL, or has an unknown setting"))?;
    let is_verified = !names_ssl_mode(url) && !is_local(&options);
    let options = if is_verified { options.ssl_mode(PgSslMode::VerifyFull) } else { options };
    // A prepared statement belongs to a session.
    let options = if is_pooled { options.statement_cache_capacity(0) } else { options };
    let name = options.get_application_name().unwrap_or("patchbay").to_owned();
    // Poolers reject settings that they do not know: the others are set by a statement.
    Ok(options.application_name(&name).extra_float_digits(None).disable_statement_logging())
}

fn names_ssl_mode(url: &str) -> bool {
    let query = url.split_once('?').map_or("", |(_, query)| query);
    query.split('&').any(|setting| setting.starts_with("sslmode=") || setting.starts_with("ssl-mode="))
}

/// Returns whether the server is on this machine, so that nobody else sees what is sent.
fn is_local(options: &PgConnectOptions) -> bool {
    let host = options.get_host().trim_start_matches('[').trim_end_matches(']');
    options.get_socket().is_some()
        || host.starts_with('/')
        || host == "localhost"
        || host.parse().is_ok_and(|address: IpAddr| address.is_loopback())
}

/// Connects, and does not wait without end for a server that is silent.
pub(super) async fn connect(options: &PgConnectOptions) -> Outcome<PgConnection> {
    match timeout(CONNECT_TIMEOUT, options.connect()).await {
        Ok(connected) => Ok(connected?),
        Err(late) => Err(Failure::Storage(StorageError::Unavailable { remedy: CHECK_REACHABLE, source: late.into() })),
    }
}

/// Checks the server and migrates the schema, on connections of their own.
async fn prepare(options: &PgConnectOptions, is_pooled: bool, direct: Option<&PgConnectOptions>) -> Outcome<()> {
    let mut first = connect(options).await?;
    check_server(&mut first).await?;
    let mut session = match direct {
        Some(direct) => Some(connect_direct(&mut first, direct).await?),
        None => None,
    };
    if !is_pooled && is_behind_transaction_pooler(&mut first, options).await? {
        return Err(transaction_pooler(SET_POOLED));
    }
    if let Some(session) = &mut session {
        migrate(session).await?;
    } else if is_pooled {
        // All in one transaction: it has a server for itself.
        let mut transaction = first.begin().await?;
        sqlx::raw_sql(FORGET_STATEMENTS).execute(&mut *transaction).await?;
        migrate_pooled(&mut transaction).await?;
        transaction.commit().await?;
    } else {
        migrate(&mut first).await?;
    }
    for connection in [Some(first), session].into_iter().flatten() {
        // The connection is of no further use: an error while it ends does not matter.
        let _ = connection.close().await;
    }
    Ok(())
}

fn transaction_pooler(remedy: &'static str) -> Failure {
    let source = "it leads to a pooler in transaction mode: statements of one connection run on several servers".into();
    Failure::Storage(StorageError::Unavailable { remedy, source })
}

/// Connects to the database of another connection by a URL without a pooler in transaction mode.
async fn connect_direct(other: &mut PgConnection, direct: &PgConnectOptions) -> Outcome<PgConnection> {
    let mut session = connect(direct).await?;
    if is_behind_transaction_pooler(&mut session, direct).await? {
        return Err(transaction_pooler(CORRECT_LISTEN_URL));
    }
    check_server(&mut session).await?;
    if identity(&mut session).await? != identity(other).await? {
        let source = "it leads to another database than `database.url`".into();
        return Err(Failure::Storage(StorageError::Unavailable { remedy: CORRECT_LISTEN_URL, source }));
    }
    Ok(session)
}

/// Returns what distinguishes a database from others.
async fn identity(connection: &mut PgConnection) -> Outcome<String> {
    let query = "SELECT concat(oid, ' ', datname, ' ', extract(epoch FROM pg_postmaster_start_time())) AS identity FROM pg_database \
         WHERE datname = current_database()";
    let rows = sqlx::raw_sql(query).fetch_all(connection).await?;
    Ok(rows.last().ok_or(sqlx::Error::RowNotFound)?.try_get("identity")?)
}

/// Returns the version of the server and of the schema. Runs in a transaction also behind a pooler: see `transaction`.
async fn read_schema(connection: &mut PgConnection) -> Outcome<(String, SchemaVersions)> {
    let mut transaction = connection.begin().await?;
    sqlx::raw_sql(FORGET_STATEMENTS).execute(&mut *transaction).await?;
    let version = check_server(&mut transaction).await?;
    let versions = versions(&mut transaction).await?;
    transaction.commit().await?;
    Ok((version, versions))
}

/// Returns whether two statements of a connection run on two servers, as behind a pooler in transaction mode: it gives the server of
/// an idle connection to another one, which keeps it for a transaction.
async fn is_behind_transaction_pooler(first: &mut PgConnection, options: &PgConnectOptions) -> Outcome<bool> {
    const SERVER: &str = "SELECT pg_backend_pid() AS server";
    let before = server_of(first, SERVER).await?;
    // Without a second connection, or with a pooler that has no server for it, the first one keeps its own.
    let Ok(Ok(mut second)) = timeout(CONNECT_TIMEOUT, options.connect()).await else { return Ok(false) };
    let begun = timeout(POOLER_TIMEOUT, server_of(&mut second, "BEGIN; SELECT pg_backend_pid() AS server")).await;
    let Ok(Ok(_)) = begun else { return Ok(false) };
    // A pooler with one server has none for the first connection now.
    let after = timeout(POOLER_TIMEOUT, server_of(first, SERVER)).await;
    let _ = second.close().await;
    match after {
        Ok(after) => Ok(after? != before),
        Err(_late) => Ok(true),
    }
}

async fn server_of(connection: &mut PgConnection, statements: &'static str) -> Outcome<i32> {
    let rows = sqlx::raw_sql(statements).fetch_all(connection).await?;
    Ok(rows.last().ok_or(sqlx::Error::RowNotFound)?.try_get("server")?)
}

/// Checks that the server works with Patchbay, and returns its version. No statement is prepared: it works behind every pooler.
async fn check_server(connection: &mut PgConnection) -> Outcome<String> {
    let query = "SELECT version() AS version, current_setting('server_version_num') AS number";
    let rows = sqlx::raw_sql(query).fetch_all(connection).await?;
    let row = rows.last().ok_or(sqlx::Error::RowNotFound)?;
    let (version, number): (String, String) = (row.try_get("version")?, row.try_get("number")?);
    match refusal(&version, number.parse().unwrap_or(0)) {
        None => Ok(version),
        Some(cause) => {
            Err(Failure::Storage(StorageError::Unavailable { remedy: USE_POSTGRESQL, source: cause.into() }))
        }
    }
}

/// Returns why a server cannot be used. Databases that speak PostgreSQL's protocol without its advisory locks and notifications
/// would lose changes.
fn refusal(version: &str, number: i32) -> Option<String> {
    let lacking = [("CockroachDB", "CockroachDB"), ("-YB-", "YugabyteDB"), ("DSQL", "Aurora DSQL")];
    if let Some((_, name)) = lacking.iter().find(|(mark, _)| version.contains(mark)) {
        return Some(format!("the server is {name}, which lacks locks or notifications that Patchbay needs"));
    }
    (number < OLDEST_SERVER).then(|| format!("the server is {version}, which is too old"))
}

#[cfg(test)]
mod tests {
    use std::error::Error as _;

    use super::*;

    #[test]
    fn only_a_postgres_url_is_read_and_its_password_is_not_shown() {
        for url in
            ["sqlite://hunter2", "hunter2", "", "postgres://u:hunter2@h:port/d", "postgres://u:hunter2@h/d?sslmode=x"]
        {
            let error = options_of(url, false).unwrap_err();
            let text = format!("{error}: {}", error.source().unwrap());
            assert!(text.contains("postgres://USER:PASSWORD@HOST"), "{url}: {text}");
            assert!(!text.contains("hunter2") && !format!("{error:?}").contains("hunter2"), "{url}: {text}");
        }
    }

    #[test]
    fn the_certificate_of_another_machine_is_verified() {
        let mode = |url| options_of(url, false).unwrap().get_ssl_mode();
        for remote in [
            "postgres://u@db.example/d",
            "postgresql://u@10.0.0.7:5433/d?application_name=x",
            "postgres://[2001:db8::1]/d",
        ] {
            assert!(matches!(mode(remote), PgSslMode::VerifyFull), "{remote}");
        }
        for local in [
            "postgres://u@localhost/d",
            "postgres://u@127.0.0.1/d",
            "postgres://u@[::1]/d",
            "postgres://u@x/d?host=/run",
        ] {
            assert!(!matches!(mode(local), PgSslMode::VerifyFull), "{local}");
        }
        assert!(matches!(mode("postgres://u@db.example/d?sslmode=require"), PgSslMode::Require));
    }

    #[test]
    fn databases_that_only_speak_the_protocol_are_refused() {
        for (version, number, words) in [
            ("CockroachDB CCL v24.1.0 (x86_64-pc-linux-gnu)", 130_000, "CockroachDB"),
            ("PostgreSQL 15.2-YB-2.25.0.0-b0 on x86_64", 150_002, "YugabyteDB"),
            ("Aurora DSQL 1.0, PostgreSQL 16", 160_000, "Aurora DSQL"),
            ("PostgreSQL 12.22 on x86_64", 120_022, "too old"),
        ] {
            assert!(refusal(version, number).unwrap().contains(words), "{version}");
        }
        for (version, number) in
            [("PostgreSQL 13.0 on x86_64", 130_000), ("PostgreSQL 18.1 (Debian) on aarch64", 180_001)]
        {
            assert_eq!(refusal(version, number), None);
        }
    }
}

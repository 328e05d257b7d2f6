//! Migrates the schema.
//!
//! The server that gets the lock migrates. The lock is tried in a loop, not waited for: a session that waits for a lock holds a snapshot, for
//! which `CREATE INDEX CONCURRENTLY` of the migrating session would wait in turn.
//!
//! A server works with a newer schema as long as that schema supports it (`schema_support.oldest_version`): during an upgrade, servers
//! of two versions run at once. Otherwise it refuses to start.

use std::time::Duration;

use sqlx::{
    PgConnection,
    migrate::{MigrateError, Migrator},
};
use tokio::time::sleep;

use super::{
    error::{Failure, Outcome},
    locks::LOCK_CLASS,
};
use crate::{SchemaVersions, StorageError, schema::newest_version};

static MIGRATIONS: Migrator = sqlx::migrate!("migrations/postgres");

/// The name of the migrations' lock among the locks of [`LOCK_CLASS`].
const LOCK_NAME: i32 = 1;
/// The pause after the first try of the lock. It doubles with each, up to [`LONGEST_PAUSE`].
const FIRST_PAUSE: Duration = Duration::from_millis(250);
const LONGEST_PAUSE: Duration = Duration::from_secs(5);

const OTHER_PROGRAM: &str =
    "give Patchbay a database or a schema of its own: this one contains tables of another program";

/// What a database says of its schema.
struct Schema {
    /// The newest migration that was applied.
    version: i64,
    /// The oldest server that can work with it.
    oldest_server: i64,
}

/// Returns the version of the schema, without a change.
///
/// # Errors
/// If the database belongs to another program or cannot be read.
pub(super) async fn versions(connection: &mut PgConnection) -> Outcome<SchemaVersions> {
    let own = newest_version(&MIGRATIONS);
    let has_migrations: bool =
        sqlx::query_scalar("SELECT to_regclass('_sqlx_migrations') IS NOT NULL").fetch_one(&mut *connection).await?;
    if !has_migrations {
        check_empty(connection).await?;
        return Ok(SchemaVersions { stored: 0, own });
    }
    let stored = "SELECT coalesce(max(version), 0) FROM _sqlx_migrations WHERE success";
    Ok(SchemaVersions { stored: sqlx::query_scalar(stored).fetch_one(connection).await?, own })
}

/// Brings the schema to this server's version. Writes nothing if it is there already.
///
/// # Errors
/// [`StorageError::Newer`] if the schema no longer supports this server; another error if the database belongs to another
/// program, or cannot be migrated.
pub(super) async fn migrate(connection: &mut PgConnection) -> Outcome<()> {
    migrate_to(connection, &MIGRATIONS).await
}

/// Brings the schema to this server's version in a transaction of the caller, which has the lock until it ends: behind a pooler in
/// transaction mode, a session has none. A migration that must not run in a transaction fails.
///
/// # Errors
/// As [`migrate`].
pub(super) async fn migrate_pooled(transaction: &mut PgConnection) -> Outcome<()> {
    sqlx::raw_sql("SET LOCAL statement_timeout = 0; SET LOCAL lock_timeout = '5s'").execute(&mut *transaction).await?;
    if !lock(transaction, &MIGRATIONS, "SELECT pg_try_advisory_xact_lock($1, $2)").await? {
        return Ok(());
    }
    migrate_alone(transaction, &MIGRATIONS).await
}

/// Tries a lock until it is free or the schema is migrated. Returns false in the second case.
async fn lock(connection: &mut PgConnection, own: &Migrator, statement: &'static str) -> Outcome<bool> {
    let mut pause = FIRST_PAUSE;
    loop {
        if is_migrated(connection, own).await? {
            return Ok(false);
        }
        let tried = sqlx::query_scalar(statement).bind(LOCK_CLASS).bind(LOCK_NAME);
        if tried.fetch_one(&mut *connection).await? {
            return Ok(true);
        }
        sleep(pause).await;
        pause = (pause * 2).min(LONGEST_PAUSE);
    }
}

/// Brings the schema to the version of these migrations.
async fn migrate_to(connection: &mut PgConnection, own: &Migrator) -> Outcome<()> {
    // A migration may take longer than a request. A statement that waits for a lock on a table must not block all others for long.
    sqlx::raw_sql("SET statement_timeout = 0; SET lock_timeout = '5s'").execute(&mut *connection).await?;
    if !lock(connection, own, "SELECT pg_try_advisory_lock($1, $2)").await? {
        return Ok(());
    }
    let migrated = migrate_alone(connection, own).await;
    let unlock = sqlx::query("SELECT pg_advisory_unlock($1, $2)").bind(LOCK_CLASS).bind(LOCK_NAME);
    let unlocked = unlock.execute(connection).await;
    // A connection that is lost loses the lock too: why the migration failed says more.
    migrated?;
    unlocked?;
    Ok(())
}

/// Migrates while this session has the lock.
async fn migrate_alone(connection: &mut PgConnection, own: &Migrator) -> Outcome<()> {
    // Another server may have migrated between the look and the lock.
    if is_migrated(connection, own).await? {
        return Ok(());
    }
    let mut migrations = Migrator::with_migrations(own.iter().cloned().collect());
    migrations.set_locking(false);
    Ok(migrations.run_direct(None, connection, false).await?)
}

/// Returns whether the schema has this server's version or a newer one that supports it.
async fn is_migrated(connection: &mut PgConnection, own: &Migrator) -> Outcome<bool> {
    let is_ours: bool = sqlx::query_scalar(
        "SELECT to_regclass('_sqlx_migrations') IS NOT NULL AND to_regclass('schema_support') IS NOT NULL",
    )
    .fetch_one(&mut *connection)
    .await?;
    if !is_ours {
        check_empty(connection).await?;
        return Ok(false);
    }
    let applied: Vec<(i64, Vec<u8>)> =
        sqlx::query_as("SELECT version, checksum FROM _sqlx_migrations WHERE success ORDER BY version")
            .fetch_all(&mut *connection)
            .await?;
    let oldest_server: Option<i64> =
        sqlx::query_scalar("SELECT oldest_version FROM schema_support").fetch_optional(connection).await?;
    let version = applied.last().map_or(0, |(version, _)| *version);
    check_supported(&Schema { version, oldest_server: oldest_server.unwrap_or(0) }, newest_version(own))?;
    for (version, checksum) in &applied {
        let known = own.iter().find(|migration| migration.version == *version);
        if known.is_some_and(|known| *known.checksum != **checksum) {
            return Err(MigrateError::VersionMismatch(*version).into());
        }
    }
    Ok(version >= newest_version(own))
}

/// Rejects another program's database before anything is written to it.
async fn check_empty(connection: &mut PgConnection) -> Outcome<()> {
    // Tables of extensions are nobody's.
    let foreign: Option<String> = sqlx::query_scalar(
        "SELECT c.relname::text FROM pg_class c WHERE c.relnamespace = current_schema()::regnamespace AND c.relkind IN ('r', 'p') \
         AND c.relname <> '_sqlx_migrations' AND NOT EXISTS (SELECT 1 FROM pg_depend d WHERE d.objid = c.oid AND d.deptype = 'e') \
         ORDER BY c.relname LIMIT 1",
    )
    .fetch_optional(connection)
    .await?;
    match foreign {
        None => Ok(()),
        Some(table) => {
            let source = format!("it contains the table {table}").into();
            Err(Failure::Storage(StorageError::Unavailable { remedy: OTHER_PROGRAM, source }))
        }
    }
}

fn check_supported(schema: &Schema, own: i64) -> Outcome<()> {
    if schema.oldest_server <= own {
        return Ok(());
    }
    let cause = format!(
        "its schema has version {} and needs a server for version {} or later; this server is for version {own}",
        schema.version, schema.oldest_server
    );
    Err(Failure::Storage(StorageError::Newer(cause.into())))
}

#[cfg(test)]
mod tests {
    use std::error::Error as _;

    use super::*;

    #[test]
    fn a_newer_schema_is_used_as_long_as_it_supports_the_server() {
        assert!(check_supported(&Schema { version: 9, oldest_server: 7 }, 7).is_ok());
        let refused = check_supported(&Schema { version: 9, oldest_server: 8 }, 7).unwrap_err();
        let refused = StorageError::from(refused);
        assert!(matches!(refused, StorageError::Newer(_)), "{refused}");
        let cause = refused.source().unwrap().to_string();
        assert_eq!(
            cause,
            "its schema has version 9 and needs a server for version 8 or later; this server is for version 7"
        );
    }
}

#[cfg(all(test, feature = "conformance"))]
mod upgrade_tests {
    use std::sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    };

    use sqlx::{
        Connection as _, SqlSafeStr as _,
        migrate::{Migration, MigrationType},
    };

    use super::*;
    use crate::{
        InsertRule, Storage,
        conformance::{account, postgres_server::PostgresServer, profile, project},
        postgres::PostgresStorage,
    };

    const NEXT_COLUMN: i64 = 9_001;
    const NEXT_INDEX: i64 = 9_002;
    /// What each writer does before, while and after the schema changes.
    const ROUNDS: usize = 30;

    /// Returns the migrations of the next version: it adds a column, and an index without a transaction.
    fn next_version() -> Migrator {
        let column = "ALTER TABLE accounts ADD COLUMN note text";
        let index = "CREATE INDEX CONCURRENTLY accounts_by_note ON accounts (note)";
        let simple = |version, name: &'static str, sql: &'static str, no_tx| {
            Migration::new(version, name.into(), MigrationType::Simple, sql.into_sql_str(), no_tx)
        };
        let added = [simple(NEXT_COLUMN, "column", column, false), simple(NEXT_INDEX, "index", index, true)];
        Migrator::with_migrations(MIGRATIONS.iter().cloned().chain(added).collect())
    }

    /// Links, changes, reads and deletes accounts until it is stopped. Returns how often.
    async fn write(storage: Arc<PostgresStorage>, name: String, done: Arc<AtomicUsize>, stop: Arc<AtomicBool>) {
        let tenant = project(&*storage, &name).await;
        storage.profiles().create(&profile(&tenant, &name, 0)).await.unwrap();
        while !stop.load(Ordering::Relaxed) {
            let mut linked = account(&tenant, &name, &name, 0);
            assert!(storage.accounts().insert(&linked, InsertRule::OnePerOwner).await.is_ok());
            linked.label = Some("changed".to_owned());
            linked.revision = 2;
            assert!(storage.accounts().update(&linked, 1, &[]).await.unwrap());
            assert_eq!(storage.accounts().get(&tenant, &linked.id).await.unwrap(), Some(linked.clone()));
            assert!(storage.accounts().delete(&tenant, &linked.id, &[]).await.unwrap().is_some());
            done.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Waits for further rounds of the writers.
    async fn rounds(done: &AtomicUsize) {
        let target = done.load(Ordering::Relaxed) + ROUNDS;
        while done.load(Ordering::Relaxed) < target {
            tokio::task::yield_now().await;
        }
    }

    #[test]
    fn two_versions_run_together_while_the_schema_changes() {
        let server = PostgresServer::start();
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
        runtime.block_on(async {
            let url = server.create_database("upgraded", None).await;
            let old = Arc::new(PostgresStorage::open(&url, 10).await.unwrap());
            project(&*old, "first").await;
            let (done, stop) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicBool::new(false)));
            let spawn = |storage: &Arc<PostgresStorage>, name: &str| {
                tokio::spawn(write(storage.clone(), name.to_owned(), done.clone(), stop.clone()))
            };
            let mut writers = vec![spawn(&old, "a"), spawn(&old, "b"), spawn(&old, "c")];
            rounds(&done).await;

            let mut next = PgConnection::connect(&url).await.unwrap();
            migrate_to(&mut next, &next_version()).await.unwrap();
            rounds(&done).await;

            // An old server starts on the new schema, for example after a step back, and both write.
            let restarted = Arc::new(PostgresStorage::open(&url, 10).await.unwrap());
            writers.push(spawn(&restarted, "d"));
            let own = versions(&mut next).await.unwrap();
            assert_eq!((own.stored, own.is_pending()), (NEXT_INDEX, false));
            for _ in 0..ROUNDS {
                sqlx::query("UPDATE accounts SET note = 'of the next version'").execute(&mut next).await.unwrap();
            }
            rounds(&done).await;
            stop.store(true, Ordering::Relaxed);
            for writer in writers {
                writer.await.unwrap();
            }
            let is_valid: bool =
                sqlx::query_scalar("SELECT indisvalid FROM pg_index WHERE indexrelid = 'accounts_by_note'::regclass")
                    .fetch_one(&mut next)
                    .await
                    .unwrap();
            assert!(is_valid);

            // The release after that takes something away: the old version no longer starts.
            let contract = "UPDATE schema_support SET oldest_version = 9002";
            sqlx::query(contract).execute(&mut next).await.unwrap();
            let refused = PostgresStorage::open(&url, 10).await.err().unwrap();
            let cause = std::error::Error::source(&refused).unwrap().to_string();
            assert!(
                matches!(refused, StorageError::Newer(_)) && cause.contains("needs a server for version 9002"),
                "{cause}"
            );
            old.close().await;
            restarted.close().await;
        });
    }
}

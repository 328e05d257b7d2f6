//! PostgreSQL: the conformance suite, races, and what is particular to a server. Each test starts a server of its own.

mod pooler;
mod proxy;
mod replicas;
mod tls;
mod transfer;

use std::{
    error::Error as _,
    pin::Pin,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
};

use patchbay_model::{
    Clock as _, CodedError as _, Organization, OrganizationId, Project, ProjectId, Timestamp, testing::ManualClock,
};
use patchbay_storage::{
    Storage, StorageError,
    conformance::{self, Test, postgres_server::PostgresServer, races},
    postgres::PostgresStorage,
};
use sqlx::{Connection, PgConnection};

/// The number of tests of the suite that run at once.
const WORKERS: usize = 4;
/// A database with the schema, of which others are copies.
const MIGRATED: &str = "migrated";

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap()
}

async fn open(url: &str) -> PostgresStorage {
    PostgresStorage::open(url, 10).await.unwrap()
}

async fn refused(url: &str) -> StorageError {
    match PostgresStorage::open(url, 10).await {
        Err(error) => error,
        Ok(_) => panic!("it was opened"),
    }
}

/// Runs statements on a database directly.
async fn meddle(url: &str, statements: &'static str) {
    let mut connection = PgConnection::connect(url).await.unwrap();
    sqlx::raw_sql(statements).execute(&mut connection).await.unwrap();
    connection.close().await.unwrap();
}

/// Ends all connections to a database.
async fn cut(server: &PostgresServer, database: &str) {
    let mut connection = PgConnection::connect(&server.url("postgres")).await.unwrap();
    let cut = sqlx::query("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1").bind(database);
    cut.execute(&mut connection).await.unwrap();
    connection.close().await.unwrap();
}

async fn migrated(server: &PostgresServer) {
    let url = server.create_database(MIGRATED, None).await;
    open(&url).await.close().await;
}

/// Returns what a panic said.
fn words(panic: &(dyn std::any::Any + Send)) -> String {
    let text = panic.downcast_ref::<String>().cloned();
    text.or_else(|| panic.downcast_ref::<&str>().map(|&text| text.to_owned())).unwrap_or_default()
}

/// Runs each test on a database of its own, several at once. The tests share a server because each starts in a process of its own
/// otherwise, and a server takes longer to start than most of them take to run.
#[test]
fn the_conformance_suite_passes() {
    let server = Arc::new(PostgresServer::start());
    let direct: Open = Arc::new(|url: String| -> Opening { Box::pin(async move { open(&url).await }) });
    run_suite(&server, &direct);
}

type Opening = Pin<Box<dyn Future<Output = PostgresStorage>>>;

/// Opens the storage of the database of a URL.
type Open = Arc<dyn Fn(String) -> Opening + Send + Sync>;

/// Runs the whole suite on databases of a server, each opened in this way.
fn run_suite(server: &Arc<PostgresServer>, open_url: &Open) {
    runtime().block_on(migrated(server));
    let (tests, next) = (Arc::new(conformance::tests()), Arc::new(AtomicUsize::new(0)));
    let failed = Arc::new(Mutex::new(Vec::new()));
    let workers = (0..WORKERS).map(|_| {
        let (server, tests, next, failed, open_url) =
            (server.clone(), tests.clone(), next.clone(), failed.clone(), open_url.clone());
        std::thread::spawn(move || {
            while let Some((name, test)) = tests.get(next.fetch_add(1, Ordering::Relaxed)).copied() {
                let (server, open_url) = (server.clone(), open_url.clone());
                let outcome = std::thread::spawn(move || run_alone(&server, &open_url, name, test)).join();
                if let Err(panic) = outcome {
                    failed.lock().unwrap().push(format!("{name}: {}", words(&*panic)));
                }
            }
        })
    });
    for worker in workers.collect::<Vec<_>>() {
        worker.join().unwrap();
    }
    assert!(tests.len() > 70, "only {} tests ran", tests.len());
    let failed = failed.lock().unwrap();
    assert!(failed.is_empty(), "{} of {} failed:\n{}", failed.len(), tests.len(), failed.join("\n"));
}

fn run_alone(server: &PostgresServer, open_url: &Open, name: &str, test: Test) {
    runtime().block_on(async {
        let storage = open_url(server.create_database(name, Some(MIGRATED)).await).await;
        test(&storage).await;
        storage.close().await;
    });
}

#[test]
fn each_race_has_one_winner_in_a_hundred_rounds() {
    let server = PostgresServer::start();
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    runtime.block_on(async {
        let url = server.create_database("races", None).await;
        let storage = open(&url).await;
        let mut cleaner = PgConnection::connect(&url).await.unwrap();
        let clear: String = sqlx::query_scalar(
            "SELECT 'SET session_replication_role = replica; ' || string_agg(format('DELETE FROM %I', relname), '; ') \
             FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace \
             AND relname NOT IN ('_sqlx_migrations', 'schema_support')",
        )
        .fetch_one(&mut cleaner)
        .await
        .unwrap();
        for (name, race) in races::rounds().into_iter().chain(races::rounds_of_replicas()) {
            for round in 0..100 {
                eprintln!("{name}, round {round}");
                race(&storage).await;
                sqlx::raw_sql(sqlx::AssertSqlSafe(clear.clone())).execute(&mut cleaner).await.unwrap();
            }
        }
        races::attempt_rounds(&storage, 100).await;
        storage.close().await;
    });
}

#[test]
fn many_servers_that_start_at_once_migrate_once() {
    let server = PostgresServer::start();
    runtime().block_on(async {
        let url = server.create_database("fresh", None).await;
        let (a, b, c, d) = tokio::join!(open(&url), open(&url), open(&url), open(&url));
        for storage in [a, b, c, d] {
            storage.meta().ping().await.unwrap();
            storage.close().await;
        }
        let mut connection = PgConnection::connect(&url).await.unwrap();
        let applied: i64 =
            sqlx::query_scalar("SELECT count(*) FROM _sqlx_migrations").fetch_one(&mut connection).await.unwrap();
        let files = std::fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/migrations/postgres")).unwrap().count();
        assert_eq!(usize::try_from(applied).unwrap(), files);
        let locks: i64 = sqlx::query_scalar("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'")
            .fetch_one(&mut connection)
            .await
            .unwrap();
        assert_eq!(locks, 0, "the lock of the migration is free");
    });
}

#[test]
fn a_newer_schema_is_refused_unless_it_supports_this_version() {
    let server = PostgresServer::start();
    runtime().block_on(async {
        let url = server.create_database("newer", None).await;
        open(&url).await.close().await;
        meddle(
            &url,
            "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time) \
             VALUES (9999, 'later', true, '\\x00', 0)",
        )
        .await;
        let storage = open(&url).await;
        storage.meta().set("name", b"value").await.unwrap();
        storage.close().await;
        // Another build of this version has another migration under the same number.
        meddle(&url, "UPDATE _sqlx_migrations SET checksum = '\\x00' WHERE version = 1").await;
        let error = refused(&url).await;
        assert!(error.to_string().contains("another build of Patchbay"), "{error}");
        meddle(&url, "UPDATE schema_support SET oldest_version = 9998").await;
        let error = refused(&url).await;
        assert!(matches!(error, StorageError::Newer(_)), "{error}");
        let cause = error.source().unwrap().to_string();
        assert!(cause.contains("version 9999 and needs a server for version 9998"), "{cause}");
        assert!(cause.contains("this server is for version "), "{cause}");
    });
}

#[test]
fn what_prevents_a_start_is_named() {
    let server = PostgresServer::start();
    runtime().block_on(async {
        let error = refused(&server.url("missing")).await;
        assert!(error.to_string().contains("create the database"), "{error}");

        let url = server.create_database("foreign_tables", None).await;
        meddle(&url, "CREATE TABLE letters (body text)").await;
        let error = refused(&url).await;
        assert!(error.to_string().contains("a database or a schema of its own"), "{error}");
        assert_eq!(error.source().unwrap().to_string(), "it contains the table letters");
        let mut connection = PgConnection::connect(&url).await.unwrap();
        let tables: i64 = sqlx::query_scalar("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'")
            .fetch_one(&mut connection)
            .await
            .unwrap();
        assert_eq!(tables, 1, "nothing was written to it");

        let nowhere = refused("postgres://u@127.0.0.1:1/d").await;
        assert!(nowhere.to_string().contains("check that PostgreSQL runs"), "{nowhere}");

        let url = server.create_database("read_only", None).await;
        open(&url).await.close().await;
        meddle(&url, "ALTER DATABASE read_only SET default_transaction_read_only = on").await;
        let storage = open(&url).await;
        assert_eq!(storage.meta().get("name").await.unwrap(), None);
        let error = storage.meta().set("name", b"value").await.unwrap_err();
        assert!(error.to_string().contains("the primary server"), "{error}");
    });
}

#[test]
fn lost_connections_are_replaced() {
    let server = PostgresServer::start();
    runtime().block_on(async {
        let url = server.create_database("cut", None).await;
        let storage = open(&url).await;
        storage.meta().set("name", b"one").await.unwrap();
        for value in [&b"two"[..], b"three"] {
            cut(&server, "cut").await;
            assert!(storage.meta().get("name").await.unwrap().is_some());
            cut(&server, "cut").await;
            storage.meta().set("name", value).await.unwrap();
            assert_eq!(storage.meta().get("name").await.unwrap().as_deref(), Some(value));
        }
        // A whole pool of dead connections: each was idle, and none was tried before it was used.
        let slow = (0..8).map(|number| {
            let name = format!("name {number}");
            let storage = &storage;
            async move { storage.meta().set(&name, b"value").await.unwrap() }
        });
        futures_util::future::join_all(slow).await;
        cut(&server, "cut").await;
        for number in 0..8 {
            assert!(storage.meta().get(&format!("name {number}")).await.unwrap().is_some());
        }
        storage.close().await;
        assert!(matches!(storage.meta().ping().await, Err(StorageError::Closed(_))));
    });
}

/// A failure of a statement, by its SQLSTATE: how often it may come until the work fails, and the words of the error then.
const STATES: [(&str, i64, &str); 14] = [
    ("40001", 5, "busy for too long"),
    ("40P01", 5, "busy for too long"),
    ("25006", 1, "the primary server"),
    ("25P03", 1, "check that PostgreSQL runs"),
    ("57P01", 1, "check that PostgreSQL runs"),
    ("57P02", 1, "check that PostgreSQL runs"),
    ("57P03", 1, "check that PostgreSQL runs"),
    ("08000", 1, "check that PostgreSQL runs"),
    ("08006", 1, "check that PostgreSQL runs"),
    // Nothing is gained by another try.
    ("53100", 0, "the disk is full"),
    ("55P03", 0, "busy for too long"),
    ("57014", 0, "busy for too long"),
    ("23505", 0, "exists already"),
    ("58030", 0, "its log says more"),
];

/// Makes the next statements on `meta` fail. Sequences are not rolled back: they count the tries.
async fn fail_next(connection: &mut PgConnection, state: &str, failures: i64) {
    let statements = format!(
        "DROP TRIGGER IF EXISTS failing ON meta; DROP SEQUENCE IF EXISTS tries; CREATE SEQUENCE tries; \
         CREATE OR REPLACE FUNCTION fail() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN \
         IF nextval('tries') <= {failures} THEN RAISE EXCEPTION 'planned' USING ERRCODE = '{state}'; END IF; \
         RETURN NEW; END $$; \
         CREATE TRIGGER failing BEFORE INSERT OR UPDATE ON meta FOR EACH ROW EXECUTE FUNCTION fail()"
    );
    sqlx::raw_sql(sqlx::AssertSqlSafe(statements)).execute(connection).await.unwrap();
}

#[test]
fn each_state_is_tried_again_as_often_as_it_should() {
    let server = PostgresServer::start();
    runtime().block_on(async {
        let url = server.create_database("states", None).await;
        let storage = open(&url).await;
        let mut saboteur = PgConnection::connect(&url).await.unwrap();
        for (number, (state, retries, words)) in STATES.into_iter().enumerate() {
            let name = format!("name {number}");
            fail_next(&mut saboteur, state, retries).await;
            storage.meta().set(&name, b"value").await.unwrap_or_else(|error| panic!("{state}: {error}"));
            assert_eq!(storage.meta().get(&name).await.unwrap().as_deref(), Some(&b"value"[..]), "{state}");

            fail_next(&mut saboteur, state, i64::MAX).await;
            let error = storage.meta().set("refused", b"value").await.unwrap_err();
            assert!(error.to_string().contains(words), "{state}: {error}");
            let tries: i64 = sqlx::query_scalar("SELECT last_value FROM tries").fetch_one(&mut saboteur).await.unwrap();
            assert_eq!(tries, retries + 1, "{state}");
            assert_eq!(storage.meta().get("refused").await.unwrap(), None, "{state}: nothing was stored");
        }
        storage.close().await;
    });
}

/// After a fail-over, the connections of the pool lead to a server that has become a standby. All of them are replaced, not one of
/// them for each request that fails.
#[test]
fn a_pool_of_read_only_connections_is_replaced() {
    let server = PostgresServer::start();
    runtime().block_on(async {
        let url = server.create_database("standby", None).await;
        open(&url).await.close().await;
        let storage = open(&url).await;
        let write = |number: usize| {
            let storage = &storage;
            async move { storage.meta().set(&format!("name {number}"), b"value").await }
        };
        // Each session that begins now stays read-only.
        meddle(&url, "ALTER DATABASE standby SET default_transaction_read_only = on").await;
        let reads = (0..64).map(|_| storage.meta().ping());
        futures_util::future::try_join_all(reads).await.unwrap();
        let mut connection = PgConnection::connect(&server.url("postgres")).await.unwrap();
        let open: i64 = sqlx::query_scalar("SELECT count(*) FROM pg_stat_activity WHERE datname = 'standby'")
            .fetch_one(&mut connection)
            .await
            .unwrap();
        assert!(open > 2, "{open} connections are open");
        sqlx::raw_sql("ALTER DATABASE standby RESET default_transaction_read_only")
            .execute(&mut connection)
            .await
            .unwrap();
        for written in futures_util::future::join_all((0..16).map(write)).await {
            written.unwrap();
        }
        storage.close().await;
    });
}

#[test]
fn a_request_that_finds_no_free_connection_is_refused() {
    let server = PostgresServer::start();
    runtime().block_on(async {
        let url = server.create_database("busy", None).await;
        let storage = PostgresStorage::open(&url, 1).await.unwrap();
        let mut other = PgConnection::connect(&url).await.unwrap();
        sqlx::raw_sql("BEGIN; LOCK TABLE meta").execute(&mut other).await.unwrap();
        let write = storage.meta().set("name", b"value");
        let refused = async {
            let error = storage.organizations().first().await.unwrap_err();
            assert!(matches!(error, StorageError::Unavailable { .. }), "{error}");
            assert_eq!(error.retry_after(), Some(2));
            sqlx::raw_sql("COMMIT").execute(&mut other).await.unwrap();
        };
        let (written, ()) = tokio::join!(write, refused);
        written.unwrap();
        assert_eq!(storage.organizations().first().await.unwrap(), None, "the connection is free again");
        storage.close().await;
    });
}

/// Servers whose machines' clocks are twenty minutes apart agree on what time it is.
#[test]
fn servers_use_the_clock_of_the_database() {
    let server = PostgresServer::start();
    runtime().block_on(async {
        let url = server.create_database("clock", None).await;
        let storage = Arc::new(open(&url).await);
        let mut connection = PgConnection::connect(&url).await.unwrap();
        for moment in ["2020-01-01T00:00:00Z", "2040-01-01T00:00:00Z"] {
            let machine = Arc::new(ManualClock::at(moment));
            let clock = storage.clock(machine.clone()).await.unwrap();
            let shown = clock.now().as_micros();
            let theirs: i64 = sqlx::query_scalar("SELECT (extract(epoch FROM clock_timestamp()) * 1000000)::bigint")
                .fetch_one(&mut connection)
                .await
                .unwrap();
            // The answer of the database takes some time, on a busy machine too.
            assert!((theirs - shown).abs() < 60_000_000, "{moment}: {shown}, {theirs}");
            machine.advance_seconds(90);
            assert_eq!(clock.now().as_micros() - shown, 90_000_000, "it goes on without the database");
        }
        storage.close().await;
    });
}

#[test]
fn each_connection_has_its_time_outs_and_its_name() {
    let server = PostgresServer::start();
    runtime().block_on(async {
        let url = server.create_database("settings", None).await;
        let storage = open(&url).await;
        meddle(
            &url,
            "CREATE TABLE seen (setting text); CREATE FUNCTION see() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN \
             INSERT INTO seen SELECT name || '=' || current_setting(name) FROM UNNEST(ARRAY['statement_timeout', \
             'lock_timeout', 'idle_in_transaction_session_timeout', 'application_name']) AS name; RETURN NEW; END $$; \
             CREATE TRIGGER seeing BEFORE INSERT ON meta FOR EACH ROW EXECUTE FUNCTION see()",
        )
        .await;
        storage.meta().set("name", b"value").await.unwrap();
        let mut connection = PgConnection::connect(&url).await.unwrap();
        let seen: Vec<String> =
            sqlx::query_scalar("SELECT setting FROM seen").fetch_all(&mut connection).await.unwrap();
        assert_eq!(
            seen,
            [
                "statement_timeout=10s",
                "lock_timeout=5s",
                "idle_in_transaction_session_timeout=15s",
                "application_name=patchbay"
            ]
        );
        storage.close().await;
    });
}

/// A statement that was prepared for all columns fails with "cached plan must not change result type" when a migration of a newer
/// server adds one.
#[test]
fn no_statement_reads_all_columns() {
    let source = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = vec![source.join("rows/sealed_records.rs")];
    files.extend(std::fs::read_dir(source.join("postgres")).unwrap().map(|entry| entry.unwrap().path()));
    assert!(files.len() > 20, "{files:?}");
    for file in files {
        let text = std::fs::read_to_string(&file).unwrap();
        let words = text.replace("\\\n", " ").split_whitespace().collect::<Vec<_>>().join(" ").to_lowercase();
        for all in ["select *", "select distinct *", "returning *"] {
            assert!(!words.contains(all), "{}: `{all}`", file.display());
        }
        let qualified = |(before, after): (&str, &str)| {
            before.ends_with(|c: char| c.is_ascii_alphanumeric()) && !after.starts_with('*') && !after.starts_with('/')
        };
        let is_qualified = words.match_indices(".*").any(|(at, _)| qualified((&words[..at], &words[at + 2..])));
        assert!(!is_qualified, "{}: all columns of a table", file.display());
    }
}

/// The threads that serve requests end before the storage does. Their queries run on the storage's runtime: none is interrupted, and
/// no connection is lost with them.
#[test]
fn a_request_thread_that_ends_interrupts_nothing() {
    let server = PostgresServer::start();
    let keeper = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let url = keeper.block_on(server.create_database("threads", None));
    let storage = Arc::new(keeper.block_on(open(&url)));
    let writes = 20;
    for number in 0..writes {
        let storage = storage.clone();
        let requests = runtime();
        // The runtime of the request ends after it has sent its work, before the answer.
        requests.block_on(async move {
            let name = format!("name {number}");
            let write = storage.meta().set(&name, b"value");
            let mut write = std::pin::pin!(write);
            let first = std::future::poll_fn(|context| std::task::Poll::Ready(write.as_mut().poll(context))).await;
            assert!(first.is_pending());
        });
        drop(requests);
    }
    keeper.block_on(async {
        for number in 0..writes {
            let name = format!("name {number}");
            let mut is_stored = false;
            for _ in 0..10_000 {
                is_stored = storage.meta().get(&name).await.unwrap().is_some();
                if is_stored {
                    break;
                }
            }
            assert!(is_stored, "write {number} was lost");
        }
        storage.close().await;
    });
}

/// The answer to COMMIT is lost: the transaction may have been committed or not, and the server knows. A project that was created is
/// not created again, which would be a conflict; one that was not is.
#[test]
fn a_commit_whose_answer_is_lost_is_settled() {
    let server = PostgresServer::start();
    let proxy = proxy::Proxy::start(&server.socket());
    runtime().block_on(async {
        server.create_database("settled", None).await;
        let storage = open(&proxy.url("settled")).await;
        let organization = Organization {
            id: OrganizationId::new("org"),
            name: "Org".to_owned(),
            created_at: Timestamp::from_micros(0),
        };
        storage.organizations().create(&organization).await.unwrap();
        for (number, cut) in
            [proxy::Cut::BeforeCommit, proxy::Cut::AfterCommit, proxy::Cut::BeforeCommit].into_iter().enumerate()
        {
            let project = Project {
                id: ProjectId::new(format!("p{number}")),
                organization_id: organization.id.clone(),
                name: "project".to_owned(),
                created_at: Timestamp::from_micros(0),
            };
            proxy.cut_next(cut);
            storage.projects().create(&project).await.unwrap();
            assert!(proxy.has_cut(), "the connection was cut");
            assert_eq!(storage.projects().get(&project.id).await.unwrap(), Some(project));
        }
        assert_eq!(storage.projects().list(&organization.id).await.unwrap().len(), 3);
        storage.close().await;
    });
}

/// A standby takes over without the newest transaction, whose COMMIT was not answered. On it, PostgreSQL's number of the transaction
/// belongs to another one, which was committed.
#[test]
fn a_commit_that_a_fail_over_lost_is_made_again() {
    let (server, standby) = (PostgresServer::start(), PostgresServer::start());
    let proxy = proxy::Proxy::start(&server.socket());
    runtime().block_on(async {
        let mut connections = Vec::new();
        for each in [&server, &standby] {
            let url = each.create_database("lost", None).await;
            open(&url).await.close().await;
            meddle(&url, "INSERT INTO organizations VALUES ('org', 'Org', 0)").await;
            connections.push(PgConnection::connect(&url).await.unwrap());
        }
        let storage = open(&proxy.url("lost")).await;
        let number = "SELECT txid_current()";
        let last: i64 = sqlx::query_scalar(number).fetch_one(&mut connections[0]).await.unwrap();
        while sqlx::query_scalar::<_, i64>(number).fetch_one(&mut connections[1]).await.unwrap() < last + 100 {}
        let project = Project {
            id: ProjectId::new("p"),
            organization_id: OrganizationId::new("org"),
            name: "project".to_owned(),
            created_at: Timestamp::from_micros(0),
        };
        proxy.cut_next(proxy::Cut::FailOver(standby.socket()));
        storage.projects().create(&project).await.unwrap();
        assert!(proxy.has_cut(), "the connection was cut");
        assert_eq!(storage.projects().get(&project.id).await.unwrap(), Some(project));
        storage.close().await;
    });
}

#[test]
fn a_nul_character_is_the_callers_error() {
    let server = PostgresServer::start();
    runtime().block_on(async {
        let url = server.create_database("nul", None).await;
        let storage = open(&url).await;
        let error = storage.meta().set("na\0me", b"value").await.unwrap_err();
        assert!(matches!(error, StorageError::NulCharacter), "{error}");
        assert_eq!(error.code().status(), 400);
        storage.close().await;
    });
}

/// Each column for envelopes is guarded against retired keys, and is known to the rotation of keys.
#[test]
fn every_sealed_column_is_rotated_and_guarded() {
    const GUARDED: [&str; 13] = [
        "account_secrets.sealed",
        "api_keys.seal",
        "browser_sessions.seal",
        "connector_versions.seal",
        "idempotency_keys.sealed",
        "inbox_endpoints.sealed",
        "inbox_events.sealed",
        "login_tokens.seal",
        "members.seal",
        "meta.value",
        "pending_authorizations.sealed",
        "profile_secrets.sealed",
        "webhook_secrets.sealed",
    ];
    let server = PostgresServer::start();
    runtime().block_on(async {
        let url = server.create_database("columns", None).await;
        open(&url).await.close().await;
        let mut connection = PgConnection::connect(&url).await.unwrap();
        let columns: Vec<String> = sqlx::query_scalar(
            "SELECT table_name || '.' || column_name FROM information_schema.columns WHERE table_schema = 'public' \
             AND data_type = 'bytea' AND (column_name LIKE 'seal%' OR table_name = 'meta') ORDER BY 1",
        )
        .fetch_all(&mut connection)
        .await
        .unwrap();
        assert_eq!(columns, GUARDED);
        // The events and the column of each trigger that rejects retired keys: INSERT is 4, UPDATE is 16.
        let guards: Vec<String> = sqlx::query_scalar(
            "SELECT t.tgrelid::regclass || '.' || a.attname FROM pg_trigger t \
             JOIN pg_attribute a ON a.attrelid = t.tgrelid AND a.attnum = ANY(t.tgattr::int2[]) \
             WHERE t.tgfoid::regproc::text LIKE 'reject_retired_key%' AND t.tgtype & 20 = 20 ORDER BY 1",
        )
        .fetch_all(&mut connection)
        .await
        .unwrap();
        assert_eq!(guards, GUARDED);
        let source = include_str!("../../src/rows/sealed_records.rs");
        for column in GUARDED {
            let (table, _) = column.split_once('.').unwrap();
            assert!(source.contains(&format!("FROM {table}")), "{table} is not in the list of sealed values");
        }
    });
}

/// Ids and texts are compared by their bytes, as in SQLite, whatever the locale of the database is.
#[test]
fn every_text_column_is_compared_by_its_bytes() {
    let server = PostgresServer::start();
    runtime().block_on(async {
        let url = server.create_database("collation", None).await;
        open(&url).await.close().await;
        let mut connection = PgConnection::connect(&url).await.unwrap();
        let others: Vec<String> = sqlx::query_scalar(
            "SELECT table_name || '.' || column_name FROM information_schema.columns WHERE table_schema = 'public' \
             AND table_name <> '_sqlx_migrations' AND (data_type IN ('character varying', 'json', 'jsonb', 'integer', \
             'timestamp with time zone') OR (data_type = 'text' AND collation_name IS DISTINCT FROM 'C'))",
        )
        .fetch_all(&mut connection)
        .await
        .unwrap();
        assert!(others.is_empty(), "{others:?}");
    });
}

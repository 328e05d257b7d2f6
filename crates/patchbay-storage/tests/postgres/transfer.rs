//! Copies between the backends: every table and every value arrives, in both directions.

use std::{collections::BTreeMap, path::Path};

use patchbay_model::{OrganizationId, ProjectId, Timestamp};
use patchbay_storage::{
    Storage, StorageError,
    conformance::postgres_server::PostgresServer,
    postgres::PostgresStorage,
    sqlite::SqliteStorage,
    transfer::{AnyStorage, CopiedTable, copy_all, forgotten_tables, mark_moved, moved_to},
};
use sqlx::{Connection, SqliteConnection};

use super::{meddle, open, runtime};

/// A row or more for each table, with what is hard to copy: NULL, an empty text, letters outside of ASCII, bytes of any value, the
/// largest numbers, and gaps in the numbers that the database counts.
const ROWS: &str = "
INSERT INTO organizations VALUES ('org', 'Ünïcödé \"quoted\" ''text'' \n 🦀', 1);
INSERT INTO projects VALUES ('p', 'org', '', 9223372036854775807), ('q', 'org', 'second', -1);
INSERT INTO retired_keys VALUES (x'ff00ff00ff00ff00');
INSERT INTO meta VALUES ('known_time', x'00ff'), ('empty', x'');
INSERT INTO api_keys (id, project_id, name, hash, scopes, enabled, created_at, seal) VALUES
  ('k1', 'p', 'ci', x'01', 'a b', 1, 5, x'020102030405060708aa'), ('k2', 'q', 'off', x'02', '', 0, 6, NULL);
INSERT INTO login_tokens (hash, project_id, expires_at, seal) VALUES (x'80', 'p', 7, NULL), (x'7f', 'p', 8, NULL);
INSERT INTO members (id, organization_id, name, password_hash, created_at, seal) VALUES ('m', 'org', 'Ada', NULL, 9, NULL);
INSERT INTO browser_sessions (hash, member_id, created_at, expires_at, seal) VALUES (x'aa', 'm', 1, 2, NULL);
INSERT INTO profiles (id, project_id, name, connector, auth_config_key, environment, version_pin, active, is_default,
  enabled_actions, setup_information, created_at, updated_at, alarm) VALUES
  ('f', 'p', 'F', 'c', 'key', 'production', NULL, 1, 1, NULL, '{}', 1, 1, NULL),
  ('g', 'p', 'G', 'c', 'key', 'production', '1.x.x', 0, 0, '[\"a\"]', '{\"a\":1}', 1, 1, '{}');
INSERT INTO profile_secrets VALUES ('f', 'secret', x'02010203040506070801'), ('f', 'other', x'02010203040506070802');
INSERT INTO accounts (id, project_id, profile_id, connector, connector_version, auth_config_key, environment, owner_id, owner_name,
  owner_username, label, kind, shared, status, status_reasons, setup_information, metadata, revision, created_at, updated_at) VALUES
  ('b', 'p', 'f', 'c', '1', 'key', 'production', 'o', 'O', NULL, NULL, 'production', 0, 'active', '[]', '{}', '{}', 3, 1, 2),
  ('B', 'p', 'g', 'c', '1', 'key', 'production', 'o2', 'O', 'u', 'l', 'test', 1, 'active', '[]', '{}', '{}', 1, 1, 2),
  ('ä', 'p', 'g', 'c', '1', 'key', 'production', 'o3', 'O', 'u', 'l', 'test', 1, 'active', '[]', '{}', '{}', 1, 1, 2);
UPDATE accounts SET token = '{\"client_id\":\"app\"}', expiries =
  '[{\"cause\":\"access_token\",\"at\":9,\"notify_from\":7,\"notified\":true},{\"cause\":\"access_token\",\"at\":8,\"notify_from\":6,\"notified\":false}]'
  WHERE id = 'b';
INSERT INTO account_secrets VALUES ('b', 'token', x'0201020304050607080b'), ('B', 'token', x'0201020304050607080c');
INSERT INTO refresh_leases VALUES ('b', 'p', 12, 0, NULL, 2, 0);
INSERT INTO pending_authorizations VALUES (x'11', 'p', x'0201020304050607080d', 77);
INSERT INTO connect_sessions (id, organization_id, project_id, token_hash, owner_id, owner_name, categories, metadata, kind, multiple,
  external_trigger_token, created_at, expires_at) VALUES
  (3, 'org', 'p', x'03', 'o', 'O', '[]', '{}', 'production', 0, 't', 1, 2),
  (900, 'org', 'p', x'04', 'o', 'O', '[]', '{}', 'production', 1, 't', 1, 2);
DELETE FROM connect_sessions WHERE id = 900;
INSERT INTO connection_attempts (id, session_id, project_id, status, created_at, expires_at) VALUES
  ('z', 3, 'p', 'pending', 1, 2), ('a', 3, 'p', 'failed', 1, 2);
INSERT INTO connector_versions (project_id, key, version, digest, file_count, size_bytes, created_at) VALUES
  ('p', 'acme', '1.0.0', x'0000000000000000000000000000000000000000000000000000000000000000', 2, 10, 1),
  ('p', 'acme', '1.0.10', x'0101010101010101010101010101010101010101010101010101010101010101', 0, 0, 1);
INSERT INTO connector_files VALUES ('p', 'acme', '1.0.0', 'a.yaml', 'text: ☃'), ('p', 'acme', '1.0.0', 'b.yaml', '');
INSERT INTO idempotency_keys (key_hash, project_id, bucket, fingerprint, status, sealed, expires_at) VALUES
  (x'01', 'p', 'p', x'aa', 200, x'02010203040506070899', 5), (x'02', 'p', 'p', x'ab', NULL, NULL, 6), (x'03', 'q', 'q', x'ac', 201, NULL, 7);
INSERT INTO webhooks VALUES (70368744177663, 'p', NULL, 'https://app.example/h', '[\"account.created\"]', 1, NULL, 0, NULL, 1, 1, 1),
  (5, 'q', 'N', 'https://app.example/q', '[]', 0, 'gone', 1, 9, 3, 1, 2);
INSERT INTO webhook_secrets VALUES (5, 'current', x'0201020304050607080e');
INSERT INTO webhook_health VALUES (5, NULL, '{}'), (70368744177663, 8, '{\"open_until\":8}');
INSERT INTO webhook_events VALUES ('p', 'evt_1', 'account.created', NULL, 'b', '{\"ü\":1}', 4), ('p', 'evt_0', 'x', 'b', 'b', '{}', 4);
INSERT INTO webhook_deliveries (id, project_id, webhook_id, event_id, state, due_at, attempts, tries, lease_until, lease_fence,
  last_status, last_error, replay_id, created_at, finished_at) VALUES
  (7, 'p', 70368744177663, 'evt_1', 'pending', 4, 1, 1, 0, 1, NULL, 'no', 'r', 4, NULL),
  (9, 'p', 70368744177663, 'evt_0', 'dead', 4, 1, 1, 0, 1, 500, 'no', NULL, 4, 5);
INSERT INTO webhook_attempts VALUES (7, 1, 4, 10, 'https://app.example/h', NULL, 'no', NULL);
INSERT INTO webhook_replays VALUES ('r', 'p', 70368744177663, 1, 4);
INSERT INTO inbox_endpoints (id, project_id, profile_id, account_id, token_hash, sealed, state, tries, due_at, lease_until, last_error,
  revision, created_at, token_at) VALUES
  ('ep', 'p', 'f', NULL, x'05', x'0201020304050607080f', 'manual', 0, NULL, 0, NULL, 1, 1, 1),
  ('eq', 'p', 'f', 'b', x'06', x'0201020304050607080f', 'active', 1, 9, 0, 'no', 2, 1, 2);
INSERT INTO inbox_events (id, project_id, endpoint_id, profile_id, account_id, state, event_type, sealed, size_bytes, due_at, tries,
  actions, lease_until, lease_fence, last_error, received_at, finished_at) VALUES
  ('e1', 'p', 'ep', 'f', NULL, 'unattributed', 'ü', x'0201020304050607080f', 3, 1, 1, 0, 0, 1, 'who?', 1, 2),
  ('e2', 'p', 'eq', 'f', 'b', 'stored', NULL, x'0201020304050607080f', 3, 1, 0, 0, 0, 0, NULL, 1, NULL);
INSERT INTO inbox_keys VALUES ('ep', x'07', 1), ('eq', x'07', 1);
INSERT INTO inbox_refusals VALUES ('ep', 'signature', 4, 5);
INSERT INTO tool_feedback (key, project_id, account_id, tool, text, created_at) VALUES
  ('k', 'p', NULL, 'acme_list', 'it''s \"good\"', 1), ('k', 'p', 'b', 'acme_get', '', 2), ('K', 'q', NULL, 'acme_list', '☃', 3);
INSERT INTO calls (id, project_id, account_id, profile_id, connector, connector_version, action, kind, status_code, error_code, started_at,
  duration_micros) VALUES ('c1', 'p', NULL, 'f', 'c', '1', NULL, 'proxy', 200, NULL, 1, 2);
";

fn hash(parts: &[&[u8]]) -> [u8; 32] {
    // Enough to tell rows apart in a test: each byte of the hash mixes all bytes before it.
    let mut state = [0u8; 32];
    for (number, byte) in parts.iter().flat_map(|part| part.iter().copied().chain([0x5a])).enumerate() {
        let place = number % 32;
        state[place] = state[place].wrapping_mul(31).wrapping_add(byte) ^ state[(place + 7) % 32].rotate_left(3);
    }
    state
}

async fn fill(path: &Path) -> SqliteStorage {
    SqliteStorage::open(path).await.unwrap().close().await;
    let mut connection = SqliteConnection::connect(&format!("sqlite://{}", path.display())).await.unwrap();
    sqlx::raw_sql(ROWS).execute(&mut connection).await.unwrap();
    // More rows than a page has.
    for number in 0..1_234_u32 {
        let query = sqlx::query(
            "INSERT INTO calls SELECT ?, project_id, account_id, profile_id, connector, connector_version, action, \
             kind, status_code, error_code, started_at, duration_micros FROM calls WHERE id = 'c1'",
        );
        query.bind(format!("call {number}")).execute(&mut connection).await.unwrap();
    }
    connection.close().await.unwrap();
    SqliteStorage::open(path).await.unwrap()
}

async fn copy(from: AnyStorage<'_>, to: AnyStorage<'_>) -> Vec<CopiedTable> {
    copy_all(&from, &to, true, &hash).await.unwrap()
}

#[test]
fn a_database_moves_to_postgresql_and_back_unchanged() {
    let server = PostgresServer::start();
    let directory = tempfile::tempdir().unwrap();
    runtime().block_on(async {
        let file = fill(&directory.path().join("first.db")).await;
        let postgres = open(&server.create_database("moved", None).await).await;
        let there = copy(AnyStorage::Sqlite(&file), AnyStorage::Postgres(&postgres)).await;
        let rows = there.iter().map(|copied| (copied.table, copied.rows)).collect::<BTreeMap<_, _>>();
        let empty = rows.iter().filter(|(_, rows)| **rows == 0).collect::<Vec<_>>();
        assert!(empty.is_empty(), "the test has no rows of {empty:?}");
        assert_eq!((rows["calls"], rows["idempotency_usage"], rows["connector_files"]), (1_235, 2, 2));

        let back = SqliteStorage::open(&directory.path().join("back.db")).await.unwrap();
        assert_eq!(copy(AnyStorage::Postgres(&postgres), AnyStorage::Sqlite(&back)).await, there);
        let (first, second) =
            (dump(&directory.path().join("first.db")).await, dump(&directory.path().join("back.db")).await);
        assert_eq!(first, second);

        // A number that a deleted session had is not given again, and new attempts come after the copied ones.
        let project = ProjectId::new("p");
        for storage in [&postgres as &dyn Storage, &back] {
            let files = storage.connectors().files(&project, "acme", "1.0.0").await.unwrap().unwrap();
            assert_eq!(files[0].text, "text: ☃");
        }
        let mut connection = sqlx::PgConnection::connect(&server.url("moved")).await.unwrap();
        let next: i64 = sqlx::query_scalar("SELECT nextval(pg_get_serial_sequence('connect_sessions', 'id'))")
            .fetch_one(&mut connection)
            .await
            .unwrap();
        assert_eq!(next, 901);
        let repeated: (Option<String>, Option<i64>) =
            sqlx::query_as("SELECT token_client_id, first_notice_at FROM accounts WHERE id = 'b'")
                .fetch_one(&mut connection)
                .await
                .unwrap();
        assert_eq!(repeated, (Some("app".to_owned()), Some(6)), "columns that only PostgreSQL has");
        let order: Vec<String> = sqlx::query_scalar("SELECT id FROM connection_attempts ORDER BY number")
            .fetch_all(&mut connection)
            .await
            .unwrap();
        assert_eq!(order, ["z", "a"]);

        let refused = copy_all(&AnyStorage::Sqlite(&file), &AnyStorage::Postgres(&postgres), true, &hash).await;
        assert!(matches!(refused, Err(StorageError::Conflict(why)) if why.contains("not empty")), "{refused:?}");
        for storage in [AnyStorage::Sqlite(&file), AnyStorage::Postgres(&postgres)] {
            mark_moved(&storage, "postgres://db/elsewhere", Timestamp::from_micros(5)).await.unwrap();
        }
        assert_eq!(moved_to(&postgres).await.unwrap().unwrap(), "postgres://db/elsewhere");
        assert_eq!(moved_to(&back).await.unwrap(), None);
        for storage in [&file, &back] {
            storage.close().await;
        }
        postgres.close().await;
    });
}

/// Returns every row of every table as text.
async fn dump(path: &Path) -> Vec<String> {
    let mut connection = SqliteConnection::connect(&format!("sqlite://{}", path.display())).await.unwrap();
    let selects: Vec<String> = sqlx::query_scalar(
        "SELECT 'SELECT ''' || t.name || ' '' || ' || group_concat('quote(\"' || c.name || '\")', ' || '','' || ') || ' FROM ' || t.name \
         || CASE t.name WHEN 'connection_attempts' THEN ' ORDER BY rowid' ELSE ' ORDER BY 1' END \
         FROM sqlite_schema t, pragma_table_info(t.name) c \
         WHERE t.type = 'table' AND t.name NOT LIKE '\\_sqlx%' ESCAPE '\\' GROUP BY t.name ORDER BY t.name",
    )
    .fetch_all(&mut connection)
    .await
    .unwrap();
    let mut rows = Vec::new();
    for select in selects {
        let found: Vec<String> =
            sqlx::query_scalar(sqlx::AssertSqlSafe(select)).fetch_all(&mut connection).await.unwrap();
        rows.extend(found);
    }
    assert!(rows.len() > 1_260, "only {} rows were compared", rows.len());
    rows
}

#[test]
fn a_copy_without_calls_leaves_them_behind_and_a_failed_one_stores_nothing() {
    let server = PostgresServer::start();
    let directory = tempfile::tempdir().unwrap();
    runtime().block_on(async {
        let file = fill(&directory.path().join("first.db")).await;
        let url = server.create_database("failing", None).await;
        let postgres = open(&url).await;
        // Another program changes what it stores: the comparison finds it.
        meddle(
            &url,
            "CREATE FUNCTION meddle() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NEW.label := 'other'; RETURN NEW; END $$; \
             CREATE TRIGGER meddle BEFORE INSERT ON accounts FOR EACH ROW EXECUTE FUNCTION meddle()",
        )
        .await;
        let failed = copy_all(&AnyStorage::Sqlite(&file), &AnyStorage::Postgres(&postgres), true, &hash).await;
        let Err(StorageError::Other(cause)) = failed else { panic!("{failed:?}") };
        assert!(cause.to_string().contains("accounts has other rows"), "{cause}");
        meddle(&url, "DROP TRIGGER meddle ON accounts").await;

        let copied = copy_all(&AnyStorage::Sqlite(&file), &AnyStorage::Postgres(&postgres), false, &hash).await.unwrap();
        assert!(copied.iter().all(|copied| copied.table != "calls"), "{copied:?}");
        assert_eq!(postgres.projects().list(&OrganizationId::new("org")).await.unwrap().len(), 2, "the failed copy left nothing behind");
        file.close().await;
        postgres.close().await;
    });
}

#[test]
fn no_table_is_forgotten_by_a_transfer() {
    let server = PostgresServer::start();
    let directory = tempfile::tempdir().unwrap();
    runtime().block_on(async {
        let file = SqliteStorage::open(&directory.path().join("db")).await.unwrap();
        let url = server.create_database("tables", None).await;
        let postgres: PostgresStorage = open(&url).await;
        let advice = "add the table to transfer/tables.rs, or say there why it is not copied";
        assert_eq!(forgotten_tables(&AnyStorage::Sqlite(&file)).await.unwrap(), Vec::<String>::new(), "{advice}");
        assert_eq!(forgotten_tables(&AnyStorage::Postgres(&postgres)).await.unwrap(), Vec::<String>::new(), "{advice}");

        meddle(&url, "CREATE TABLE later (id text PRIMARY KEY)").await;
        assert_eq!(forgotten_tables(&AnyStorage::Postgres(&postgres)).await.unwrap(), ["later"]);
        let refused = copy_all(&AnyStorage::Postgres(&postgres), &AnyStorage::Sqlite(&file), true, &hash).await;
        let Err(StorageError::Other(cause)) = refused else { panic!("{refused:?}") };
        assert!(cause.to_string().contains("copy the table later"), "{cause}");
        file.close().await;
        postgres.close().await;
    });
}

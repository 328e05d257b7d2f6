//! The rotation of keys covers every sealed column. This test lists every blob column of the schema; a new column fails it
//! until the column is listed here and, if it is sealed, rotated.

use patchbay_storage::sqlite::SqliteStorage;

/// Columns that contain envelopes. `meta.value` contains one in the record of the vault's canary.
const SEALED: [&str; 13] = [
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
/// Columns that contain hashes, digests and key ids.
const NOT_SEALED: [&str; 11] = [
    "api_keys.hash",
    "browser_sessions.hash",
    "connect_sessions.token_hash",
    "connector_versions.digest",
    "idempotency_keys.fingerprint",
    "idempotency_keys.key_hash",
    "inbox_endpoints.token_hash",
    "inbox_keys.hash",
    "login_tokens.hash",
    "pending_authorizations.state_hash",
    "retired_keys.id",
];

#[tokio::test]
async fn every_sealed_column_is_rotated_and_guarded() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("patchbay.db");
    SqliteStorage::open(&path).await.unwrap().close().await;
    let pool = sqlx::SqlitePool::connect(&format!("sqlite://{}", path.display())).await.unwrap();
    let blobs: Vec<String> = sqlx::query_scalar(
        "SELECT t.name || '.' || c.name FROM sqlite_schema t, pragma_table_info(t.name) c \
         WHERE t.type = 'table' AND t.name NOT LIKE '\\_sqlx%' ESCAPE '\\' AND upper(c.type) IN ('BLOB', 'ANY') ORDER BY 1",
    )
    .fetch_all(&pool)
    .await
    .unwrap();
    let mut known: Vec<&str> = SEALED.iter().chain(&NOT_SEALED).copied().collect();
    known.sort_unstable();
    assert_eq!(
        blobs, known,
        "if the new column is sealed, add it to rows/sealed_records.rs and sqlite/sealed_records.rs, and guard it by triggers"
    );

    let counted = include_str!("../src/rows/sealed_records.rs");
    let source = include_str!("../src/sqlite/sealed_records.rs");
    let rows = include_str!("../src/sqlite/row_seals.rs");
    for column in SEALED {
        let (table, column) = column.split_once('.').unwrap();
        // Each is counted, read, and exchanged.
        let is_counted = ["", " AS key"].iter().any(|name| {
            let part = format!("SELECT substr({column}, 2, 8){name} FROM {table}");
            counted.contains(&part)
        });
        assert!(is_counted, "{table}");
        let is_exchanged = match column {
            "seal" => rows.contains(&format!(", \"{table}\", ")),
            _ => source.contains(&format!("UPDATE {table} SET {column}")),
        };
        assert!(is_exchanged, "{table}");
        let guards: i64 = sqlx::query_scalar(
            "SELECT count(*) FROM sqlite_schema WHERE type = 'trigger' AND tbl_name = ? AND sql LIKE '%retired_keys%'",
        )
        .bind(table)
        .fetch_one(&pool)
        .await
        .unwrap();
        assert_eq!(guards, 2, "{table}: one for new rows, one for changed ones");
    }
    pool.close().await;
}

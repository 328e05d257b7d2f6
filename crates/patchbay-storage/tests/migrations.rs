//! A database that an earlier version wrote opens with the same content.

use std::{borrow::Cow, path::Path};

use patchbay_model::{
    AccountId, AccountStatus, CredentialExpiry, ExpiryCause, KeyHash, LeaseOutcome, LeasePriority, ProjectId, Sealed,
    Timestamp,
};
use patchbay_storage::{AccountFilter, Storage, sqlite::SqliteStorage};
use sqlx::{SqlitePool, migrate::Migrator, sqlite::SqliteConnectOptions};

/// Creates a database with the migrations up to `version`, and runs `rows` on it.
async fn earlier(path: &Path, version: i64, rows: &'static str) {
    let mut migrator =
        Migrator::new(Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/migrations/sqlite"))).await.unwrap();
    migrator.migrations = Cow::Owned(migrator.iter().filter(|one| one.version <= version).cloned().collect());
    let options = SqliteConnectOptions::new().filename(path).create_if_missing(true).foreign_keys(true);
    let pool = SqlitePool::connect_with(options).await.unwrap();
    migrator.run(&pool).await.unwrap();
    sqlx::raw_sql(rows).execute(&pool).await.unwrap();
    pool.close().await;
}

/// Rows as version 9 of the schema stores them.
const ROWS_OF_VERSION_9: &str = r#"
INSERT INTO organizations VALUES ('org', 'Org', 0);
INSERT INTO projects VALUES ('p', 'org', 'default', 0);
INSERT INTO profiles VALUES ('profile', 'p', 'Acme', 'acme', 'oauth', 'production', NULL, 1, 1, NULL, '{}', 0, 0, NULL);
INSERT INTO accounts (id, project_id, profile_id, connector, connector_version, auth_config_key, environment, owner_id,
    owner_name, kind, shared, status, status_reasons, setup_information, metadata, credential_version, created_at,
    updated_at, token, renew_at, endings, tell_at, wanted_scopes)
SELECT id, 'p', 'profile', 'acme', '1.0.0', 'oauth', 'production', id, 'Acme', 'production', 0, status, reasons, '{}',
    '{}', 7, 0, 0, NULL, renew_at, endings, tell_at, wanted
FROM (
    SELECT 'active' AS id, 'active' AS status, '[]' AS reasons, 1700000000000000 AS renew_at,
        '[{"cause":"access_token","at":"2026-03-01T00:00:00.000Z","tell_from":"2026-02-15T00:00:00.000Z","is_told":true},
          {"cause":"client_certificate","at":"2026-04-01T00:00:00.000Z","tell_from":"2026-03-18T00:00:00.000Z","is_told":false}]'
        AS endings, 1773792000000000 AS tell_at, '{"acme_list":["read"]}' AS wanted
    UNION ALL SELECT 'refused', 'error', '[{"code":"AccountExpiredCredentialsError","description":"Acme says no",
        "timestamp":"2026-01-01T00:00:00.000Z"}]', NULL, '[]', NULL, '{}'
    UNION ALL SELECT 'revoked', 'error', '[{"code":"AccountRevokedError","description":"revoked by the operator",
        "timestamp":"2026-01-01T00:00:00.000Z"}]', NULL, '[]', NULL, '{}'
    UNION ALL SELECT 'unconfirmed', 'suspended', '[{"code":"RevocationFailedError","description":"Acme is down",
        "timestamp":"2026-01-01T00:00:00.000Z"}]', NULL, '[]', NULL, '{}'
);
INSERT INTO token_renewals VALUES ('active', 'p', 3, 0, 7, 2, 1700000000000000);
INSERT INTO sign_ins VALUES (zeroblob(32), 'p', x'010203', 1800000000000000);
"#;

#[tokio::test]
async fn version_9_keeps_its_accounts_leases_and_authorizations() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("patchbay.db");
    earlier(&path, 9, ROWS_OF_VERSION_9).await;
    let (storage, project) = (SqliteStorage::open(&path).await.unwrap(), ProjectId::new("p"));

    for (id, status, code) in [
        ("active", AccountStatus::Active, None),
        ("refused", AccountStatus::ReconnectRequired, Some("AccountExpiredCredentialsError")),
        ("revoked", AccountStatus::Revoked, Some("AccountRevokedError")),
        ("unconfirmed", AccountStatus::Suspended, Some("RevocationFailedError")),
    ] {
        let account = storage.accounts().get(&project, &AccountId::new(id)).await.unwrap().unwrap();
        let reason = account.status_reasons.first().and_then(|reason| reason.code.as_deref());
        assert_eq!((account.status, reason, account.revision), (status, code, 7), "{id}");
    }

    let account = storage.accounts().get(&project, &AccountId::new("active")).await.unwrap().unwrap();
    let moment = |text: &str| text.parse::<Timestamp>().unwrap();
    let expiry = |cause, at: &str, notify_from: &str, notified| CredentialExpiry {
        cause,
        at: moment(at),
        notify_from: moment(notify_from),
        notified,
    };
    let token = expiry(ExpiryCause::AccessToken, "2026-03-01T00:00:00Z", "2026-02-15T00:00:00Z", true);
    let certificate = expiry(ExpiryCause::ClientCertificate, "2026-04-01T00:00:00Z", "2026-03-18T00:00:00Z", false);
    assert_eq!(account.next_notice_at(), Some(certificate.notify_from));
    assert_eq!(account.expiries, [token, certificate]);
    assert_eq!(account.refresh_at, Some(Timestamp::from_micros(1_700_000_000_000_000)));
    assert_eq!(account.missing_scopes["acme_list"], ["read"]);
    let due =
        |at| AccountFilter { reconnect_due_by: Some(moment(at)), page: 1, page_size: 9, ..AccountFilter::default() };
    assert_eq!(storage.accounts().list(&project, &due("2026-02-15T00:00:00Z")).await.unwrap().total, 1);
    assert_eq!(storage.accounts().list(&project, &due("2026-02-14T00:00:00Z")).await.unwrap().total, 0);
    let notices = storage.refresh_leases().due_notices(certificate_notice(), 9).await.unwrap();
    assert_eq!(notices, [(project.clone(), account.id.clone())]);

    let now = moment("2026-01-01T00:00:00Z");
    let lease = storage
        .refresh_leases()
        .acquire(&project, &account.id, now, now.plus_seconds(60), LeasePriority::Normal)
        .await
        .unwrap();
    let LeaseOutcome::Granted(lease) = lease else { panic!("{lease:?}") };
    assert_eq!((lease.fence, lease.unresolved_revision, lease.failures), (4, Some(7), 2));

    let pending = storage.pending_authorizations().take(&KeyHash([0; 32]), now).await.unwrap();
    assert_eq!(pending, Some((project, Sealed::from_bytes(vec![1, 2, 3]))));
}

/// The moment in the stored `tell_at`.
fn certificate_notice() -> Timestamp {
    Timestamp::from_micros(1_773_792_000_000_000)
}

//! Durability of the SQLite file: what survives a crash, and what a delete removes.

use std::{
    collections::BTreeMap,
    error::Error as _,
    fs,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
};

use patchbay_model::{
    Account, AccountId, AccountKind, AccountStatus, EnabledActions, MemberId, Metadata, Organization, OrganizationId,
    Owner, Profile, ProfileId, Project, ProjectId, Sealed, Timestamp,
};
use patchbay_storage::{
    AccountFilter, IdempotencyLimits, InsertRule, NewIdempotencyKey, Storage, StorageError,
    conformance::sealed_records::{ROW_HASH, rows},
    sqlite::SqliteStorage,
};
use tempfile::TempDir;

const NOW: Timestamp = Timestamp::from_micros(1_770_000_000_000_000);

fn project() -> ProjectId {
    ProjectId::new("default-10001")
}

fn account(id: &str, sealed: &[u8]) -> Account {
    Account {
        id: AccountId::new(id),
        project_id: project(),
        profile_id: ProfileId::new("profile"),
        connector: "spotdraft".to_owned(),
        connector_version: "1.0.0".to_owned(),
        auth_config_key: "custom".to_owned(),
        environment: "production".to_owned(),
        owner: Owner { id: id.to_owned(), name: "Acme".to_owned(), username: None },
        label: None,
        kind: AccountKind::Production,
        shared: false,
        status: AccountStatus::Active,
        status_reasons: Vec::new(),
        setup_information: Metadata::new(),
        secrets: BTreeMap::from([
            ("clientId".to_owned(), Sealed::from_bytes(sealed.to_vec())),
            ("clientSecret".to_owned(), Sealed::from_bytes(sealed.to_vec())),
        ]),
        metadata: Metadata::new(),
        token: None,
        missing_scopes: BTreeMap::new(),
        refresh_at: None,
        expiries: Vec::new(),
        revision: 1,
        created_at: NOW,
        updated_at: NOW,
    }
}

/// Creates a database with a project and a profile.
async fn seeded() -> (SqliteStorage, PathBuf, TempDir) {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("patchbay.db");
    let storage = SqliteStorage::open(&path).await.unwrap();
    let organization = Organization { id: OrganizationId::new("org"), name: "Org".to_owned(), created_at: NOW };
    storage.organizations().create(&organization).await.unwrap();
    let tenant =
        Project { id: project(), organization_id: organization.id, name: "default".to_owned(), created_at: NOW };
    storage.projects().create(&tenant).await.unwrap();
    let profile = Profile {
        id: ProfileId::new("profile"),
        project_id: project(),
        name: "SpotDraft".to_owned(),
        connector: "spotdraft".to_owned(),
        auth_config_key: "custom".to_owned(),
        environment: "production".to_owned(),
        version_pin: None,
        active: true,
        default: true,
        enabled_actions: EnabledActions::All,
        setup_information: Metadata::new(),
        secrets: BTreeMap::new(),
        alarm: None,
        created_at: NOW,
        updated_at: NOW,
    };
    storage.profiles().create(&profile).await.unwrap();
    (storage, path, directory)
}

/// Returns the path of the write-ahead log.
fn log(path: &Path) -> PathBuf {
    path.with_extension("db-wal")
}

/// Copies the database as a machine finds it after a power failure: the file, and its log cut at `length` bytes.
fn crashed(path: &Path, directory: &Path, length: usize) -> PathBuf {
    let copy = directory.join(format!("crashed-{length}.db"));
    fs::copy(path, &copy).unwrap();
    let log_bytes = fs::read(log(path)).unwrap();
    fs::write(log(&copy), &log_bytes[..length.min(log_bytes.len())]).unwrap();
    copy
}

#[tokio::test]
async fn a_committed_account_survives_a_crash() {
    let (storage, path, directory) = seeded().await;
    let linked = account("linked", &[7; 60]);
    storage.accounts().insert(&linked, InsertRule::OnePerOwner).await.unwrap();
    let copy = crashed(&path, directory.path(), usize::MAX);
    let after = SqliteStorage::open(&copy).await.unwrap();
    assert_eq!(after.accounts().get(&project(), &linked.id).await.unwrap(), Some(linked));
}

#[tokio::test]
async fn a_torn_log_loses_whole_transactions_only() {
    let (storage, path, directory) = seeded().await;
    let accounts = ["first", "second", "third"].map(|id| account(id, &[9; 6000]));
    let before = usize::try_from(fs::metadata(log(&path)).unwrap().len()).unwrap();
    for linked in &accounts {
        storage.accounts().insert(linked, InsertRule::OnePerOwner).await.unwrap();
    }
    let after = usize::try_from(fs::metadata(log(&path)).unwrap().len()).unwrap();
    let mut seen = std::collections::BTreeSet::new();
    // 1999 does not divide the page size: cuts fall into headers and into pages.
    for length in (before..after).step_by(1999).chain([after]) {
        let reopened = SqliteStorage::open(&crashed(&path, directory.path(), length)).await.unwrap();
        let mut kept = 0;
        for (index, linked) in accounts.iter().enumerate() {
            if let Some(found) = reopened.accounts().get(&project(), &linked.id).await.unwrap() {
                assert_eq!(&found, linked, "half an account after a cut at {length}");
                assert_eq!(index, kept, "an earlier account is gone after a cut at {length}");
                kept += 1;
            }
        }
        seen.insert(kept);
        reopened.close().await;
    }
    assert_eq!(seen.into_iter().collect::<Vec<_>>(), [0, 1, 2, 3]);
}

#[tokio::test]
async fn deleted_and_replaced_secrets_leave_no_bytes() {
    let (storage, path, _directory) = seeded().await;
    let (deleted, replaced, kept) = (&b"sealed-and-deleted"[..], &b"sealed-and-replaced"[..], &b"sealed-and-kept"[..]);
    storage.accounts().insert(&account("gone", deleted), InsertRule::OnePerOwner).await.unwrap();
    storage.accounts().insert(&account("stays", replaced), InsertRule::OnePerOwner).await.unwrap();
    assert!(storage.accounts().delete(&project(), &AccountId::new("gone"), &[]).await.unwrap().is_some());
    assert!(storage.accounts().update(&account("stays", kept), 1, &[]).await.unwrap());
    storage.close().await;
    assert!(!log(&path).exists(), "the log exists after a clean close");
    let file = fs::read(&path).unwrap();
    let holds = |bytes: &[u8]| file.windows(bytes.len()).any(|window| window == bytes);
    assert!(holds(kept));
    assert!(!holds(deleted), "a deleted secret is still in the file");
    assert!(!holds(replaced), "a replaced secret is still in the file");
}

#[tokio::test]
async fn the_log_is_as_private_as_the_file() {
    let (storage, path, directory) = seeded().await;
    storage.meta().ping().await.unwrap();
    let mut names = Vec::new();
    for entry in fs::read_dir(directory.path()).unwrap() {
        let entry = entry.unwrap();
        assert_eq!(entry.metadata().unwrap().permissions().mode() & 0o777, 0o600, "{}", entry.path().display());
        names.push(entry.file_name().into_string().unwrap());
    }
    names.sort();
    assert_eq!(names, ["patchbay.db", "patchbay.db-shm", "patchbay.db-wal"]);
    drop(path);
}

/// Runs a statement on the file directly.
async fn meddle(path: &Path, statement: &'static str) {
    let pool = sqlx::SqlitePool::connect(&format!("sqlite://{}", path.display())).await.unwrap();
    sqlx::query(statement).execute(&pool).await.unwrap();
    pool.close().await;
}

#[tokio::test]
async fn an_inconsistent_row_is_named() {
    for (statement, message) in [
        (
            "UPDATE accounts SET status = 'asleep'",
            "the database is inconsistent in accounts linked, column status; restore it from a backup: \
             `asleep` is not one of: active suspended reconnect_required revoked expired archived",
        ),
        (
            "UPDATE accounts SET metadata = '[1]'",
            "the database is inconsistent in accounts linked, column metadata; restore it from a backup: \
             invalid type: sequence, expected a map at line 1 column 0",
        ),
    ] {
        let (storage, path, _directory) = seeded().await;
        let linked = account("linked", &[7; 60]);
        storage.accounts().insert(&linked, InsertRule::OnePerOwner).await.unwrap();
        meddle(&path, statement).await;
        let error = storage.accounts().get(&project(), &linked.id).await.unwrap_err();
        assert_eq!(format!("{error}: {}", error.source().unwrap()), message);
    }
}

#[tokio::test]
async fn another_programs_database_is_not_changed() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("patchbay.db");
    fs::write(&path, []).unwrap();
    meddle(&path, "CREATE TABLE letters (body TEXT)").await;
    let before = fs::read(&path).unwrap();
    let Err(error) = SqliteStorage::open(&path).await else { panic!("it was opened") };
    assert!(
        matches!(&error, StorageError::Corrupt(cause) if cause.to_string() == "it belongs to another program"),
        "{error}"
    );
    assert_eq!(fs::read(&path).unwrap(), before);
}

#[tokio::test]
async fn a_closed_database_is_an_error() {
    let (storage, _path, _directory) = seeded().await;
    storage.close().await;
    let read = storage.meta().ping().await.unwrap_err();
    assert_eq!(read.to_string(), "the database is closed; start Patchbay again");
    assert!(matches!(storage.meta().set("name", b"value").await, Err(StorageError::Closed(_))));
}

#[tokio::test]
async fn damage_is_an_error_and_never_a_panic() {
    let (storage, path, directory) = seeded().await;
    let linked = account("linked", &[7; 60]);
    storage.accounts().insert(&linked, InsertRule::OnePerOwner).await.unwrap();
    storage.close().await;
    let sound = fs::read(&path).unwrap();
    let copy = directory.path().join("damaged.db");
    let mut errors = 0;
    // 1021 does not divide the page size: the damage falls into headers, cells and free space.
    for start in (0..sound.len() - 32).step_by(1021) {
        let mut damaged = sound.clone();
        damaged[start..start + 32].fill(0xA5);
        fs::write(&copy, damaged).unwrap();
        let outcome = match SqliteStorage::open(&copy).await {
            Ok(storage) => {
                let outcome = storage.accounts().get(&project(), &linked.id).await;
                storage.close().await;
                outcome.map(drop)
            }
            Err(error) => Err(error),
        };
        if let Err(error) = outcome {
            errors += 1;
            assert!(error.to_string().contains("backup"), "damage at {start}: {error}");
        }
    }
    assert!(errors > 5, "only {errors} damages were detected");
}

/// Empties the pages of indexes, so that they find nothing, in a file that is large enough not to be checked when it opens.
async fn break_indexes_of_large_file(storage: SqliteStorage, path: &Path, indexes: &[&str]) {
    storage.meta().set("filler", &vec![1; 9 * 1024 * 1024]).await.unwrap();
    storage.close().await;
    let pool = sqlx::SqlitePool::connect(&format!("sqlite://{}", path.display())).await.unwrap();
    let size: i64 = sqlx::query_scalar("PRAGMA page_size").fetch_one(&pool).await.unwrap();
    let mut roots = Vec::new();
    for index in indexes {
        let root = sqlx::query_scalar("SELECT rootpage FROM sqlite_schema WHERE name = ?").bind(*index);
        let root: i64 = root.fetch_one(&pool).await.unwrap();
        roots.push(usize::try_from((root - 1) * size).unwrap());
    }
    pool.close().await;
    let mut file = fs::read(path).unwrap();
    for page in roots {
        // The number of cells of the page (sqlite.org/fileformat2.html, section 1.6), and the start of their content.
        file[page + 3..page + 5].fill(0);
        file[page + 5..page + 7].copy_from_slice(&u16::try_from(size).unwrap().to_be_bytes());
    }
    fs::write(path, file).unwrap();
}

#[tokio::test]
async fn a_broken_index_does_not_hide_a_record_without_an_error() {
    let (storage, path, _directory) = seeded().await;
    let linked = account("linked", &[7; 60]);
    storage.accounts().insert(&linked, InsertRule::OnePerOwner).await.unwrap();
    let linked = linked.id;
    break_indexes_of_large_file(storage, &path, &["sqlite_autoindex_accounts_1"]).await;
    let storage = SqliteStorage::open(&path).await.unwrap();
    let (found, verified) = tokio::join!(
        async {
            // As soon as the check has begun, a look-up that finds nothing is an error.
            tokio::task::yield_now().await;
            storage.accounts().get(&project(), &linked).await
        },
        storage.meta().verify()
    );
    assert!(matches!(found, Err(StorageError::Checking | StorageError::Corrupt(_))), "{found:?}");
    let Err(StorageError::Corrupt(damage)) = verified else { panic!("{verified:?}") };
    assert!(damage.to_string().contains("sqlite_autoindex_accounts_1"), "{damage}");
    let found = storage.accounts().get(&project(), &linked).await;
    assert!(matches!(found, Err(StorageError::Corrupt(_))), "{found:?}");
    let ready = storage.meta().check_writable(Timestamp::from_micros(0)).await;
    assert!(matches!(ready, Err(StorageError::Corrupt(_))), "{ready:?}");
}

/// A key, a login or a version that is not found may exist: 401 and 404 would be wrong.
#[tokio::test]
async fn no_look_up_through_a_broken_index_finds_nothing() {
    let (storage, path, _directory) = seeded().await;
    storage.accounts().insert(&account("linked", &[7; 60]), InsertRule::OnePerOwner).await.unwrap();
    rows(&storage, &project(), None).await;
    let key = storage.api_keys().list(&project()).await.unwrap().remove(0);
    let (hash, now, later, member) = (ROW_HASH, NOW, NOW.plus_seconds(60), MemberId::new("member"));
    storage.pending_authorizations().put(&hash, &project(), &Sealed::from_bytes(vec![1; 60]), later).await.unwrap();
    let indexes = [
        "sqlite_autoindex_api_keys_1",
        "sqlite_autoindex_api_keys_2",
        "sqlite_autoindex_login_tokens_1",
        "sqlite_autoindex_members_1",
        "sqlite_autoindex_browser_sessions_1",
        "sqlite_autoindex_connector_versions_1",
        "sqlite_autoindex_pending_authorizations_1",
        "sqlite_autoindex_accounts_1",
        "accounts_by_owner",
    ];
    break_indexes_of_large_file(storage, &path, &indexes).await;
    let storage = SqliteStorage::open(&path).await.unwrap();
    assert_eq!(storage.api_keys().by_hash(&hash).await.unwrap(), None, "nothing is known yet");
    assert!(matches!(storage.meta().verify().await, Err(StorageError::Corrupt(_))));
    let owner = Owner { id: "linked".to_owned(), name: "Acme".to_owned(), username: None };
    let other = account("other", &[7; 60]);
    let keyed = NewIdempotencyKey {
        key: hash,
        project: project(),
        bucket: "project".to_owned(),
        fingerprint: hash,
        expires_at: later,
    };
    let limits = IdempotencyLimits { max_keys: 10, max_bytes: 10 };
    let outcomes = [
        ("an idempotency key", storage.idempotency_keys().get(&project(), &hash).await.map(drop)),
        ("a keyed request", storage.idempotency_keys().reserve(&keyed, limits).await.map(drop)),
        ("an API key", storage.api_keys().by_hash(&hash).await.map(drop)),
        ("a change of an API key", storage.api_keys().update(&key, &key).await.map(drop)),
        ("an API key's deletion", storage.api_keys().delete(&project(), &key.id).await.map(drop)),
        ("a login link", storage.login_tokens().consume(&hash, now).await.map(drop)),
        ("a member", storage.members().get(&member).await.map(drop)),
        ("a login", storage.browser_sessions().by_hash(&hash, now).await.map(drop)),
        ("a connector's files", storage.connectors().files(&project(), "acme", "1.0.0").await.map(drop)),
        ("a connector's deletion", storage.connectors().delete(&project(), "acme", "1.0.0").await.map(drop)),
        ("an authorization", storage.pending_authorizations().take(&hash, now).await.map(drop)),
        ("a session", storage.sessions().by_token_hash(&hash).await.map(drop)),
        ("an account of an owner", storage.accounts().find_by_owner(&project(), &owner, "spotdraft").await.map(drop)),
        ("a change of an account", storage.accounts().update(&other, 1, &[]).await.map(drop)),
        ("an account's deletion", storage.accounts().delete(&project(), &other.id, &[]).await.map(drop)),
        ("a list of API keys", storage.api_keys().list(&project()).await.map(drop)),
        ("a list of connectors", storage.connectors().list(&project()).await.map(drop)),
        ("a list of accounts", storage.accounts().list(&project(), &AccountFilter::default()).await.map(drop)),
    ];
    for (what, outcome) in outcomes {
        assert!(matches!(outcome, Err(StorageError::Corrupt(_))), "{what}: {outcome:?}");
    }
}

#[tokio::test]
async fn an_emptied_table_is_damage() {
    let (storage, path, _directory) = seeded().await;
    storage.accounts().insert(&account("linked", &[7; 60]), InsertRule::OnePerOwner).await.unwrap();
    storage.meta().verify().await.unwrap();
    assert_eq!(storage.accounts().get(&project(), &AccountId::new("other")).await.unwrap(), None);
    let options = sqlx::sqlite::SqliteConnectOptions::new().filename(&path).foreign_keys(false);
    let pool = sqlx::SqlitePool::connect_with(options).await.unwrap();
    sqlx::query("DELETE FROM accounts").execute(&pool).await.unwrap();
    pool.close().await;
    let Err(StorageError::Corrupt(damage)) = storage.meta().verify().await else { panic!("nothing was found") };
    assert_eq!(damage.to_string(), "rows of account_secrets refer to rows of accounts that do not exist");
}

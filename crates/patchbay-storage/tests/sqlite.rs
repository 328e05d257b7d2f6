//! SQLite: the conformance suite, and what is particular to a file.

use std::{os::unix::fs::PermissionsExt, path::Path};

use patchbay_storage::{Storage, StorageError, conformance::races, sqlite::SqliteStorage};

patchbay_storage::storage_conformance!(async || {
    let directory = tempfile::tempdir().unwrap();
    let storage = SqliteStorage::open(&directory.path().join("patchbay.db")).await.unwrap();
    (storage, directory)
});

async fn refused(path: &Path) -> StorageError {
    match SqliteStorage::open(path).await {
        Err(error) => error,
        Ok(_) => panic!("{} was opened", path.display()),
    }
}

#[tokio::test]
async fn the_file_is_private_and_reopens() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("patchbay.db");
    let storage = SqliteStorage::open(&path).await.unwrap();
    assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    storage.meta().set("name", b"value").await.unwrap();
    storage.close().await;
    let storage = SqliteStorage::open(&path).await.unwrap();
    assert_eq!(storage.meta().get("name").await.unwrap().as_deref(), Some(&b"value"[..]));
    storage.meta().ping().await.unwrap();
}

#[tokio::test]
async fn a_file_that_is_not_a_database_is_rejected() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("patchbay.db");
    std::fs::write(&path, "this is not a database, but it is long enough to look at".repeat(40)).unwrap();
    let error = refused(&path).await;
    assert!(matches!(error, StorageError::Corrupt(_)), "{error}");
    assert!(error.to_string().contains("restore it from a backup"));
}

#[tokio::test]
async fn a_damaged_file_is_rejected() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("patchbay.db");
    SqliteStorage::open(&path).await.unwrap().close().await;
    let mut bytes = std::fs::read(&path).unwrap();
    let middle = bytes.len() / 2;
    bytes[4096..middle].fill(0xA5);
    std::fs::write(&path, bytes).unwrap();
    let error = refused(&path).await;
    assert!(matches!(error, StorageError::Corrupt(_)), "{error}");
}

#[tokio::test]
async fn a_newer_database_is_rejected() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("patchbay.db");
    SqliteStorage::open(&path).await.unwrap().close().await;
    let pool = sqlx::SqlitePool::connect(&format!("sqlite://{}", path.display())).await.unwrap();
    sqlx::query(
        "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time) \
         VALUES (9999, 'later', 1, x'00', 0)",
    )
    .execute(&pool)
    .await
    .unwrap();
    pool.close().await;
    assert!(matches!(refused(&path).await, StorageError::Newer(_)));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_race_has_one_winner_in_a_hundred_rounds() {
    // In memory where there is such a directory: each of the 1,500 rounds writes a file of its own to the disk otherwise.
    let memory = Path::new("/dev/shm");
    let directory = if memory.is_dir() { tempfile::tempdir_in(memory) } else { tempfile::tempdir() }.unwrap();
    let template = directory.path().join("template.db");
    SqliteStorage::open(&template).await.unwrap().close().await;
    let path = directory.path().join("patchbay.db");
    for (name, race) in races::rounds() {
        for round in 0..100 {
            eprintln!("{name}, round {round}");
            std::fs::copy(&template, &path).unwrap();
            let storage = SqliteStorage::open(&path).await.unwrap();
            race(&storage).await;
            storage.close().await;
        }
    }
    std::fs::copy(&template, &path).unwrap();
    let storage = SqliteStorage::open(&path).await.unwrap();
    races::attempt_rounds(&storage, 100).await;
    storage.close().await;
}

//! A full disk and a read-only disk: the write fails with its own error, and stores nothing.

use super::SqliteStorage;
use crate::{MetaStore, StorageError};

#[tokio::test]
async fn a_full_disk_is_an_error_and_stores_nothing() {
    let directory = tempfile::tempdir().unwrap();
    let storage = SqliteStorage::open(&directory.path().join("patchbay.db")).await.unwrap();
    storage.set("small", b"kept").await.unwrap();
    storage.forbid_growth().await.unwrap();
    let error = storage.set("large", &vec![0; 1_000_000]).await.unwrap_err();
    assert!(matches!(error, StorageError::Full(_)), "{error}");
    assert_eq!(storage.get("large").await.unwrap(), None);
    assert_eq!(storage.get("small").await.unwrap().as_deref(), Some(&b"kept"[..]));
}

#[tokio::test]
async fn a_read_only_database_rejects_writes_and_still_reads() {
    let directory = tempfile::tempdir().unwrap();
    let storage = SqliteStorage::open(&directory.path().join("patchbay.db")).await.unwrap();
    storage.set("small", b"kept").await.unwrap();
    storage.forbid_writes().await.unwrap();
    let error = storage.set("small", b"lost").await.unwrap_err();
    assert!(matches!(error, StorageError::ReadOnly(_)), "{error}");
    assert_eq!(storage.get("small").await.unwrap().as_deref(), Some(&b"kept"[..]));
}

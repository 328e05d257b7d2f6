//! Sealed values, for the rotation of keys.

use std::collections::{BTreeMap, BTreeSet};

use patchbay_model::{KeyHash, KeyId, ProjectId, Sealed};

use super::{account, at, profile, project};
use crate::{
    IdempotencyLimits, InsertRule, KeyedResponse, NewIdempotencyKey, Result, SealedPlace, SealedRecord, Storage,
    StorageError, VAULT_CANARY,
};

const OLD: KeyId = KeyId([1; KeyId::LENGTH_BYTES]);
const NEW: KeyId = KeyId([2; KeyId::LENGTH_BYTES]);

fn sealed(key: KeyId, what: u8) -> Sealed {
    Sealed::from_bytes([&[1][..], &key.0, &[what; 90]].concat())
}

fn secrets(key: KeyId) -> BTreeMap<String, Sealed> {
    BTreeMap::from([("a".to_owned(), sealed(key, 1)), ("b".to_owned(), sealed(key, 2))])
}

/// Stores a response under an idempotency key that no other test uses.
async fn keep_response(storage: &dyn Storage, project: &ProjectId, key: u8, sealed: Sealed) -> Result<()> {
    let (key, limits) = (KeyHash([key; 32]), IdempotencyLimits { max_keys: 10, max_bytes: 10_000 });
    let (bucket, expires_at) = ("b".to_owned(), at(60));
    let new = NewIdempotencyKey { key, project: project.clone(), bucket, fingerprint: key, expires_at };
    storage.idempotency_keys().reserve(&new, limits).await.unwrap();
    storage.idempotency_keys().finish(project, &key, &KeyedResponse { status: 200, sealed: Some(sealed) }).await
}

/// Stores a sealed value in every place, and returns their number.
async fn filled(storage: &dyn Storage, key: KeyId) -> u64 {
    let p = project(storage, "p").await;
    let mut profile = profile(&p, "profile", 0);
    profile.secrets = secrets(key);
    storage.profiles().create(&profile).await.unwrap();
    let mut account = account(&p, "profile", "account", 0);
    account.secrets = secrets(key);
    storage.accounts().insert(&account, InsertRule::Multiple).await.unwrap();
    storage.pending_authorizations().put(&KeyHash([7; 32]), &p, &sealed(key, 3), at(60)).await.unwrap();
    keep_response(storage, &p, 7, sealed(key, 6)).await.unwrap();
    storage.meta().set(VAULT_CANARY, sealed(key, 4).as_bytes()).await.unwrap();
    storage.meta().set("another", b"record").await.unwrap();
    7
}

/// Returns all values that another key than [`NEW`] wraps, reading two at a time.
async fn others(storage: &dyn Storage) -> Vec<SealedRecord> {
    let mut all: Vec<SealedRecord> = Vec::new();
    loop {
        let after = all.last().map(|record| record.place.clone());
        let more = storage.sealed_records().wrapped_by_others(NEW, after.as_ref(), 2).await.unwrap();
        if more.is_empty() {
            return all;
        }
        all.extend(more);
    }
}

async fn exchange(storage: &dyn Storage, records: Vec<SealedRecord>) -> u64 {
    let changes: Vec<_> = records.into_iter().map(|record| (record, sealed(NEW, 9))).collect();
    storage.sealed_records().exchange(&changes).await.unwrap()
}

pub async fn every_place_is_found_and_exchanged(storage: &dyn Storage) {
    let all = filled(storage, OLD).await;
    assert_eq!(storage.sealed_records().count_by_key().await.unwrap(), [(OLD, all)]);
    let found = others(storage).await;
    let kinds: BTreeSet<_> = found.iter().map(|record| format!("{:?}", record.place)).collect();
    assert_eq!((kinds.len(), found.len()), (7, 7), "{kinds:?}");

    let first = storage.sealed_records().wrapped_by_others(NEW, None, 2).await.unwrap();
    assert_eq!(exchange(storage, first).await, 2);
    assert_eq!(storage.sealed_records().count_by_key().await.unwrap(), [(OLD, all - 2), (NEW, 2)]);
    assert_eq!(exchange(storage, others(storage).await).await, all - 2);
    assert_eq!(storage.sealed_records().count_by_key().await.unwrap(), [(NEW, all)]);
    assert!(others(storage).await.is_empty());
    assert_eq!(storage.meta().get("another").await.unwrap().as_deref(), Some(&b"record"[..]));
}

pub async fn a_changed_value_is_not_exchanged(storage: &dyn Storage) {
    filled(storage, OLD).await;
    let read = others(storage).await;
    storage.meta().set(VAULT_CANARY, sealed(OLD, 5).as_bytes()).await.unwrap();
    assert_eq!(exchange(storage, read).await, 6);
    let left = others(storage).await;
    assert_eq!(left, [SealedRecord { place: SealedPlace::Canary, sealed: sealed(OLD, 5) }]);
}

pub async fn a_stale_writer_cannot_restore_an_old_key(storage: &dyn Storage) {
    filled(storage, OLD).await;
    let p = ProjectId::new("p");
    let id = patchbay_model::AccountId::new("account");
    let read = storage.accounts().get(&p, &id).await.unwrap().unwrap();
    exchange(storage, others(storage).await).await;
    let stale = storage.accounts().update(&read, read.revision).await;
    assert!(matches!(stale, Err(StorageError::Conflict(_))));
}

pub async fn a_used_key_is_not_retired(storage: &dyn Storage) {
    let all = filled(storage, OLD).await;
    assert_eq!(storage.sealed_records().retire(OLD).await.unwrap(), all);
    storage.meta().set(VAULT_CANARY, sealed(OLD, 5).as_bytes()).await.unwrap();
    exchange(storage, others(storage).await).await;
    assert_eq!(storage.sealed_records().retire(OLD).await.unwrap(), 0);
    assert_eq!(storage.sealed_records().retire(OLD).await.unwrap(), 0, "retiring it again is allowed");
}

pub async fn a_retired_key_cannot_wrap_new_values(storage: &dyn Storage) {
    filled(storage, NEW).await;
    storage.sealed_records().retire(OLD).await.unwrap();
    let p = ProjectId::new("p");
    let mut late = profile(&p, "late", 0);
    late.secrets = secrets(OLD);
    assert!(matches!(storage.profiles().create(&late).await, Err(StorageError::Conflict(_))));
    let mut late = account(&p, "profile", "late", 0);
    late.secrets = secrets(OLD);
    let inserted = storage.accounts().insert(&late, InsertRule::Multiple).await;
    assert!(matches!(inserted, Err(StorageError::Conflict(_))));
    let put = storage.pending_authorizations().put(&KeyHash([8; 32]), &p, &sealed(OLD, 3), at(60)).await;
    assert!(matches!(put, Err(StorageError::Conflict(_))));
    let kept = keep_response(storage, &p, 8, sealed(OLD, 3)).await;
    assert!(matches!(kept, Err(StorageError::Conflict(_))));
    let canary = storage.meta().set(VAULT_CANARY, sealed(OLD, 4).as_bytes()).await;
    assert!(matches!(canary, Err(StorageError::Conflict(_))));
    assert_eq!(storage.sealed_records().count_by_key().await.unwrap(), [(NEW, 7)]);
}

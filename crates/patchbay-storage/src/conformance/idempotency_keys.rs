//! Requests that were sent with an `Idempotency-Key`.

use patchbay_model::{KeyHash, ProjectId, Sealed};

use super::{at, project};
use crate::{IdempotencyLimits, KeyedRequest, KeyedResponse, NewIdempotencyKey, Reservation, Storage, StorageError};

const LIMITS: IdempotencyLimits = IdempotencyLimits { max_keys: 3, max_bytes: 100 };

fn new(project: &ProjectId, number: u8, expires: i64) -> NewIdempotencyKey {
    NewIdempotencyKey {
        key: KeyHash([number; 32]),
        project: project.clone(),
        bucket: project.as_str().to_owned(),
        fingerprint: KeyHash([100 + number; 32]),
        expires_at: at(expires),
    }
}

fn response(length: usize) -> KeyedResponse {
    KeyedResponse { status: 201, sealed: Some(Sealed::from_bytes(vec![7; length])) }
}

fn request(number: u8, response: Option<KeyedResponse>) -> KeyedRequest {
    KeyedRequest { fingerprint: KeyHash([100 + number; 32]), response }
}

async fn reserve(storage: &dyn Storage, new: &NewIdempotencyKey) -> Reservation {
    storage.idempotency_keys().reserve(new, LIMITS).await.unwrap()
}

pub async fn a_key_is_reserved_once_and_keeps_its_response(storage: &dyn Storage) {
    let p = project(storage, "p").await;
    let (store, first) = (storage.idempotency_keys(), new(&p, 1, 60));
    assert_eq!(store.get(&p, &first.key).await.unwrap(), None);
    assert_eq!(reserve(storage, &first).await, Reservation::Reserved);
    assert_eq!(store.get(&p, &first.key).await.unwrap(), Some(request(1, None)));
    assert_eq!(reserve(storage, &first).await, Reservation::Exists(request(1, None)));
    store.finish(&p, &first.key, &response(40)).await.unwrap();
    let finished = request(1, Some(response(40)));
    assert_eq!(store.get(&p, &first.key).await.unwrap(), Some(finished.clone()));
    let other = NewIdempotencyKey { fingerprint: KeyHash([9; 32]), ..first.clone() };
    assert_eq!(reserve(storage, &other).await, Reservation::Exists(finished));
    // Without a kept response.
    assert_eq!(reserve(storage, &new(&p, 2, 60)).await, Reservation::Reserved);
    let not_kept = KeyedResponse { status: 599, sealed: None };
    store.finish(&p, &KeyHash([2; 32]), &not_kept).await.unwrap();
    assert_eq!(store.get(&p, &KeyHash([2; 32])).await.unwrap(), Some(request(2, Some(not_kept))));
}

pub async fn a_released_key_is_reserved_again(storage: &dyn Storage) {
    let p = project(storage, "p").await;
    let (store, first) = (storage.idempotency_keys(), new(&p, 1, 60));
    assert_eq!(reserve(storage, &first).await, Reservation::Reserved);
    store.release(&p, &first.key).await.unwrap();
    store.release(&p, &first.key).await.unwrap();
    // A late response of the released request changes nothing.
    store.finish(&p, &first.key, &response(40)).await.unwrap();
    assert_eq!(store.get(&p, &first.key).await.unwrap(), None);
    assert_eq!(reserve(storage, &first).await, Reservation::Reserved);
}

pub async fn keys_belong_to_one_project(storage: &dyn Storage) {
    let (p, other) = (project(storage, "p").await, project(storage, "other").await);
    let (store, first) = (storage.idempotency_keys(), new(&p, 1, 60));
    assert_eq!(reserve(storage, &first).await, Reservation::Reserved);
    assert_eq!(store.get(&other, &first.key).await.unwrap(), None);
    store.finish(&other, &first.key, &response(40)).await.unwrap();
    store.release(&other, &first.key).await.unwrap();
    assert_eq!(store.get(&p, &first.key).await.unwrap(), Some(request(1, None)));
    // The hash contains the project, so that this never happens; if it does, nothing is shown or changed.
    let same = store.reserve(&new(&other, 1, 60), LIMITS).await;
    assert!(matches!(same, Err(StorageError::Conflict(_))), "{same:?}");
    let missing = store.reserve(&new(&ProjectId::new("missing"), 5, 60), LIMITS).await;
    assert!(matches!(missing, Err(StorageError::Conflict(_))), "{missing:?}");
}

pub async fn a_bucket_has_a_limit_of_keys_and_of_bytes(storage: &dyn Storage) {
    let (p, other) = (project(storage, "p").await, project(storage, "other").await);
    let store = storage.idempotency_keys();
    for number in 1..=3 {
        assert_eq!(reserve(storage, &new(&p, number, 60 + i64::from(number))).await, Reservation::Reserved);
    }
    assert_eq!(reserve(storage, &new(&p, 4, 60)).await, Reservation::Full(at(61)));
    assert_eq!(reserve(storage, &new(&p, 1, 60)).await, Reservation::Exists(request(1, None)));
    assert_eq!(reserve(storage, &new(&other, 5, 60)).await, Reservation::Reserved);
    let session = NewIdempotencyKey { bucket: "session".to_owned(), ..new(&p, 6, 1) };
    assert_eq!(reserve(storage, &session).await, Reservation::Reserved);
    store.release(&p, &KeyHash([1; 32])).await.unwrap();
    assert_eq!(reserve(storage, &new(&p, 4, 70)).await, Reservation::Reserved);
    // Three keys again; an expired one makes room.
    assert_eq!(store.delete_expired(at(63), 10).await.unwrap(), 3);
    store.finish(&p, &KeyHash([3; 32]), &response(60)).await.unwrap();
    store.finish(&p, &KeyHash([4; 32]), &response(39)).await.unwrap();
    assert_eq!(reserve(storage, &new(&p, 1, 80)).await, Reservation::Reserved);
    store.release(&p, &KeyHash([1; 32])).await.unwrap();
    // 100 bytes are the limit; a response that is written again does not count twice.
    store.finish(&p, &KeyHash([4; 32]), &response(40)).await.unwrap();
    assert_eq!(reserve(storage, &new(&p, 1, 80)).await, Reservation::Full(at(63)));
    store.release(&p, &KeyHash([3; 32])).await.unwrap();
    assert_eq!(reserve(storage, &new(&p, 1, 80)).await, Reservation::Reserved);
}

pub async fn expired_keys_are_deleted_in_batches(storage: &dyn Storage) {
    let p = project(storage, "p").await;
    let store = storage.idempotency_keys();
    for number in 1..=3 {
        assert_eq!(reserve(storage, &new(&p, number, i64::from(number))).await, Reservation::Reserved);
    }
    assert_eq!(store.delete_expired(at(1), 10).await.unwrap(), 0, "a key lives to its last moment");
    assert_eq!(store.delete_expired(at(3), 1).await.unwrap(), 1);
    assert_eq!(store.delete_expired(at(3), 10).await.unwrap(), 1);
    assert_eq!(store.get(&p, &KeyHash([3; 32])).await.unwrap(), Some(request(3, None)));
}

pub async fn one_of_many_concurrent_callers_reserves_a_key(storage: &dyn Storage) {
    let p = project(storage, "p").await;
    let wanted = new(&p, 1, 60);
    let all = futures_util::future::join_all((0..8).map(|_| reserve(storage, &wanted))).await;
    assert_eq!(all.iter().filter(|outcome| **outcome == Reservation::Reserved).count(), 1, "{all:?}");
    assert_eq!(all.iter().filter(|outcome| matches!(outcome, Reservation::Exists(_))).count(), 7, "{all:?}");
}

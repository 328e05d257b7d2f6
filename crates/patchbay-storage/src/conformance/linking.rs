//! Sessions, attempts and call records.

use patchbay_model::{
    AccountId, AttemptId, AttemptStatus, CallId, CallKind, CallRecord, ConnectionAttempt, KeyHash, ProfileId,
    ProjectId, SessionId,
};

use super::{at, project, session};
use crate::{MAX_ATTEMPTS_PER_SESSION, Storage};

pub async fn a_session_is_read_by_its_id_in_its_project(storage: &dyn Storage) {
    let (a, b) = (project(storage, "a").await, project(storage, "b").await);
    let mut ours = session(&a, 1, 100);
    ours.id = storage.sessions().create(&ours).await.unwrap();
    let theirs = storage.sessions().create(&session(&b, 2, 100)).await.unwrap();
    assert_eq!(storage.sessions().get(&a, ours.id).await.unwrap(), Some(ours));
    assert_eq!(storage.sessions().get(&a, theirs).await.unwrap(), None);
    assert_eq!(storage.sessions().get(&a, SessionId(i64::MAX)).await.unwrap(), None);
}

pub async fn a_session_is_stored(storage: &dyn Storage) {
    let a = project(storage, "a").await;
    let mut written = session(&a, 1, 100);
    written.id = storage.sessions().create(&written).await.unwrap();
    assert_eq!(storage.sessions().by_token_hash(&written.token_hash).await.unwrap(), Some(written.clone()));
    assert_eq!(storage.sessions().by_token_hash(&KeyHash([2; 32])).await.unwrap(), None);
    let next = storage.sessions().create(&session(&a, 2, 100)).await.unwrap();
    assert!(next > written.id);
}

fn attempt(project: &ProjectId, session: SessionId) -> ConnectionAttempt {
    ConnectionAttempt {
        id: AttemptId::new("attempt"),
        session_id: session,
        project_id: project.clone(),
        status: AttemptStatus::Pending,
        account_id: None,
        error: None,
        created_at: at(0),
        expires_at: at(300),
    }
}

pub async fn expired_sessions_are_deleted_with_their_attempts(storage: &dyn Storage) {
    let a = project(storage, "a").await;
    let old = storage.sessions().create(&session(&a, 1, 10)).await.unwrap();
    storage.sessions().create(&session(&a, 2, 100)).await.unwrap();
    let attempt = attempt(&a, old);
    storage.attempts().create(&attempt).await.unwrap();
    assert_eq!(storage.sessions().delete_expired(at(50)).await.unwrap(), 1);
    assert_eq!(storage.sessions().by_token_hash(&KeyHash([1; 32])).await.unwrap(), None);
    assert!(storage.sessions().by_token_hash(&KeyHash([2; 32])).await.unwrap().is_some());
    assert_eq!(storage.attempts().get(&a, old, &attempt.id).await.unwrap(), None);
}

pub async fn an_attempt_finishes_once(storage: &dyn Storage) {
    let (a, b) = (project(storage, "a").await, project(storage, "b").await);
    let ours = storage.sessions().create(&session(&a, 1, 100)).await.unwrap();
    let other = storage.sessions().create(&session(&a, 2, 100)).await.unwrap();
    let attempt = attempt(&a, ours);
    storage.attempts().create(&attempt).await.unwrap();
    assert_eq!(storage.attempts().get(&a, ours, &attempt.id).await.unwrap(), Some(attempt.clone()));
    assert_eq!(storage.attempts().get(&a, other, &attempt.id).await.unwrap(), None);
    assert_eq!(storage.attempts().get(&b, ours, &attempt.id).await.unwrap(), None);
    let end = async |project: &ProjectId, session, status| {
        let account = AccountId::new("x");
        storage.attempts().finish(project, session, &attempt.id, status, Some(&account), None).await.unwrap()
    };
    assert!(!end(&b, ours, AttemptStatus::Cancelled).await);
    assert!(!end(&a, other, AttemptStatus::Cancelled).await);
    assert!(end(&a, ours, AttemptStatus::Authenticated).await);
    assert!(!end(&a, ours, AttemptStatus::Cancelled).await);
    let ended = storage.attempts().get(&a, ours, &attempt.id).await.unwrap().unwrap();
    assert_eq!((ended.status, ended.account_id), (AttemptStatus::Authenticated, Some(AccountId::new("x"))));
}

pub async fn a_session_keeps_its_newest_attempts(storage: &dyn Storage) {
    let a = project(storage, "a").await;
    let ours = storage.sessions().create(&session(&a, 1, 100)).await.unwrap();
    let other = storage.sessions().create(&session(&a, 2, 100)).await.unwrap();
    let id = |number: u32| AttemptId::new(format!("attempt-{number}"));
    let theirs = ConnectionAttempt { id: AttemptId::new("theirs"), ..attempt(&a, other) };
    storage.attempts().create(&theirs).await.unwrap();
    for number in 0..=MAX_ATTEMPTS_PER_SESSION {
        storage.attempts().create(&ConnectionAttempt { id: id(number), ..attempt(&a, ours) }).await.unwrap();
    }
    assert_eq!(storage.attempts().get(&a, ours, &id(0)).await.unwrap(), None);
    for kept in [id(1), id(MAX_ATTEMPTS_PER_SESSION)] {
        assert!(storage.attempts().get(&a, ours, &kept).await.unwrap().is_some());
    }
    assert!(storage.attempts().get(&a, other, &theirs.id).await.unwrap().is_some());
}

pub async fn call_records_are_appended_atomically(storage: &dyn Storage) {
    let (a, b) = (project(storage, "a").await, project(storage, "b").await);
    let record = |id: &str, second| CallRecord {
        id: CallId::new(id),
        project_id: a.clone(),
        account_id: Some(AccountId::new("x")),
        profile_id: ProfileId::new("p"),
        connector: "spotdraft".to_owned(),
        connector_version: "1.0.0".to_owned(),
        action: Some("spotdraft_list_contracts".to_owned()),
        kind: CallKind::Action,
        status_code: 200,
        error_code: None,
        started_at: at(second),
        duration_micros: 1_500,
    };
    storage.calls().append(&[record("one", 1), record("two", 2)]).await.unwrap();
    // A batch with an existing id is rejected as a whole.
    assert!(storage.calls().append(&[record("three", 3), record("one", 4)]).await.is_err());
    let listed = storage.calls().list(&a, 10).await.unwrap();
    assert_eq!(listed, [record("two", 2), record("one", 1)]);
    assert_eq!(storage.calls().get(&a, &CallId::new("one")).await.unwrap(), Some(record("one", 1)));
    assert_eq!(storage.calls().get(&b, &CallId::new("one")).await.unwrap(), None);
    assert!(storage.calls().list(&b, 10).await.unwrap().is_empty());
}

pub async fn old_call_records_are_deleted(storage: &dyn Storage) {
    let (a, b) = (project(storage, "a").await, project(storage, "b").await);
    let record = |project: &ProjectId, id: &str, second| CallRecord {
        id: CallId::new(id),
        project_id: project.clone(),
        account_id: None,
        profile_id: ProfileId::new("p"),
        connector: "spotdraft".to_owned(),
        connector_version: "1.0.0".to_owned(),
        action: None,
        kind: CallKind::Proxy,
        status_code: 200,
        error_code: None,
        started_at: at(second),
        duration_micros: 1,
    };
    let records = [record(&a, "1", 1), record(&b, "2", 2), record(&a, "3", 3), record(&a, "4", 4)];
    storage.calls().append(&records).await.unwrap();
    assert_eq!(storage.calls().delete_older(at(4), 2).await.unwrap(), 2);
    assert_eq!(storage.calls().list(&a, 10).await.unwrap().len(), 2);
    assert!(storage.calls().list(&b, 10).await.unwrap().is_empty());
    assert_eq!(storage.calls().delete_older(at(4), 2).await.unwrap(), 1);
    assert_eq!(storage.calls().delete_older(at(4), 2).await.unwrap(), 0);
    assert_eq!(storage.calls().list(&a, 10).await.unwrap(), [record(&a, "4", 4)]);
}

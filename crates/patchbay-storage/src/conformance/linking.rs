//! Sessions, attempts and call records.

use patchbay_model::{
    Account, AccountId, AttemptId, AttemptStatus, CallId, CallKind, CallRecord, ConnectSession, ConnectionAttempt,
    KeyHash, Owner, ProfileId, ProjectId, SessionId,
};

use super::{account, at, profile, project, session};
use crate::{InsertRule, MAX_ATTEMPTS_PER_SESSION, Storage, StorageError};

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

pub(crate) fn attempt(project: &ProjectId, session: SessionId) -> ConnectionAttempt {
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

/// Returns the record of a call in a second, by which it is identified.
pub(crate) fn record(project: &ProjectId, second: i64) -> CallRecord {
    CallRecord {
        id: CallId::new(second.to_string()),
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

/// Creates a session of a project that has the profile `pa`, and returns its id.
async fn create(storage: &dyn Storage, session: ConnectSession) -> SessionId {
    storage.sessions().create(&session).await.unwrap()
}

async fn linked_project(storage: &dyn Storage) -> ProjectId {
    let a = project(storage, "a").await;
    storage.profiles().create(&profile(&a, "pa", 0)).await.unwrap();
    a
}

pub async fn a_link_uses_its_session_up(storage: &dyn Storage) {
    let a = linked_project(storage).await;
    let once = |number| ConnectSession { multiple: false, ..session(&a, number, 100) };
    let first = create(storage, once(1)).await;
    let x = account(&a, "pa", "x", 0);
    storage.accounts().link(&x, InsertRule::OnePerOwner, first, at(1), &[]).await.unwrap();
    let stored = storage.sessions().get(&a, first).await.unwrap().unwrap();
    assert_eq!((stored.linked_account_id.as_ref(), stored.is_used()), (Some(&x.id), true));
    // It links and changes nothing more.
    let next = Account { revision: 2, label: Some("changed".to_owned()), ..x.clone() };
    let again = storage.accounts().relink(&next, 1, first, at(2), &[]).await;
    assert!(matches!(again, Err(StorageError::SessionUsed)), "{again:?}");
    let y = account(&a, "pa", "y", 0);
    let again = storage.accounts().link(&y, InsertRule::Multiple, first, at(2), &[]).await;
    assert!(matches!(again, Err(StorageError::SessionUsed)), "{again:?}");
    assert_eq!(storage.accounts().get(&a, &x.id).await.unwrap(), Some(x.clone()));
    assert_eq!(storage.accounts().get(&a, &y.id).await.unwrap(), None);
    // A change uses a session up too.
    let second = create(storage, once(2)).await;
    assert!(storage.accounts().relink(&next, 1, second, at(2), &[]).await.unwrap());
    assert!(storage.sessions().get(&a, second).await.unwrap().unwrap().is_used());
    // Sessions for several accounts and for one account are not used up.
    let multiple = create(storage, session(&a, 3, 100)).await;
    let reconnect = create(storage, ConnectSession { account_id: Some(x.id.clone()), ..once(4) }).await;
    for (revision, session) in [(2, multiple), (3, reconnect), (4, multiple), (5, reconnect)] {
        let next = Account { revision: revision + 1, ..x.clone() };
        assert!(storage.accounts().relink(&next, revision, session, at(2), &[]).await.unwrap());
        assert!(!storage.sessions().get(&a, session).await.unwrap().unwrap().is_used());
    }
    // An expired session, one of another project and one that does not exist change nothing.
    let b = project(storage, "b").await;
    let theirs = create(storage, ConnectSession { multiple: true, ..session(&b, 5, 100) }).await;
    for (session, now) in [(multiple, at(100)), (theirs, at(2)), (SessionId(i64::MAX), at(2))] {
        let late = storage.accounts().link(&y, InsertRule::Multiple, session, now, &[]).await;
        assert!(matches!(late, Err(StorageError::SessionUsed)), "{late:?}");
    }
    assert_eq!(storage.sessions().get(&b, theirs).await.unwrap().unwrap().linked_account_id, None);
}

pub async fn a_failed_link_leaves_its_session_unused(storage: &dyn Storage) {
    let a = linked_project(storage).await;
    let id = create(storage, ConnectSession { multiple: false, ..session(&a, 1, 100) }).await;
    let x = account(&a, "pa", "x", 0);
    storage.accounts().insert(&x, InsertRule::OnePerOwner).await.unwrap();
    let second = storage.accounts().link(&account(&a, "pa", "y", 0), InsertRule::OnePerOwner, id, at(1), &[]).await;
    assert!(matches!(second, Err(StorageError::Conflict(_))), "{second:?}");
    let late = storage.accounts().relink(&Account { revision: 9, ..x.clone() }, 8, id, at(1), &[]).await;
    assert!(matches!(late, Err(StorageError::Conflict(_))), "{late:?}");
    assert!(!storage.accounts().relink(&account(&a, "pa", "gone", 0), 1, id, at(1), &[]).await.unwrap());
    assert_eq!(storage.sessions().get(&a, id).await.unwrap().unwrap().linked_account_id, None);
    assert!(storage.accounts().relink(&Account { revision: 2, ..x }, 1, id, at(1), &[]).await.unwrap());
}

pub async fn a_session_is_deleted_in_its_project(storage: &dyn Storage) {
    let (a, b) = (project(storage, "a").await, project(storage, "b").await);
    let ours = create(storage, session(&a, 1, 100)).await;
    let attempt = attempt(&a, ours);
    storage.attempts().create(&attempt).await.unwrap();
    assert!(!storage.sessions().delete(&b, ours).await.unwrap());
    assert!(storage.sessions().get(&a, ours).await.unwrap().is_some());
    assert!(storage.sessions().delete(&a, ours).await.unwrap());
    assert!(!storage.sessions().delete(&a, ours).await.unwrap());
    assert_eq!(storage.attempts().get(&a, ours, &attempt.id).await.unwrap(), None);
}

pub async fn a_deleted_account_takes_its_sessions_along(storage: &dyn Storage) {
    let (a, b) = (linked_project(storage).await, project(storage, "b").await);
    let owned = |number, owner: &str| ConnectSession {
        owner: Owner { id: owner.to_owned(), name: owner.to_owned(), username: None },
        multiple: false,
        ..session(&a, number, 100)
    };
    let account = |id: &str, owner: &str| Account {
        owner: Owner { id: owner.to_owned(), name: owner.to_owned(), username: None },
        ..account(&a, "pa", id, 0)
    };
    let used = create(storage, owned(1, "ours")).await;
    storage.attempts().create(&attempt(&a, used)).await.unwrap();
    let (x, y) = (account("x", "ours"), account("y", "ours"));
    storage.accounts().link(&x, InsertRule::OnePerOwner, used, at(1), &[]).await.unwrap();
    storage.accounts().insert(&y, InsertRule::Multiple).await.unwrap();
    let reconnect = create(storage, ConnectSession { account_id: Some(x.id.clone()), ..owned(2, "moved") }).await;
    let unused = create(storage, owned(3, "ours")).await;
    let multiple = create(storage, ConnectSession { multiple: true, ..owned(4, "ours") }).await;
    let next = Account { revision: 2, ..x.clone() };
    assert!(storage.accounts().relink(&next, 1, multiple, at(1), &[]).await.unwrap());
    let another = create(storage, owned(5, "another")).await;
    let elsewhere = create(storage, ConnectSession { project_id: b.clone(), ..owned(6, "ours") }).await;
    let left = async || {
        let mut left = Vec::new();
        for id in [used, reconnect, unused, multiple, another] {
            left.push(storage.sessions().get(&a, id).await.unwrap().is_some());
        }
        left
    };
    // The owner has another account: only the sessions of this account are deleted.
    storage.accounts().delete(&a, &x.id, &[]).await.unwrap().unwrap();
    assert_eq!(left().await, [false, false, true, true, true]);
    storage.accounts().delete(&a, &y.id, &[]).await.unwrap().unwrap();
    assert_eq!(left().await, [false, false, false, false, true]);
    assert!(storage.sessions().get(&b, elsewhere).await.unwrap().is_some());
    assert_eq!(storage.attempts().get(&a, used, &AttemptId::new("attempt")).await.unwrap(), None);
}

pub async fn call_records_are_appended_atomically(storage: &dyn Storage) {
    let (a, b) = (project(storage, "a").await, project(storage, "b").await);
    let elsewhere = record(&b, 0);
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
    storage.calls().append(std::slice::from_ref(&elsewhere)).await.unwrap();
    assert_eq!(storage.calls().oldest(2).await.unwrap(), [elsewhere.clone(), record("one", 1)]);
    // Those that do not exist are not counted.
    let ids = [&elsewhere.id, &CallId::new("one"), &CallId::new("three")].map(Clone::clone);
    assert_eq!(storage.calls().delete(&ids).await.unwrap(), 2);
    assert_eq!(storage.calls().oldest(10).await.unwrap(), [record("two", 2)]);
}

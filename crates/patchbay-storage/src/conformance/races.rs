//! Concurrent callers, and a caller that is cancelled.

use std::{
    future::{Future, poll_fn},
    task::Poll,
};

use futures_util::future::join_all;
use patchbay_model::{
    AccountId, AttemptError, AttemptId, AttemptStatus, ConnectSession, ConnectionAttempt, FailureReason, KeyHash,
    LoginToken,
};

use super::{account, at, profile, project, session};
use crate::{AccountFilter, InsertRule, ProfileFilter, Result, Storage, StorageError};

const CALLERS: usize = 8;

/// Returns the number of calls that succeeded. The others must be conflicts.
fn winners<T>(results: Vec<Result<T>>) -> usize {
    let won = results.iter().filter(|result| result.is_ok()).count();
    for lost in results.into_iter().filter_map(Result::err) {
        assert!(matches!(lost, StorageError::Conflict(_)), "{lost}");
    }
    won
}

pub async fn one_of_many_concurrent_inserts_links_an_owner(storage: &dyn Storage) {
    let a = project(storage, "a").await;
    storage.profiles().create(&profile(&a, "pa", 0)).await.unwrap();
    let rivals = (0..CALLERS).map(|number| account(&a, "pa", &format!("x{number}"), 0)).collect::<Vec<_>>();
    let inserted = rivals.iter().map(|rival| storage.accounts().insert(rival, InsertRule::OnePerOwner));
    assert_eq!(winners(join_all(inserted).await), 1);
    let filter = AccountFilter { page: 1, page_size: 100, ..AccountFilter::default() };
    assert_eq!(storage.accounts().list(&a, &filter).await.unwrap().total, 1);
}

pub async fn one_of_many_concurrent_updates_succeeds(storage: &dyn Storage) {
    let a = project(storage, "a").await;
    storage.profiles().create(&profile(&a, "pa", 0)).await.unwrap();
    storage.accounts().insert(&account(&a, "pa", "x", 0), InsertRule::OnePerOwner).await.unwrap();
    let rivals = (0..CALLERS).map(|number| {
        let mut rival = account(&a, "pa", "x", 0);
        rival.revision = 2;
        rival.label = Some(number.to_string());
        rival
    });
    let rivals = rivals.collect::<Vec<_>>();
    let results = join_all(rivals.iter().map(|rival| storage.accounts().update(rival, 1))).await;
    let winner = results.iter().position(Result::is_ok).unwrap();
    assert_eq!(winners(results), 1);
    let stored = storage.accounts().get(&a, &AccountId::new("x")).await.unwrap();
    assert_eq!(stored, Some(rivals[winner].clone()));
}

pub async fn one_of_many_concurrent_links_uses_a_session(storage: &dyn Storage) {
    let a = project(storage, "a").await;
    storage.profiles().create(&profile(&a, "pa", 0)).await.unwrap();
    let new = ConnectSession { multiple: false, ..session(&a, 1, 100) };
    let id = storage.sessions().create(&new).await.unwrap();
    let rivals = (0..CALLERS).map(|number| account(&a, "pa", &format!("x{number}"), 0)).collect::<Vec<_>>();
    let linked = rivals.iter().map(|rival| storage.accounts().link(rival, InsertRule::Multiple, id, at(1)));
    let results = join_all(linked).await;
    let won = results.iter().filter(|result| result.is_ok()).count();
    assert_eq!(won, 1);
    for lost in results.into_iter().filter_map(Result::err) {
        assert!(matches!(lost, StorageError::SessionUsed), "{lost}");
    }
    let filter = AccountFilter { page: 1, page_size: 100, ..AccountFilter::default() };
    assert_eq!(storage.accounts().list(&a, &filter).await.unwrap().total, 1);
}

pub async fn concurrent_creates_leave_one_default(storage: &dyn Storage) {
    let a = project(storage, "a").await;
    let rivals = (0..CALLERS).map(|number| {
        let mut rival = profile(&a, &format!("p{number}"), 0);
        rival.default = true;
        rival
    });
    let rivals = rivals.collect::<Vec<_>>();
    for created in join_all(rivals.iter().map(|rival| storage.profiles().create(rival))).await {
        created.unwrap();
    }
    let filter = ProfileFilter { connector: None, active: None, page: 1, page_size: 100 };
    let listed = storage.profiles().list(&a, &filter).await.unwrap();
    assert_eq!(listed.total, CALLERS as u64);
    assert_eq!(listed.items.iter().filter(|profile| profile.default).count(), 1);
}

pub async fn one_of_many_concurrent_callers_takes_a_token(storage: &dyn Storage) {
    let a = project(storage, "a").await;
    let token = LoginToken { hash: KeyHash([1; 32]), project_id: a, expires_at: at(10), seal: None };
    storage.login_tokens().create(&token).await.unwrap();
    let taken = join_all((0..CALLERS).map(|_| storage.login_tokens().consume(&token.hash, at(1)))).await;
    assert_eq!(taken.into_iter().filter_map(Result::unwrap).collect::<Vec<_>>(), [token]);
    let values = (0..CALLERS).map(|number| [u8::try_from(number).unwrap()]).collect::<Vec<_>>();
    let set = join_all(values.iter().map(|value| storage.meta().set_once("canary", value))).await;
    let winner = set.iter().position(|set| *set.as_ref().unwrap()).unwrap();
    assert_eq!(set.into_iter().filter(|set| *set.as_ref().unwrap()).count(), 1);
    assert_eq!(storage.meta().get("canary").await.unwrap().as_deref(), Some(&values[winner][..]));
}

pub async fn one_of_many_concurrent_callers_finishes_an_attempt(storage: &dyn Storage) {
    let a = project(storage, "a").await;
    let session = storage.sessions().create(&session(&a, 1, 100)).await.unwrap();
    let id = AttemptId::new("attempt");
    let attempt = ConnectionAttempt {
        id: id.clone(),
        session_id: session,
        project_id: a.clone(),
        status: AttemptStatus::Pending,
        account_id: None,
        error: None,
        created_at: at(0),
        expires_at: at(300),
    };
    storage.attempts().create(&attempt).await.unwrap();
    let error = AttemptError {
        code: "refused".to_owned(),
        description: "The provider rejected it.".to_owned(),
        reason: Some(FailureReason::Refused),
    };
    let ends = [AttemptStatus::Error, AttemptStatus::Cancelled, AttemptStatus::Expired];
    let ended = ends.iter().map(|status| storage.attempts().finish(&a, session, &id, *status, None, Some(&error)));
    let ended = join_all(ended).await.into_iter().map(Result::unwrap).collect::<Vec<_>>();
    assert_eq!(ended.iter().filter(|ended| **ended).count(), 1);
    let winner = ends[ended.iter().position(|ended| *ended).unwrap()];
    let stored = storage.attempts().get(&a, session, &id).await.unwrap().unwrap();
    assert_eq!((stored.status, stored.error), (winner, Some(error)));
}

/// Polls a future until it has been woken `wakes` times, then drops it.
async fn dropped_after<F: Future>(wakes: usize, future: F) -> Option<F::Output> {
    let mut future = Box::pin(future);
    let mut left = wakes;
    poll_fn(move |context| {
        if left == 0 {
            return Poll::Ready(None);
        }
        left -= 1;
        future.as_mut().poll(context).map(Some)
    })
    .await
}

pub async fn a_cancelled_insert_is_atomic(storage: &dyn Storage) {
    let a = project(storage, "a").await;
    storage.profiles().create(&profile(&a, "pa", 0)).await.unwrap();
    let mut finished = false;
    for wakes in 0..64 {
        let new = account(&a, "pa", &format!("x{wakes}"), 0);
        let insert = storage.accounts().insert(&new, InsertRule::Multiple);
        finished |= dropped_after(wakes, insert).await.is_some();
        // The next caller is not blocked, and sees the whole account or none.
        storage.meta().set("next", &[1]).await.unwrap();
        let found = storage.accounts().get(&a, &new.id).await.unwrap();
        assert!(found.is_none() || found == Some(new), "after {wakes} wakes");
    }
    assert!(finished, "no insert finished");
}

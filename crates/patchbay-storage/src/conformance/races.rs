//! Concurrent callers, and a caller that is cancelled.

use std::{
    future::{Future, poll_fn},
    task::Poll,
};

use futures_util::future::{join_all, join3};
use patchbay_model::{
    AccountId, AccountStatus, AttemptError, AttemptId, AttemptStatus, ConnectSession, ConnectionAttempt, FailureReason,
    KeyHash, KeyId, LeaseOutcome, LeasePriority, LoginToken, Member, MemberId, OrganizationId, Profile, Project,
    ProjectId, Sealed, SessionId,
};

use super::{Test, account, at, connectors, profile, project, session};
use crate::{
    AccountFilter, InsertRule, MAX_ATTEMPTS_PER_SESSION, ProfileFilter, Result, Storage, StorageError, VAULT_CANARY,
};

const CALLERS: usize = 8;

/// Returns the races between callers with their names, to be run many times: one for each method that reads before it writes.
pub fn rounds() -> Vec<(&'static str, Test)> {
    use super::idempotency_keys;
    vec![
        ("a second account", |storage| Box::pin(one_of_many_concurrent_inserts_links_an_owner(storage))),
        ("an update", |storage| Box::pin(one_of_many_concurrent_updates_succeeds(storage))),
        ("a link", |storage| Box::pin(one_of_many_concurrent_links_uses_a_session(storage))),
        ("a new default profile", |storage| Box::pin(concurrent_creates_leave_one_default(storage))),
        ("another default profile", |storage| Box::pin(concurrent_updates_leave_one_default(storage))),
        ("a login token", |storage| Box::pin(one_of_many_concurrent_callers_takes_a_token(storage))),
        ("the end of an attempt", |storage| Box::pin(one_of_many_concurrent_callers_finishes_an_attempt(storage))),
        ("a lease", |storage| Box::pin(one_of_many_concurrent_callers_leases_an_account(storage))),
        ("a due account", |storage| Box::pin(each_due_account_is_claimed_once(storage))),
        ("an authorization", |storage| Box::pin(one_of_many_concurrent_callers_takes_an_authorization(storage))),
        ("the first member", |storage| Box::pin(one_of_many_concurrent_starts_creates_the_member(storage))),
        ("a project", |storage| Box::pin(one_of_many_concurrent_creates_adds_a_project(storage))),
        ("a retired key", |storage| Box::pin(a_retirement_and_a_late_writer_exclude_each_other(storage))),
        ("the last accounts", |storage| Box::pin(concurrent_deletes_leave_no_session_of_the_owner(storage))),
        ("a pin", |storage| Box::pin(a_pin_and_the_deletion_of_its_version_exclude_each_other(storage))),
        ("a version", |storage| Box::pin(connectors::one_of_many_concurrent_pushes_adds_a_version(storage))),
        ("an idempotency key", |storage| {
            Box::pin(idempotency_keys::one_of_many_concurrent_callers_reserves_a_key(storage))
        }),
    ]
}

/// Returns the races that only a backend of several servers has.
pub fn rounds_of_replicas() -> Vec<(&'static str, Test)> {
    vec![("the leader", |storage| Box::pin(super::replicas::one_of_many_concurrent_servers_leads(storage)))]
}

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
    let results = join_all(rivals.iter().map(|rival| storage.accounts().update(rival, 1, &[]))).await;
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
    let linked = rivals.iter().map(|rival| storage.accounts().link(rival, InsertRule::Multiple, id, at(1), &[]));
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

pub async fn a_pin_and_the_deletion_of_its_version_exclude_each_other(storage: &dyn Storage) {
    let a = project(storage, "a").await;
    let (version, files) = (connectors::version(&a, "acme", "1.0.0", 1), connectors::files("one"));
    storage.connectors().add(&version, &files, 9).await.unwrap();
    let at_version = |id: &str| Profile {
        connector: "acme".to_owned(),
        version_pin: Some("1.0.0".to_owned()),
        ..profile(&a, id, 0)
    };
    let changed = at_version("changed");
    storage.profiles().create(&Profile { version_pin: None, ..changed.clone() }).await.unwrap();
    let created = (0..3).map(|number| at_version(&format!("p{number}"))).collect::<Vec<_>>();
    let (created, changed, deleted) = join3(
        join_all(created.iter().map(|new| storage.profiles().create_pinned(new))),
        storage.profiles().update_pinned(&changed),
        storage.connectors().delete(&a, "acme", "1.0.0"),
    )
    .await;
    let filter = ProfileFilter { connector: None, active: None, page: 1, page_size: 100 };
    let profiles = storage.profiles().list(&a, &filter).await.unwrap().items;
    let pinned = profiles.iter().filter(|profile| profile.version_pin.is_some()).count();
    let is_left = storage.connectors().files(&a, "acme", "1.0.0").await.unwrap().is_some();
    assert!(is_left || pinned == 0, "{pinned} profiles are pinned to a version that was deleted");
    assert_eq!(winners(created) + winners(vec![changed]), pinned);
    assert_eq!(winners(vec![deleted]) == 0, is_left);
    // Afterwards, both are refused in their turn.
    if is_left {
        let refused = storage.connectors().delete(&a, "acme", "1.0.0").await;
        assert!(matches!(refused, Err(StorageError::Conflict(_))), "{refused:?}");
    } else {
        let refused = storage.profiles().create_pinned(&at_version("late")).await;
        assert!(matches!(refused, Err(StorageError::Conflict(_))), "{refused:?}");
    }
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

pub async fn one_of_many_concurrent_callers_leases_an_account(storage: &dyn Storage) {
    let a = project(storage, "a").await;
    storage.profiles().create(&profile(&a, "pa", 0)).await.unwrap();
    let new = account(&a, "pa", "x", 0);
    storage.accounts().insert(&new, InsertRule::Multiple).await.unwrap();
    // The first lease has no row yet; the second one replaces a lease that has ended.
    for (now, fence) in [(0, 1), (100, 2)] {
        let acquired = (0..CALLERS)
            .map(|_| storage.refresh_leases().acquire(&a, &new.id, at(now), at(now + 60), LeasePriority::Normal));
        let acquired = join_all(acquired).await.into_iter().map(Result::unwrap).collect::<Vec<_>>();
        let granted = acquired.iter().filter_map(|outcome| match outcome {
            LeaseOutcome::Granted(lease) => Some(lease.fence),
            LeaseOutcome::Held(_) | LeaseOutcome::BackingOff(_) => None,
        });
        assert_eq!(granted.collect::<Vec<_>>(), [fence], "{acquired:?}");
    }
}

/// Several servers claim, while calls want the same leases.
pub async fn each_due_account_is_claimed_once(storage: &dyn Storage) {
    let a = project(storage, "a").await;
    storage.profiles().create(&profile(&a, "pa", 0)).await.unwrap();
    for number in 0..CALLERS {
        let mut due = account(&a, "pa", &format!("x{number}"), 0);
        (due.status, due.refresh_at) = (AccountStatus::Active, Some(at(0)));
        storage.accounts().insert(&due, InsertRule::Multiple).await.unwrap();
    }
    let leases = storage.refresh_leases();
    let claims = async {
        let claims = (0..4).map(|_| async {
            let (mut claimed, mut after) = (Vec::new(), None);
            loop {
                let batch = leases.claim_due(at(100), at(160), after.as_ref(), 3).await.unwrap();
                let Some(last) = batch.last() else { return claimed };
                after = Some((last.due_at, last.lease.account_id.clone()));
                claimed.extend(batch.into_iter().map(|due| due.lease));
            }
        });
        join_all(claims).await.into_iter().flatten().collect::<Vec<_>>()
    };
    let calls = async {
        let calls = (0..CALLERS).map(|number| {
            let id = AccountId::new(format!("x{number}"));
            let a = &a;
            async move { leases.acquire(a, &id, at(100), at(160), LeasePriority::Normal).await.unwrap() }
        });
        let granted = join_all(calls).await.into_iter().filter_map(|outcome| match outcome {
            LeaseOutcome::Granted(lease) => Some(lease),
            LeaseOutcome::Held(_) | LeaseOutcome::BackingOff(_) => None,
        });
        granted.collect::<Vec<_>>()
    };
    let (mut leased, called) = tokio::join!(claims, calls);
    leased.extend(called);
    let mut ids = leased.iter().map(|lease| (lease.account_id.to_string(), lease.fence)).collect::<Vec<_>>();
    ids.sort();
    let expected = (0..CALLERS).map(|number| (format!("x{number}"), 1)).collect::<Vec<_>>();
    assert_eq!(ids, expected);
}

pub async fn one_of_many_concurrent_callers_takes_an_authorization(storage: &dyn Storage) {
    let a = project(storage, "a").await;
    let (state, sealed) = (KeyHash([3; 32]), Sealed::from_bytes(vec![5; 30]));
    storage.pending_authorizations().put(&state, &a, &sealed, at(60)).await.unwrap();
    let taken = join_all((0..CALLERS).map(|_| storage.pending_authorizations().take(&state, at(0)))).await;
    assert_eq!(taken.into_iter().filter_map(Result::unwrap).collect::<Vec<_>>(), [(a, sealed)]);
}

pub async fn one_of_many_concurrent_starts_creates_the_member(storage: &dyn Storage) {
    project(storage, "a").await;
    let members = (0..CALLERS).map(|number| Member {
        id: MemberId::new(format!("m{number}")),
        organization_id: OrganizationId::new("org"),
        name: "Operator".to_owned(),
        password: None,
        created_at: at(0),
        seal: None,
    });
    let members = members.collect::<Vec<_>>();
    let created = join_all(members.iter().map(|member| storage.members().create_first(member))).await;
    let created = created.into_iter().map(Result::unwrap).collect::<Vec<_>>();
    assert_eq!(created.iter().filter(|created| **created).count(), 1, "{created:?}");
    let first = storage.members().first(&OrganizationId::new("org")).await.unwrap();
    assert_eq!(first.as_ref(), members.iter().zip(created).find(|(_, created)| *created).map(|(member, _)| member));
}

pub async fn one_of_many_concurrent_creates_adds_a_project(storage: &dyn Storage) {
    project(storage, "a").await;
    let projects = (0..CALLERS).map(|number| Project {
        id: ProjectId::new("b"),
        organization_id: OrganizationId::new("org"),
        name: number.to_string(),
        created_at: at(1),
    });
    let projects = projects.collect::<Vec<_>>();
    let created = join_all(projects.iter().map(|project| storage.projects().create(project))).await;
    assert_eq!(winners(created), 1);
    assert_eq!(storage.projects().list(&OrganizationId::new("org")).await.unwrap().len(), 2);
}

pub async fn concurrent_updates_leave_one_default(storage: &dyn Storage) {
    let a = project(storage, "a").await;
    let mut rivals = (0..CALLERS).map(|number| profile(&a, &format!("p{number}"), 0)).collect::<Vec<_>>();
    for rival in &mut rivals {
        storage.profiles().create(rival).await.unwrap();
        rival.default = true;
    }
    for updated in join_all(rivals.iter().map(|rival| storage.profiles().update(rival))).await {
        assert!(updated.unwrap());
    }
    let filter = ProfileFilter { connector: None, active: None, page: 1, page_size: 100 };
    let listed = storage.profiles().list(&a, &filter).await.unwrap();
    assert_eq!(listed.items.iter().filter(|profile| profile.default).count(), 1);
}

/// Either the value is stored and the key is still in use, or the key is retired and the value is rejected.
pub async fn a_retirement_and_a_late_writer_exclude_each_other(storage: &dyn Storage) {
    project(storage, "a").await;
    let key = KeyId([7; 8]);
    let mut envelope = vec![2];
    envelope.extend(key.0);
    envelope.extend([0; 40]);
    let (retired, written) =
        tokio::join!(storage.sealed_records().retire(key), storage.meta().set(VAULT_CANARY, &envelope));
    let (wrapped, stored) = (retired.unwrap(), storage.meta().get(VAULT_CANARY).await.unwrap());
    match written {
        Ok(()) => assert_eq!((wrapped, stored), (1, Some(envelope))),
        Err(StorageError::Conflict(_)) => assert_eq!((wrapped, stored), (0, None)),
        Err(other) => panic!("{other}"),
    }
}

pub async fn concurrent_deletes_leave_no_session_of_the_owner(storage: &dyn Storage) {
    let a = project(storage, "a").await;
    storage.profiles().create(&profile(&a, "pa", 0)).await.unwrap();
    let accounts = (0..CALLERS).map(|number| account(&a, "pa", &format!("x{number}"), 0)).collect::<Vec<_>>();
    for account in &accounts {
        storage.accounts().insert(account, InsertRule::Multiple).await.unwrap();
    }
    let id = storage.sessions().create(&session(&a, 1, 100)).await.unwrap();
    for deleted in join_all(accounts.iter().map(|account| storage.accounts().delete(&a, &account.id, &[]))).await {
        assert!(deleted.unwrap().is_some());
    }
    assert_eq!(storage.sessions().get(&a, id).await.unwrap(), None);
}

fn numbered_attempt(project: &ProjectId, session: SessionId, number: usize) -> ConnectionAttempt {
    ConnectionAttempt {
        id: AttemptId::new(format!("attempt-{number}")),
        session_id: session,
        project_id: project.clone(),
        status: AttemptStatus::Pending,
        account_id: None,
        error: None,
        created_at: at(0),
        expires_at: at(300),
    }
}

/// Creates attempts of one session in rounds of concurrent callers. Checks after each that the session has its newest ones.
pub async fn attempt_rounds(storage: &dyn Storage, rounds: usize) {
    let a = project(storage, "a").await;
    let session = storage.sessions().create(&session(&a, 1, 100)).await.unwrap();
    let limit = usize::try_from(MAX_ATTEMPTS_PER_SESSION).unwrap();
    for round in 0..rounds {
        let created = (round * CALLERS..(round + 1) * CALLERS).map(|number| numbered_attempt(&a, session, number));
        let created = created.collect::<Vec<_>>();
        for created in join_all(created.iter().map(|attempt| storage.attempts().create(attempt))).await {
            created.unwrap();
        }
        // The rounds that are kept as a whole, and the newest one that is gone as a whole.
        let kept = ((round + 1) * CALLERS).saturating_sub(limit).next_multiple_of(CALLERS);
        let oldest = numbered_attempt(&a, session, kept).id;
        assert!(storage.attempts().get(&a, session, &oldest).await.unwrap().is_some(), "round {round}");
        let is_some_gone = (round + 1) * CALLERS > limit;
        let mut left = 0;
        for number in kept.saturating_sub(CALLERS)..kept {
            let id = numbered_attempt(&a, session, number).id;
            left += usize::from(storage.attempts().get(&a, session, &id).await.unwrap().is_some());
        }
        assert_eq!(left, if is_some_gone { limit % CALLERS } else { 0 }, "round {round}");
    }
}

pub async fn concurrent_attempts_stay_within_the_limit(storage: &dyn Storage) {
    attempt_rounds(storage, 16).await;
}

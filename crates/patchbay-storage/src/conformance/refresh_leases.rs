//! Leases on the refresh of tokens, and pending authorizations.

use patchbay_model::{
    Account, AccountId, AccountStatus, CredentialExpiry, ExpiryCause, KeyHash, Lease, LeaseOutcome, LeasePriority,
    ProjectId, Sealed,
};

use super::{account, at, profile, project};
use crate::{DueLease, InsertRule, Storage, StorageError};

async fn linked(storage: &dyn Storage) -> (ProjectId, Account) {
    let project = project(storage, "p").await;
    storage.profiles().create(&profile(&project, "profile", 0)).await.unwrap();
    let account = Account { status: AccountStatus::Active, ..account(&project, "profile", "a", 0) };
    storage.accounts().insert(&account, InsertRule::Multiple).await.unwrap();
    (project, account)
}

async fn take(storage: &dyn Storage, account: &Account, now: i64, until: i64) -> Option<Lease> {
    match storage
        .refresh_leases()
        .acquire(&account.project_id, &account.id, at(now), at(until), LeasePriority::Normal)
        .await
        .unwrap()
    {
        LeaseOutcome::Granted(lease) => Some(lease),
        LeaseOutcome::Held(_) | LeaseOutcome::BackingOff(_) => None,
    }
}

pub async fn a_lease_has_one_holder(storage: &dyn Storage) {
    let (project, account) = linked(storage).await;
    let first = take(storage, &account, 0, 60).await.unwrap();
    assert_eq!((first.fence, first.unresolved_revision, first.failures), (1, None, 0));
    let held =
        storage.refresh_leases().acquire(&project, &account.id, at(59), at(120), LeasePriority::Urgent).await.unwrap();
    assert_eq!(held, LeaseOutcome::Held(at(60)));
    assert_eq!(take(storage, &account, 60, 120).await.unwrap().fence, 2);
    let stranger =
        storage.refresh_leases().acquire(&project, &AccountId::new("b"), at(0), at(1), LeasePriority::Normal).await;
    assert!(matches!(stranger, Err(StorageError::Conflict(_))));
    let other = ProjectId::new("other");
    assert!(
        storage.refresh_leases().acquire(&other, &account.id, at(999), at(1000), LeasePriority::Normal).await.is_err()
    );
}

pub async fn only_the_newest_lease_commits(storage: &dyn Storage) {
    let (project, account) = linked(storage).await;
    let old = take(storage, &account, 0, 60).await.unwrap();
    let new = take(storage, &account, 60, 120).await.unwrap();
    let mut refreshed = account.clone();
    refreshed.secrets.insert("accessToken".to_owned(), Sealed::from_bytes(vec![7; 40]));
    refreshed.revision += 1;
    assert!(!storage.refresh_leases().mark_sent(&old, 1, at(180)).await.unwrap());
    assert!(!storage.refresh_leases().extend(&old, at(180)).await.unwrap());
    assert!(!storage.refresh_leases().commit(&old, &refreshed, 1, &[]).await.unwrap());
    assert_eq!(storage.accounts().get(&project, &account.id).await.unwrap().as_ref(), Some(&account));
    let conflict = storage.refresh_leases().commit(&new, &refreshed, 5, &[]).await;
    assert!(matches!(conflict, Err(StorageError::Conflict(_))));
    assert!(storage.refresh_leases().commit(&new, &refreshed, 1, &[]).await.unwrap());
    assert_eq!(storage.accounts().get(&project, &account.id).await.unwrap(), Some(refreshed));
    assert_eq!(take(storage, &account, 61, 62).await.unwrap().fence, 3, "a commit releases the lease");
}

pub async fn an_unresolved_request_is_recorded_until_its_outcome_is_known(storage: &dyn Storage) {
    let (_, account) = linked(storage).await;
    let lease = take(storage, &account, 0, 60).await.unwrap();
    assert!(storage.refresh_leases().mark_sent(&lease, 1, at(60)).await.unwrap());
    let after_crash = take(storage, &account, 60, 120).await.unwrap();
    assert_eq!(after_crash.unresolved_revision, Some(1));
    storage.refresh_leases().release(&after_crash).await.unwrap();
    let again = take(storage, &account, 61, 120).await.unwrap();
    assert_eq!(again.unresolved_revision, Some(1));
    storage.refresh_leases().fail(&again, at(61), true).await.unwrap();
    assert_eq!(take(storage, &account, 62, 120).await.unwrap().unresolved_revision, None);
}

/// A holder that works for longer than its lease lasts holds it on, from the request on and by extending it. What it has released
/// stays released, however late the extension comes.
pub async fn a_lease_is_extended_by_its_holder_alone(storage: &dyn Storage) {
    let (_, account) = linked(storage).await;
    let leases = storage.refresh_leases();
    let lease = take(storage, &account, 0, 10).await.unwrap();
    assert!(leases.mark_sent(&lease, 1, at(20)).await.unwrap());
    assert_eq!(take(storage, &account, 19, 30).await, None);
    assert!(leases.extend(&lease, at(30)).await.unwrap());
    assert_eq!(take(storage, &account, 29, 40).await, None);
    // It has expired, and nobody has acquired it.
    assert!(leases.extend(&lease, at(50)).await.unwrap());
    assert_eq!(take(storage, &account, 49, 60).await, None);
    leases.release(&lease).await.unwrap();
    assert!(!leases.extend(&lease, at(90)).await.unwrap(), "it was released");
    let next = take(storage, &account, 49, 60).await.unwrap();
    assert!(!leases.extend(&lease, at(90)).await.unwrap(), "it is another holder's");
    assert!(leases.extend(&next, at(70)).await.unwrap());
    assert_eq!(take(storage, &account, 69, 80).await, None);
    leases.fail(&next, at(71), true).await.unwrap();
    assert!(!leases.extend(&next, at(90)).await.unwrap(), "it was released after a failure");
}

pub async fn a_failed_refresh_backs_off(storage: &dyn Storage) {
    let (project, account) = linked(storage).await;
    let lease = take(storage, &account, 0, 60).await.unwrap();
    assert!(storage.refresh_leases().mark_sent(&lease, 1, at(60)).await.unwrap());
    storage.refresh_leases().fail(&lease, at(30), false).await.unwrap();
    let backing_off =
        storage.refresh_leases().acquire(&project, &account.id, at(10), at(60), LeasePriority::Normal).await.unwrap();
    assert_eq!(backing_off, LeaseOutcome::BackingOff(at(30)));
    let urgent =
        storage.refresh_leases().acquire(&project, &account.id, at(10), at(20), LeasePriority::Urgent).await.unwrap();
    let LeaseOutcome::Granted(urgent) = urgent else { panic!("an urgent lease ignores the back-off: {urgent:?}") };
    assert_eq!((urgent.failures, urgent.unresolved_revision), (1, Some(1)));
    storage.refresh_leases().release(&urgent).await.unwrap();
    assert!(take(storage, &account, 30, 60).await.is_some());
}

pub async fn due_accounts_are_claimed(storage: &dyn Storage) {
    let (project, account) = linked(storage).await;
    let with = |id: &str, status, refresh_at| Account { id: AccountId::new(id), status, refresh_at, ..account.clone() };
    for other in [
        with("suspended", AccountStatus::Suspended, Some(at(10))),
        with("broken", AccountStatus::ReconnectRequired, Some(at(10))),
        with("static", AccountStatus::Active, None),
        with("later", AccountStatus::Active, Some(at(9000))),
    ] {
        storage.accounts().insert(&other, InsertRule::Multiple).await.unwrap();
    }
    let leases = storage.refresh_leases();
    let claim = async |now, until, limit| {
        let claimed = leases.claim_due(at(now), at(until), None, limit).await.unwrap();
        assert!(claimed.iter().all(|due| due.lease.project_id == project));
        claimed
    };
    let ids = |claimed: &[DueLease]| claimed.iter().map(|due| due.lease.account_id.to_string()).collect::<Vec<_>>();
    // The longest due first, each once: a lease that is held is nobody else's.
    let first = claim(2000, 2060, 1).await;
    assert_eq!((ids(&first), first[0].due_at), (vec!["suspended".to_owned()], at(10)));
    let second = claim(2000, 2060, 10).await;
    assert_eq!((ids(&second), second[0].due_at), (vec!["a".to_owned()], at(1800)));
    assert!(claim(2059, 2100, 10).await.is_empty());
    assert!(take(storage, &account, 2059, 2100).await.is_none(), "a claim is a lease");
    // A lease that ended, with what is known of the request before.
    assert!(leases.mark_sent(&second[0].lease, 7, at(2060)).await.unwrap());
    let again = claim(2060, 2120, 10).await;
    assert_eq!(ids(&again), ["suspended", "a"]);
    let lease = &again[1].lease;
    assert_eq!((lease.fence, lease.unresolved_revision, lease.failures), (2, Some(7), 0));
    assert!(!leases.mark_sent(&second[0].lease, 8, at(2200)).await.unwrap(), "the lease before is not the newest");
    // A batch begins after the one before.
    leases.release(&again[0].lease).await.unwrap();
    leases.release(lease).await.unwrap();
    let after = (at(10), AccountId::new("suspended"));
    let next = leases.claim_due(at(2061), at(2120), Some(&after), 10).await.unwrap();
    assert_eq!(ids(&next), ["a"]);
    // A back-off.
    leases.fail(&next[0].lease, at(3000), false).await.unwrap();
    let before = claim(2999, 3000, 10).await;
    assert_eq!(ids(&before), ["suspended"]);
    let over = claim(3000, 3060, 10).await;
    assert_eq!(ids(&over), ["suspended", "a"]);
    assert_eq!(over[1].lease.failures, 1);
}

pub async fn due_notices_are_found(storage: &dyn Storage) {
    let (project, account) = linked(storage).await;
    let ending = |at_second| CredentialExpiry::new(ExpiryCause::ClientCertificate, at(0), at(at_second));
    let with = |id: &str, status, expiries| Account { id: AccountId::new(id), status, expiries, ..account.clone() };
    for other in [
        with("suspended", AccountStatus::Suspended, vec![ending(2000), ending(1000)]),
        with("broken", AccountStatus::ReconnectRequired, vec![ending(1000)]),
        with("endless", AccountStatus::Active, Vec::new()),
        with("later", AccountStatus::Active, vec![ending(90_000)]),
    ] {
        storage.accounts().insert(&other, InsertRule::Multiple).await.unwrap();
    }
    let due_notices = async |now| -> Vec<String> {
        let found = storage.refresh_leases().due_notices(at(now), 10).await.unwrap();
        assert!(found.iter().all(|(of, _)| *of == project));
        found.into_iter().map(|(_, id)| id.to_string()).collect()
    };
    assert!(due_notices(899).await.is_empty());
    assert_eq!(due_notices(900).await, ["suspended"]);
    assert_eq!(due_notices(4000).await, ["suspended", "a"]);
    // The first notice was sent; the second is not due yet.
    let mut notified = with("suspended", AccountStatus::Suspended, vec![ending(2000), ending(1000)]);
    notified.expiries[1].notified = true;
    notified.revision += 1;
    assert!(storage.accounts().update(&notified, 1, &[]).await.unwrap());
    assert!(due_notices(1799).await.is_empty());
    assert_eq!(due_notices(1800).await, ["suspended"]);
}

pub async fn leases_of_an_ended_process_are_released(storage: &dyn Storage) {
    let (_, account) = linked(storage).await;
    let lease = take(storage, &account, 0, 60).await.unwrap();
    assert!(storage.refresh_leases().mark_sent(&lease, 1, at(60)).await.unwrap());
    // The only process that uses a file ends the leases of the one before. Of a database that several processes share, it does
    // not know whether others hold them.
    let start = match storage.refresh_leases().release_all().await.unwrap() {
        0 => 60,
        released => i64::try_from(released).unwrap(),
    };
    if start == 60 {
        assert_eq!(take(storage, &account, 59, 120).await, None, "the lease is held");
    }
    let next = take(storage, &account, start, 61 + start).await.unwrap();
    assert_eq!((next.fence, next.unresolved_revision), (2, Some(1)));
    storage.accounts().delete(&account.project_id, &account.id, &[]).await.unwrap();
    assert!(!storage.refresh_leases().commit(&next, &account, 1, &[]).await.unwrap());
}

pub async fn a_pending_authorization_is_taken_once(storage: &dyn Storage) {
    let project = project(storage, "p").await;
    let (state, sealed) = (KeyHash([3; 32]), Sealed::from_bytes(vec![5; 30]));
    let store = storage.pending_authorizations();
    store.put(&state, &project, &sealed, at(60)).await.unwrap();
    assert!(store.put(&state, &project, &sealed, at(60)).await.is_err());
    assert_eq!(store.take(&KeyHash([4; 32]), at(0)).await.unwrap(), None);
    assert_eq!(store.take(&state, at(60)).await.unwrap(), None, "it has expired");
    assert_eq!(store.find(&state, at(60)).await.unwrap(), None, "it has expired");
    assert_eq!(store.find(&KeyHash([4; 32]), at(0)).await.unwrap(), None);
    assert_eq!(store.find(&state, at(59)).await.unwrap(), Some((project.clone(), sealed.clone())), "it stays stored");
    assert_eq!(store.take(&state, at(59)).await.unwrap(), Some((project.clone(), sealed.clone())));
    assert_eq!(store.take(&state, at(59)).await.unwrap(), None);
    store.put(&state, &project, &sealed, at(60)).await.unwrap();
    assert_eq!(store.delete_expired(at(61)).await.unwrap(), 1);
}

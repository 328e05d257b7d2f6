//! Leases on the renewal of tokens, and sign-ins under way.

use patchbay_model::{
    Account, AccountId, AccountStatus, Ending, EndingCause, KeyHash, Lease, LeaseAnswer, ProjectId, Sealed,
};

use super::{account, at, profile, project};
use crate::{InsertRule, Storage, StorageError};

async fn linked(storage: &dyn Storage) -> (ProjectId, Account) {
    let project = project(storage, "p").await;
    storage.profiles().create(&profile(&project, "profile", 0)).await.unwrap();
    let account = Account { status: AccountStatus::Active, ..account(&project, "profile", "a", 0) };
    storage.accounts().insert(&account, InsertRule::Multiple).await.unwrap();
    (project, account)
}

async fn take(storage: &dyn Storage, account: &Account, now: i64, until: i64) -> Option<Lease> {
    match storage.renewals().take(&account.project_id, &account.id, at(now), at(until), false).await.unwrap() {
        LeaseAnswer::Granted(lease) => Some(lease),
        LeaseAnswer::Held(_) | LeaseAnswer::Resting(_) => None,
    }
}

pub async fn a_lease_is_held_by_one(storage: &dyn Storage) {
    let (project, account) = linked(storage).await;
    let first = take(storage, &account, 0, 60).await.unwrap();
    assert_eq!((first.fence, first.unsettled, first.failures), (1, None, 0));
    let held = storage.renewals().take(&project, &account.id, at(59), at(120), true).await.unwrap();
    assert_eq!(held, LeaseAnswer::Held(at(60)));
    assert_eq!(take(storage, &account, 60, 120).await.unwrap().fence, 2);
    let stranger = storage.renewals().take(&project, &AccountId::new("b"), at(0), at(1), false).await;
    assert!(matches!(stranger, Err(StorageError::Conflict(_))));
    let other = ProjectId::new("other");
    assert!(storage.renewals().take(&other, &account.id, at(999), at(1000), false).await.is_err());
}

pub async fn only_the_newest_lease_commits(storage: &dyn Storage) {
    let (project, account) = linked(storage).await;
    let old = take(storage, &account, 0, 60).await.unwrap();
    let new = take(storage, &account, 60, 120).await.unwrap();
    let mut renewed = account.clone();
    renewed.secrets.insert("accessToken".to_owned(), Sealed::from_bytes(vec![7; 40]));
    renewed.credential_version += 1;
    assert!(!storage.renewals().sending(&old, 1).await.unwrap());
    assert!(!storage.renewals().commit(&old, &renewed, 1).await.unwrap());
    assert_eq!(storage.accounts().get(&project, &account.id).await.unwrap().as_ref(), Some(&account));
    let conflict = storage.renewals().commit(&new, &renewed, 5).await;
    assert!(matches!(conflict, Err(StorageError::Conflict(_))));
    assert!(storage.renewals().commit(&new, &renewed, 1).await.unwrap());
    assert_eq!(storage.accounts().get(&project, &account.id).await.unwrap(), Some(renewed));
    assert_eq!(take(storage, &account, 61, 62).await.unwrap().fence, 3, "a commit ends the lease");
}

pub async fn what_was_sent_is_remembered_until_it_is_settled(storage: &dyn Storage) {
    let (_, account) = linked(storage).await;
    let lease = take(storage, &account, 0, 60).await.unwrap();
    assert!(storage.renewals().sending(&lease, 1).await.unwrap());
    let after_crash = take(storage, &account, 60, 120).await.unwrap();
    assert_eq!(after_crash.unsettled, Some(1));
    storage.renewals().release(&after_crash).await.unwrap();
    let again = take(storage, &account, 61, 120).await.unwrap();
    assert_eq!(again.unsettled, Some(1));
    storage.renewals().fail(&again, at(61), true).await.unwrap();
    assert_eq!(take(storage, &account, 62, 120).await.unwrap().unsettled, None);
}

pub async fn a_failed_renewal_rests(storage: &dyn Storage) {
    let (project, account) = linked(storage).await;
    let lease = take(storage, &account, 0, 60).await.unwrap();
    assert!(storage.renewals().sending(&lease, 1).await.unwrap());
    storage.renewals().fail(&lease, at(30), false).await.unwrap();
    let resting = storage.renewals().take(&project, &account.id, at(10), at(60), false).await.unwrap();
    assert_eq!(resting, LeaseAnswer::Resting(at(30)));
    let urgent = storage.renewals().take(&project, &account.id, at(10), at(20), true).await.unwrap();
    let LeaseAnswer::Granted(urgent) = urgent else { panic!("an urgent one does not rest: {urgent:?}") };
    assert_eq!((urgent.failures, urgent.unsettled), (1, Some(1)));
    storage.renewals().release(&urgent).await.unwrap();
    assert!(take(storage, &account, 30, 60).await.is_some());
}

pub async fn due_accounts_are_found(storage: &dyn Storage) {
    let (project, account) = linked(storage).await;
    let with = |id: &str, status, renew_at| Account { id: AccountId::new(id), status, renew_at, ..account.clone() };
    for other in [
        with("suspended", AccountStatus::Suspended, Some(at(10))),
        with("broken", AccountStatus::Error, Some(at(10))),
        with("static", AccountStatus::Active, None),
        with("later", AccountStatus::Active, Some(at(9000))),
    ] {
        storage.accounts().insert(&other, InsertRule::Multiple).await.unwrap();
    }
    let due = async |now| -> Vec<String> {
        let due = storage.renewals().due(at(now), 10).await.unwrap();
        assert!(due.iter().all(|(of, _)| *of == project));
        due.into_iter().map(|(_, id)| id.to_string()).collect()
    };
    assert_eq!(due(2000).await, ["suspended", "a"]);
    let lease = take(storage, &account, 2000, 2060).await.unwrap();
    storage.renewals().fail(&lease, at(3000), false).await.unwrap();
    assert_eq!(due(2999).await, ["suspended"]);
    assert_eq!(due(3000).await, ["suspended", "a"]);
}

pub async fn who_is_to_be_told_is_found(storage: &dyn Storage) {
    let (project, account) = linked(storage).await;
    let ending = |at_second| Ending::new(EndingCause::ClientCertificate, at(0), at(at_second));
    let with = |id: &str, status, endings| Account { id: AccountId::new(id), status, endings, ..account.clone() };
    for other in [
        with("suspended", AccountStatus::Suspended, vec![ending(2000), ending(1000)]),
        with("broken", AccountStatus::Error, vec![ending(1000)]),
        with("endless", AccountStatus::Active, Vec::new()),
        with("later", AccountStatus::Active, vec![ending(90_000)]),
    ] {
        storage.accounts().insert(&other, InsertRule::Multiple).await.unwrap();
    }
    let to_tell = async |now| -> Vec<String> {
        let found = storage.renewals().to_tell(at(now), 10).await.unwrap();
        assert!(found.iter().all(|(of, _)| *of == project));
        found.into_iter().map(|(_, id)| id.to_string()).collect()
    };
    assert!(to_tell(899).await.is_empty());
    assert_eq!(to_tell(900).await, ["suspended"]);
    assert_eq!(to_tell(4000).await, ["suspended", "a"]);
    // Told of the first one; the second is still to come.
    let mut told = with("suspended", AccountStatus::Suspended, vec![ending(2000), ending(1000)]);
    told.endings[1].is_told = true;
    told.credential_version += 1;
    assert!(storage.accounts().update(&told, 1).await.unwrap());
    assert!(to_tell(1799).await.is_empty());
    assert_eq!(to_tell(1800).await, ["suspended"]);
}

pub async fn leases_end_with_their_process(storage: &dyn Storage) {
    let (_, account) = linked(storage).await;
    let lease = take(storage, &account, 0, 60).await.unwrap();
    assert!(storage.renewals().sending(&lease, 1).await.unwrap());
    assert_eq!(storage.renewals().end_all().await.unwrap(), 1);
    let next = take(storage, &account, 1, 61).await.unwrap();
    assert_eq!((next.fence, next.unsettled), (2, Some(1)));
    storage.accounts().delete(&account.project_id, &account.id).await.unwrap();
    assert!(!storage.renewals().commit(&next, &account, 1).await.unwrap());
}

pub async fn a_sign_in_is_taken_once(storage: &dyn Storage) {
    let project = project(storage, "p").await;
    let (state, sealed) = (KeyHash([3; 32]), Sealed::from_bytes(vec![5; 30]));
    let store = storage.sign_ins();
    store.put(&state, &project, &sealed, at(60)).await.unwrap();
    assert!(store.put(&state, &project, &sealed, at(60)).await.is_err());
    assert_eq!(store.take(&KeyHash([4; 32]), at(0)).await.unwrap(), None);
    assert_eq!(store.take(&state, at(60)).await.unwrap(), None, "it has expired");
    assert_eq!(store.find(&state, at(60)).await.unwrap(), None, "it has expired");
    assert_eq!(store.find(&KeyHash([4; 32]), at(0)).await.unwrap(), None);
    assert_eq!(store.find(&state, at(59)).await.unwrap(), Some((project.clone(), sealed.clone())), "it stays");
    assert_eq!(store.take(&state, at(59)).await.unwrap(), Some((project.clone(), sealed.clone())));
    assert_eq!(store.take(&state, at(59)).await.unwrap(), None);
    store.put(&state, &project, &sealed, at(60)).await.unwrap();
    assert_eq!(store.delete_expired(at(61)).await.unwrap(), 1);
}

//! Isolation of projects: ids of another project never give access to its records.

use patchbay_model::{AccountId, AttemptId, AttemptStatus, ConnectionAttempt, ProfileId, ProjectId};

use super::{account, at, key, profile, project, session};
use crate::{AccountFilter, InsertRule, ProfileFilter, Storage, StorageError};

/// Creates two projects with a profile each, and an account in the first.
async fn two(storage: &dyn Storage) -> (ProjectId, ProjectId) {
    let (a, b) = (project(storage, "a").await, project(storage, "b").await);
    storage.profiles().create(&profile(&a, "pa", 0)).await.unwrap();
    storage.profiles().create(&profile(&b, "pb", 0)).await.unwrap();
    storage.accounts().insert(&account(&a, "pa", "x", 0), InsertRule::OnePerOwner).await.unwrap();
    (a, b)
}

pub async fn an_existing_id_is_a_conflict_across_projects(storage: &dyn Storage) {
    let (a, b) = two(storage).await;
    let mut intruder = account(&b, "pb", "x", 5);
    intruder.secrets.clear();
    assert!(matches!(storage.accounts().insert(&intruder, InsertRule::Multiple).await, Err(StorageError::Conflict(_))));
    assert_eq!(storage.accounts().get(&a, &AccountId::new("x")).await.unwrap(), Some(account(&a, "pa", "x", 0)));

    let mut intruder = profile(&b, "pa", 5);
    intruder.secrets.clear();
    intruder.default = true;
    assert!(matches!(storage.profiles().create(&intruder).await, Err(StorageError::Conflict(_))));
    assert_eq!(storage.profiles().get(&a, &ProfileId::new("pa")).await.unwrap(), Some(profile(&a, "pa", 0)));

    storage.api_keys().create(&key(&a, 1)).await.unwrap();
    let mut intruder = key(&b, 2);
    intruder.id = key(&a, 1).id;
    assert!(matches!(storage.api_keys().create(&intruder).await, Err(StorageError::Conflict(_))));
    assert_eq!(storage.api_keys().list(&a).await.unwrap(), [key(&a, 1)]);
    assert!(storage.api_keys().list(&b).await.unwrap().is_empty());
}

pub async fn an_account_uses_a_profile_of_its_project(storage: &dyn Storage) {
    let (a, b) = two(storage).await;
    let foreign = account(&b, "pa", "y", 0);
    assert!(matches!(storage.accounts().insert(&foreign, InsertRule::Multiple).await, Err(StorageError::Conflict(_))));
    assert_eq!(storage.accounts().get(&b, &foreign.id).await.unwrap(), None);
    let mut moved = account(&a, "pa", "x", 0);
    moved.profile_id = ProfileId::new("pb");
    assert!(matches!(storage.accounts().update(&moved, 1, &[]).await, Err(StorageError::Conflict(_))));
    assert_eq!(storage.accounts().get(&a, &moved.id).await.unwrap(), Some(account(&a, "pa", "x", 0)));
}

pub async fn an_attempt_belongs_to_a_session_of_its_project(storage: &dyn Storage) {
    let (a, b) = two(storage).await;
    let theirs = storage.sessions().create(&session(&a, 1, 100)).await.unwrap();
    let foreign = ConnectionAttempt {
        id: AttemptId::new("attempt"),
        session_id: theirs,
        project_id: b.clone(),
        status: AttemptStatus::Pending,
        account_id: None,
        error: None,
        created_at: at(0),
        expires_at: at(300),
    };
    assert!(matches!(storage.attempts().create(&foreign).await, Err(StorageError::Conflict(_))));
    assert_eq!(storage.attempts().get(&b, theirs, &foreign.id).await.unwrap(), None);
}

pub async fn no_filter_reaches_another_project(storage: &dyn Storage) {
    let (_, b) = two(storage).await;
    let page = AccountFilter { page: 1, page_size: 100, ..AccountFilter::default() };
    let theirs = account(&b, "pb", "x", 0);
    for filter in [
        page.clone(),
        AccountFilter { ids: vec![theirs.id], ..page.clone() },
        AccountFilter { connectors: vec![theirs.connector], ..page.clone() },
        AccountFilter { owner_ids: vec![theirs.owner.id], ..page.clone() },
        AccountFilter { statuses: vec![theirs.status], ..page.clone() },
        AccountFilter { profile_ids: vec![ProfileId::new("pa")], ..page.clone() },
        AccountFilter { profile_active: Some(true), ..page.clone() },
    ] {
        let listed = storage.accounts().list(&b, &filter).await.unwrap();
        assert_eq!((listed.total, listed.items), (0, vec![]), "{filter:?}");
    }
    let profiles = ProfileFilter { connector: Some("spotdraft".to_owned()), active: Some(true), page: 1, page_size: 9 };
    let listed = storage.profiles().list(&b, &profiles).await.unwrap();
    assert_eq!((listed.total, listed.items), (1, vec![profile(&b, "pb", 0)]));
}

pub async fn a_missing_project_is_a_conflict(storage: &dyn Storage) {
    project(storage, "a").await;
    let nowhere = ProjectId::new("nowhere");
    assert!(matches!(storage.profiles().create(&profile(&nowhere, "p", 0)).await, Err(StorageError::Conflict(_))));
    assert!(matches!(storage.api_keys().create(&key(&nowhere, 1)).await, Err(StorageError::Conflict(_))));
    assert!(matches!(storage.sessions().create(&session(&nowhere, 1, 9)).await, Err(StorageError::Conflict(_))));
    assert!(storage.projects().get(&nowhere).await.unwrap().is_none());
    assert_eq!(storage.profiles().get(&nowhere, &ProfileId::new("p")).await.unwrap(), None);
    assert_eq!(storage.api_keys().by_hash(&key(&nowhere, 1).hash).await.unwrap(), None);
}

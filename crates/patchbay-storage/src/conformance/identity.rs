//! Organizations, projects, keys, login tokens and named records.

use patchbay_model::{KeyHash, LoginToken};

use super::{at, key, project, seal};
use crate::{Storage, StorageError};

pub async fn organizations_and_projects(storage: &dyn Storage) {
    assert!(storage.organizations().first().await.unwrap().is_none());
    let a = project(storage, "a").await;
    project(storage, "b").await;
    let organization = storage.organizations().first().await.unwrap().unwrap();
    let listed = storage.projects().list(&organization.id).await.unwrap();
    assert_eq!(listed.iter().map(|project| project.id.as_str()).collect::<Vec<_>>(), ["a", "b"]);
    let mut again = storage.projects().get(&a).await.unwrap().unwrap();
    "another".clone_into(&mut again.name);
    assert!(matches!(storage.projects().create(&again).await, Err(StorageError::Conflict(_))));
    assert_eq!(storage.projects().get(&a).await.unwrap().unwrap().name, "a");
}

pub async fn keys_are_found_by_hash(storage: &dyn Storage) {
    let a = project(storage, "a").await;
    let new = key(&a, 1);
    storage.api_keys().create(&new).await.unwrap();
    assert_eq!(storage.api_keys().by_hash(&new.hash).await.unwrap(), Some(new.clone()));
    assert_eq!(storage.api_keys().by_hash(&KeyHash([2; 32])).await.unwrap(), None);
    let mut twin = key(&a, 2);
    twin.hash = new.hash;
    assert!(matches!(storage.api_keys().create(&twin).await, Err(StorageError::Conflict(_))));
}

pub async fn keys_belong_to_their_project(storage: &dyn Storage) {
    let (a, b) = (project(storage, "a").await, project(storage, "b").await);
    let ours = key(&a, 1);
    storage.api_keys().create(&ours).await.unwrap();
    assert!(storage.api_keys().list(&b).await.unwrap().is_empty());
    let foreign = patchbay_model::ApiKey { project_id: b.clone(), enabled: false, ..ours.clone() };
    assert!(!storage.api_keys().update(&foreign, &ours).await.unwrap());
    assert!(!storage.api_keys().delete(&b, &ours.id).await.unwrap());
    assert_eq!(storage.api_keys().list(&a).await.unwrap(), std::slice::from_ref(&ours));
    let changed =
        patchbay_model::ApiKey { name: "renamed".to_owned(), enabled: false, seal: Some(seal(9)), ..ours.clone() };
    assert!(storage.api_keys().update(&changed, &ours).await.unwrap());
    let late = storage.api_keys().update(&ours, &ours).await;
    assert!(matches!(late, Err(StorageError::Conflict(_))), "it does not undo a change that it did not read");
    assert_eq!(storage.api_keys().by_hash(&ours.hash).await.unwrap(), Some(changed));
    assert!(storage.api_keys().delete(&a, &ours.id).await.unwrap());
    assert_eq!(storage.api_keys().by_hash(&ours.hash).await.unwrap(), None);
}

pub async fn login_tokens_work_once(storage: &dyn Storage) {
    let a = project(storage, "a").await;
    let token = LoginToken { hash: KeyHash([1; 32]), project_id: a.clone(), expires_at: at(10), seal: Some(seal(1)) };
    storage.login_tokens().create(&token).await.unwrap();
    assert_eq!(storage.login_tokens().consume(&token.hash, at(9)).await.unwrap(), Some(token.clone()));
    assert_eq!(storage.login_tokens().consume(&token.hash, at(9)).await.unwrap(), None);
    storage.login_tokens().create(&token).await.unwrap();
    assert_eq!(storage.login_tokens().consume(&token.hash, at(10)).await.unwrap(), None);
}

/// A clock that jumps must not end logins: only the retention deletes, after it has checked the clock.
pub async fn a_new_login_token_deletes_no_other(storage: &dyn Storage) {
    let a = project(storage, "a").await;
    let token = |number, expires| {
        let (hash, seal) = (KeyHash([number; 32]), Some(seal(number)));
        LoginToken { hash, project_id: a.clone(), expires_at: at(expires), seal }
    };
    let (first, second, third) = (token(1, 10), token(2, 1_000_000_000), token(3, 20));
    for token in [&first, &second, &third] {
        storage.login_tokens().create(token).await.unwrap();
    }
    assert_eq!(storage.login_tokens().delete_expired(at(11)).await.unwrap(), 1);
    assert_eq!(storage.login_tokens().consume(&first.hash, at(0)).await.unwrap(), None);
    assert_eq!(storage.login_tokens().consume(&third.hash, at(19)).await.unwrap(), Some(third));
    assert_eq!(storage.login_tokens().consume(&second.hash, at(19)).await.unwrap(), Some(second));
}

pub async fn meta_is_set_once(storage: &dyn Storage) {
    assert_eq!(storage.meta().get("canary").await.unwrap(), None);
    assert!(storage.meta().set_once("canary", b"one").await.unwrap());
    assert!(!storage.meta().set_once("canary", b"two").await.unwrap());
    assert_eq!(storage.meta().get("canary").await.unwrap().as_deref(), Some(&b"one"[..]));
    storage.meta().set("canary", b"three").await.unwrap();
    assert_eq!(storage.meta().get("canary").await.unwrap().as_deref(), Some(&b"three"[..]));
}

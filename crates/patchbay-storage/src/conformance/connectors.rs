//! Pushed connectors: they never change, and only their project sees them.

use futures_util::future::join_all;
use patchbay_model::{ConnectorFile, ConnectorVersion, FilesDigest, ProjectId};

use super::{at, project, seal};
use crate::{AddVersion, Storage, StorageError};

/// More versions than any of these tests adds.
const LIMIT: u32 = 50;

pub(crate) fn version(project: &ProjectId, key: &str, number: &str, digest: u8) -> ConnectorVersion {
    ConnectorVersion {
        project_id: project.clone(),
        key: key.to_owned(),
        version: number.to_owned(),
        digest: FilesDigest([digest; 32]),
        file_count: 2,
        size_bytes: 20,
        created_at: at(i64::from(digest)),
        seal: Some(seal(digest)),
    }
}

pub(crate) fn files(text: &str) -> Vec<ConnectorFile> {
    let file = |name: &str| ConnectorFile { name: name.to_owned(), text: format!("{text}\n# ünïcode 🦀 \u{0}") };
    vec![file("a.connector.yaml"), file("a.items.partial.yaml")]
}

pub async fn a_version_is_stored(storage: &dyn Storage) {
    let a = project(storage, "a").await;
    let store = storage.connectors();
    let (first, second) = (version(&a, "acme", "1.0.0", 1), version(&a, "acme", "1.1.0-rc.1", 2));
    assert_eq!(store.add(&first, &files("one"), LIMIT).await.unwrap(), AddVersion::Added);
    let mut backwards = files("two");
    backwards.reverse();
    assert_eq!(store.add(&second, &backwards, LIMIT).await.unwrap(), AddVersion::Added);
    assert_eq!(store.list(&a).await.unwrap(), [first.clone(), second.clone()]);
    assert_eq!(store.list_all().await.unwrap(), [first, second]);
    assert_eq!(store.files(&a, "acme", "1.0.0").await.unwrap(), Some(files("one")));
    assert_eq!(store.files(&a, "acme", "1.1.0-rc.1").await.unwrap(), Some(files("two")));
    for (key, number) in [("acme", "1.0"), ("acm", "1.0.0"), ("", ""), ("acme", "1.1.0")] {
        assert_eq!(store.files(&a, key, number).await.unwrap(), None, "{key} {number}");
    }
}

pub async fn a_version_is_immutable(storage: &dyn Storage) {
    let a = project(storage, "a").await;
    let store = storage.connectors();
    let first = version(&a, "acme", "1.0.0", 1);
    store.add(&first, &files("one"), LIMIT).await.unwrap();
    let mut again = first.clone();
    again.created_at = at(99);
    assert_eq!(store.add(&again, &files("one"), LIMIT).await.unwrap(), AddVersion::Same(first.clone()));
    let other = version(&a, "acme", "1.0.0", 2);
    assert_eq!(store.add(&other, &files("two"), LIMIT).await.unwrap(), AddVersion::Taken(first.clone()));
    assert_eq!(store.files(&a, "acme", "1.0.0").await.unwrap(), Some(files("one")));
    assert_eq!(store.list(&a).await.unwrap(), [first]);
}

pub async fn versions_belong_to_their_project(storage: &dyn Storage) {
    let (a, b) = (project(storage, "a").await, project(storage, "b").await);
    let store = storage.connectors();
    let (ours, theirs) = (version(&a, "acme", "1.0.0", 1), version(&b, "acme", "1.0.0", 2));
    store.add(&ours, &files("ours"), LIMIT).await.unwrap();
    assert!(store.list(&b).await.unwrap().is_empty());
    assert_eq!(store.files(&b, "acme", "1.0.0").await.unwrap(), None);
    assert_eq!(store.delete(&b, "acme", "1.0.0").await.unwrap(), None);
    // Another project may use the same key and version for another connector.
    assert_eq!(store.add(&theirs, &files("theirs"), LIMIT).await.unwrap(), AddVersion::Added);
    assert_eq!(store.delete(&b, "acme", "1.0.0").await.unwrap(), Some(theirs));
    assert_eq!(store.files(&a, "acme", "1.0.0").await.unwrap(), Some(files("ours")));
    assert_eq!(store.list(&a).await.unwrap(), [ours]);
    let nowhere = version(&ProjectId::new("nowhere"), "acme", "1.0.0", 3);
    assert!(matches!(store.add(&nowhere, &files("x"), LIMIT).await, Err(StorageError::Conflict(_))));
}

pub async fn a_project_has_a_limit_of_versions(storage: &dyn Storage) {
    let (a, b) = (project(storage, "a").await, project(storage, "b").await);
    let store = storage.connectors();
    store.add(&version(&a, "acme", "1.0.0", 1), &files("one"), 2).await.unwrap();
    store.add(&version(&a, "other", "1.0.0", 2), &files("two"), 2).await.unwrap();
    let third = version(&a, "acme", "1.0.1", 3);
    assert_eq!(store.add(&third, &files("three"), 2).await.unwrap(), AddVersion::TooMany);
    assert_eq!(store.files(&a, "acme", "1.0.1").await.unwrap(), None);
    // An existing version does not count again.
    let again = version(&a, "acme", "1.0.0", 1);
    assert_eq!(store.add(&again, &files("one"), 2).await.unwrap(), AddVersion::Same(again.clone()));
    assert_eq!(store.add(&version(&b, "acme", "1.0.1", 4), &files("four"), 2).await.unwrap(), AddVersion::Added);
    store.delete(&a, "other", "1.0.0").await.unwrap();
    assert_eq!(store.add(&third, &files("three"), 2).await.unwrap(), AddVersion::Added);
}

pub async fn one_of_many_concurrent_pushes_adds_a_version(storage: &dyn Storage) {
    let a = project(storage, "a").await;
    let rivals = (1..=8).map(|number| version(&a, "acme", "1.0.0", number)).collect::<Vec<_>>();
    let texts = rivals.iter().map(|rival| files(&rival.digest.to_string())).collect::<Vec<_>>();
    let adding = rivals.iter().zip(&texts).map(|(rival, files)| storage.connectors().add(rival, files, LIMIT));
    let outcomes = join_all(adding).await.into_iter().map(Result::unwrap).collect::<Vec<_>>();
    let winner = outcomes.iter().position(|outcome| *outcome == AddVersion::Added).unwrap();
    for (place, outcome) in outcomes.iter().enumerate().filter(|(place, _)| *place != winner) {
        assert_eq!(*outcome, AddVersion::Taken(rivals[winner].clone()), "{place}");
    }
    assert_eq!(storage.connectors().files(&a, "acme", "1.0.0").await.unwrap().as_ref(), Some(&texts[winner]));
}

pub async fn a_deleted_version_has_no_files(storage: &dyn Storage) {
    let a = project(storage, "a").await;
    let store = storage.connectors();
    let first = version(&a, "acme", "1.0.0", 1);
    store.add(&first, &files("one"), LIMIT).await.unwrap();
    assert_eq!(store.delete(&a, "acme", "1.0.0").await.unwrap(), Some(first));
    assert_eq!(store.delete(&a, "acme", "1.0.0").await.unwrap(), None);
    assert_eq!(store.files(&a, "acme", "1.0.0").await.unwrap(), None);
    // Its number is free again, also with other files.
    assert_eq!(store.add(&version(&a, "acme", "1.0.0", 2), &files("two"), LIMIT).await.unwrap(), AddVersion::Added);
    assert_eq!(store.files(&a, "acme", "1.0.0").await.unwrap(), Some(files("two")));
}

pub async fn a_damaged_version_is_replaced(storage: &dyn Storage) {
    let (a, b) = (project(storage, "a").await, project(storage, "b").await);
    let store = storage.connectors();
    let (damaged, theirs) = (version(&a, "acme", "1.0.0", 1), version(&b, "acme", "1.0.0", 3));
    store.add(&damaged, &files("one"), LIMIT).await.unwrap();
    store.add(&theirs, &files("theirs"), LIMIT).await.unwrap();
    let pushed = version(&a, "acme", "1.0.0", 2);
    let fewer = files("two").into_iter().take(1).collect::<Vec<_>>();
    store.replace(&pushed, &fewer).await.unwrap();
    assert_eq!(store.list(&a).await.unwrap(), std::slice::from_ref(&pushed));
    assert_eq!(store.files(&a, "acme", "1.0.0").await.unwrap(), Some(fewer));
    assert_eq!(store.files(&b, "acme", "1.0.0").await.unwrap(), Some(files("theirs")));
    assert_eq!(store.list(&b).await.unwrap(), [theirs]);
    let nowhere = version(&ProjectId::new("nowhere"), "acme", "1.0.0", 4);
    assert!(matches!(store.replace(&nowhere, &files("x")).await, Err(StorageError::Conflict(_))));
}

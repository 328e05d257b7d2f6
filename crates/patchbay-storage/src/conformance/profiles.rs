//! Connector profiles.

use std::collections::BTreeMap;

use patchbay_model::{EnabledActions, ProfileAlarm, ProjectId};

use super::{account, at, profile, project};
use crate::{InsertRule, ProfileFilter, Storage, StorageError};

fn all() -> ProfileFilter {
    ProfileFilter { connector: None, active: None, page: 1, page_size: 100 }
}

pub async fn a_profile_is_stored(storage: &dyn Storage) {
    let a = project(storage, "a").await;
    let mut written = profile(&a, "p", 0);
    storage.profiles().create(&written).await.unwrap();
    assert_eq!(storage.profiles().get(&a, &written.id).await.unwrap(), Some(written.clone()));
    written.enabled_actions = EnabledActions::All;
    written.secrets = BTreeMap::new();
    written.version_pin = None;
    written.active = false;
    written.updated_at = at(5);
    assert!(storage.profiles().update(&written).await.unwrap());
    assert_eq!(storage.profiles().get(&a, &written.id).await.unwrap(), Some(written));
}

pub async fn one_default_for_a_connector(storage: &dyn Storage) {
    let (a, b) = (project(storage, "a").await, project(storage, "b").await);
    for (project, id) in [(&a, "one"), (&a, "two"), (&b, "theirs")] {
        let mut new = profile(project, id, 0);
        new.default = true;
        storage.profiles().create(&new).await.unwrap();
    }
    assert_eq!(defaults(storage, &a).await, ["two"]);
    assert_eq!(defaults(storage, &b).await, ["theirs"]);
    let mut one = profile(&a, "one", 0);
    one.default = true;
    storage.profiles().update(&one).await.unwrap();
    assert_eq!(defaults(storage, &a).await, ["one"]);
}

async fn defaults(storage: &dyn Storage, project: &ProjectId) -> Vec<String> {
    let listed = storage.profiles().list(project, &all()).await.unwrap().items;
    listed.into_iter().filter(|profile| profile.default).map(|profile| profile.id.to_string()).collect()
}

pub async fn profiles_belong_to_their_project(storage: &dyn Storage) {
    let (a, b) = (project(storage, "a").await, project(storage, "b").await);
    let ours = profile(&a, "p", 0);
    storage.profiles().create(&ours).await.unwrap();
    assert_eq!(storage.profiles().get(&b, &ours.id).await.unwrap(), None);
    assert_eq!(storage.profiles().list(&b, &all()).await.unwrap().total, 0);
    let mut stolen = ours.clone();
    stolen.project_id = b.clone();
    "stolen".clone_into(&mut stolen.name);
    assert!(!storage.profiles().update(&stolen).await.unwrap());
    assert_eq!(storage.profiles().delete(&b, &ours.id).await.unwrap(), None);
    assert_eq!(storage.profiles().get(&a, &ours.id).await.unwrap(), Some(ours));
}

pub async fn a_used_profile_is_not_deleted(storage: &dyn Storage) {
    let a = project(storage, "a").await;
    let used = profile(&a, "p", 0);
    storage.profiles().create(&used).await.unwrap();
    let user = account(&a, "p", "x", 0);
    storage.accounts().insert(&user, InsertRule::OnePerOwner).await.unwrap();
    assert!(matches!(storage.profiles().delete(&a, &used.id).await, Err(StorageError::Conflict(_))));
    assert_eq!(storage.profiles().get(&a, &used.id).await.unwrap(), Some(used.clone()));
    storage.accounts().delete(&a, &user.id, &[]).await.unwrap();
    assert_eq!(storage.profiles().delete(&a, &used.id).await.unwrap(), Some(used.clone()));
    assert_eq!(storage.profiles().delete(&a, &used.id).await.unwrap(), None);
}

pub async fn profiles_are_paged(storage: &dyn Storage) {
    let a = project(storage, "a").await;
    for number in 0..5 {
        let mut new = profile(&a, &format!("p{number}"), number);
        new.active = number % 2 == 0;
        new.connector = if number == 4 { "other".to_owned() } else { new.connector };
        storage.profiles().create(&new).await.unwrap();
    }
    let filter = ProfileFilter { page: 2, page_size: 2, ..all() };
    let page = storage.profiles().list(&a, &filter).await.unwrap();
    assert_eq!(page.items.iter().map(|profile| profile.id.as_str()).collect::<Vec<_>>(), ["p2", "p3"]);
    assert_eq!(page.total, 5);
    let filter = ProfileFilter { connector: Some("spotdraft".to_owned()), active: Some(true), ..all() };
    assert_eq!(storage.profiles().list(&a, &filter).await.unwrap().total, 2);
}

pub async fn an_alarm_is_raised_once(storage: &dyn Storage) {
    let (a, b) = (project(storage, "a").await, project(storage, "b").await);
    let mut stored = profile(&a, "p", 0);
    storage.profiles().create(&stored).await.unwrap();
    let alarm = |since| ProfileAlarm { code: "Code".to_owned(), message: "why".to_owned(), since: at(since) };
    let set = async |project, alarm: Option<ProfileAlarm>| {
        storage.profiles().set_alarm(project, &stored.id, alarm.as_ref()).await.unwrap()
    };
    assert!(!set(&b, Some(alarm(1))).await, "the profile of another project");
    assert!(!set(&a, None).await, "no alarm is set");
    assert!(set(&a, Some(alarm(1))).await);
    assert!(!set(&a, Some(alarm(2))).await, "the first alarm stays");
    let found = storage.profiles().get(&a, &stored.id).await.unwrap().unwrap();
    assert_eq!(found.alarm, Some(alarm(1)));
    stored.alarm = Some(alarm(1));
    assert_eq!(found, stored, "nothing else changed");
    assert!(storage.profiles().set_alarm(&a, &stored.id, None).await.unwrap());
    stored.alarm = Some(alarm(3));
    assert!(storage.profiles().update(&stored).await.unwrap());
    assert_eq!(storage.profiles().get(&a, &stored.id).await.unwrap(), Some(stored));
}

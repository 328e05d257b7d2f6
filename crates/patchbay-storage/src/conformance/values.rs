//! Extreme values are stored unchanged.

use patchbay_model::{Metadata, Owner, Sealed, Timestamp};
use serde_json::json;

use super::{account, at, key, profile, project, session};
use crate::{AccountFilter, InsertRule, ProfileFilter, Storage};

/// Strings that a careless query would change, truncate or execute.
fn texts() -> Vec<String> {
    let mut texts = [
        "",
        " ",
        " edge \n",
        "'; DROP TABLE accounts; --",
        "\"quoted\\\"",
        "%_?:1$1",
        "1",
        "0x10",
        "1e3",
        "true",
        "null",
        "{\"json\": [1]}",
        "schlüssel",
        "schlu\u{308}ssel",
        "密钥",
        "مفتاح",
        "\u{1F511}\u{FEFF}\u{202E}",
        "line\r\nbreak\tand\u{1}control",
    ]
    .map(str::to_owned)
    .to_vec();
    texts.push("long ".repeat(20_000));
    texts
}

pub async fn every_string_is_stored_unchanged(storage: &dyn Storage) {
    let a = project(storage, "a").await;
    for (number, text) in (0u8..).zip(texts()) {
        let mut profile = profile(&a, &format!("p{number}"), 0);
        profile.name.clone_from(&text);
        profile.secrets.insert(text.clone(), Sealed::from_bytes(text.clone().into_bytes()));
        profile.setup_information.insert(text.clone(), json!(text));
        storage.profiles().create(&profile).await.unwrap();
        assert_eq!(storage.profiles().get(&a, &profile.id).await.unwrap().as_ref(), Some(&profile), "{text:.40?}");

        let mut account = account(&a, profile.id.as_str(), &format!("x{number}"), 0);
        account.owner = Owner { id: text.clone(), name: text.clone(), username: Some(text.clone()) };
        account.connector.clone_from(&text);
        account.label = Some(text.clone());
        account.status_reasons[0].description = Some(text.clone());
        account.metadata.insert(text.clone(), json!({ text.clone(): [text] }));
        storage.accounts().insert(&account, InsertRule::OnePerOwner).await.unwrap();
        let found = storage.accounts().find_by_owner(&a, &account.owner, &account.connector).await.unwrap();
        assert_eq!(found.as_ref(), Some(&account), "{text:.40?}");
        let filter = AccountFilter {
            owner_ids: vec![text.clone()],
            connectors: vec![text.clone()],
            page: 1,
            page_size: 9,
            ..AccountFilter::default()
        };
        assert_eq!(storage.accounts().list(&a, &filter).await.unwrap().items, [account], "{text:.40?}");

        let mut session = session(&a, number, 10);
        session.categories = vec![text.clone(), text.clone()];
        session.label = Some(text.clone());
        session.id = storage.sessions().create(&session).await.unwrap();
        assert_eq!(storage.sessions().by_token_hash(&session.token_hash).await.unwrap(), Some(session));

        let mut key = key(&a, number);
        key.name.clone_from(&text);
        storage.api_keys().create(&key).await.unwrap();
        assert_eq!(storage.api_keys().by_hash(&key.hash).await.unwrap(), Some(key));
    }
}

pub async fn every_number_is_stored_unchanged(storage: &dyn Storage) {
    let a = project(storage, "a").await;
    storage.profiles().create(&profile(&a, "pa", 0)).await.unwrap();
    let numbers = json!([0, -1, i64::MIN, i64::MAX, u64::MAX, 0.1, -1.5e-300, 1.797_693_134_862_315_7e308, true, null]);
    for (index, moment) in [i64::MIN, -1, 0, 1, i64::MAX].into_iter().enumerate() {
        let mut account = account(&a, "pa", &format!("x{index}"), 0);
        account.created_at = Timestamp::from_micros(moment);
        account.updated_at = Timestamp::from_micros(moment);
        account.revision = moment;
        account.metadata = Metadata::from_iter([("z".to_owned(), numbers.clone()), ("a".to_owned(), json!({}))]);
        storage.accounts().insert(&account, InsertRule::Multiple).await.unwrap();
        assert_eq!(storage.accounts().get(&a, &account.id).await.unwrap(), Some(account));
    }
}

pub async fn sealed_bytes_are_stored_unchanged(storage: &dyn Storage) {
    let a = project(storage, "a").await;
    let mut profile = profile(&a, "p", 0);
    profile.secrets.insert("empty".to_owned(), Sealed::from_bytes(Vec::new()));
    profile.secrets.insert("every byte".to_owned(), Sealed::from_bytes((0..=255).collect()));
    profile.secrets.insert("large".to_owned(), Sealed::from_bytes(vec![0xA5; 300_000]));
    storage.profiles().create(&profile).await.unwrap();
    assert_eq!(storage.profiles().get(&a, &profile.id).await.unwrap(), Some(profile));
}

pub async fn pages_beyond_the_end_are_empty(storage: &dyn Storage) {
    let a = project(storage, "a").await;
    storage.profiles().create(&profile(&a, "pa", 0)).await.unwrap();
    storage.accounts().insert(&account(&a, "pa", "x", 0), InsertRule::OnePerOwner).await.unwrap();
    for (page, page_size, items) in [(0, 1, 1), (1, 0, 0), (2, 1, 0), (u32::MAX, u32::MAX, 0), (1, u32::MAX, 1)] {
        let accounts = AccountFilter { page, page_size, ..AccountFilter::default() };
        let accounts = storage.accounts().list(&a, &accounts).await.unwrap();
        assert_eq!((accounts.items.len(), accounts.total), (items, 1), "page {page} of {page_size}");
        let profiles = ProfileFilter { connector: None, active: None, page, page_size };
        let profiles = storage.profiles().list(&a, &profiles).await.unwrap();
        assert_eq!((profiles.items.len(), profiles.total), (items, 1), "page {page} of {page_size}");
    }
}

pub async fn a_long_list_of_ids_is_one_query(storage: &dyn Storage) {
    let a = project(storage, "a").await;
    storage.profiles().create(&profile(&a, "pa", 0)).await.unwrap();
    let stored = account(&a, "pa", "x", 0);
    storage.accounts().insert(&stored, InsertRule::OnePerOwner).await.unwrap();
    let mut ids = (0..40_000).map(|number| patchbay_model::AccountId::new(format!("no{number}"))).collect::<Vec<_>>();
    ids.push(stored.id.clone());
    let filter = AccountFilter { ids, page: 1, page_size: 9, ..AccountFilter::default() };
    assert_eq!(storage.accounts().list(&a, &filter).await.unwrap().items, [stored]);
}

pub async fn sessions_are_deleted_after_their_expiry(storage: &dyn Storage) {
    let a = project(storage, "a").await;
    storage.sessions().create(&session(&a, 1, 10)).await.unwrap();
    assert_eq!(storage.sessions().delete_expired(at(10)).await.unwrap(), 0);
    assert_eq!(storage.sessions().delete_expired(at(11)).await.unwrap(), 1);
    assert_eq!(storage.sessions().delete_expired(at(11)).await.unwrap(), 0);
    // Ids are never reused: an old link must not open a new session.
    let first = storage.sessions().create(&session(&a, 2, 10)).await.unwrap();
    storage.sessions().delete_expired(at(11)).await.unwrap();
    assert!(storage.sessions().create(&session(&a, 3, 10)).await.unwrap() > first);
}

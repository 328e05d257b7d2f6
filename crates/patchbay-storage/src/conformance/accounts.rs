//! Linked accounts.

use std::collections::BTreeMap;

use patchbay_model::{
    AccountId, AccountKind, AccountStatus, CredentialExpiry, ExpiryCause, Owner, ProfileId, ProjectId, Sealed,
};

use super::{account, at, profile, project};
use crate::{AccountFilter, InsertRule, Storage, StorageError};

fn all() -> AccountFilter {
    AccountFilter { page: 1, page_size: 100, ..AccountFilter::default() }
}

async fn linked(storage: &dyn Storage) -> (ProjectId, ProjectId) {
    let (a, b) = (project(storage, "a").await, project(storage, "b").await);
    storage.profiles().create(&profile(&a, "pa", 0)).await.unwrap();
    storage.profiles().create(&profile(&b, "pb", 0)).await.unwrap();
    (a, b)
}

async fn ids(storage: &dyn Storage, project: &ProjectId, filter: AccountFilter) -> Vec<String> {
    let page = storage.accounts().list(project, &filter).await.unwrap();
    page.items.into_iter().map(|account| account.id.to_string()).collect()
}

pub async fn an_account_is_stored(storage: &dyn Storage) {
    let (a, _) = linked(storage).await;
    let mut written = account(&a, "pa", "x", 0);
    storage.accounts().insert(&written, InsertRule::OnePerOwner).await.unwrap();
    assert_eq!(storage.accounts().get(&a, &written.id).await.unwrap(), Some(written.clone()));
    written.status = AccountStatus::Suspended;
    written.status_reasons.clear();
    written.secrets = BTreeMap::from([("clientSecret".to_owned(), Sealed::from_bytes(vec![7; 40]))]);
    written.label = None;
    written.revision = 2;
    written.updated_at = at(9);
    assert!(storage.accounts().update(&written, 1, &[]).await.unwrap());
    assert_eq!(storage.accounts().get(&a, &written.id).await.unwrap(), Some(written));
}

pub async fn an_owner_has_one_account_per_connector(storage: &dyn Storage) {
    let (a, b) = linked(storage).await;
    let first = account(&a, "pa", "x", 0);
    storage.accounts().insert(&first, InsertRule::OnePerOwner).await.unwrap();
    let second = account(&a, "pa", "y", 1);
    let refused = storage.accounts().insert(&second, InsertRule::OnePerOwner).await;
    assert!(matches!(refused, Err(StorageError::Conflict(_))));
    assert_eq!(storage.accounts().get(&a, &second.id).await.unwrap(), None);
    storage.accounts().insert(&second, InsertRule::Multiple).await.unwrap();
    // An owner of another project is another owner, even with the same name.
    storage.accounts().insert(&account(&b, "pb", "z", 0), InsertRule::OnePerOwner).await.unwrap();
    let found = storage.accounts().find_by_owner(&a, &first.owner, "spotdraft").await.unwrap();
    assert_eq!(found, Some(first.clone()));
    let namesake = Owner { name: "Other".to_owned(), ..first.owner };
    assert_eq!(storage.accounts().find_by_owner(&a, &namesake, "spotdraft").await.unwrap(), None);
}

pub async fn an_update_of_an_old_revision_is_a_conflict(storage: &dyn Storage) {
    let (a, _) = linked(storage).await;
    let mut stored = account(&a, "pa", "x", 0);
    storage.accounts().insert(&stored, InsertRule::OnePerOwner).await.unwrap();
    stored.revision = 2;
    assert!(storage.accounts().update(&stored, 1, &[]).await.unwrap());
    let mut late = account(&a, "pa", "x", 0);
    late.label = Some("late".to_owned());
    late.revision = 2;
    assert!(matches!(storage.accounts().update(&late, 1, &[]).await, Err(StorageError::Conflict(_))));
    assert_eq!(storage.accounts().get(&a, &stored.id).await.unwrap(), Some(stored));
}

pub async fn accounts_belong_to_their_project(storage: &dyn Storage) {
    let (a, b) = linked(storage).await;
    let ours = account(&a, "pa", "x", 0);
    storage.accounts().insert(&ours, InsertRule::OnePerOwner).await.unwrap();
    assert_eq!(storage.accounts().get(&b, &ours.id).await.unwrap(), None);
    assert_eq!(storage.accounts().find_by_owner(&b, &ours.owner, "spotdraft").await.unwrap(), None);
    assert!(ids(storage, &b, AccountFilter { ids: vec![ours.id.clone()], ..all() }).await.is_empty());
    let mut stolen = ours.clone();
    stolen.project_id = b.clone();
    assert!(!storage.accounts().update(&stolen, 1, &[]).await.unwrap());
    assert_eq!(storage.accounts().delete(&b, &ours.id, &[]).await.unwrap(), None);
    assert_eq!(storage.accounts().get(&a, &ours.id).await.unwrap(), Some(ours));
}

pub async fn a_delete_removes_the_secrets(storage: &dyn Storage) {
    let (a, _) = linked(storage).await;
    let ours = account(&a, "pa", "x", 0);
    storage.accounts().insert(&ours, InsertRule::OnePerOwner).await.unwrap();
    assert_eq!(storage.accounts().delete(&a, &ours.id, &[]).await.unwrap(), Some(ours.clone()));
    assert_eq!(storage.accounts().get(&a, &ours.id).await.unwrap(), None);
    assert!(!storage.accounts().update(&ours, 1, &[]).await.unwrap());
    // A new account with the same id does not get the deleted secrets.
    let bare = patchbay_model::Account { secrets: BTreeMap::new(), ..ours };
    storage.accounts().insert(&bare, InsertRule::OnePerOwner).await.unwrap();
    assert_eq!(storage.accounts().get(&a, &bare.id).await.unwrap(), Some(bare));
}

pub async fn accounts_are_filtered_and_paged(storage: &dyn Storage) {
    let (a, _) = linked(storage).await;
    let mut disabled = profile(&a, "off", 0);
    disabled.active = false;
    storage.profiles().create(&disabled).await.unwrap();
    for number in 0..5 {
        let mut new = account(&a, if number == 4 { "off" } else { "pa" }, &format!("x{number}"), number);
        new.owner.id = format!("customer-{}", number % 2);
        new.status = if number == 0 { AccountStatus::Suspended } else { AccountStatus::Active };
        storage.accounts().insert(&new, InsertRule::Multiple).await.unwrap();
    }
    assert_eq!(ids(storage, &a, all()).await, ["x4", "x3", "x2", "x1", "x0"]);
    let page = storage.accounts().list(&a, &AccountFilter { page: 2, page_size: 2, ..all() }).await.unwrap();
    assert_eq!(page.total, 5);
    assert_eq!(page.items.iter().map(|account| account.id.as_str()).collect::<Vec<_>>(), ["x2", "x1"]);
    assert_eq!(page.items[0].secrets.len(), 2);
    for (filter, expected) in [
        (AccountFilter { ids: vec![AccountId::new("x1"), AccountId::new("x9")], ..all() }, vec!["x1"]),
        (AccountFilter { owner_ids: vec!["customer-1".to_owned()], ..all() }, vec!["x3", "x1"]),
        (AccountFilter { statuses: vec![AccountStatus::Suspended], ..all() }, vec!["x0"]),
        (AccountFilter { profile_ids: vec![ProfileId::new("off")], ..all() }, vec!["x4"]),
        (AccountFilter { profile_active: Some(false), ..all() }, vec!["x4", "x0"]),
        (AccountFilter { profile_active: Some(false), statuses: vec![AccountStatus::Active], ..all() }, vec!["x4"]),
        (
            AccountFilter { profile_active: Some(true), statuses: vec![AccountStatus::Active], ..all() },
            vec!["x3", "x2", "x1"],
        ),
        (AccountFilter { connectors: vec!["other".to_owned()], ..all() }, vec![]),
        (AccountFilter { page: 9, ..all() }, vec![]),
    ] {
        assert_eq!(ids(storage, &a, filter).await, expected);
    }
}

pub async fn accounts_are_searched(storage: &dyn Storage) {
    let (a, _) = linked(storage).await;
    for (number, name, label) in [(0, "Acme 100%", None), (1, "Beta_Corp", Some("Legal"))] {
        let mut new = account(&a, "pa", &format!("x{number}"), number);
        (new.owner.id, new.owner.name) = (format!("customer-{number}"), name.to_owned());
        (new.owner.username, new.label) = (None, label.map(str::to_owned));
        new.kind = if number == 0 { AccountKind::Production } else { AccountKind::Test };
        storage.accounts().insert(&new, InsertRule::OnePerOwner).await.unwrap();
    }
    for (search, expected) in [
        ("acme", vec!["x0"]),
        ("CUSTOMER-1", vec!["x1"]),
        ("legal", vec!["x1"]),
        ("spotdraft", vec!["x1", "x0"]),
        ("0%", vec!["x0"]),
        ("a_c", vec!["x1"]),
        ("%", vec!["x0"]),
        ("\\", vec![]),
        ("' OR 1=1 --", vec![]),
    ] {
        let filter = AccountFilter { search: search.to_owned(), ..all() };
        assert_eq!(ids(storage, &a, filter).await, expected, "{search}");
    }
    assert_eq!(ids(storage, &a, AccountFilter { kind: Some(AccountKind::Test), ..all() }).await, ["x1"]);
}

pub async fn a_failed_insert_stores_nothing(storage: &dyn Storage) {
    let (a, _) = linked(storage).await;
    let orphan = account(&a, "no-such-profile", "x", 0);
    assert!(storage.accounts().insert(&orphan, InsertRule::OnePerOwner).await.is_err());
    assert_eq!(storage.accounts().get(&a, &orphan.id).await.unwrap(), None);
    assert_eq!(storage.accounts().list(&a, &all()).await.unwrap().total, 0);
}

pub async fn client_ids_of_a_profiles_tokens_are_listed(storage: &dyn Storage) {
    let (a, b) = linked(storage).await;
    storage.profiles().create(&profile(&a, "other", 0)).await.unwrap();
    for (project, profile, id, client) in [
        (&a, "pa", "one", Some("first")),
        (&a, "pa", "two", Some("second")),
        (&a, "pa", "three", Some("first")),
        (&a, "pa", "own", None),
        (&a, "other", "elsewhere", Some("third")),
        (&b, "pb", "another's", Some("fourth")),
    ] {
        let mut account = account(project, profile, id, 0);
        account.token.as_mut().unwrap().client_id = client.map(str::to_owned);
        storage.accounts().insert(&account, InsertRule::Multiple).await.unwrap();
    }
    let typed = patchbay_model::Account { token: None, ..account(&a, "pa", "typed", 0) };
    storage.accounts().insert(&typed, InsertRule::Multiple).await.unwrap();
    let clients = storage.accounts().token_client_ids(&a, &ProfileId::new("pa")).await.unwrap();
    assert_eq!(clients, ["first", "second"]);
    assert!(storage.accounts().token_client_ids(&b, &ProfileId::new("pa")).await.unwrap().is_empty());
}

pub async fn accounts_are_counted_by_connector_and_status(storage: &dyn Storage) {
    let (a, b) = linked(storage).await;
    for (project, profile, id, connector, status) in [
        (&a, "pa", "one", "hris", AccountStatus::Active),
        (&b, "pb", "two", "hris", AccountStatus::Active),
        (&a, "pa", "three", "hris", AccountStatus::ReconnectRequired),
        (&a, "pa", "four", "ats", AccountStatus::Suspended),
    ] {
        let account =
            patchbay_model::Account { connector: connector.to_owned(), status, ..account(project, profile, id, 0) };
        storage.accounts().insert(&account, InsertRule::Multiple).await.unwrap();
    }
    let count = |connector: &str, status, count| (connector.to_owned(), status, count);
    let of_ats = count("ats", AccountStatus::Suspended, 1);
    let all = storage.accounts().count(9).await.unwrap();
    let expected =
        [of_ats.clone(), count("hris", AccountStatus::Active, 2), count("hris", AccountStatus::ReconnectRequired, 1)];
    assert_eq!(all, expected);
    assert_eq!(storage.accounts().count(1).await.unwrap(), [of_ats]);
}

pub async fn accounts_with_a_due_expiry_notice_are_listed(storage: &dyn Storage) {
    let (a, _) = linked(storage).await;
    let expiry = |seconds, notified| CredentialExpiry {
        notified,
        ..CredentialExpiry::new(ExpiryCause::RefreshToken, at(0), at(seconds))
    };
    for (id, status, expiries) in [
        ("notified", AccountStatus::Active, vec![expiry(1000, true), expiry(90_000, false)]),
        ("pending", AccountStatus::Suspended, vec![expiry(1000, false)]),
        ("later", AccountStatus::Active, vec![expiry(90_000, false)]),
        ("without expiry", AccountStatus::Active, Vec::new()),
        ("broken", AccountStatus::ReconnectRequired, vec![expiry(1000, true)]),
    ] {
        let account = patchbay_model::Account { status, expiries, ..account(&a, "pa", id, 0) };
        storage.accounts().insert(&account, InsertRule::Multiple).await.unwrap();
    }
    let by = async |seconds| ids(storage, &a, AccountFilter { reconnect_due_by: Some(at(seconds)), ..all() }).await;
    assert!(by(899).await.is_empty());
    assert_eq!(by(900).await, ["notified", "pending"]);
    assert_eq!(by(81_000).await, ["later", "notified", "pending"]);
}

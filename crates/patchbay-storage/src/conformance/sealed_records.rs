//! Sealed values, for the rotation of keys.

use std::collections::{BTreeMap, BTreeSet};

use patchbay_model::{
    AccountId, BrowserSession, ConnectorVersion, FilesDigest, InboxEndpoint, KeyHash, KeyId, LoginToken, Member,
    MemberId, OrganizationId, ProfileId, ProjectId, RowId, RowKind, Sealed, Webhook, WebhookId,
};

use super::{account, at, inbox, key, profile, project, webhooks::webhook};
use crate::{
    IdempotencyLimits, InsertRule, KeyedResponse, NewIdempotencyKey, Result, SealedPlace, SealedRecord, Storage,
    StorageError, VAULT_CANARY,
};

const OLD: KeyId = KeyId([1; KeyId::LENGTH_BYTES]);
const NEW: KeyId = KeyId([2; KeyId::LENGTH_BYTES]);

fn sealed(key: KeyId, what: u8) -> Sealed {
    Sealed::from_bytes([&[1][..], &key.0, &[what; 90]].concat())
}

fn secrets(key: KeyId) -> BTreeMap<String, Sealed> {
    BTreeMap::from([("a".to_owned(), sealed(key, 1)), ("b".to_owned(), sealed(key, 2))])
}

/// Returns a webhook with this sealed secret.
fn signing(project: &ProjectId, id: i64, secret: Sealed) -> Webhook {
    Webhook { secrets: BTreeMap::from([("current".to_owned(), secret)]), ..webhook(project, id, &[]) }
}

/// Stores a response under an idempotency key that no other test uses.
async fn keep_response(storage: &dyn Storage, project: &ProjectId, key: u8, sealed: Sealed) -> Result<()> {
    let (key, limits) = (KeyHash([key; 32]), IdempotencyLimits { max_keys: 10, max_bytes: 10_000 });
    let (bucket, expires_at) = ("b".to_owned(), at(60));
    let new = NewIdempotencyKey { key, project: project.clone(), bucket, fingerprint: key, expires_at };
    storage.idempotency_keys().reserve(&new, limits).await.unwrap();
    storage.idempotency_keys().finish(project, &key, &KeyedResponse { status: 200, sealed: Some(sealed) }).await
}

/// Stores a sealed value in every place, and returns their number.
async fn filled(storage: &dyn Storage, key: KeyId) -> u64 {
    let p = project(storage, "p").await;
    let mut profile = profile(&p, "profile", 0);
    profile.secrets = secrets(key);
    storage.profiles().create(&profile).await.unwrap();
    let mut account = account(&p, "profile", "account", 0);
    account.secrets = secrets(key);
    storage.accounts().insert(&account, InsertRule::Multiple).await.unwrap();
    storage.pending_authorizations().put(&KeyHash([7; 32]), &p, &sealed(key, 3), at(60)).await.unwrap();
    keep_response(storage, &p, 7, sealed(key, 6)).await.unwrap();
    storage.meta().set(VAULT_CANARY, sealed(key, 4).as_bytes()).await.unwrap();
    storage.meta().set("another", b"record").await.unwrap();
    rows(storage, &p, Some(sealed(key, 5))).await;
    storage.webhooks().create(&signing(&p, 1, sealed(key, 7)), 50).await.unwrap();
    let endpoint = InboxEndpoint { sealed: sealed(key, 8), ..inbox::endpoint(&p, "profile", None, 1) };
    storage.inbox().create_endpoint(&endpoint).await.unwrap();
    storage.inbox().receive(&[inbox::arrived(&endpoint, 1, sealed(key, 9))]).await.unwrap();
    15
}

/// The hash of the login token and of the browser session that [`rows`] stores.
pub const ROW_HASH: KeyHash = KeyHash([0xAB; 32]);

/// Stores a row of each type that has a seal, and returns what identifies them.
pub async fn rows(storage: &dyn Storage, project: &ProjectId, seal: Option<Sealed>) -> Vec<RowId> {
    let mut api_key = key(project, 1);
    api_key.seal.clone_from(&seal);
    storage.api_keys().create(&api_key).await.unwrap();
    let (hash, project_id) = (ROW_HASH, project.clone());
    let token = LoginToken { hash, project_id, expires_at: at(60), seal: seal.clone() };
    storage.login_tokens().create(&token).await.unwrap();
    let member = Member {
        id: MemberId::new("member"),
        organization_id: OrganizationId::new("org"),
        name: "Operator".to_owned(),
        password: None,
        created_at: at(0),
        seal: seal.clone(),
    };
    storage.members().create_first(&member).await.unwrap();
    let (member_id, created_at) = (member.id, at(0));
    let browser = BrowserSession { hash, member_id, created_at, expires_at: at(60), seal: seal.clone() };
    storage.browser_sessions().create(&browser).await.unwrap();
    let version = ConnectorVersion {
        project_id: project.clone(),
        key: "acme".to_owned(),
        version: "1.0.0".to_owned(),
        digest: FilesDigest([1; 32]),
        file_count: 0,
        size_bytes: 0,
        created_at: at(0),
        seal,
    };
    storage.connectors().add(&version, &[], 9).await.unwrap();
    let keys =
        [api_key.id.as_str().to_owned(), hash.hex(), "member".to_owned(), hash.hex(), format!("{project}/acme/1.0.0")];
    RowKind::ALL.into_iter().zip(keys).map(|(kind, key)| RowId { kind, key }).collect()
}

/// Returns the seals of the rows that [`rows`] stored, in the order of their types.
async fn seals(storage: &dyn Storage, project: &ProjectId) -> Vec<Option<Sealed>> {
    let hash = ROW_HASH;
    vec![
        storage.api_keys().list(project).await.unwrap().remove(0).seal,
        storage.login_tokens().consume(&hash, at(0)).await.unwrap().unwrap().seal,
        storage.members().first(&OrganizationId::new("org")).await.unwrap().unwrap().seal,
        storage.browser_sessions().by_hash(&hash, at(0)).await.unwrap().unwrap().seal,
        storage.connectors().list(project).await.unwrap().remove(0).seal,
    ]
}

pub async fn rows_without_a_seal_are_found_and_sealed_once(storage: &dyn Storage) {
    let p = project(storage, "p").await;
    let rows = rows(storage, &p, None).await;
    assert_eq!(storage.sealed_records().count_by_key().await.unwrap(), []);
    assert!(others(storage).await.is_empty());
    assert_eq!(storage.api_keys().unsealed().await.unwrap().len(), 1);
    assert_eq!(storage.login_tokens().unsealed().await.unwrap().len(), 1);
    assert_eq!(storage.members().unsealed().await.unwrap().len(), 1);
    assert_eq!(storage.browser_sessions().unsealed().await.unwrap().len(), 1);
    let with = |what| rows.iter().map(|row| (row.clone(), sealed(OLD, what))).collect::<Vec<_>>();
    storage.sealed_records().seal_rows(&with(5)).await.unwrap();
    // A row that has a seal keeps it.
    storage.sealed_records().seal_rows(&with(6)).await.unwrap();
    assert!(storage.api_keys().unsealed().await.unwrap().is_empty());
    assert!(storage.login_tokens().unsealed().await.unwrap().is_empty());
    assert!(storage.members().unsealed().await.unwrap().is_empty());
    assert!(storage.browser_sessions().unsealed().await.unwrap().is_empty());
    assert_eq!(storage.sealed_records().count_by_key().await.unwrap(), [(OLD, 5)]);
    let found = others(storage).await.into_iter().map(|record| record.place).collect::<Vec<_>>();
    assert_eq!(found, rows.iter().cloned().map(SealedPlace::Row).collect::<Vec<_>>());
    assert_eq!(exchange(storage, others(storage).await).await, 5);
    assert_eq!(seals(storage, &p).await, vec![Some(sealed(NEW, 9)); 5]);
    storage.sealed_records().retire(OLD).await.unwrap();
    let read = storage.api_keys().list(&p).await.unwrap().remove(0);
    let stale = patchbay_model::ApiKey { seal: Some(sealed(OLD, 1)), ..read.clone() };
    let late = storage.api_keys().update(&stale, &read).await;
    assert!(matches!(late, Err(StorageError::Conflict(_))));
}

pub async fn accounts_and_profiles_that_are_not_bound_are_found(storage: &dyn Storage) {
    let (p, q) = (project(storage, "p").await, project(storage, "q").await);
    let version = |number: u8| Sealed::from_bytes([&[number][..], &OLD.0, &[7; 90]].concat());
    let fields = |numbers: &[u8]| {
        let fields = numbers.iter().enumerate().map(|(field, number)| (format!("field{field}"), version(*number)));
        fields.collect::<BTreeMap<_, _>>()
    };
    // One envelope of version 1 among others is enough; an account without secrets has nothing to bind.
    for (project, suffix) in [(&p, "p"), (&q, "q")] {
        for (name, numbers) in [("old", &[1, 1][..]), ("mixed", &[2, 1]), ("new", &[2, 2]), ("empty", &[])] {
            let mut profile = profile(project, &format!("{name}-{suffix}"), 0);
            profile.secrets = fields(numbers);
            storage.profiles().create(&profile).await.unwrap();
            let mut account = account(project, &format!("{name}-{suffix}"), &format!("{name}-{suffix}"), 0);
            account.secrets = fields(numbers);
            storage.accounts().insert(&account, InsertRule::Multiple).await.unwrap();
        }
    }
    let records = storage.sealed_records();
    let mut found: Vec<(ProjectId, AccountId)> = Vec::new();
    loop {
        let after = found.last().map(|(_, account)| account.clone());
        let more = records.unbound_accounts(after.as_ref(), 1).await.unwrap();
        if more.is_empty() {
            break;
        }
        assert_eq!(more.len(), 1, "not more than the limit");
        found.extend(more);
    }
    let expected = [(&p, "mixed-p"), (&q, "mixed-q"), (&p, "old-p"), (&q, "old-q")];
    assert_eq!(found, expected.map(|(project, name)| (project.clone(), AccountId::new(name))));
    assert_eq!(records.unbound_accounts(None, 3).await.unwrap(), found[..3]);
    let profiles = expected.map(|(project, name)| (project.clone(), ProfileId::new(name)));
    assert_eq!(records.unbound_profiles().await.unwrap(), profiles);
    // A change that binds the last envelope takes the account and the profile off the lists.
    let mut account = storage.accounts().get(&p, &AccountId::new("old-p")).await.unwrap().unwrap();
    account.secrets = fields(&[2, 2]);
    storage.accounts().update(&account, account.revision, &[]).await.unwrap();
    let mut profile = storage.profiles().get(&q, &ProfileId::new("mixed-q")).await.unwrap().unwrap();
    profile.secrets = fields(&[2, 2]);
    storage.profiles().update(&profile).await.unwrap();
    assert_eq!(records.unbound_accounts(None, 9).await.unwrap().len(), 3);
    assert!(!records.unbound_profiles().await.unwrap().contains(&(q, ProfileId::new("mixed-q"))));
}

/// Returns all values that another key than [`NEW`] wraps, reading two at a time.
async fn others(storage: &dyn Storage) -> Vec<SealedRecord> {
    let mut all: Vec<SealedRecord> = Vec::new();
    loop {
        let after = all.last().map(|record| record.place.clone());
        let more = storage.sealed_records().wrapped_by_others(NEW, after.as_ref(), 2).await.unwrap();
        if more.is_empty() {
            return all;
        }
        all.extend(more);
    }
}

async fn exchange(storage: &dyn Storage, records: Vec<SealedRecord>) -> u64 {
    let changes: Vec<_> = records.into_iter().map(|record| (record, sealed(NEW, 9))).collect();
    storage.sealed_records().exchange(&changes).await.unwrap()
}

pub async fn every_place_is_found_and_exchanged(storage: &dyn Storage) {
    let all = filled(storage, OLD).await;
    assert_eq!(storage.sealed_records().count_by_key().await.unwrap(), [(OLD, all)]);
    let found = others(storage).await;
    let kinds: BTreeSet<_> = found.iter().map(|record| format!("{:?}", record.place)).collect();
    assert_eq!((kinds.len(), found.len()), (15, 15), "{kinds:?}");

    let first = storage.sealed_records().wrapped_by_others(NEW, None, 2).await.unwrap();
    assert_eq!(exchange(storage, first).await, 2);
    assert_eq!(storage.sealed_records().count_by_key().await.unwrap(), [(OLD, all - 2), (NEW, 2)]);
    assert_eq!(exchange(storage, others(storage).await).await, all - 2);
    assert_eq!(storage.sealed_records().count_by_key().await.unwrap(), [(NEW, all)]);
    assert!(others(storage).await.is_empty());
    assert_eq!(storage.meta().get("another").await.unwrap().as_deref(), Some(&b"record"[..]));
}

pub async fn a_changed_value_is_not_exchanged(storage: &dyn Storage) {
    filled(storage, OLD).await;
    let read = others(storage).await;
    storage.meta().set(VAULT_CANARY, sealed(OLD, 5).as_bytes()).await.unwrap();
    assert_eq!(exchange(storage, read).await, 14);
    let left = others(storage).await;
    assert_eq!(left, [SealedRecord { place: SealedPlace::Canary, sealed: sealed(OLD, 5) }]);
}

pub async fn a_stale_writer_cannot_restore_an_old_key(storage: &dyn Storage) {
    filled(storage, OLD).await;
    let p = ProjectId::new("p");
    let id = patchbay_model::AccountId::new("account");
    let read = storage.accounts().get(&p, &id).await.unwrap().unwrap();
    exchange(storage, others(storage).await).await;
    let webhook = storage.webhooks().get(&p, WebhookId(1)).await.unwrap().unwrap();
    let late = Webhook { secrets: signing(&p, 1, sealed(OLD, 7)).secrets, ..webhook.clone() };
    let stale = storage.accounts().update(&read, read.revision, &[]).await;
    assert!(matches!(stale, Err(StorageError::Conflict(_))));
    let mut endpoint = storage.inbox().endpoints(&p, None, "", 9).await.unwrap().remove(0);
    endpoint.revision -= 1;
    assert!(matches!(storage.inbox().update_endpoint(&endpoint).await, Err(StorageError::Conflict(_))));
    let stale = storage.webhooks().update(&late, webhook.revision - 1).await;
    assert!(matches!(stale, Err(StorageError::Conflict(_))));
}

pub async fn a_used_key_is_not_retired(storage: &dyn Storage) {
    let all = filled(storage, OLD).await;
    assert_eq!(storage.sealed_records().retire(OLD).await.unwrap(), all);
    storage.meta().set(VAULT_CANARY, sealed(OLD, 5).as_bytes()).await.unwrap();
    exchange(storage, others(storage).await).await;
    assert_eq!(storage.sealed_records().retire(OLD).await.unwrap(), 0);
    assert_eq!(storage.sealed_records().retire(OLD).await.unwrap(), 0, "retiring it again is allowed");
}

pub async fn a_retired_key_cannot_wrap_new_values(storage: &dyn Storage) {
    filled(storage, NEW).await;
    storage.sealed_records().retire(OLD).await.unwrap();
    let p = ProjectId::new("p");
    let mut late = profile(&p, "late", 0);
    late.secrets = secrets(OLD);
    assert!(matches!(storage.profiles().create(&late).await, Err(StorageError::Conflict(_))));
    let mut late = account(&p, "profile", "late", 0);
    late.secrets = secrets(OLD);
    let inserted = storage.accounts().insert(&late, InsertRule::Multiple).await;
    assert!(matches!(inserted, Err(StorageError::Conflict(_))));
    let put = storage.pending_authorizations().put(&KeyHash([8; 32]), &p, &sealed(OLD, 3), at(60)).await;
    assert!(matches!(put, Err(StorageError::Conflict(_))));
    let kept = keep_response(storage, &p, 8, sealed(OLD, 3)).await;
    assert!(matches!(kept, Err(StorageError::Conflict(_))));
    let webhook = storage.webhooks().create(&signing(&p, 2, sealed(OLD, 3)), 50).await;
    assert!(matches!(webhook, Err(StorageError::Conflict(_))));
    let endpoint = InboxEndpoint { sealed: sealed(OLD, 3), ..inbox::endpoint(&p, "profile", Some("account"), 2) };
    assert!(matches!(storage.inbox().create_endpoint(&endpoint).await, Err(StorageError::Conflict(_))));
    let stored = storage.inbox().endpoints(&p, None, "", 9).await.unwrap().remove(0);
    let received = storage.inbox().receive(&[inbox::arrived(&stored, 3, sealed(OLD, 3))]).await;
    assert!(matches!(received, Err(StorageError::Conflict(_))));
    let canary = storage.meta().set(VAULT_CANARY, sealed(OLD, 4).as_bytes()).await;
    assert!(matches!(canary, Err(StorageError::Conflict(_))));
    assert_eq!(storage.sealed_records().count_by_key().await.unwrap(), [(NEW, 15)]);
}

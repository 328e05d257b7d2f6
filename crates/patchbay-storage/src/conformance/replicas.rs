//! Servers that share one database. Only for backends that several servers can use at once: a backend with one owner has no
//! [`ReplicaStore`](crate::ReplicaStore).

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use futures_util::future::join_all;
use patchbay_model::{
    AttemptStatus, ChangeKind, KeyId, LeaderFence, LeaseOutcome, LeasePriority, ProfileAlarm, ProfileId, Replica,
    ReplicaId, Sealed, StoredChange, Word,
};

use super::{Storage, account, at, connectors, key, linking, profile, project, session};
use crate::{ChangeWatch, CounterRule, InsertRule, ReplicaStore, SealedPlace, SealedRecord, StorageError, fenced};

fn replicas(storage: &dyn Storage) -> &dyn ReplicaStore {
    storage.replicas().expect("several servers can share the database")
}

/// Returns a server with this id.
pub fn replica(id: &str) -> Replica {
    Replica {
        id: ReplicaId::new(id),
        version: "1.2.3".to_owned(),
        address: "127.0.0.1:8080".to_owned(),
        key_ids: vec![KeyId([1; KeyId::LENGTH_BYTES]), KeyId([2; KeyId::LENGTH_BYTES])],
        connectors: "abc".to_owned(),
        uptime: Duration::from_secs(90),
    }
}

pub async fn live_servers_are_listed_until_they_leave(storage: &dyn Storage) {
    let store = replicas(storage);
    assert!(store.live().await.unwrap().is_empty());
    store.announce(&replica("b")).await.unwrap();
    let younger = Replica { uptime: Duration::ZERO, ..replica("a") };
    store.announce(&younger).await.unwrap();
    store.lead(&younger.id).await.unwrap().unwrap();
    let live = store.live().await.unwrap();
    let shown = live.iter().map(|live| (live.id.as_str(), live.is_leader)).collect::<Vec<_>>();
    assert_eq!(shown, [("b", false), ("a", true)], "the one that started first comes first");
    let (old, announced) = (&live[0], replica("b"));
    assert_eq!((&old.version, &old.address), (&announced.version, &announced.address));
    assert_eq!((&old.key_ids, &old.connectors), (&announced.key_ids, &announced.connectors));
    assert!(old.seen_at.since(old.started_at) >= announced.uptime);

    let other_keys = Replica { key_ids: vec![KeyId([3; KeyId::LENGTH_BYTES])], ..announced };
    store.announce(&other_keys).await.unwrap();
    let live_again = store.live().await.unwrap();
    assert_eq!(live_again[0].key_ids, other_keys.key_ids);
    assert_eq!(live_again[0].started_at, old.started_at);
    assert!(live_again[0].seen_at > old.seen_at);

    store.leave(&younger.id).await.unwrap();
    store.leave(&younger.id).await.unwrap();
    assert_eq!(store.live().await.unwrap(), live_again[..1]);
}

pub async fn one_of_many_concurrent_servers_leads(storage: &dyn Storage) {
    let store = replicas(storage);
    let ids = (0..8).map(|number| ReplicaId::new(format!("r{number}"))).collect::<Vec<_>>();
    let elected = join_all(ids.iter().map(|id| store.lead(id))).await;
    let elected = elected.into_iter().map(Result::unwrap).collect::<Vec<_>>();
    let leader = elected.iter().position(Option::is_some).expect("a leader");
    assert_eq!(elected.iter().flatten().count(), 1);
    let fence = elected[leader].unwrap();
    assert_eq!(store.lead(&ids[leader]).await.unwrap(), Some(fence), "it stays the leader");
    let other = &ids[(leader + 1) % ids.len()];
    assert_eq!(store.lead(other).await.unwrap(), None);

    // It steps down: another one need not wait.
    store.leave(&ids[leader]).await.unwrap();
    let next = store.lead(other).await.unwrap().unwrap();
    assert!(next > fence);
    assert_eq!(store.lead(&ids[leader]).await.unwrap(), None);
}

pub async fn a_former_leader_stores_nothing(storage: &dyn Storage) {
    let (store, meta) = (replicas(storage), storage.meta());
    let (first, second) = (ReplicaId::new("first"), ReplicaId::new("second"));
    let fence = store.lead(&first).await.unwrap().unwrap();
    fenced(fence, meta.set("name", b"first")).await.unwrap();
    let refused = fenced(LeaderFence(fence.0 + 1), meta.set("name", b"nobody")).await.unwrap_err();
    assert!(matches!(refused, StorageError::NotLeader), "{refused}");
    store.leave(&first).await.unwrap();
    let refused = fenced(fence, meta.set("name", b"former")).await.unwrap_err();
    assert!(matches!(refused, StorageError::NotLeader), "{refused}");
    let next = store.lead(&second).await.unwrap().unwrap();
    let refused = fenced(fence, meta.set("name", b"former")).await.unwrap_err();
    assert!(matches!(refused, StorageError::NotLeader), "{refused}");
    // It may read.
    assert_eq!(fenced(fence, meta.get("name")).await.unwrap().as_deref(), Some(&b"first"[..]));
    fenced(next, meta.set("name", b"second")).await.unwrap();
    // Work of no leader needs no leadership.
    meta.set("another", b"anyone").await.unwrap();
}

/// Each of many concurrent servers changes a counter as the one before has left it.
pub async fn counters_are_changed_one_after_the_other(storage: &dyn Storage) {
    let store = replicas(storage);
    let (one, two) = ("one".to_owned(), "two".to_owned());
    let next = |state: &Option<String>| state.as_ref().map_or(1, |text| text.parse::<u32>().unwrap() + 1);
    let times = Arc::new(Mutex::new(Vec::new()));
    let count = |names: [&String; 2]| {
        let times = times.clone();
        let rule: CounterRule = Arc::new(move |now, states| {
            times.lock().unwrap().push(now);
            states[0] = Some(next(&states[0]).to_string());
            states[1] = None;
        });
        store.count(names.map(Clone::clone).to_vec(), rule)
    };
    let (forth, back) = ([&one, &two], [&two, &one]);
    for counted in join_all((0..8).map(|_| count(forth))).await {
        counted.unwrap();
    }
    let seen = Arc::new(Mutex::new(Vec::new()));
    let shown = seen.clone();
    let look: CounterRule = Arc::new(move |_, states| *shown.lock().unwrap() = states.to_vec());
    store.count(vec![one.clone(), two.clone()], look.clone()).await.unwrap();
    assert_eq!(*seen.lock().unwrap(), [Some("8".to_owned()), None]);
    // The order of the names does not matter: nobody waits for each other.
    let both = (0..8).map(|number| count(if number % 2 == 0 { forth } else { back }));
    for counted in join_all(both).await {
        counted.unwrap();
    }
    let times = times.lock().unwrap();
    assert!(times.iter().all(|time| *time > Duration::from_secs(1_700_000_000)), "{times:?}");
}

/// Makes a change, and returns what the watch finds of it.
async fn found(watch: &mut dyn ChangeWatch, change: impl Future<Output = ()>) -> Vec<(ChangeKind, String)> {
    change.await;
    let mut found: Vec<StoredChange> = watch.look().await.unwrap();
    found.sort();
    assert!(watch.look().await.unwrap().is_empty(), "each change is found once");
    found.into_iter().map(|change| (change.kind, change.key)).collect()
}

/// Each write of something that servers keep in memory is found by the next look, and nothing else is.
pub async fn each_write_of_a_kept_thing_is_a_change(storage: &dyn Storage) {
    let mut watch = replicas(storage).watch().await.unwrap();
    let watch = &mut *watch;
    assert!(watch.look().await.unwrap().is_empty());
    let p = project(storage, "p").await;
    let mut first: Vec<StoredChange> = watch.look().await.unwrap();
    let change = first.pop().unwrap();
    assert_eq!((change.kind, change.key.as_str(), change.project), (ChangeKind::Project, "p", Some(p.clone())));

    let mut api_key = key(&p, 7);
    let hash = "07".repeat(32);
    let of_key = [(ChangeKind::ApiKey, hash)];
    let keys = storage.api_keys();
    assert_eq!(found(watch, async { keys.create(&api_key).await.unwrap() }).await, of_key);
    let read = api_key.clone();
    api_key.enabled = false;
    assert_eq!(found(watch, async { assert!(keys.update(&api_key, &read).await.unwrap()) }).await, of_key);
    assert_eq!(found(watch, async { assert!(keys.delete(&p, &api_key.id).await.unwrap()) }).await, of_key);

    let profiles = storage.profiles();
    let mut one = profile(&p, "one", 0);
    one.default = true;
    let of_profile = |id: &str| (ChangeKind::Profile, id.to_owned());
    assert_eq!(found(watch, async { profiles.create(&one).await.unwrap() }).await, [of_profile("one")]);
    let mut two = profile(&p, "two", 1);
    two.default = true;
    let both = [of_profile("one"), of_profile("two")];
    assert_eq!(
        found(watch, async { profiles.create(&two).await.unwrap() }).await,
        both,
        "one is no longer the default"
    );
    assert_eq!(found(watch, async { assert!(profiles.update(&one).await.unwrap()) }).await, both);
    let alarm =
        ProfileAlarm { code: "invalid_client".to_owned(), message: "the provider rejects it".to_owned(), since: at(1) };
    let raise = async { assert!(profiles.set_alarm(&p, &one.id, Some(&alarm)).await.unwrap()) };
    assert_eq!(found(watch, raise).await, [of_profile("one")]);

    let accounts = storage.accounts();
    let of_account = [(ChangeKind::Account, "a".to_owned())];
    let mut linked = account(&p, "one", "a", 0);
    let link = async { accounts.insert(&linked, InsertRule::Multiple).await.unwrap() };
    assert_eq!(found(watch, link).await, of_account);
    linked.revision = 2;
    assert_eq!(found(watch, async { assert!(accounts.update(&linked, 1, &[]).await.unwrap()) }).await, of_account);
    let used = storage.sessions().create(&session(&p, 1, 100)).await.unwrap();
    linked.revision = 3;
    let relink = async { assert!(accounts.relink(&linked, 2, used, at(1), &[]).await.unwrap()) };
    assert_eq!(found(watch, relink).await, of_account);
    let leases = storage.refresh_leases();
    let granted = leases.acquire(&p, &linked.id, at(0), at(60), LeasePriority::Normal).await.unwrap();
    let LeaseOutcome::Granted(lease) = granted else { panic!("{granted:?}") };
    linked.revision = 4;
    let refresh = async { assert!(leases.commit(&lease, &linked, 3, &[]).await.unwrap()) };
    assert_eq!(found(watch, refresh).await, of_account);
    let rewrap = |place, value: &[u8]| {
        let record = SealedRecord { place, sealed: Sealed::from_bytes(value.to_vec()) };
        async move {
            let changed = [(record, Sealed::from_bytes(vec![5; 40]))];
            assert_eq!(storage.sealed_records().exchange(&changed).await.unwrap(), 1);
        }
    };
    let place =
        SealedPlace::Account { project: p.clone(), account: linked.id.clone(), field: "clientSecret".to_owned() };
    assert_eq!(found(watch, rewrap(place, &[9; 40])).await, of_account);
    let place = SealedPlace::Profile { project: p.clone(), profile: two.id.clone(), field: "appSecret".to_owned() };
    assert_eq!(found(watch, rewrap(place, &[1, 2, 3])).await, [of_profile("two")]);
    let unlink = async { assert!(accounts.delete(&p, &linked.id, &[]).await.unwrap().is_some()) };
    assert_eq!(found(watch, unlink).await, of_account);
    let remove = async { assert!(profiles.delete(&p, &ProfileId::new("two")).await.unwrap().is_some()) };
    assert_eq!(found(watch, remove).await, [of_profile("two")]);

    let store = storage.connectors();
    let of_connector = [(ChangeKind::Connector, "acme".to_owned())];
    let (version, files) = (connectors::version(&p, "acme", "1.0.0", 1), connectors::files("one"));
    let push = async {
        store.add(&version, &files, 9).await.unwrap();
    };
    assert_eq!(found(watch, push).await, of_connector);
    assert_eq!(found(watch, async { store.replace(&version, &files).await.unwrap() }).await, of_connector);
    let delete = async { assert!(store.delete(&p, "acme", "1.0.0").await.unwrap().is_some()) };
    assert_eq!(found(watch, delete).await, of_connector);

    // What nobody keeps.
    let others = async {
        storage.calls().append(&[linking::record(&p, 1)]).await.unwrap();
        storage.meta().set("name", b"value").await.unwrap();
        storage.sessions().create(&session(&p, 2, 100)).await.unwrap();
    };
    assert_eq!(found(watch, others).await, []);
}

/// A transaction sends one word, however many statements it has, and only if it changed something that servers keep.
pub async fn one_word_is_sent_for_a_transaction(storage: &dyn Storage) {
    let p = project(storage, "p").await;
    storage.profiles().create(&profile(&p, "one", 0)).await.unwrap();
    let ours = storage.sessions().create(&session(&p, 1, 100)).await.unwrap();
    let attempt = linking::attempt(&p, ours);
    storage.attempts().create(&attempt).await.unwrap();
    let mut watch = replicas(storage).watch().await.unwrap();
    watch.look().await.unwrap();
    storage.accounts().insert(&account(&p, "one", "a", 0), InsertRule::Multiple).await.unwrap();
    assert_eq!(watch.word().await.unwrap(), Word::Changed);
    storage.calls().append(&[linking::record(&p, 1)]).await.unwrap();
    let done = AttemptStatus::Cancelled;
    assert!(storage.attempts().finish(&p, ours, &attempt.id, done, None, None).await.unwrap());
    assert_eq!(watch.word().await.unwrap(), Word::AttemptCompleted(attempt.id));
    storage.api_keys().create(&key(&p, 1)).await.unwrap();
    assert_eq!(watch.word().await.unwrap(), Word::Changed);
}

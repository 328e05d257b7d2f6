//! The inbox: endpoints, events, leases and counters.

use futures_util::future::join_all;
use patchbay_model::{
    AccountId, ClaimedInboxEvent, InboxEndpoint, InboxEvent, InboxOutcome, InboxRefusals, InboxState, KeyHash,
    NewInboxEvent, ProfileId, ProjectId, Sealed, SealedInboxEvent, SubscriptionState,
};

use super::{account, at, profile, project};
use crate::{InboxClaim, InboxFilter, InsertRule, Storage, StorageError};

/// Returns an endpoint of a profile, or of an account.
pub(crate) fn endpoint(project: &ProjectId, profile: &str, account: Option<&str>, number: u8) -> InboxEndpoint {
    InboxEndpoint {
        id: format!("endpoint-{number}"),
        project_id: project.clone(),
        profile_id: ProfileId::new(profile),
        account_id: account.map(AccountId::new),
        token_hash: KeyHash([number; 32]),
        sealed: Sealed::from_bytes(vec![number; 60]),
        state: SubscriptionState::Manual,
        tries: 0,
        due_at: None,
        last_error: None,
        revision: 1,
        created_at: at(i64::from(number)),
        token_at: at(i64::from(number)),
    }
}

/// Returns an event that has arrived at an endpoint.
pub(crate) fn arrived(endpoint: &InboxEndpoint, number: u8, sealed: Sealed) -> NewInboxEvent {
    let event = InboxEvent {
        id: format!("{}-event-{number:03}", endpoint.id),
        project_id: endpoint.project_id.clone(),
        endpoint_id: endpoint.id.clone(),
        profile_id: endpoint.profile_id.clone(),
        account_id: endpoint.account_id.clone(),
        state: InboxState::Stored,
        event_type: None,
        size_bytes: 100,
        due_at: at(i64::from(number)),
        tries: 0,
        actions: 0,
        last_error: None,
        received_at: at(i64::from(number)),
        finished_at: None,
    };
    NewInboxEvent { event: SealedInboxEvent { event, sealed }, dedupe: KeyHash([number; 32]) }
}

/// Stores a profile with an endpoint.
async fn receiving(storage: &dyn Storage, project: &ProjectId, name: &str, number: u8) -> InboxEndpoint {
    storage.profiles().create(&profile(project, name, 0)).await.unwrap();
    let endpoint = endpoint(project, name, None, number);
    assert!(storage.inbox().create_endpoint(&endpoint).await.unwrap());
    endpoint
}

async fn receive(storage: &dyn Storage, endpoint: &InboxEndpoint, numbers: std::ops::Range<u8>) -> Vec<String> {
    let events = numbers.map(|number| arrived(endpoint, number, Sealed::from_bytes(vec![number; 70])));
    storage.inbox().receive(&events.collect::<Vec<_>>()).await.unwrap()
}

async fn claim(storage: &dyn Storage, now: i64, limit: u32) -> Vec<ClaimedInboxEvent> {
    let claim = InboxClaim { after: String::new(), per_endpoint: 2, limit, max_bytes: 1_000 };
    storage.inbox().claim(&claim, at(now), at(now + 60)).await.unwrap()
}

fn outcome(claimed: &ClaimedInboxEvent, state: InboxState) -> InboxOutcome {
    InboxOutcome {
        id: claimed.event.event.id.clone(),
        fence: claimed.fence,
        state,
        account_id: None,
        event_type: Some("deal.won".to_owned()),
        due_at: at(500),
        actions: 2,
        error: (state != InboxState::Routed).then(|| "it failed ☃".to_owned()),
    }
}

pub async fn an_endpoint_is_stored_and_found(storage: &dyn Storage) {
    let p = project(storage, "p").await;
    storage.profiles().create(&profile(&p, "f", 0)).await.unwrap();
    storage.accounts().insert(&account(&p, "f", "a", 0), InsertRule::Multiple).await.unwrap();
    let own = endpoint(&p, "f", None, 1);
    let mut subscribed = endpoint(&p, "f", Some("a"), 2);
    (subscribed.state, subscribed.due_at) = (SubscriptionState::Pending, Some(at(9)));
    for one in [&own, &subscribed] {
        assert!(storage.inbox().create_endpoint(one).await.unwrap());
        assert_eq!(storage.inbox().endpoint_by_hash(&one.token_hash).await.unwrap().as_ref(), Some(one));
        assert_eq!(storage.inbox().endpoint(&p, &one.id).await.unwrap().as_ref(), Some(one));
        let of = storage.inbox().endpoint_of(&p, &one.profile_id, one.account_id.as_ref()).await.unwrap();
        assert_eq!(of.as_ref(), Some(one));
    }
    assert_eq!(storage.inbox().endpoints(&p, None, "", 1).await.unwrap(), std::slice::from_ref(&own));
    let profile = ProfileId::new("f");
    assert_eq!(storage.inbox().endpoints(&p, Some(&profile), &own.id, 9).await.unwrap(), [subscribed.clone()]);
    // A profile and an account have one each.
    for (account, number) in [(None, 3), (Some("a"), 4)] {
        assert!(!storage.inbox().create_endpoint(&endpoint(&p, "f", account, number)).await.unwrap());
    }
    let lost = storage.inbox().create_endpoint(&endpoint(&p, "none", None, 5)).await;
    assert!(matches!(lost, Err(StorageError::Conflict(_))), "{lost:?}");

    let mut renewed = own.clone();
    (renewed.token_hash, renewed.token_at) = (KeyHash([9; 32]), at(50));
    (renewed.last_error, renewed.tries) = (Some("no".to_owned()), 3);
    assert!(storage.inbox().update_endpoint(&renewed).await.unwrap());
    assert_eq!(storage.inbox().endpoint_by_hash(&own.token_hash).await.unwrap(), None);
    let stale = storage.inbox().update_endpoint(&renewed).await;
    assert!(matches!(stale, Err(StorageError::Conflict(_))));
    let stored = storage.inbox().endpoint(&p, &own.id).await.unwrap().unwrap();
    assert_eq!(stored, InboxEndpoint { revision: 2, ..renewed });
    assert!(storage.inbox().delete_endpoint(&p, &own.id).await.unwrap());
    assert!(!storage.inbox().delete_endpoint(&p, &own.id).await.unwrap());
    assert!(!storage.inbox().update_endpoint(&stored).await.unwrap());
}

pub async fn endpoints_belong_to_their_project(storage: &dyn Storage) {
    let (p, q) = (project(storage, "p").await, project(storage, "q").await);
    let one = receiving(storage, &p, "f", 1).await;
    receive(storage, &one, 1..2).await;
    assert_eq!(storage.inbox().endpoint(&q, &one.id).await.unwrap(), None);
    assert_eq!(storage.inbox().endpoints(&q, None, "", 9).await.unwrap(), []);
    assert_eq!(storage.inbox().endpoint_of(&q, &one.profile_id, None).await.unwrap(), None);
    assert!(!storage.inbox().delete_endpoint(&q, &one.id).await.unwrap());
    let other = InboxEndpoint { project_id: q.clone(), ..one.clone() };
    assert!(!storage.inbox().update_endpoint(&other).await.unwrap());
    let id = "endpoint-1-event-001";
    assert!(storage.inbox().event(&p, id).await.unwrap().is_some());
    assert_eq!(storage.inbox().event(&q, id).await.unwrap(), None);
    let filter = InboxFilter { limit: 9, ..InboxFilter::default() };
    assert_eq!(storage.inbox().events(&q, &filter).await.unwrap(), []);
    assert!(!storage.inbox().requeue(&q, id, None, at(9)).await.unwrap());
    assert_eq!(storage.inbox().counts(&q).await.unwrap(), []);
    // An account of another project is not assigned.
    storage.profiles().create(&profile(&q, "g", 0)).await.unwrap();
    storage.accounts().insert(&account(&q, "g", "b", 0), InsertRule::Multiple).await.unwrap();
    assert!(storage.inbox().requeue(&p, id, Some(&AccountId::new("b")), at(9)).await.unwrap());
    assert_eq!(storage.inbox().event(&p, id).await.unwrap().unwrap().event.account_id, None);
}

pub async fn subscriptions_are_leased_once(storage: &dyn Storage) {
    let p = project(storage, "p").await;
    for (name, number, due_at) in [("f", 1, Some(at(5))), ("g", 2, Some(at(4))), ("h", 3, None), ("i", 4, Some(at(99)))]
    {
        storage.profiles().create(&profile(&p, name, 0)).await.unwrap();
        let endpoint = InboxEndpoint { due_at, ..endpoint(&p, name, None, number) };
        storage.inbox().create_endpoint(&endpoint).await.unwrap();
    }
    let lease = || storage.inbox().lease_endpoints(at(10), at(70), 5);
    let leased = join_all([lease(), lease(), lease()]).await.into_iter().flat_map(Result::unwrap);
    let mut ids = leased.map(|endpoint| endpoint.id).collect::<Vec<_>>();
    ids.sort();
    assert_eq!(ids, ["endpoint-1", "endpoint-2"]);
    // A lease ends by itself, and with an update.
    let again = storage.inbox().lease_endpoints(at(70), at(130), 1).await.unwrap();
    assert_eq!(again[0].id, "endpoint-2", "the one that was due first");
    storage.inbox().update_endpoint(&again[0]).await.unwrap();
    let freed = storage.inbox().lease_endpoints(at(71), at(130), 1).await.unwrap();
    assert_eq!(freed[0].id, "endpoint-2");
}

pub async fn a_repeat_is_not_stored(storage: &dyn Storage) {
    let p = project(storage, "p").await;
    let (f, g) = (receiving(storage, &p, "f", 1).await, receiving(storage, &p, "g", 2).await);
    assert_eq!(receive(storage, &f, 1..3).await.len(), 2);
    assert_eq!(receive(storage, &f, 2..4).await, ["endpoint-1-event-003"]);
    assert_eq!(receive(storage, &g, 2..3).await, ["endpoint-2-event-002"], "another endpoint has its own");
    // One of two in one batch, and one of many at once.
    let mut twin = arrived(&f, 9, Sealed::from_bytes(vec![9; 70]));
    "twin".clone_into(&mut twin.event.event.id);
    let both = [arrived(&f, 9, Sealed::from_bytes(vec![9; 70])), twin];
    assert_eq!(storage.inbox().receive(&both).await.unwrap().len(), 1);
    let many = (0..8).map(|number| {
        let mut one = arrived(&f, 20, Sealed::from_bytes(vec![1; 70]));
        one.event.event.id = format!("many-{number}");
        async move { storage.inbox().receive(&[one]).await.unwrap().len() }
    });
    assert_eq!(join_all(many).await.into_iter().sum::<usize>(), 1);
    // What arrives at an endpoint that is gone is dropped, and fails no other.
    let gone = endpoint(&p, "f", None, 77);
    let mixed = [arrived(&gone, 30, Sealed::from_bytes(vec![1; 70])), arrived(&f, 30, Sealed::from_bytes(vec![1; 70]))];
    assert_eq!(storage.inbox().receive(&mixed).await.unwrap(), ["endpoint-1-event-030"]);
    let stored = storage.inbox().event(&p, "endpoint-1-event-030").await.unwrap().unwrap();
    assert_eq!(stored, mixed[1].event);
}

pub async fn events_are_claimed_fairly_and_once(storage: &dyn Storage) {
    let p = project(storage, "p").await;
    let (f, g) = (receiving(storage, &p, "f", 1).await, receiving(storage, &p, "g", 2).await);
    receive(storage, &f, 0..20).await;
    receive(storage, &g, 0..3).await;
    assert_eq!(storage.inbox().full_endpoints(20).await.unwrap(), std::slice::from_ref(&f.id));
    let first = claim(storage, 30, 10).await;
    let by = |claimed: &[ClaimedInboxEvent], endpoint: &InboxEndpoint| {
        claimed.iter().filter(|one| one.event.event.endpoint_id == endpoint.id).count()
    };
    assert_eq!((by(&first, &f), by(&first, &g)), (2, 2), "each endpoint has its turn");
    assert_eq!(first[0].event.sealed, Sealed::from_bytes(vec![0; 70]));
    let claims = join_all((0..6).map(|_| claim(storage, 30, 10))).await.concat();
    let mut ids = claims.iter().chain(&first).map(|one| one.event.event.id.clone()).collect::<Vec<_>>();
    let all = ids.len();
    ids.sort();
    ids.dedup();
    assert_eq!(ids.len(), all, "no event is claimed twice");
    // The bodies of a claim have a limit, and those that are not due stay.
    let small = InboxClaim { after: f.id.clone(), per_endpoint: 9, limit: 9, max_bytes: 1 };
    assert_eq!(storage.inbox().claim(&small, at(200), at(260)).await.unwrap().len(), 1);
    let none = InboxClaim { after: String::new(), per_endpoint: 9, limit: 9, max_bytes: 1_000 };
    assert!(storage.inbox().claim(&none, at(-1), at(60)).await.unwrap().is_empty());
}

pub async fn a_try_is_recorded_by_its_holder(storage: &dyn Storage) {
    let p = project(storage, "p").await;
    let f = receiving(storage, &p, "f", 1).await;
    storage.accounts().insert(&account(&p, "f", "a", 0), InsertRule::Multiple).await.unwrap();
    receive(storage, &f, 1..2).await;
    let old = claim(storage, 10, 1).await.remove(0);
    let new = claim(storage, 70, 1).await.remove(0);
    assert!(!storage.inbox().complete(&outcome(&old, InboxState::Routed), at(71)).await.unwrap());
    assert!(storage.inbox().complete(&outcome(&new, InboxState::Stored), at(71)).await.unwrap());
    let read = async || storage.inbox().event(&p, &new.event.event.id).await.unwrap().unwrap().event;
    let event = read().await;
    assert_eq!((event.state, event.tries, event.actions, event.due_at), (InboxState::Stored, 1, 2, at(500)));
    assert_eq!((event.finished_at, event.event_type.as_deref()), (None, Some("deal.won")));
    assert!(claim(storage, 499, 1).await.is_empty());
    let last = claim(storage, 500, 1).await.remove(0);
    storage.inbox().release(&[(last.event.event.id.clone(), last.fence - 1)]).await.unwrap();
    assert!(claim(storage, 500, 1).await.is_empty(), "another lease gives nothing back");
    storage.inbox().release(&[(last.event.event.id.clone(), last.fence)]).await.unwrap();
    let last = claim(storage, 500, 1).await.remove(0);
    let routed = InboxOutcome { account_id: Some(AccountId::new("a")), ..outcome(&last, InboxState::Routed) };
    assert!(storage.inbox().complete(&routed, at(501)).await.unwrap());
    let event = read().await;
    assert_eq!((event.state, event.tries, event.last_error.as_deref()), (InboxState::Routed, 2, None));
    assert_eq!((event.finished_at, event.account_id), (Some(at(501)), Some(AccountId::new("a"))));
    assert!(!storage.inbox().complete(&routed, at(502)).await.unwrap(), "it is recorded once");
}

pub async fn events_are_listed_and_replayed(storage: &dyn Storage) {
    let p = project(storage, "p").await;
    let (f, g) = (receiving(storage, &p, "f", 1).await, receiving(storage, &p, "g", 2).await);
    storage.accounts().insert(&account(&p, "f", "a", 0), InsertRule::Multiple).await.unwrap();
    receive(storage, &f, 1..4).await;
    receive(storage, &g, 4..5).await;
    let claimed = claim(storage, 10, 2).await;
    storage.inbox().complete(&outcome(&claimed[0], InboxState::Unattributed), at(11)).await.unwrap();
    storage.inbox().complete(&outcome(&claimed[1], InboxState::Failed), at(11)).await.unwrap();
    let ids = async |filter: InboxFilter| {
        let events = storage.inbox().events(&p, &filter).await.unwrap();
        events.into_iter().map(|event| event.id[8..].to_owned()).collect::<Vec<_>>()
    };
    let all = || InboxFilter { limit: 9, ..InboxFilter::default() };
    assert_eq!(ids(all()).await, ["-2-event-004", "-1-event-003", "-1-event-002", "-1-event-001"]);
    let page = InboxFilter { before: Some("endpoint-1-event-003".to_owned()), limit: 1, ..all() };
    assert_eq!(ids(page).await, ["-1-event-002"]);
    let states = vec![InboxState::Failed, InboxState::Unattributed];
    assert_eq!(ids(InboxFilter { states, ..all() }).await, ["-1-event-002", "-1-event-001"]);
    let profile = Some(ProfileId::new("g"));
    assert_eq!(ids(InboxFilter { profile_id: profile, ..all() }).await, ["-2-event-004"]);
    let (since, until) = (Some(at(2)), Some(at(4)));
    assert_eq!(ids(InboxFilter { since, until, ..all() }).await, ["-1-event-003", "-1-event-002"]);
    let event_type = Some("deal.won".to_owned());
    assert_eq!(ids(InboxFilter { event_type, ..all() }).await, ["-1-event-002", "-1-event-001"]);
    let counts = storage.inbox().counts(&p).await.unwrap();
    assert_eq!(counts, [(InboxState::Failed, 1), (InboxState::Stored, 2), (InboxState::Unattributed, 1)]);

    let (id, owner) = ("endpoint-1-event-001", AccountId::new("a"));
    assert!(storage.inbox().requeue(&p, id, Some(&owner), at(20)).await.unwrap());
    assert_eq!(ids(InboxFilter { account_id: Some(owner.clone()), ..all() }).await, ["-1-event-001"]);
    let event = storage.inbox().event(&p, id).await.unwrap().unwrap().event;
    assert_eq!((event.state, event.tries, event.due_at, event.last_error), (InboxState::Stored, 0, at(20), None));
    assert!(storage.inbox().requeue(&p, "endpoint-1-event-002", None, at(20)).await.unwrap());
    assert_eq!(claim(storage, 20, 9).await.len(), 3, "two of the first endpoint, one of the second");
    assert!(
        !storage.inbox().requeue(&p, "endpoint-1-event-003", None, at(21)).await.unwrap()
            || claim(storage, 21, 9).await.len() == 1
    );
    assert!(!storage.inbox().requeue(&p, "none", None, at(20)).await.unwrap());
}

pub async fn refusals_are_counted(storage: &dyn Storage) {
    let (p, q) = (project(storage, "p").await, project(storage, "q").await);
    let (f, g) = (receiving(storage, &p, "f", 1).await, receiving(storage, &q, "g", 2).await);
    let refused = |endpoint: &str, reason: &str, count, moment| InboxRefusals {
        endpoint_id: endpoint.to_owned(),
        reason: reason.to_owned(),
        count,
        last_at: at(moment),
    };
    let first = [refused(&f.id, "unsigned", 2, 1), refused("gone", "unsigned", 1, 1), refused(&g.id, "unsigned", 7, 1)];
    storage.inbox().count_refusals(&first).await.unwrap();
    storage.inbox().count_refusals(&[refused(&f.id, "unsigned", 3, 5), refused(&f.id, "large", 1, 5)]).await.unwrap();
    let counted = storage.inbox().refusals(&p).await.unwrap();
    assert_eq!(counted, [refused(&f.id, "large", 1, 5), refused(&f.id, "unsigned", 5, 5)]);
    assert_eq!(storage.inbox().refusals(&q).await.unwrap(), [refused(&g.id, "unsigned", 7, 1)]);
}

pub async fn old_inbox_events_are_deleted(storage: &dyn Storage) {
    let p = project(storage, "p").await;
    let f = receiving(storage, &p, "f", 1).await;
    receive(storage, &f, 1..6).await;
    assert_eq!(storage.inbox().delete_old(at(4), 2).await.unwrap(), 4, "two events and two hashes");
    assert_eq!(storage.inbox().delete_old(at(4), 2).await.unwrap(), 2);
    assert_eq!(storage.inbox().delete_old(at(4), 2).await.unwrap(), 0);
    let left = storage.inbox().events(&p, &InboxFilter { limit: 9, ..InboxFilter::default() }).await.unwrap();
    assert_eq!(left.len(), 2);
    assert_eq!(receive(storage, &f, 3..5).await, ["endpoint-1-event-003"], "what was forgotten is new");
}

pub async fn a_deleted_account_takes_its_events_along(storage: &dyn Storage) {
    let p = project(storage, "p").await;
    let f = receiving(storage, &p, "f", 1).await;
    storage.accounts().insert(&account(&p, "f", "a", 0), InsertRule::Multiple).await.unwrap();
    let own = endpoint(&p, "f", Some("a"), 2);
    storage.inbox().create_endpoint(&own).await.unwrap();
    receive(storage, &own, 1..2).await;
    receive(storage, &f, 1..3).await;
    storage.inbox().requeue(&p, "endpoint-1-event-001", Some(&AccountId::new("a")), at(9)).await.unwrap();
    storage.accounts().delete(&p, &AccountId::new("a"), &[]).await.unwrap();
    assert_eq!(storage.inbox().endpoint(&p, &own.id).await.unwrap(), None);
    let left = storage.inbox().events(&p, &InboxFilter { limit: 9, ..InboxFilter::default() }).await.unwrap();
    assert_eq!(left.into_iter().map(|event| event.id).collect::<Vec<_>>(), ["endpoint-1-event-002"]);
}

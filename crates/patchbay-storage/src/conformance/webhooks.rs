//! Webhooks, their events and deliveries.

use std::collections::{BTreeMap, BTreeSet};

use futures_util::future::join_all;
use patchbay_model::{
    Account, AccountId, AttemptOutcome, Audience, ClaimedDelivery, DeliveryAttempt, DeliveryId, DeliveryState,
    LeaseOutcome, LeasePriority, OutboxEvent, ProjectId, Replay, ReplayWhich, Sealed, Timestamp, Webhook,
    WebhookHealth, WebhookId,
};

use super::{account, at, profile, project, session};
use crate::{DeliveryFilter, InsertRule, Storage, StorageError, WebhookQueue};

/// Returns an enabled webhook with these subscriptions.
pub(crate) fn webhook(project: &ProjectId, id: i64, subscriptions: &[&str]) -> Webhook {
    Webhook {
        id: WebhookId(id),
        project_id: project.clone(),
        name: Some("Ünïcödé".to_owned()),
        url: format!("https://app.example/hooks/{id}?token=x"),
        subscriptions: subscriptions.iter().map(|&name| name.to_owned()).collect::<BTreeSet<_>>(),
        enabled: true,
        disabled_reason: None,
        ordered: false,
        secrets: BTreeMap::from([("current".to_owned(), Sealed::from_bytes(vec![7; 60]))]),
        previous_until: None,
        health: WebhookHealth::default(),
        revision: 1,
        created_at: at(id),
        updated_at: at(id),
    }
}

async fn create(storage: &dyn Storage, webhook: &Webhook) {
    assert!(storage.webhooks().create(webhook, 50).await.unwrap());
}

fn event(project: &ProjectId, id: &str, name: &str) -> OutboxEvent {
    OutboxEvent {
        id: id.to_owned(),
        project_id: project.clone(),
        event: name.to_owned(),
        matches: vec![name.to_owned()],
        account_id: Some(AccountId::new("x")),
        record_id: "x".to_owned(),
        body: format!("{{\"delivery_id\":\"{id}\",\"text\":\"\\u0000 ☃\"}}"),
        created_at: at(10),
    }
}

/// Queues deliveries of events with these ids.
async fn queue(storage: &dyn Storage, project: &ProjectId, ids: &[&str]) {
    for id in ids {
        storage.webhooks().record(&event(project, id, "account.created"), Audience::Subscribed).await.unwrap();
    }
}

async fn claim(storage: &dyn Storage, webhook: i64, limit: u32, now: i64) -> Vec<ClaimedDelivery> {
    storage.webhooks().claim(&[(WebhookId(webhook), limit)], at(now), at(now + 18)).await.unwrap()
}

fn outcome(claimed: &ClaimedDelivery, error: Option<&str>, state: DeliveryState, now: i64) -> AttemptOutcome {
    AttemptOutcome {
        id: claimed.id,
        webhook_id: claimed.webhook.id,
        fence: claimed.fence,
        attempt: DeliveryAttempt {
            number: claimed.attempts + 1,
            started_at: at(now),
            duration_millis: 5,
            url: "https://app.example/hooks".to_owned(),
            status: error.is_none().then_some(200),
            error: error.map(str::to_owned),
            answer: Some("ok".to_owned()),
        },
        state,
        due_at: at(now + 5),
        is_gone: false,
    }
}

async fn fail(storage: &dyn Storage, claimed: &ClaimedDelivery, now: i64) {
    let failed = outcome(claimed, Some("status 500"), DeliveryState::Pending, now);
    storage.webhooks().complete(&[failed], at(now)).await.unwrap();
}

async fn all(storage: &dyn Storage, project: &ProjectId, webhook: i64) -> Vec<(String, DeliveryState, u32)> {
    let filter = DeliveryFilter { limit: 100, ..DeliveryFilter::default() };
    let found = storage.webhooks().deliveries(project, WebhookId(webhook), &filter).await.unwrap();
    found.into_iter().map(|delivery| (delivery.event_id, delivery.state, delivery.attempts)).collect()
}

fn event_ids(claimed: &[ClaimedDelivery]) -> Vec<&str> {
    claimed.iter().map(|claimed| claimed.event_id.as_str()).collect()
}

pub async fn a_webhook_is_stored(storage: &dyn Storage) {
    let p = project(storage, "p").await;
    let new = webhook(&p, 1 << 46, &["account.created", "*:*"]);
    create(storage, &new).await;
    assert_eq!(storage.webhooks().get(&p, new.id).await.unwrap(), Some(new.clone()));
    assert!(matches!(storage.webhooks().create(&new, 50).await, Err(StorageError::Conflict(_))));
    let changed = Webhook {
        name: None,
        url: "https://other.example".to_owned(),
        subscriptions: BTreeSet::new(),
        enabled: false,
        disabled_reason: Some("it is gone".to_owned()),
        ordered: true,
        secrets: BTreeMap::from([("headers".to_owned(), Sealed::from_bytes(vec![1; 60]))]),
        previous_until: Some(at(9)),
        revision: 2,
        updated_at: at(9),
        ..new.clone()
    };
    assert!(storage.webhooks().update(&changed, 1).await.unwrap());
    assert_eq!(storage.webhooks().list(&p).await.unwrap(), std::slice::from_ref(&changed));
    assert!(matches!(storage.webhooks().update(&new, 1).await, Err(StorageError::Conflict(_))));
    assert!(storage.webhooks().delete(&p, new.id).await.unwrap());
    assert!(!storage.webhooks().delete(&p, new.id).await.unwrap());
    assert!(!storage.webhooks().update(&changed, 2).await.unwrap());
    assert_eq!(storage.webhooks().get(&p, new.id).await.unwrap(), None);
}

pub async fn webhooks_belong_to_their_project(storage: &dyn Storage) {
    let (a, b) = (project(storage, "a").await, project(storage, "b").await);
    let ours = webhook(&a, 1, &["account.created"]);
    create(storage, &ours).await;
    create(storage, &webhook(&b, 2, &["account.created"])).await;
    queue(storage, &a, &["evt_1"]).await;
    let webhooks = storage.webhooks();
    assert_eq!(webhooks.get(&b, ours.id).await.unwrap(), None);
    assert!(!webhooks.update(&Webhook { project_id: b.clone(), ..ours.clone() }, 1).await.unwrap());
    assert!(!webhooks.delete(&b, ours.id).await.unwrap());
    assert_eq!(all(storage, &a, 1).await.len(), 1);
    assert!(all(storage, &b, 1).await.is_empty() && all(storage, &b, 2).await.is_empty());
    let id = claim(storage, 1, 9, 10).await[0].id;
    assert_eq!(webhooks.delivery(&b, id).await.unwrap(), None);
    assert!(!webhooks.replay(&b, id, at(11)).await.unwrap());
    let only = event(&b, "evt_2", "test");
    assert_eq!(webhooks.record(&only, Audience::Only(ours.id)).await.unwrap(), 0);
    // Events of two projects may have one id.
    assert_eq!(webhooks.record(&event(&b, "evt_1", "account.created"), Audience::Subscribed).await.unwrap(), 1);
    assert!(matches!(
        webhooks.create(&webhook(&ProjectId::new("none"), 3, &[]), 50).await,
        Err(StorageError::Conflict(_))
    ));
}

pub async fn a_project_has_a_limit_of_webhooks(storage: &dyn Storage) {
    let (a, b) = (project(storage, "a").await, project(storage, "b").await);
    let rivals = (0..9).map(|id| webhook(&a, id, &[])).collect::<Vec<_>>();
    let created = join_all(rivals.iter().map(|rival| storage.webhooks().create(rival, 3))).await;
    assert_eq!(created.into_iter().filter(|created| *created.as_ref().unwrap()).count(), 3);
    assert!(storage.webhooks().create(&webhook(&b, 100, &[]), 3).await.unwrap());
}

pub async fn a_change_is_stored_with_its_events(storage: &dyn Storage) {
    let p = project(storage, "p").await;
    storage.profiles().create(&profile(&p, "profile", 0)).await.unwrap();
    create(storage, &webhook(&p, 1, &["account.created", "account.deleted"])).await;
    create(storage, &webhook(&p, 2, &["account.updated"])).await;
    let events = |id: &str| {
        ["created", "updated", "deleted"].map(|what| event(&p, &format!("{id}_{what}"), &format!("account.{what}")))
    };
    let session_id = storage.sessions().create(&session(&p, 1, 99)).await.unwrap();
    let linked = account(&p, "profile", "x", 0);
    storage.accounts().link(&linked, InsertRule::OnePerOwner, session_id, at(1), &events("link")[..1]).await.unwrap();
    let next = |revision: i64| Account { revision, ..linked.clone() };
    assert!(storage.accounts().update(&next(2), 1, &events("update")[1..2]).await.unwrap());
    assert!(storage.accounts().relink(&next(3), 2, session_id, at(2), &events("relink")[1..2]).await.unwrap());
    let lease = storage.refresh_leases().acquire(&p, &linked.id, at(3), at(9), LeasePriority::Normal).await.unwrap();
    let LeaseOutcome::Granted(lease) = lease else { panic!("{lease:?}") };
    assert!(storage.refresh_leases().commit(&lease, &next(4), 3, &events("commit")[1..2]).await.unwrap());
    let deleted = storage.accounts().delete(&p, &linked.id, &events("delete")[2..]).await.unwrap();
    assert!(deleted.is_some());
    let pending = |id: &str| (id.to_owned(), DeliveryState::Pending, 0);
    assert_eq!(all(storage, &p, 1).await, [pending("delete_deleted"), pending("link_created")]);
    let updates = [pending("commit_updated"), pending("relink_updated"), pending("update_updated")];
    assert_eq!(all(storage, &p, 2).await, updates);
    let claimed = claim(storage, 1, 9, 10).await;
    assert_eq!(
        claimed[0].body,
        event(&p, "link_created", "account.created").body,
        "the bytes are those that were stored"
    );
}

pub async fn a_change_that_fails_stores_no_event(storage: &dyn Storage) {
    let p = project(storage, "p").await;
    storage.profiles().create(&profile(&p, "profile", 0)).await.unwrap();
    create(storage, &webhook(&p, 1, &["account.created"])).await;
    let events = [event(&p, "evt_1", "account.created")];
    let stored = account(&p, "profile", "x", 0);
    storage.accounts().insert(&stored, InsertRule::OnePerOwner).await.unwrap();
    let used = storage.sessions().create(&session(&p, 1, 0)).await.unwrap();
    let accounts = storage.accounts();
    assert!(accounts.link(&stored, InsertRule::Multiple, used, at(5), &events).await.is_err());
    assert!(accounts.update(&Account { revision: 9, ..stored.clone() }, 8, &events).await.is_err());
    assert!(accounts.relink(&Account { revision: 2, ..stored.clone() }, 1, used, at(5), &events).await.is_err());
    let gone = account(&p, "profile", "gone", 0);
    assert!(!accounts.update(&gone, 1, &events).await.unwrap());
    assert_eq!(accounts.delete(&p, &gone.id, &events).await.unwrap(), None);
    let lease = storage.refresh_leases().acquire(&p, &stored.id, at(3), at(9), LeasePriority::Normal).await.unwrap();
    let LeaseOutcome::Granted(lease) = lease else { panic!("{lease:?}") };
    storage.refresh_leases().release(&lease).await.unwrap();
    storage.refresh_leases().acquire(&p, &stored.id, at(10), at(19), LeasePriority::Normal).await.unwrap();
    assert!(!storage.refresh_leases().commit(&lease, &Account { revision: 2, ..stored }, 1, &events).await.unwrap());
    assert!(all(storage, &p, 1).await.is_empty());
}

pub async fn an_event_goes_to_its_audience_once(storage: &dyn Storage) {
    let p = project(storage, "p").await;
    create(storage, &webhook(&p, 1, &["account.created", "account.updated"])).await;
    create(storage, &webhook(&p, 2, &["acme:*"])).await;
    create(storage, &webhook(&p, 3, &["*:*", "webhook.failing"])).await;
    create(storage, &Webhook { enabled: false, ..webhook(&p, 4, &["*:*", "account.created"]) }).await;
    let webhooks = storage.webhooks();
    let mut signed = event(&p, "evt_signed", "contract.signed");
    signed.matches = ["*:*", "acme:*", "acme:contract.signed"].map(str::to_owned).to_vec();
    assert_eq!(webhooks.record(&signed, Audience::Subscribed).await.unwrap(), 2);
    let other_bytes = OutboxEvent { body: "{}".to_owned(), ..signed.clone() };
    assert_eq!(webhooks.record(&other_bytes, Audience::Subscribed).await.unwrap(), 0);
    assert_eq!(webhooks.record(&event(&p, "evt_2", "account.created"), Audience::Subscribed).await.unwrap(), 1);
    assert_eq!(webhooks.record(&event(&p, "evt_3", "account.deleted"), Audience::Subscribed).await.unwrap(), 0);
    assert_eq!(
        webhooks.record(&event(&p, "evt_4", "webhook.failing"), Audience::Others(WebhookId(3))).await.unwrap(),
        0
    );
    assert_eq!(
        webhooks.record(&event(&p, "evt_5", "webhook.failing"), Audience::Others(WebhookId(1))).await.unwrap(),
        1
    );
    assert_eq!(webhooks.record(&event(&p, "evt_6", "test"), Audience::Only(WebhookId(2))).await.unwrap(), 1);
    assert_eq!(webhooks.record(&event(&p, "evt_7", "test"), Audience::Only(WebhookId(4))).await.unwrap(), 0);
    assert_eq!(claim(storage, 2, 1, 10).await[0].body, signed.body, "the first bytes stay");
    let ids = |listed: Vec<(String, DeliveryState, u32)>| listed.into_iter().map(|(id, ..)| id).collect::<Vec<_>>();
    assert_eq!(ids(all(storage, &p, 1).await), ["evt_2"]);
    assert_eq!(ids(all(storage, &p, 2).await), ["evt_6", "evt_signed"]);
    assert_eq!(ids(all(storage, &p, 3).await), ["evt_5", "evt_signed"]);
    assert!(all(storage, &p, 4).await.is_empty());
}

pub async fn deliveries_are_claimed_once(storage: &dyn Storage) {
    let p = project(storage, "p").await;
    create(storage, &webhook(&p, 1, &["account.created"])).await;
    create(storage, &webhook(&p, 2, &["account.created"])).await;
    queue(storage, &p, &["evt_1", "evt_2", "evt_3", "evt_4", "evt_5"]).await;
    let due = async |now: i64, after: i64| {
        let due = storage.webhooks().due(at(now), WebhookId(after), 9).await.unwrap();
        due.into_iter().map(|webhook| webhook.id.0).collect::<Vec<_>>()
    };
    assert!(due(9, 0).await.is_empty(), "the deliveries are due at 10");
    assert_eq!((due(10, 0).await, due(10, 1).await, due(10, 2).await), (vec![1, 2], vec![2, 1], vec![1, 2]));
    let wanted = [(WebhookId(1), 2), (WebhookId(2), 3)];
    let claims = (0..4).map(|_| storage.webhooks().claim(&wanted, at(10), at(28)));
    let claimed = join_all(claims).await.into_iter().flat_map(Result::unwrap).collect::<Vec<_>>();
    let distinct = claimed.iter().map(|claimed| claimed.id).collect::<BTreeSet<_>>();
    assert_eq!(distinct.len(), claimed.len(), "no two claim one");
    let rest = storage.webhooks().claim(&[(WebhookId(1), 99), (WebhookId(2), 99)], at(10), at(28)).await.unwrap();
    assert_eq!(claimed.len() + rest.len(), 10);
    assert!(due(27, 0).await.is_empty());
    assert_eq!(due(28, 0).await, [1, 2], "after the lease others go on");
    let again = claim(storage, 1, 9, 28).await;
    assert_eq!(event_ids(&again), ["evt_1", "evt_2", "evt_3", "evt_4", "evt_5"]);
    assert!(again.iter().all(|claimed| claimed.fence == 2 && claimed.attempts == 0));
    let back = again.iter().map(|claimed| (claimed.id, claimed.fence)).collect::<Vec<_>>();
    storage.webhooks().release(&back[..2]).await.unwrap();
    assert_eq!(event_ids(&claim(storage, 1, 9, 28).await), ["evt_1", "evt_2"]);
}

pub async fn a_lost_lease_records_nothing(storage: &dyn Storage) {
    let p = project(storage, "p").await;
    create(storage, &webhook(&p, 1, &["account.created"])).await;
    queue(storage, &p, &["evt_1"]).await;
    let late = claim(storage, 1, 9, 10).await.remove(0);
    let newer = claim(storage, 1, 9, 28).await.remove(0);
    fail(storage, &late, 28).await;
    let record = storage.webhooks().delivery(&p, newer.id).await.unwrap().unwrap();
    assert!(record.attempts.is_empty() && record.delivery.attempts == 0);
    let delivered = outcome(&newer, None, DeliveryState::Delivered, 29);
    storage.webhooks().complete(std::slice::from_ref(&delivered), at(29)).await.unwrap();
    fail(storage, &newer, 30).await;
    let record = storage.webhooks().delivery(&p, newer.id).await.unwrap().unwrap();
    assert_eq!(record.attempts, [delivered.attempt]);
    assert_eq!((record.delivery.state, record.delivery.finished_at), (DeliveryState::Delivered, Some(at(29))));
    assert_eq!(record.body, newer.body);
    assert!(claim(storage, 1, 9, 99).await.is_empty());
    let health = storage.webhooks().get(&p, WebhookId(1)).await.unwrap().unwrap().health;
    assert_eq!((health.last_success_at(), health.failures_in_a_row), (Some(at(29)), 0));
}

pub async fn an_ordered_webhook_has_one_delivery_at_a_time(storage: &dyn Storage) {
    let p = project(storage, "p").await;
    create(storage, &Webhook { ordered: true, ..webhook(&p, 1, &["account.created"]) }).await;
    queue(storage, &p, &["evt_1", "evt_2", "evt_3"]).await;
    let claims = join_all((0..4).map(|_| claim(storage, 1, 9, 10))).await;
    let first = claims.into_iter().flatten().collect::<Vec<_>>();
    assert_eq!(event_ids(&first), ["evt_1"]);
    fail(storage, &first[0], 10).await;
    assert!(claim(storage, 1, 9, 14).await.is_empty(), "the failed one holds the others back");
    let again = claim(storage, 1, 9, 15).await.remove(0);
    assert_eq!((again.event_id.as_str(), again.attempts, again.tries), ("evt_1", 1, 1));
    let dead = outcome(&again, Some("status 500"), DeliveryState::Dead, 16);
    storage.webhooks().complete(&[dead], at(16)).await.unwrap();
    assert_eq!(event_ids(&claim(storage, 1, 9, 16).await), ["evt_2"], "until it is dead");
}

pub async fn an_open_breaker_lets_one_probe_through(storage: &dyn Storage) {
    let p = project(storage, "p").await;
    create(storage, &webhook(&p, 1, &["account.created"])).await;
    queue(storage, &p, &["evt_1", "evt_2", "evt_3", "evt_4", "evt_5", "evt_6", "evt_7"]).await;
    let claimed = claim(storage, 1, 5, 10).await;
    let failed = claimed.iter().map(|one| outcome(one, Some("status 500"), DeliveryState::Pending, 10));
    storage.webhooks().complete(&failed.collect::<Vec<_>>(), at(11)).await.unwrap();
    assert!(claim(storage, 1, 9, 40).await.is_empty(), "it is open for 30 s");
    assert!(storage.webhooks().due(at(40), WebhookId(0), 9).await.unwrap().is_empty());
    assert_eq!(all(storage, &p, 1).await[0], ("evt_7".to_owned(), DeliveryState::Pending, 0), "no attempt was spent");
    assert!(storage.webhooks().due(at(41), WebhookId(0), 9).await.unwrap()[0].one_at_a_time);
    let probes = join_all((0..4).map(|_| claim(storage, 1, 9, 41))).await;
    let probes = probes.into_iter().flatten().collect::<Vec<_>>();
    assert_eq!(event_ids(&probes), ["evt_6"]);
    fail(storage, &probes[0], 42).await;
    assert!(claim(storage, 1, 9, 101).await.is_empty(), "the pause has doubled");
    let probe = claim(storage, 1, 9, 102).await.remove(0);
    let delivered = outcome(&probe, None, DeliveryState::Delivered, 103);
    storage.webhooks().complete(&[delivered], at(103)).await.unwrap();
    assert_eq!(claim(storage, 1, 9, 103).await.len(), 6, "one success closes it");
}

pub async fn a_receiver_that_is_gone_is_disabled(storage: &dyn Storage) {
    let p = project(storage, "p").await;
    create(storage, &webhook(&p, 1, &["account.created"])).await;
    queue(storage, &p, &["evt_1", "evt_2"]).await;
    let claimed = claim(storage, 1, 1, 10).await.remove(0);
    let gone = AttemptOutcome { is_gone: true, ..outcome(&claimed, Some("410 Gone"), DeliveryState::Dead, 10) };
    storage.webhooks().complete(&[gone], at(10)).await.unwrap();
    let stored = storage.webhooks().get(&p, WebhookId(1)).await.unwrap().unwrap();
    assert_eq!((stored.enabled, stored.disabled_reason.as_deref()), (false, Some("410 Gone")));
    assert_eq!(stored.health.failing_since(), Some(at(10)));
    assert!(claim(storage, 1, 9, 99).await.is_empty());
    queue(storage, &p, &["evt_3"]).await;
    let back = Webhook { enabled: true, disabled_reason: None, revision: stored.revision + 1, ..stored.clone() };
    assert!(storage.webhooks().update(&back, stored.revision).await.unwrap());
    assert_eq!(storage.webhooks().get(&p, WebhookId(1)).await.unwrap().unwrap().health, WebhookHealth::default());
    assert_eq!(event_ids(&claim(storage, 1, 9, 99).await), ["evt_2"], "what was queued before goes on");
}

pub async fn deliveries_are_listed_and_replayed(storage: &dyn Storage) {
    let p = project(storage, "p").await;
    create(storage, &webhook(&p, 1, &["account.created", "account.updated"])).await;
    queue(storage, &p, &["evt_1", "evt_2", "evt_3"]).await;
    let later = OutboxEvent { created_at: at(20), ..event(&p, "evt_4", "account.updated") };
    storage.webhooks().record(&later, Audience::Subscribed).await.unwrap();
    let claimed = claim(storage, 1, 3, 10).await;
    let outcomes = [
        outcome(&claimed[0], None, DeliveryState::Delivered, 11),
        outcome(&claimed[1], Some("status 500"), DeliveryState::Dead, 11),
        outcome(&claimed[2], Some("timeout"), DeliveryState::Pending, 11),
    ];
    storage.webhooks().complete(&outcomes, at(12)).await.unwrap();

    let list = async |filter: DeliveryFilter| {
        let filter = DeliveryFilter { limit: filter.limit.max(2), ..filter };
        let found = storage.webhooks().deliveries(&p, WebhookId(1), &filter).await.unwrap();
        found.into_iter().map(|delivery| delivery.event_id).collect::<Vec<_>>()
    };
    let every = DeliveryFilter::default;
    assert_eq!(list(every()).await, ["evt_4", "evt_3"]);
    assert_eq!(list(DeliveryFilter { before: Some(claimed[2].id), ..every() }).await, ["evt_2", "evt_1"]);
    assert_eq!(
        list(DeliveryFilter { states: vec![DeliveryState::Dead, DeliveryState::Delivered], ..every() }).await,
        ["evt_2", "evt_1"]
    );
    assert_eq!(list(DeliveryFilter { event: Some("account.updated".to_owned()), ..every() }).await, ["evt_4"]);
    assert_eq!(list(DeliveryFilter { status: Some(200), ..every() }).await, ["evt_1"]);
    assert_eq!(list(DeliveryFilter { since: Some(at(20)), ..every() }).await, ["evt_4"]);
    assert_eq!(list(DeliveryFilter { until: Some(at(20)), limit: 9, ..every() }).await.len(), 3);

    let replay = |id: &str, which, now: Timestamp| Replay {
        id: id.to_owned(),
        project_id: p.clone(),
        webhook_id: WebhookId(1),
        since: at(0),
        until: None,
        which,
        limit: 100,
        created_at: now,
    };
    let webhooks = storage.webhooks();
    assert_eq!(webhooks.replay_many(&replay("dead", ReplayWhich::Dead, at(13)), 50_000).await.unwrap(), 1);
    assert_eq!(webhooks.replay_many(&replay("failed", ReplayWhich::Failed, at(13)), 50_000).await.unwrap(), 2);
    assert_eq!(webhooks.replay_many(&replay("all", ReplayWhich::All, at(13)), 1_000_000).await.unwrap(), 3);
    let progress = webhooks.replay_progress(&p, "all").await.unwrap().unwrap();
    assert_eq!((progress.total, progress.delivered, progress.dead, progress.created_at), (3, 0, 0, at(13)));
    assert_eq!(webhooks.replay_progress(&ProjectId::new("q"), "all").await.unwrap(), None);
    assert_eq!(event_ids(&claim(storage, 1, 9, 13).await), ["evt_1"], "they are spread");
    let second = claim(storage, 1, 9, 14).await.remove(0);
    assert_eq!((second.event_id.as_str(), second.attempts, second.tries), ("evt_2", 1, 0));
    webhooks.complete(&[outcome(&second, None, DeliveryState::Delivered, 14)], at(14)).await.unwrap();
    let progress = webhooks.replay_progress(&p, "all").await.unwrap().unwrap();
    assert_eq!((progress.delivered, progress.dead), (1, 0));
    let attempts = webhooks.delivery(&p, second.id).await.unwrap().unwrap().attempts;
    assert_eq!(attempts.iter().map(|attempt| attempt.number).collect::<Vec<_>>(), [1, 2]);
    assert!(webhooks.replay(&p, second.id, at(15)).await.unwrap());
    assert_eq!(event_ids(&claim(storage, 1, 9, 15).await), ["evt_2", "evt_3"]);
    assert!(!webhooks.replay(&p, DeliveryId(99_999), at(15)).await.unwrap());
}

pub async fn old_deliveries_are_deleted(storage: &dyn Storage) {
    let p = project(storage, "p").await;
    create(storage, &webhook(&p, 1, &["account.created"])).await;
    queue(storage, &p, &["evt_1", "evt_2", "evt_3"]).await;
    let claimed = claim(storage, 1, 2, 10).await;
    let outcomes = [
        outcome(&claimed[0], None, DeliveryState::Delivered, 11),
        outcome(&claimed[1], Some("status 500"), DeliveryState::Dead, 11),
    ];
    storage.webhooks().complete(&outcomes, at(12)).await.unwrap();
    assert_eq!(storage.webhooks().delete_old(at(10), at(10), 9).await.unwrap(), 0);
    assert_eq!(storage.webhooks().delete_old(at(11), at(10), 9).await.unwrap(), 1);
    assert_eq!(all(storage, &p, 1).await.len(), 2);
    assert_eq!(storage.webhooks().delete_old(at(11), at(11), 1).await.unwrap(), 1);
    assert_eq!(storage.webhooks().delete_old(at(11), at(11), 9).await.unwrap(), 1);
    // The event is gone too: it may be stored anew.
    let again = OutboxEvent { body: "{}".to_owned(), ..event(&p, "evt_1", "account.created") };
    storage.webhooks().record(&again, Audience::Subscribed).await.unwrap();
    assert_eq!(claim(storage, 1, 1, 99).await[0].body, "{}");
}

pub async fn an_alarm_of_a_webhook_is_raised_once(storage: &dyn Storage) {
    let p = project(storage, "p").await;
    create(storage, &webhook(&p, 1, &["account.created"])).await;
    create(storage, &webhook(&p, 2, &["account.created"])).await;
    queue(storage, &p, &["evt_1"]).await;
    assert!(storage.webhooks().failing().await.unwrap().is_empty());
    let claimed = claim(storage, 2, 1, 10).await.remove(0);
    fail(storage, &claimed, 10).await;
    let failing = storage.webhooks().failing().await.unwrap();
    assert_eq!(failing.iter().map(|webhook| webhook.id.0).collect::<Vec<_>>(), [2]);
    assert!(failing[0].health.is_alarm_due(at(90_000)));
    storage.webhooks().set_alarmed(WebhookId(2)).await.unwrap();
    assert!(!storage.webhooks().failing().await.unwrap()[0].health.is_alarm_due(at(90_000)));
}

pub async fn what_waits_is_counted(storage: &dyn Storage) {
    let webhooks = storage.webhooks();
    assert_eq!(webhooks.queue().await.unwrap(), WebhookQueue::default());
    let (p, other) = (project(storage, "p").await, project(storage, "q").await);
    create(storage, &webhook(&p, 1, &["account.created"])).await;
    create(storage, &webhook(&other, 2, &["account.created"])).await;
    queue(storage, &p, &["evt_1", "evt_2", "evt_3"]).await;
    queue(storage, &other, &["evt_4"]).await;
    let oldest = Some(at(10));
    assert_eq!(webhooks.queue().await.unwrap(), WebhookQueue { pending: 4, dead: 0, oldest, open: 0 });
    let claimed = claim(storage, 1, 3, 10).await;
    let outcomes = [
        outcome(&claimed[0], None, DeliveryState::Delivered, 11),
        outcome(&claimed[1], Some("status 500"), DeliveryState::Dead, 11),
    ];
    webhooks.complete(&outcomes, at(12)).await.unwrap();
    assert_eq!(webhooks.queue().await.unwrap(), WebhookQueue { pending: 2, dead: 1, oldest, open: 0 });
}

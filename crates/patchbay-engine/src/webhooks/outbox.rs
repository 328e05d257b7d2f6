//! Which events a change of an account reports. The account's writer stores them in the transaction of the change.

use std::sync::Arc;

use patchbay_model::{Account, AccountStatus, Clock, CredentialExpiry, Entropy, OutboxEvent, PlatformEvent, Timestamp};
use tokio::sync::Notify;

use super::payload::account_body;
use crate::EngineParts;

/// Wakes the task that delivers, after events were stored. Clones share it.
#[derive(Clone, Default)]
pub(crate) struct DeliveryWake(Arc<Notify>);

impl DeliveryWake {
    /// Wakes the task.
    pub(crate) fn wake(&self) {
        self.0.notify_one();
    }

    /// Waits for the next wake. One that came before is not lost.
    pub(crate) async fn woken(&self) {
        self.0.notified().await;
    }
}

/// What changes an account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ChangeKind {
    /// A person or a call.
    Update,
    /// A token refresh: new tokens are not an update.
    Refresh,
    /// Only records about the account change, such as that a notice was sent.
    Records,
}

/// Makes the events of changes of accounts.
pub(crate) struct Outbox {
    clock: Arc<dyn Clock>,
    entropy: Arc<dyn Entropy>,
    wake: DeliveryWake,
}

/// Returns a new id of an event: it has no dot.
pub(crate) fn new_event_id(entropy: &dyn Entropy) -> String {
    format!("evt_{}", entropy.alphanumeric(24))
}

impl Outbox {
    /// Creates the outbox.
    pub(crate) fn new(parts: &EngineParts, wake: DeliveryWake) -> Self {
        Self::of(parts.clock.clone(), parts.entropy.clone(), wake)
    }

    /// Creates the outbox with this clock and randomness.
    pub(crate) fn of(clock: Arc<dyn Clock>, entropy: Arc<dyn Entropy>, wake: DeliveryWake) -> Self {
        Self { clock, entropy, wake }
    }

    /// Wakes the task that delivers.
    pub(crate) fn wake(&self) {
        self.wake.wake();
    }

    /// Returns what the link of an account reports.
    pub(crate) fn linked(&self, account: &Account) -> Vec<OutboxEvent> {
        vec![self.event(PlatformEvent::AccountCreated, account, None, self.clock.now())]
    }

    /// Returns what the deletion of an account reports.
    pub(crate) fn deleted(&self, account: &Account) -> Vec<OutboxEvent> {
        vec![self.event(PlatformEvent::AccountDeleted, account, None, self.clock.now())]
    }

    /// Returns what a change of an account reports.
    pub(crate) fn changed(&self, before: &Account, after: &Account, kind: ChangeKind) -> Vec<OutboxEvent> {
        let now = self.clock.now();
        let mut events = Vec::new();
        let is_update = match kind {
            ChangeKind::Update => true,
            ChangeKind::Refresh => differs_visibly(before, after),
            ChangeKind::Records => false,
        };
        if is_update {
            events.push(self.event(PlatformEvent::AccountUpdated, after, None, now));
        }
        if let Some(event) = status_event(before.status, after.status) {
            events.push(self.event(event, after, None, now));
        }
        for expiry in newly_notified(before, after) {
            events.push(self.event(PlatformEvent::AccountRelinkDue, after, Some(expiry), now));
        }
        events
    }

    fn event(
        &self,
        event: PlatformEvent,
        account: &Account,
        expiry: Option<&CredentialExpiry>,
        now: Timestamp,
    ) -> OutboxEvent {
        let id = new_event_id(&*self.entropy);
        let body = account_body(&id, event, account, expiry, now);
        OutboxEvent {
            id,
            project_id: account.project_id.clone(),
            event: event.as_str().to_owned(),
            matches: vec![event.as_str().to_owned()],
            account_id: Some(account.id.clone()),
            record_id: account.id.as_str().to_owned(),
            body,
            created_at: now,
        }
    }
}

/// Returns whether the API shows a difference other than that of the token.
fn differs_visibly(before: &Account, after: &Account) -> bool {
    before.status != after.status
        || before.status_reasons != after.status_reasons
        || before.setup_information != after.setup_information
        || before.profile_id != after.profile_id
}

/// Returns the event of a change of status.
fn status_event(before: AccountStatus, after: AccountStatus) -> Option<PlatformEvent> {
    match after {
        _ if before == after => None,
        AccountStatus::ReconnectRequired | AccountStatus::Expired => Some(PlatformEvent::AccountReauthRequired),
        AccountStatus::Active => Some(PlatformEvent::AccountReactivated),
        AccountStatus::Revoked => Some(PlatformEvent::AccountRevoked),
        AccountStatus::Suspended | AccountStatus::Archived => None,
    }
}

/// Returns the expiries whose notice a change records as sent.
fn newly_notified<'a>(before: &'a Account, after: &'a Account) -> impl Iterator<Item = &'a CredentialExpiry> {
    after.expiries.iter().filter(|expiry| {
        let was_notified = before.expiries.iter().any(|before| before.is_same(expiry) && before.notified);
        expiry.notified && !was_notified
    })
}

#[cfg(test)]
mod tests {
    use patchbay_model::{
        AccountId, AccountKind, ErrorCode, ExpiryCause, Metadata, Owner, ProfileId, ProjectId, Sealed, StatusReason,
        testing::{ManualClock, SeededEntropy},
    };
    use serde_json::{Value, json};

    use super::*;

    fn now() -> Timestamp {
        crate::testing::NOW.parse().unwrap()
    }

    fn outbox() -> Outbox {
        let clock = Arc::new(ManualClock::at(crate::testing::NOW));
        Outbox { clock, entropy: Arc::new(SeededEntropy::new(4)), wake: DeliveryWake::default() }
    }

    fn account() -> Account {
        Account {
            id: AccountId::new("acc"),
            project_id: ProjectId::new("p-1"),
            profile_id: ProfileId::new("profile"),
            connector: "bamboohr".to_owned(),
            connector_version: "1.0.0".to_owned(),
            auth_config_key: "key".to_owned(),
            environment: "production".to_owned(),
            owner: Owner { id: "customer".to_owned(), name: "Acme".to_owned(), username: None },
            label: None,
            kind: AccountKind::Production,
            shared: false,
            status: AccountStatus::Active,
            status_reasons: Vec::new(),
            setup_information: Metadata::from_iter([("domain".to_owned(), json!("x"))]),
            secrets: [("key".to_owned(), Sealed::from_bytes(vec![1; 40]))].into(),
            token: None,
            missing_scopes: std::collections::BTreeMap::new(),
            refresh_at: None,
            expiries: Vec::new(),
            metadata: Metadata::new(),
            revision: 1,
            created_at: now(),
            updated_at: now(),
        }
    }

    fn later(change: impl FnOnce(&mut Account)) -> Account {
        let mut after = account();
        after.updated_at = after.updated_at.plus_seconds(5);
        change(&mut after);
        after
    }

    fn names(events: &[OutboxEvent]) -> Vec<&str> {
        events.iter().map(|event| event.event.as_str()).collect()
    }

    #[test]
    fn each_change_reports_its_events() {
        let outbox = outbox();
        let changed = |after: &Account, kind| {
            let events = outbox.changed(&account(), after, kind);
            names(&events).into_iter().map(str::to_owned).collect::<Vec<_>>()
        };
        assert_eq!(names(&outbox.linked(&account())), ["account.created"]);
        assert_eq!(names(&outbox.deleted(&account())), ["account.deleted"]);
        assert_eq!(
            changed(&later(|account| account.label = Some("x".to_owned())), ChangeKind::Update),
            ["account.updated"]
        );
        assert_eq!(changed(&later(|account| account.secrets.clear()), ChangeKind::Update), ["account.updated"]);
        assert!(
            changed(&later(|account| account.secrets.clear()), ChangeKind::Refresh).is_empty(),
            "new tokens are not an update"
        );
        for (status, expected) in [
            (AccountStatus::ReconnectRequired, &["account.updated", "account.reauth_required"][..]),
            (AccountStatus::Expired, &["account.updated", "account.reauth_required"]),
            (AccountStatus::Revoked, &["account.updated", "account.revoked"]),
            (AccountStatus::Suspended, &["account.updated"]),
            (AccountStatus::Archived, &["account.updated"]),
        ] {
            for kind in [ChangeKind::Update, ChangeKind::Refresh] {
                assert_eq!(changed(&later(|account| account.status = status), kind), expected, "{status:?}");
            }
            let back = outbox.changed(&later(|account| account.status = status), &account(), ChangeKind::Refresh);
            assert_eq!(names(&back), ["account.updated", "account.reactivated"], "{status:?}");
        }
        let expiry = CredentialExpiry::new(ExpiryCause::RefreshToken, now(), now());
        let mut before = account();
        before.expiries = vec![expiry.clone()];
        let mut notified = before.clone();
        notified.expiries[0].notified = true;
        assert_eq!(names(&outbox.changed(&before, &notified, ChangeKind::Records)), ["account.relink_due"]);
        assert!(outbox.changed(&notified, &notified, ChangeKind::Records).is_empty());
    }

    #[test]
    fn a_body_says_which_account_and_has_no_secret() {
        let (outbox, moment) = (outbox(), now().to_rfc3339());
        let reason = StatusReason {
            code: Some(ErrorCode::AccountRevoked.to_string()),
            description: Some("by the operator".to_owned()),
            timestamp: now(),
        };
        let revoked = later(|account| {
            account.status = AccountStatus::Revoked;
            account.status_reasons = vec![reason];
        });
        let events = outbox.changed(&account(), &revoked, ChangeKind::Update);
        let bodies = events.iter().map(|event| serde_json::from_str::<Value>(&event.body).unwrap()).collect::<Vec<_>>();
        assert_eq!(
            bodies[1],
            json!({
                "delivery_id": events[1].id, "project_id": "p-1", "event": "account.revoked", "event_date": moment,
                "record_type": "account", "record_id": "acc", "sent_at": moment, "account_id": "acc", "provider": "bamboohr",
                "origin_owner_id": "customer", "origin_owner_name": "Acme", "origin_username": null, "status": "error",
                "reason": {"code": ErrorCode::AccountRevoked, "description": "by the operator"},
                "setup_information": {"domain": "x"},
            })
        );
        assert_eq!(bodies[0].get("reason"), None);
        assert!(events.iter().all(|event| !event.id.contains('.') && event.id.len() == 28));
        assert_ne!(events[0].id, events[1].id);
    }

    #[test]
    fn a_large_body_leaves_the_setup_information_out() {
        let huge = later(|account| drop(account.setup_information.insert("x".to_owned(), json!("y".repeat(300_000)))));
        let events = outbox().linked(&huge);
        let body = serde_json::from_str::<Value>(&events[0].body).unwrap();
        assert_eq!((body["truncated"].clone(), body.get("setup_information")), (json!(true), None));
        assert_eq!(body["record_id"], "acc");
    }
}

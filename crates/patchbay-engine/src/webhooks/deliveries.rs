//! The deliveries of a project's webhooks: list, read, replay, and events that the operator's own software reports.

use std::sync::Arc;

use patchbay_model::{
    Account, AccountId, ApiScope, Audience, Clock, Delivery, DeliveryId, Entropy, OutboxEvent, PlatformEvent,
    ProjectId, Replay, ReplayProgress, ReplayWhich, Timestamp, Webhook, WebhookId,
};
use patchbay_storage::{DeliveryFilter, DeliveryRecord, Storage};

use super::{
    manage::{webhook_disabled, webhook_not_found},
    outbox::{DeliveryWake, new_event_id},
    payload::{account_body, reported_body},
    rules::is_event_type,
};
use crate::{
    Caller, EngineParts, Error, ErrorCode, Field,
    accounts::store::CachedAccounts,
    validation::{invalid_at, shortened},
};

/// The number of deliveries of a page.
const MAX_PAGE: u32 = 100;
/// The number of deliveries that one replay takes at most.
const MAX_REPLAYED: u32 = 10_000;
/// The time between two deliveries of a replay: 20 a second.
const REPLAY_SPACING_MICROS: i64 = 50_000;
/// The number of events that one request reports at most.
const MAX_REPORTED: usize = 100;
/// The longest id of a record.
const MAX_RECORD_ID_CHARS: usize = 512;

/// Which deliveries to replay.
#[derive(Clone, Copy, Debug)]
pub struct ReplayRequest {
    /// Those that were queued at or after this moment.
    pub since: Timestamp,
    /// Those that were queued before this moment.
    pub until: Option<Timestamp>,
    /// Those in these states.
    pub which: ReplayWhich,
    /// The number at most.
    pub limit: u32,
}

/// An event that the operator's software reports.
#[derive(Clone, Debug)]
pub struct ReportedEvent {
    /// Its name.
    pub event: String,
    /// The id of the record that it concerns.
    pub record_id: String,
}

/// The deliveries of all projects.
pub struct Deliveries {
    storage: Arc<dyn Storage>,
    accounts: Arc<CachedAccounts>,
    clock: Arc<dyn Clock>,
    entropy: Arc<dyn Entropy>,
    wake: DeliveryWake,
}

/// Returns 404 `DeliveryNotFoundError`.
fn delivery_not_found(id: DeliveryId) -> Error {
    Error::new(ErrorCode::DeliveryNotFound, format!("this project has no delivery {id}"))
}

impl Deliveries {
    pub(crate) fn new(parts: &EngineParts, accounts: Arc<CachedAccounts>, wake: DeliveryWake) -> Self {
        let (storage, clock, entropy) = (parts.storage.clone(), parts.clock.clone(), parts.entropy.clone());
        Self { storage, accounts, clock, entropy, wake }
    }

    /// Lists deliveries of a webhook, newest first, and returns whether there are more. Scope: `platform:read`.
    ///
    /// # Errors
    ///
    /// 400 `ValidationError`; 403 `MissingScopeError`; 404 `WebhookNotFoundError`.
    pub async fn list(
        &self,
        caller: &Caller,
        webhook: WebhookId,
        filter: DeliveryFilter,
    ) -> Result<(Vec<Delivery>, bool), Error> {
        caller.require(ApiScope::PlatformRead)?;
        if !(1..=MAX_PAGE).contains(&filter.limit) {
            return Err(invalid_at(Field::PageSize, "range", format!("the page size must be from 1 to {MAX_PAGE}")));
        }
        self.webhook(&caller.project_id, webhook).await?;
        let limit = usize::try_from(filter.limit).unwrap_or(usize::MAX);
        let one_more = DeliveryFilter { limit: filter.limit + 1, ..filter };
        let mut found = self.storage.webhooks().deliveries(&caller.project_id, webhook, &one_more).await?;
        let has_more = found.len() > limit;
        found.truncate(limit);
        Ok((found, has_more))
    }

    /// Returns a delivery with its body and attempts. Scope: `platform:read`.
    ///
    /// # Errors
    ///
    /// 403 `MissingScopeError`; 404 `DeliveryNotFoundError`.
    pub async fn get(&self, caller: &Caller, id: DeliveryId) -> Result<DeliveryRecord, Error> {
        caller.require(ApiScope::PlatformRead)?;
        let found = self.storage.webhooks().delivery(&caller.project_id, id).await?;
        found.ok_or_else(|| delivery_not_found(id))
    }

    /// Attempts a delivery again, at once and then by the whole schedule. Scope: `platform:write`.
    ///
    /// # Errors
    ///
    /// 403 `MissingScopeError`; 404 `DeliveryNotFoundError`; 409 `WebhookDisabledError`.
    pub async fn replay(&self, caller: &Caller, id: DeliveryId) -> Result<DeliveryRecord, Error> {
        caller.require(ApiScope::PlatformWrite)?;
        let project = &caller.project_id;
        let found = self.storage.webhooks().delivery(project, id).await?.ok_or_else(|| delivery_not_found(id))?;
        self.enabled(project, found.delivery.webhook_id).await?;
        if !self.storage.webhooks().replay(project, id, self.clock.now()).await? {
            return Err(delivery_not_found(id));
        }
        tracing::info!(audit = true, delivery = id.0, project = %project, "a delivery to a webhook was replayed");
        self.wake.wake();
        let replayed = self.storage.webhooks().delivery(project, id).await?;
        replayed.ok_or_else(|| delivery_not_found(id))
    }

    /// Attempts many deliveries again, 20 a second. Scope: `platform:write`.
    ///
    /// # Errors
    ///
    /// 400 `ValidationError`; 403 `MissingScopeError`; 404 `WebhookNotFoundError`; 409 `WebhookDisabledError`.
    pub async fn replay_many(
        &self,
        caller: &Caller,
        webhook: WebhookId,
        request: ReplayRequest,
    ) -> Result<ReplayProgress, Error> {
        caller.require(ApiScope::PlatformWrite)?;
        if !(1..=MAX_REPLAYED).contains(&request.limit) {
            return Err(invalid_at(Field::Limit, "range", format!("limit must be from 1 to {MAX_REPLAYED}")));
        }
        if request.until.is_some_and(|until| until <= request.since) {
            return Err(invalid_at(Field::Until, "range", "until must be after since"));
        }
        let project = &caller.project_id;
        self.enabled(project, webhook).await?;
        let (id, now) = (format!("rpl_{}", self.entropy.alphanumeric(24)), self.clock.now());
        let replay = Replay {
            id: id.clone(),
            project_id: project.clone(),
            webhook_id: webhook,
            since: request.since,
            until: request.until,
            which: request.which,
            limit: request.limit,
            created_at: now,
        };
        let total = self.storage.webhooks().replay_many(&replay, REPLAY_SPACING_MICROS).await?;
        tracing::info!(
            audit = true, webhook = webhook.0, project = %project, total, "deliveries to a webhook were replayed"
        );
        self.wake.wake();
        Ok(ReplayProgress { id, webhook_id: webhook, total, delivered: 0, dead: 0, created_at: now })
    }

    /// Returns how far a replay is. Scope: `platform:read`.
    ///
    /// # Errors
    ///
    /// 403 `MissingScopeError`; 404 `DeliveryNotFoundError`.
    pub async fn replay_progress(&self, caller: &Caller, id: &str) -> Result<ReplayProgress, Error> {
        caller.require(ApiScope::PlatformRead)?;
        let found = self.storage.webhooks().replay_progress(&caller.project_id, id).await?;
        found.ok_or_else(|| {
            Error::new(ErrorCode::DeliveryNotFound, format!("this project has no replay `{}`", shortened(id)))
        })
    }

    /// Delivers events that the operator's software reports to one webhook. Returns for each whether it was queued, or why not.
    /// Scope: `platform:write`.
    ///
    /// # Errors
    ///
    /// 400 `ValidationError`; 403 `MissingScopeError`; 404 `WebhookNotFoundError`, `AccountNotFoundError`; 409
    /// `WebhookDisabledError`.
    pub async fn report(
        &self,
        caller: &Caller,
        webhook: WebhookId,
        account: &AccountId,
        events: &[ReportedEvent],
    ) -> Result<Vec<Result<(), String>>, Error> {
        caller.require(ApiScope::PlatformWrite)?;
        if !(1..=MAX_REPORTED).contains(&events.len()) {
            let message = format!("a request reports from 1 to {MAX_REPORTED} events");
            return Err(invalid_at(Field::Events, "length", message));
        }
        self.enabled(&caller.project_id, webhook).await?;
        let account = self.accounts.get(&caller.project_id, account).await?;
        let mut outcomes = Vec::with_capacity(events.len());
        for event in events {
            outcomes.push(match self.reported(&account, event) {
                Ok(event) => {
                    self.storage.webhooks().record(&event, Audience::Only(webhook)).await?;
                    Ok(())
                }
                Err(why) => Err(why),
            });
        }
        self.wake.wake();
        Ok(outcomes)
    }

    fn reported(&self, account: &Account, reported: &ReportedEvent) -> Result<OutboxEvent, String> {
        let ReportedEvent { event, record_id } = reported;
        let (id, now) = (new_event_id(&*self.entropy), self.clock.now());
        if record_id.is_empty() || record_id.chars().nth(MAX_RECORD_ID_CHARS).is_some() {
            return Err(format!("record_id must have from 1 to {MAX_RECORD_ID_CHARS} characters"));
        }
        let body = match event.parse::<PlatformEvent>() {
            Ok(PlatformEvent::WebhookFailing) => return Err("only Patchbay reports `webhook.failing`".to_owned()),
            Ok(_) if record_id != account.id.as_str() => {
                return Err("record_id of an event of an account must be the account's id".to_owned());
            }
            Ok(event) => account_body(&id, event, account, None, now),
            Err(_) if is_event_type(event) => reported_body(&id, event, record_id, account, now),
            Err(_) => {
                return Err("event can have letters, digits, `.`, `_`, `-`, `/` and `:`, at most 200 in all".to_owned());
            }
        };
        Ok(OutboxEvent {
            id,
            project_id: account.project_id.clone(),
            event: event.clone(),
            matches: Vec::new(),
            account_id: Some(account.id.clone()),
            record_id: record_id.clone(),
            body,
            created_at: now,
        })
    }

    async fn webhook(&self, project: &ProjectId, id: WebhookId) -> Result<Webhook, Error> {
        self.storage.webhooks().get(project, id).await?.ok_or_else(|| webhook_not_found(id))
    }

    /// Checks that a webhook exists and is enabled.
    async fn enabled(&self, project: &ProjectId, id: WebhookId) -> Result<(), Error> {
        if self.webhook(project, id).await?.enabled { Ok(()) } else { Err(webhook_disabled(id)) }
    }
}

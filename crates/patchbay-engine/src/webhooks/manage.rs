//! The webhooks of a project: create, list, change, delete, rotate the secret, send a test.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
    time::Duration,
};

use patchbay_model::{
    ApiScope, Audience, Clock, Entropy, OutboxEvent, ProjectId, Timestamp, Webhook, WebhookHealth, WebhookId,
    WebhookSecret,
};
use patchbay_runtime::Host;
use patchbay_storage::{Storage, StorageError};
use patchbay_vault::{Secret, Vault};
use url::Url;

use super::{
    outbox::{DeliveryWake, new_event_id},
    payload::{WebhookFacts, webhook_body},
    rules::WebhookChecks,
    sealed, signature,
};
use crate::{Caller, EngineParts, Error, ErrorCode, Field, validation::invalid_at};

/// The number of webhooks of a project.
const MAX_WEBHOOKS: u32 = 50;
/// How many times a change is applied when other changes conflict with it.
const MAX_CHANGE_ATTEMPTS: usize = 8;
/// How long the previous secret signs too, unless the caller says otherwise, and at most.
const DEFAULT_OVERLAP: Duration = Duration::from_hours(24);
const MAX_OVERLAP: Duration = Duration::from_hours(7 * 24);
/// The message for a URL of another origin without the fixed headers.
const HEADERS_OF_ANOTHER_ORIGIN: &str = "the new url has another origin, and the headers were entered for the old one; send \
    headers too: all that deliveries to the new url have, or {} for none";
/// The event of a test.
const TEST_EVENT: &str = "webhook.test";

/// The values of a new webhook. Not `Debug`: its headers may contain secrets.
#[derive(Clone)]
pub struct NewWebhook {
    /// Its label.
    pub name: Option<String>,
    /// Where deliveries are sent.
    pub url: String,
    /// The events of Patchbay that it receives.
    pub events: Vec<String>,
    /// The events of connectors that it receives.
    pub connector_events: Vec<String>,
    /// Whether deliveries are made.
    pub enabled: bool,
    /// Whether deliveries are made one at a time, in the order of the events.
    pub ordered: bool,
    /// Fixed headers of each delivery.
    pub headers: BTreeMap<String, String>,
}

/// Changes of a webhook; `None` keeps a value. Not `Debug`: its headers may contain secrets.
#[derive(Clone, Default)]
pub struct WebhookPatch {
    /// Its label; `Some(None)` removes it.
    pub name: Option<Option<String>>,
    /// Where deliveries are sent.
    pub url: Option<String>,
    /// The events of Patchbay that it receives.
    pub events: Option<Vec<String>>,
    /// The events of connectors that it receives.
    pub connector_events: Option<Vec<String>>,
    /// Whether deliveries are made.
    pub enabled: Option<bool>,
    /// Whether deliveries are made one at a time.
    pub ordered: Option<bool>,
    /// Fixed headers of each delivery: all of them.
    pub headers: Option<BTreeMap<String, String>>,
}

/// What a webhook's receiver is like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HealthState {
    /// Deliveries are made.
    Ok,
    /// No delivery has succeeded for an hour.
    Failing,
    /// The circuit breaker is open: deliveries wait.
    Open,
    /// No deliveries are made.
    Disabled,
}

/// A webhook as the operator sees it.
#[derive(Clone, Debug)]
pub struct WebhookView {
    /// The webhook.
    pub webhook: Arc<Webhook>,
    /// The names of its fixed headers. Their values are not shown again.
    pub header_names: Vec<String>,
    /// What its receiver is like.
    pub state: HealthState,
    /// Since when it is like that; none if it is fine.
    pub since: Option<Timestamp>,
}

impl WebhookView {
    /// Returns the events of Patchbay that it receives.
    pub fn events(&self) -> impl Iterator<Item = &str> {
        self.webhook.subscriptions.iter().map(String::as_str).filter(|name| !name.contains(':'))
    }

    /// Returns the events of connectors that it receives.
    pub fn connector_events(&self) -> impl Iterator<Item = &str> {
        self.webhook.subscriptions.iter().map(String::as_str).filter(|name| name.contains(':'))
    }
}

/// A webhook with its secret, which is shown only once.
#[derive(Debug)]
pub struct WebhookWithSecret {
    /// The webhook.
    pub view: WebhookView,
    /// The secret.
    pub secret: Secret,
}

/// The webhooks of all projects.
pub struct Webhooks {
    storage: Arc<dyn Storage>,
    vault: Arc<Vault>,
    host: Arc<Host>,
    clock: Arc<dyn Clock>,
    entropy: Arc<dyn Entropy>,
    wake: DeliveryWake,
}

/// Returns 404 `WebhookNotFoundError`.
pub(super) fn webhook_not_found(id: WebhookId) -> Error {
    Error::new(ErrorCode::WebhookNotFound, format!("this project has no webhook {id}"))
}

/// Returns 409 `WebhookDisabledError`.
pub(super) fn webhook_disabled(id: WebhookId) -> Error {
    Error::new(
        ErrorCode::WebhookDisabled,
        format!("webhook {id} is disabled, so nothing is delivered to it; enable it"),
    )
}

impl Webhooks {
    pub(crate) fn new(parts: &EngineParts, host: Arc<Host>, wake: DeliveryWake) -> Self {
        Self {
            storage: parts.storage.clone(),
            vault: parts.vault.clone(),
            host,
            clock: parts.clock.clone(),
            entropy: parts.entropy.clone(),
            wake,
        }
    }

    /// Lists the project's webhooks, oldest first. Scope: `platform:read`.
    ///
    /// # Errors
    ///
    /// 403 `MissingScopeError`.
    pub async fn list(&self, caller: &Caller) -> Result<Vec<WebhookView>, Error> {
        caller.require(ApiScope::PlatformRead)?;
        let webhooks = self.storage.webhooks().list(&caller.project_id).await?;
        webhooks.into_iter().map(|webhook| self.view(webhook)).collect()
    }

    /// Returns a webhook. Scope: `platform:read`.
    ///
    /// # Errors
    ///
    /// 403 `MissingScopeError`; 404 `WebhookNotFoundError`.
    pub async fn get(&self, caller: &Caller, id: WebhookId) -> Result<WebhookView, Error> {
        caller.require(ApiScope::PlatformRead)?;
        self.view(self.read(&caller.project_id, id).await?)
    }

    /// Adds a webhook with a new secret. Scope: `platform:write`.
    ///
    /// # Errors
    ///
    /// 400 `ValidationError`; 403 `MissingScopeError`; 409 `WebhookLimitError`.
    pub async fn create(&self, caller: &Caller, new: NewWebhook) -> Result<WebhookWithSecret, Error> {
        caller.require(ApiScope::PlatformWrite)?;
        let mut checks = WebhookChecks::default();
        checks.name(new.name.as_deref());
        let url = checks.url(&new.url, &self.host);
        let subscriptions = checks.subscriptions(&new.events, &new.connector_events);
        checks.headers(&new.headers);
        checks.finish()?;
        let (now, id, project) = (self.clock.now(), self.new_id(), &caller.project_id);
        let secret = signature::new_secret(&*self.entropy);
        let mut webhook = Webhook {
            id,
            project_id: project.clone(),
            name: new.name,
            url: url.unwrap_or(new.url),
            subscriptions,
            enabled: new.enabled,
            disabled_reason: None,
            ordered: new.ordered,
            secrets: BTreeMap::from([sealed::seal(&self.vault, project, id, WebhookSecret::Current, &secret)]),
            previous_until: None,
            health: WebhookHealth::default(),
            revision: 1,
            created_at: now,
            updated_at: now,
        };
        self.set_headers(&mut webhook, &new.headers);
        if !self.storage.webhooks().create(&webhook, MAX_WEBHOOKS).await? {
            let message = format!("the project has {MAX_WEBHOOKS} webhooks, which is the maximum; delete one");
            return Err(Error::new(ErrorCode::WebhookLimit, message));
        }
        Ok(WebhookWithSecret { view: self.view(webhook)?, secret })
    }

    /// Changes a webhook. Its fixed headers were entered for the origin of its URL: a change of the origin must give them anew. Scope:
    /// `platform:write`.
    ///
    /// # Errors
    ///
    /// 400 `ValidationError`, also for another origin without the headers; 403 `MissingScopeError`; 404 `WebhookNotFoundError`; 409 `ConflictError`.
    pub async fn patch(&self, caller: &Caller, id: WebhookId, patch: &WebhookPatch) -> Result<WebhookView, Error> {
        caller.require(ApiScope::PlatformWrite)?;
        let url = self.check(patch)?;
        let changed = self.change(&caller.project_id, id, |webhook| {
            if let Some(name) = &patch.name {
                webhook.name.clone_from(name);
            }
            if let Some(url) = &url {
                let keeps_headers =
                    patch.headers.is_none() && webhook.secrets.contains_key(WebhookSecret::Headers.as_str());
                if keeps_headers && !has_origin_of(&webhook.url, url) {
                    return Err(invalid_at(Field::Headers, "address_changed", HEADERS_OF_ANOTHER_ORIGIN));
                }
                webhook.url.clone_from(url);
            }
            replace_kind(&mut webhook.subscriptions, patch.events.as_deref(), |name| !name.contains(':'));
            replace_kind(&mut webhook.subscriptions, patch.connector_events.as_deref(), |name| name.contains(':'));
            if webhook.subscriptions.is_empty() {
                return Err(invalid_at(Field::Events, "required", "a webhook needs at least one event"));
            }
            if let Some(enabled) = patch.enabled {
                webhook.enabled = enabled;
                webhook.disabled_reason = None;
            }
            webhook.ordered = patch.ordered.unwrap_or(webhook.ordered);
            if let Some(headers) = &patch.headers {
                self.set_headers(webhook, headers);
            }
            Ok(())
        });
        let changed = changed.await?;
        self.wake.wake();
        self.view(changed)
    }

    /// Deletes a webhook with its deliveries. Scope: `platform:write`.
    ///
    /// # Errors
    ///
    /// 403 `MissingScopeError`; 404 `WebhookNotFoundError`.
    pub async fn delete(&self, caller: &Caller, id: WebhookId) -> Result<(), Error> {
        caller.require(ApiScope::PlatformWrite)?;
        let is_deleted = self.storage.webhooks().delete(&caller.project_id, id).await?;
        if is_deleted { Ok(()) } else { Err(webhook_not_found(id)) }
    }

    /// Replaces the secret. Until the overlap (by default a day) ends, the previous one signs too. Scope: `platform:write`.
    ///
    /// # Errors
    ///
    /// 400 `ValidationError` if the overlap is longer than seven days; 403 `MissingScopeError`; 404 `WebhookNotFoundError`; 409
    /// `ConflictError`.
    pub async fn rotate_secret(
        &self,
        caller: &Caller,
        id: WebhookId,
        overlap_seconds: Option<u64>,
    ) -> Result<WebhookWithSecret, Error> {
        caller.require(ApiScope::PlatformWrite)?;
        let overlap = overlap_seconds.map_or(DEFAULT_OVERLAP, Duration::from_secs);
        if overlap > MAX_OVERLAP {
            let message = format!("overlap_seconds can be at most {} (seven days)", MAX_OVERLAP.as_secs());
            return Err(invalid_at(Field::Overlap, "range", message));
        }
        let secret = signature::new_secret(&*self.entropy);
        let changed = self.change(&caller.project_id, id, |webhook| {
            let previous = sealed::open(&self.vault, webhook, WebhookSecret::Current)?.filter(|_| !overlap.is_zero());
            let (project, secrets) = (webhook.project_id.clone(), &mut webhook.secrets);
            secrets.remove(WebhookSecret::Previous.as_str());
            webhook.previous_until = previous.as_ref().map(|_| self.clock.now().plus(overlap));
            let seal = |what, secret: &Secret| sealed::seal(&self.vault, &project, id, what, secret);
            secrets.extend(previous.map(|previous| seal(WebhookSecret::Previous, &previous)));
            secrets.extend([seal(WebhookSecret::Current, &secret)]);
            Ok(())
        });
        let view = self.view(changed.await?)?;
        tracing::info!(audit = true, webhook = id.0, project = %caller.project_id, "the secret of a webhook was rotated");
        Ok(WebhookWithSecret { view, secret })
    }

    /// Queues a delivery of an event `webhook.test` and returns the event's id. Scope: `platform:write`.
    ///
    /// # Errors
    ///
    /// 403 `MissingScopeError`; 404 `WebhookNotFoundError`; 409 `WebhookDisabledError`.
    pub async fn test(&self, caller: &Caller, id: WebhookId) -> Result<String, Error> {
        caller.require(ApiScope::PlatformWrite)?;
        let webhook = self.read(&caller.project_id, id).await?;
        if !webhook.enabled {
            return Err(webhook_disabled(id));
        }
        let (event_id, now) = (new_event_id(&*self.entropy), self.clock.now());
        let facts = WebhookFacts {
            id: &event_id,
            event: TEST_EVENT,
            project: &caller.project_id,
            webhook: id,
            failing_since: None,
            last_error: None,
        };
        let event = OutboxEvent {
            id: event_id.clone(),
            project_id: caller.project_id.clone(),
            event: TEST_EVENT.to_owned(),
            matches: Vec::new(),
            account_id: None,
            record_id: id.to_string(),
            body: webhook_body(&facts, now),
            created_at: now,
        };
        self.storage.webhooks().record(&event, Audience::Only(id)).await?;
        self.wake.wake();
        Ok(event_id)
    }

    /// Checks a change. Returns the URL as it is stored, if the change has one.
    fn check(&self, patch: &WebhookPatch) -> Result<Option<String>, Error> {
        let mut checks = WebhookChecks::default();
        checks.name(patch.name.as_ref().and_then(Option::as_deref));
        let url = patch.url.as_deref().and_then(|url| checks.url(url, &self.host));
        let (events, connector_events) = (patch.events.as_deref(), patch.connector_events.as_deref());
        if events.is_some_and(|list| !list.is_empty()) || connector_events.is_some_and(|list| !list.is_empty()) {
            checks.subscriptions(events.unwrap_or_default(), connector_events.unwrap_or_default());
        }
        if let Some(headers) = &patch.headers {
            checks.headers(headers);
        }
        checks.finish()?;
        Ok(url)
    }

    /// Changes a webhook as it is stored, and again if another change was written first.
    async fn change(
        &self,
        project: &ProjectId,
        id: WebhookId,
        mut change: impl FnMut(&mut Webhook) -> Result<(), Error>,
    ) -> Result<Webhook, Error> {
        for _ in 0..MAX_CHANGE_ATTEMPTS {
            let mut webhook = self.read(project, id).await?;
            let read_revision = webhook.revision;
            change(&mut webhook)?;
            webhook.revision += 1;
            webhook.updated_at = self.clock.now();
            match self.storage.webhooks().update(&webhook, read_revision).await {
                Ok(true) => return self.read(project, id).await,
                Ok(false) => return Err(webhook_not_found(id)),
                Err(StorageError::Conflict(_)) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Err(Error::new(ErrorCode::Conflict, "other requests change the webhook at the same time; try again"))
    }

    async fn read(&self, project: &ProjectId, id: WebhookId) -> Result<Webhook, Error> {
        self.storage.webhooks().get(project, id).await?.ok_or_else(|| webhook_not_found(id))
    }

    /// Returns a random number below 2^47: numbers of webhooks are stored in several databases, and never given twice.
    fn new_id(&self) -> WebhookId {
        let mut bytes = [0; 8];
        self.entropy.fill(&mut bytes);
        WebhookId(i64::from_le_bytes(bytes) & ((1 << 47) - 1))
    }

    fn set_headers(&self, webhook: &mut Webhook, headers: &BTreeMap<String, String>) {
        webhook.secrets.remove(WebhookSecret::Headers.as_str());
        if headers.is_empty() {
            return;
        }
        // A map of strings always serializes.
        let text = Secret::new(serde_json::to_string(headers).unwrap_or_default());
        webhook.secrets.extend([sealed::seal(
            &self.vault,
            &webhook.project_id,
            webhook.id,
            WebhookSecret::Headers,
            &text,
        )]);
    }

    fn view(&self, webhook: Webhook) -> Result<WebhookView, Error> {
        let now = self.clock.now();
        let header_names = sealed::headers(&self.vault, &webhook)?.into_keys().collect();
        let failing_since = webhook.health.failing_since();
        let (state, since) = if !webhook.enabled {
            (HealthState::Disabled, Some(webhook.updated_at.max(failing_since.unwrap_or(webhook.updated_at))))
        } else if webhook.health.open_until().is_some() {
            (HealthState::Open, failing_since)
        } else if webhook.health.is_failing(now) {
            (HealthState::Failing, failing_since)
        } else {
            (HealthState::Ok, None)
        };
        Ok(WebhookView { webhook: Arc::new(webhook), header_names, state, since })
    }
}

/// Returns true if two URLs have one origin (scheme, host and port). A text that is not a URL has none.
fn has_origin_of(one: &str, other: &str) -> bool {
    matches!((Url::parse(one), Url::parse(other)), (Ok(one), Ok(other)) if one.origin() == other.origin())
}

/// Replaces the subscriptions of one kind.
fn replace_kind(subscriptions: &mut BTreeSet<String>, names: Option<&[String]>, is_kind: impl Fn(&str) -> bool) {
    if let Some(names) = names {
        subscriptions.retain(|name| !is_kind(name));
        subscriptions.extend(names.iter().cloned());
    }
}

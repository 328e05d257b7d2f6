//! Webhooks.

use std::collections::BTreeMap;

use patchbay_engine::{Error, ErrorCode, HealthState, NewWebhook, WebhookPatch, WebhookView, WebhookWithSecret};
use patchbay_model::{Timestamp, WebhookId};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::patch::nullable;

/// Returns the number of a webhook in a path.
///
/// # Errors
///
/// 404 `WebhookNotFoundError` for what is not a number.
pub(crate) fn webhook_id(text: &str) -> Result<WebhookId, Error> {
    let not_found = || {
        let shown = text.chars().filter(|c| !c.is_control()).take(64).collect::<String>();
        Error::new(ErrorCode::WebhookNotFound, format!("this project has no webhook `{shown}`"))
    };
    text.parse().map(WebhookId).map_err(|_| not_found())
}

/// A webhook: an address of your software that receives events.
#[derive(Serialize, ToSchema)]
#[schema(as = Webhook)]
pub(crate) struct WebhookOut {
    /// Its number.
    #[schema(minimum = 0, example = 70_368_744_177_001_i64)]
    id: i64,
    /// A label for people.
    #[schema(required, example = "Production")]
    name: Option<String>,
    /// Where deliveries are sent.
    #[schema(format = "uri", example = "https://app.example.com/patchbay")]
    url: String,
    /// The events of Patchbay that it receives.
    #[schema(value_type = Vec<PlatformEventOut>)]
    events: Vec<String>,
    /// The events of connectors that it receives: `CONNECTOR:TYPE`, `CONNECTOR:*`, or `*:*` for all.
    connector_events: Vec<String>,
    /// Whether deliveries are made.
    enabled: bool,
    /// Whether deliveries are made one at a time, in the order of the events.
    ordered: bool,
    /// The names of the headers that each delivery has besides. Their values are not shown again.
    headers: Vec<String>,
    /// Until when the previous secret signs too; null if only one does.
    #[schema(value_type = Option<String>, format = DateTime, required)]
    previous_secret_until: Option<Timestamp>,
    health: WebhookHealthOut,
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
    #[schema(value_type = String, format = DateTime)]
    updated_at: Timestamp,
}

/// What the receiver of a webhook is like.
#[derive(Serialize, ToSchema)]
#[schema(as = WebhookHealth)]
pub(crate) struct WebhookHealthOut {
    state: HealthStateOut,
    /// Since when; null if all is well.
    #[schema(value_type = Option<String>, format = DateTime, required)]
    since: Option<Timestamp>,
    /// The last delivery that the receiver accepted.
    #[schema(value_type = Option<String>, format = DateTime, required)]
    last_success_at: Option<Timestamp>,
    /// Why the last failed attempt failed, or why Patchbay disabled the webhook.
    #[schema(required)]
    last_error: Option<String>,
}

/// `ok`; `failing` if no delivery has succeeded for an hour; `open` while deliveries wait because the last ones failed;
/// `disabled`.
#[derive(Clone, Copy, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = WebhookHealthState)]
pub(crate) enum HealthStateOut {
    Ok,
    Failing,
    Open,
    Disabled,
}

impl From<HealthState> for HealthStateOut {
    fn from(state: HealthState) -> Self {
        match state {
            HealthState::Ok => Self::Ok,
            HealthState::Failing => Self::Failing,
            HealthState::Open => Self::Open,
            HealthState::Disabled => Self::Disabled,
        }
    }
}

/// An event of Patchbay.
#[derive(ToSchema)]
#[schema(as = PlatformEvent)]
#[expect(dead_code, reason = "the schema of the names of events")]
pub(crate) enum PlatformEventOut {
    #[schema(rename = "account.created")]
    AccountCreated,
    #[schema(rename = "account.updated")]
    AccountUpdated,
    #[schema(rename = "account.deleted")]
    AccountDeleted,
    #[schema(rename = "account.reauth_required")]
    AccountReauthRequired,
    #[schema(rename = "account.reactivated")]
    AccountReactivated,
    #[schema(rename = "account.relink_due")]
    AccountRelinkDue,
    #[schema(rename = "account.revoked")]
    AccountRevoked,
    #[schema(rename = "webhook.failing")]
    WebhookFailing,
}

impl WebhookOut {
    pub(crate) fn new(view: &WebhookView) -> Self {
        let webhook = &view.webhook;
        Self {
            id: webhook.id.0,
            name: webhook.name.clone(),
            url: webhook.url.clone(),
            events: view.events().map(str::to_owned).collect(),
            connector_events: view.connector_events().map(str::to_owned).collect(),
            enabled: webhook.enabled,
            ordered: webhook.ordered,
            headers: view.header_names.clone(),
            previous_secret_until: webhook.previous_until,
            health: WebhookHealthOut {
                state: view.state.into(),
                since: view.since,
                last_success_at: webhook.health.last_success_at(),
                last_error: webhook.disabled_reason.clone().or_else(|| webhook.health.last_error.clone()),
            },
            created_at: webhook.created_at,
            updated_at: webhook.updated_at,
        }
    }
}

/// A webhook with its secret, which is shown once.
#[derive(Serialize, ToSchema)]
#[schema(as = WebhookWithSecret)]
pub(crate) struct WebhookWithSecretOut {
    #[serde(flatten)]
    webhook: WebhookOut,
    /// The secret that signs deliveries.
    #[schema(example = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD")]
    secret: String,
}

impl WebhookWithSecretOut {
    pub(crate) fn new(created: &WebhookWithSecret) -> Self {
        Self { webhook: WebhookOut::new(&created.view), secret: created.secret.expose().to_owned() }
    }
}

/// The webhooks of a project.
#[derive(Serialize, ToSchema)]
#[schema(as = WebhookList)]
pub(crate) struct WebhookListOut {
    pub(crate) data: Vec<WebhookOut>,
}

const fn yes() -> bool {
    true
}

/// A new webhook.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct CreateWebhook {
    /// A label for people.
    #[serde(default)]
    #[schema(max_length = 100, example = "Production")]
    name: Option<String>,
    /// Where deliveries are sent. Only https, unless the operator allows the network of the address.
    #[schema(max_length = 2000, format = "uri", example = "https://app.example.com/patchbay")]
    url: String,
    /// The events of Patchbay that it receives.
    #[serde(default)]
    #[schema(value_type = Vec<PlatformEventOut>)]
    events: Vec<String>,
    /// The events of connectors that it receives: `CONNECTOR:TYPE`, `CONNECTOR:*`, or `*:*` for all.
    #[serde(default)]
    #[schema(max_items = 200)]
    connector_events: Vec<String>,
    /// Whether deliveries are made.
    #[serde(default = "yes")]
    #[schema(default = true)]
    enabled: bool,
    /// Whether deliveries are made one at a time, in the order of the events. One that fails holds the others back.
    #[serde(default)]
    ordered: bool,
    /// Headers that each delivery has besides, for example `authorization`. They are sealed.
    #[serde(default)]
    headers: BTreeMap<String, String>,
}

impl From<CreateWebhook> for NewWebhook {
    fn from(body: CreateWebhook) -> Self {
        let CreateWebhook { name, url, events, connector_events, enabled, ordered, headers } = body;
        Self { name, url, events, connector_events, enabled, ordered, headers }
    }
}

/// The changes to a webhook; absent members leave their value as it is.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[expect(clippy::option_option, reason = "absent keeps the label, null removes it")]
pub(crate) struct PatchWebhook {
    /// A label for people; null removes it.
    #[serde(default, deserialize_with = "nullable")]
    #[schema(value_type = Option<String>, max_length = 100)]
    name: Option<Option<String>>,
    /// Where deliveries are sent.
    #[serde(default)]
    #[schema(max_length = 2000, format = "uri", nullable = false)]
    url: Option<String>,
    /// The events of Patchbay that it receives: all of them.
    #[serde(default)]
    #[schema(value_type = Option<Vec<PlatformEventOut>>, nullable = false)]
    events: Option<Vec<String>>,
    /// The events of connectors that it receives: all of them.
    #[serde(default)]
    #[schema(max_items = 200, nullable = false)]
    connector_events: Option<Vec<String>>,
    /// Whether deliveries are made. What was queued before it was disabled is delivered when it is enabled again.
    #[serde(default)]
    #[schema(nullable = false)]
    enabled: Option<bool>,
    /// Whether deliveries are made one at a time, in the order of the events.
    #[serde(default)]
    #[schema(nullable = false)]
    ordered: Option<bool>,
    /// Headers that each delivery has besides: all of them.
    #[serde(default)]
    #[schema(nullable = false)]
    headers: Option<BTreeMap<String, String>>,
}

impl From<PatchWebhook> for WebhookPatch {
    fn from(body: PatchWebhook) -> Self {
        let PatchWebhook { name, url, events, connector_events, enabled, ordered, headers } = body;
        Self { name, url, events, connector_events, enabled, ordered, headers }
    }
}

/// How a secret is replaced.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct RotateSecret {
    /// How long the previous secret signs too, in seconds: from 0 to seven days, by default a day.
    #[serde(default)]
    #[schema(maximum = 604_800, default = 86_400, nullable = false)]
    pub(crate) overlap_seconds: Option<u64>,
}

/// A test that was queued.
#[derive(Serialize, ToSchema)]
#[schema(as = QueuedTest)]
pub(crate) struct QueuedTestOut {
    /// The event's id: `webhook-id` of the delivery.
    #[schema(example = "evt_7rT0mVQ2nX5cJ8wLk3Zp1YbH")]
    pub(crate) event_id: String,
}

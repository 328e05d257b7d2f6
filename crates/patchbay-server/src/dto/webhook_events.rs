//! The bodies of deliveries, for the OpenAPI document's `webhooks`. The engine makes the bodies; a test compares their members
//! with these schemas.

use patchbay_model::{PlatformEvent, Timestamp};
use serde::Deserialize;
use serde_json::{Map, Value, json};
use utoipa::ToSchema;

use super::{account_status::AccountStatusOut, shared::JsonObject, webhooks::PlatformEventOut};

/// An event of an account.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = AccountEvent)]
#[expect(dead_code, reason = "the schema of a body that the engine makes")]
pub(crate) struct AccountEventOut {
    /// The event's id: equal to the header `webhook-id`, and the same for every attempt and replay.
    #[schema(example = "evt_7rT0mVQ2nX5cJ8wLk3Zp1YbH")]
    delivery_id: String,
    #[schema(example = "acme-10001")]
    project_id: String,
    #[schema(value_type = PlatformEventOut)]
    event: String,
    #[schema(value_type = String, format = DateTime)]
    event_date: Timestamp,
    #[schema(example = "account")]
    record_type: String,
    /// The account's id.
    record_id: String,
    #[schema(value_type = String, format = DateTime)]
    sent_at: Timestamp,
    account_id: String,
    /// The connector's key.
    #[schema(example = "bamboohr")]
    provider: String,
    origin_owner_id: String,
    origin_owner_name: String,
    #[schema(required)]
    origin_username: Option<String>,
    /// The account's status after the change.
    #[schema(value_type = AccountStatusOut)]
    status: String,
    /// Why the account has this status; in `account.reauth_required` and `account.revoked`.
    #[serde(default)]
    #[schema(nullable = false)]
    reason: Option<EventReasonOut>,
    /// The credential that expires; in `account.relink_due`.
    #[serde(default)]
    #[schema(nullable = false)]
    expiry: Option<EventExpiryOut>,
    /// The values of the account's fields that are not secret.
    #[serde(default)]
    #[schema(value_type = Option<JsonObject>, nullable = false)]
    setup_information: Option<Map<String, Value>>,
    /// Present if the body would be larger than 256 KiB: `setup_information` is left out.
    #[serde(default)]
    #[schema(required = false)]
    truncated: bool,
}

/// Why an account has its status.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = AccountEventReason)]
#[expect(dead_code, reason = "the schema of a body that the engine makes")]
pub(crate) struct EventReasonOut {
    /// A stable code.
    #[schema(required, example = "AccountInvalidCredentialsError")]
    code: Option<String>,
    /// A sentence for people.
    #[schema(required)]
    description: Option<String>,
}

/// A credential that expires.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = AccountEventExpiry)]
#[expect(dead_code, reason = "the schema of a body that the engine makes")]
pub(crate) struct EventExpiryOut {
    #[schema(example = "refresh_token")]
    cause: String,
    #[schema(value_type = String, format = DateTime)]
    ends_at: Timestamp,
}

/// An event that a connector emitted, or that your software reported.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = ConnectorEvent)]
#[expect(dead_code, reason = "the schema of a body that the engine makes")]
pub(crate) struct ConnectorEventOut {
    /// The event's id: equal to the header `webhook-id`.
    delivery_id: String,
    project_id: String,
    /// Its type.
    #[schema(example = "contract.signed")]
    event: String,
    #[schema(value_type = String, format = DateTime)]
    event_date: Timestamp,
    #[schema(example = "event")]
    record_type: String,
    /// The event's id at the provider, if it has one.
    record_id: String,
    #[schema(value_type = String, format = DateTime)]
    sent_at: Timestamp,
    #[serde(default)]
    #[schema(nullable = false)]
    account_id: Option<String>,
    /// The connector's key.
    #[serde(default)]
    #[schema(nullable = false)]
    provider: Option<String>,
    #[serde(default)]
    #[schema(nullable = false)]
    origin_owner_id: Option<String>,
    #[serde(default)]
    #[schema(nullable = false)]
    origin_owner_name: Option<String>,
    #[serde(default)]
    origin_username: Option<String>,
    /// What the connector emitted.
    #[serde(default)]
    event_data: Option<Value>,
    /// Present if the body would be larger than 256 KiB: `event_data` is left out.
    #[serde(default)]
    #[schema(required = false)]
    truncated: bool,
}

/// An event about a webhook.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = WebhookEvent)]
#[expect(dead_code, reason = "the schema of a body that the engine makes")]
pub(crate) struct WebhookEventOut {
    /// The event's id: equal to the header `webhook-id`.
    delivery_id: String,
    project_id: String,
    /// `webhook.failing`, or `webhook.test`.
    event: String,
    #[schema(value_type = String, format = DateTime)]
    event_date: Timestamp,
    #[schema(example = "webhook")]
    record_type: String,
    record_id: String,
    #[schema(value_type = String, format = DateTime)]
    sent_at: Timestamp,
    /// The webhook that it concerns.
    webhook_id: i64,
    /// Since when no delivery to it has succeeded.
    #[serde(default)]
    #[schema(value_type = Option<String>, format = DateTime, nullable = false)]
    failing_since: Option<Timestamp>,
    /// Why the last attempt failed.
    #[serde(default)]
    #[schema(nullable = false)]
    last_error: Option<String>,
}

fn header(name: &str, description: &str) -> Value {
    json!({ "name": name, "in": "header", "required": true, "description": description, "schema": { "type": "string" } })
}

fn operation(id: &str, summary: &str, schema: &str) -> Value {
    json!({
        "post": {
            "operationId": id,
            "tags": ["Webhooks"],
            "summary": summary,
            "parameters": [
                header("webhook-id", "The event's id, the same for every attempt and replay: use it to drop repeats."),
                header("webhook-timestamp", "The time of the attempt, in seconds since 1970."),
                header("webhook-signature", "`v1,` and the base64 of HMAC-SHA256 over `id.timestamp.body`; one for each secret, separated by spaces."),
                header("x-stackone-signature", "base64url without padding of HMAC-SHA256 over the body."),
            ],
            "requestBody": {
                "required": true,
                "content": { "application/json": { "schema": { "$ref": format!("#/components/schemas/{schema}") } } },
            },
            "responses": {
                "2XX": { "description": "The event was accepted. Anything else is a failure, and the delivery is attempted again." },
                "410": { "description": "The receiver is gone for good: the webhook is disabled." },
            },
        },
    })
}

/// Returns the document's `webhooks`.
pub(crate) fn document() -> Value {
    let mut webhooks = Map::new();
    for event in PlatformEvent::ALL {
        let (schema, summary) = match event {
            PlatformEvent::AccountCreated => ("AccountEvent", "An account was linked."),
            PlatformEvent::AccountUpdated => ("AccountEvent", "An account changed."),
            PlatformEvent::AccountDeleted => ("AccountEvent", "An account was deleted."),
            PlatformEvent::AccountReauthRequired => ("AccountEvent", "A person must reconnect an account."),
            PlatformEvent::AccountReactivated => ("AccountEvent", "An account is active again."),
            PlatformEvent::AccountRelinkDue => ("AccountEvent", "A credential of an account expires soon."),
            PlatformEvent::AccountRevoked => ("AccountEvent", "An account was revoked."),
            PlatformEvent::WebhookFailing => ("WebhookEvent", "Deliveries to another webhook have failed for a day."),
        };
        let id = format!("webhook_{}", event.as_str().replace('.', "_"));
        webhooks.insert(event.as_str().to_owned(), operation(&id, summary, schema));
    }
    webhooks.insert("webhook.test".to_owned(), operation("webhook_webhook_test", "A test.", "WebhookEvent"));
    let summary = "An event that a connector emitted, or that your software reported.";
    webhooks.insert("connector.event".to_owned(), operation("webhook_connector_event", summary, "ConnectorEvent"));
    Value::Object(webhooks)
}

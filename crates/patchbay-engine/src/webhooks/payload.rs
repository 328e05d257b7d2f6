//! The bodies of events.
//!
//! A body is stored as the bytes that every attempt sends, in the transaction of the change that it reports. Therefore it is made
//! here and not in the server, with the names of the wire. The server's schemas of the events have the same fields; a test compares
//! them.

use patchbay_model::{
    Account, AccountId, AccountStatus, CredentialExpiry, Metadata, PlatformEvent, ProjectId, Timestamp, WebhookId,
};
use patchbay_runtime::EmittedEvent;
use serde::Serialize;
use serde_json::Value;

/// The largest body. Of a larger one, what can be read elsewhere is left out.
pub(crate) const MAX_BODY_BYTES: usize = 256 * 1024;

/// What every body begins with.
#[derive(Serialize)]
struct Head<'a> {
    delivery_id: &'a str,
    project_id: &'a ProjectId,
    event: &'a str,
    event_date: Timestamp,
    record_type: &'a str,
    record_id: &'a str,
    sent_at: Timestamp,
}

/// The account that an event concerns.
#[derive(Serialize)]
struct AccountPart<'a> {
    account_id: &'a AccountId,
    provider: &'a str,
    origin_owner_id: &'a str,
    origin_owner_name: &'a str,
    origin_username: Option<&'a str>,
}

#[derive(Serialize)]
struct AccountBody<'a> {
    #[serde(flatten)]
    head: Head<'a>,
    #[serde(flatten)]
    account: AccountPart<'a>,
    status: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<Reason<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    expiry: Option<Expiry<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    setup_information: Option<&'a Metadata>,
    #[serde(skip_serializing_if = "is_false")]
    truncated: bool,
}

/// Why an account has its status.
#[derive(Serialize)]
struct Reason<'a> {
    code: Option<&'a str>,
    description: Option<&'a str>,
}

/// A credential that expires.
#[derive(Serialize)]
struct Expiry<'a> {
    cause: &'a str,
    ends_at: Timestamp,
}

#[derive(Serialize)]
struct ConnectorBody<'a> {
    #[serde(flatten)]
    head: Head<'a>,
    #[serde(flatten)]
    account: Option<AccountPart<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    event_data: Option<&'a Value>,
    #[serde(skip_serializing_if = "is_false")]
    truncated: bool,
}

#[derive(Serialize)]
struct WebhookBody<'a> {
    #[serde(flatten)]
    head: Head<'a>,
    webhook_id: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    failing_since: Option<Timestamp>,
    #[serde(skip_serializing_if = "Option::is_none")]
    last_error: Option<&'a str>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
fn is_false(value: &bool) -> bool {
    !value
}

/// Returns the status as the API names it.
const fn wire_status(status: AccountStatus) -> &'static str {
    match status {
        AccountStatus::ReconnectRequired | AccountStatus::Revoked => "error",
        other => other.as_str(),
    }
}

fn account_part(account: &Account) -> AccountPart<'_> {
    AccountPart {
        account_id: &account.id,
        provider: &account.connector,
        origin_owner_id: &account.owner.id,
        origin_owner_name: &account.owner.name,
        origin_username: account.owner.username.as_deref(),
    }
}

fn to_text(body: &impl Serialize) -> String {
    // The bodies consist of strings, numbers and JSON values, which always serialize.
    serde_json::to_string(body).unwrap_or_default()
}

/// Returns the body of an event about an account. It has no secret: the setup information of an account has none.
pub(crate) fn account_body(
    id: &str,
    event: PlatformEvent,
    account: &Account,
    expiry: Option<&CredentialExpiry>,
    now: Timestamp,
) -> String {
    let explains = matches!(event, PlatformEvent::AccountReauthRequired | PlatformEvent::AccountRevoked);
    let reason = account.status_reasons.last().filter(|_| explains);
    let mut body = AccountBody {
        head: Head {
            delivery_id: id,
            project_id: &account.project_id,
            event: event.as_str(),
            event_date: now,
            record_type: "account",
            record_id: account.id.as_str(),
            sent_at: now,
        },
        account: account_part(account),
        status: wire_status(account.status),
        reason: reason
            .map(|reason| Reason { code: reason.code.as_deref(), description: reason.description.as_deref() }),
        expiry: expiry.map(|expiry| Expiry { cause: expiry.cause.as_str(), ends_at: expiry.at }),
        setup_information: Some(&account.setup_information),
        truncated: false,
    };
    let text = to_text(&body);
    if text.len() <= MAX_BODY_BYTES {
        return text;
    }
    (body.setup_information, body.truncated) = (None, true);
    to_text(&body)
}

/// Returns the body of an event that a connector emitted. Data that make it too large are left out.
pub(crate) fn connector_body(id: &str, event: &EmittedEvent, account: Option<&Account>, now: Timestamp) -> String {
    let record_id = event.event_id.as_deref().unwrap_or(id);
    let mut body = ConnectorBody {
        head: Head {
            delivery_id: id,
            project_id: &event.project_id,
            event: &event.event_type,
            event_date: event.event_date,
            record_type: "event",
            record_id,
            sent_at: now,
        },
        account: account.map(account_part),
        event_data: Some(&event.data),
        truncated: false,
    };
    let text = to_text(&body);
    if text.len() <= MAX_BODY_BYTES {
        return text;
    }
    (body.event_data, body.truncated) = (None, true);
    to_text(&body)
}

/// Returns the body of an event about a record, which the operator's software reported.
pub(crate) fn reported_body(id: &str, event: &str, record_id: &str, account: &Account, now: Timestamp) -> String {
    to_text(&ConnectorBody {
        head: Head {
            delivery_id: id,
            project_id: &account.project_id,
            event,
            event_date: now,
            record_type: "event",
            record_id,
            sent_at: now,
        },
        account: Some(account_part(account)),
        event_data: None,
        truncated: false,
    })
}

/// What an event about a webhook says of it.
pub(crate) struct WebhookFacts<'a> {
    pub(crate) id: &'a str,
    pub(crate) event: &'a str,
    pub(crate) project: &'a ProjectId,
    pub(crate) webhook: WebhookId,
    pub(crate) failing_since: Option<Timestamp>,
    pub(crate) last_error: Option<&'a str>,
}

/// Returns the body of an event about a webhook: a test, or that it fails.
pub(crate) fn webhook_body(facts: &WebhookFacts<'_>, now: Timestamp) -> String {
    to_text(&WebhookBody {
        head: Head {
            delivery_id: facts.id,
            project_id: facts.project,
            event: facts.event,
            event_date: facts.failing_since.unwrap_or(now),
            record_type: "webhook",
            record_id: &facts.webhook.to_string(),
            sent_at: now,
        },
        webhook_id: facts.webhook.0,
        failing_since: facts.failing_since,
        last_error: facts.last_error,
    })
}

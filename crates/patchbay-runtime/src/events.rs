//! Events that connectors emit (`emit_event`) and that Patchbay emits about accounts (`account.relink_due`).
//!
//! A receiver, for example webhooks to the operator's own software, implements [`EventSink`] and is passed to the engine's
//! `set_event_sink`. Without a receiver, an event is only the output of its step.

use async_trait::async_trait;
use patchbay_model::{AccountId, CallId, ProfileId, ProjectId, Timestamp};
use serde_json::Value;

use crate::Error;

/// An event. The account's secrets are redacted in it.
#[derive(Clone, Debug, PartialEq)]
pub struct EmittedEvent {
    /// The project.
    pub project_id: ProjectId,
    /// The account; `None` while it is being linked.
    pub account_id: Option<AccountId>,
    /// The profile that the action ran under.
    pub profile_id: ProfileId,
    /// The connector's key.
    pub connector: String,
    /// The public id of the action that emitted it; `None` for an event of Patchbay itself.
    pub action: Option<String>,
    /// The id of the run that emitted it; a new id for an event of Patchbay itself.
    pub call_id: CallId,
    /// The type, for example `contract.signed`.
    pub event_type: String,
    /// The id at the provider, which identifies repeated deliveries; `None` if the provider has none.
    pub event_id: Option<String>,
    /// The time of the event; the current time if the connector does not provide one.
    pub event_date: Timestamp,
    /// The payload.
    pub data: Value,
}

/// Receives events.
#[async_trait]
pub trait EventSink: Send + Sync {
    /// Stores an event durably: an accepted event must not be lost.
    ///
    /// # Errors
    ///
    /// Any error fails the step that emitted the event.
    async fn emit(&self, event: EmittedEvent) -> Result<(), Error>;
}

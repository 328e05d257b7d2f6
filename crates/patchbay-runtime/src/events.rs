//! Events that connectors make (`emit_event`) and that Patchbay tells of accounts (`account.relink_due`), and where they
//! go.
//!
//! This is a seam: who wants to hear them (webhooks to the operator's own software) implements [`EventSink`] and
//! hands it to [`crate::Engine::set_event_sink`]. Until then an event is only what its step answers.

use async_trait::async_trait;
use patchbay_model::{AccountId, CallId, ProfileId, ProjectId, Timestamp};
use serde_json::Value;

use crate::Error;

/// An event. The account's secrets are redacted in it.
#[derive(Clone, Debug, PartialEq)]
pub struct EmittedEvent {
    /// The tenant.
    pub project_id: ProjectId,
    /// The account that it concerns; none while linking.
    pub account_id: Option<AccountId>,
    /// The profile that the action ran under.
    pub profile_id: ProfileId,
    /// The connector's key.
    pub connector: String,
    /// The public id of the action that made it; none for what Patchbay itself tells of an account.
    pub action: Option<String>,
    /// The run that made it; for what Patchbay itself tells an id of its own.
    pub call_id: CallId,
    /// What happened, such as `contract.signed`.
    pub event_type: String,
    /// Its id at the provider, by which repeats are known; none where the provider gives none.
    pub event_id: Option<String>,
    /// When it happened; the present moment where the connector does not say.
    pub event_date: Timestamp,
    /// What it carries.
    pub data: Value,
}

/// Takes events in.
#[async_trait]
pub trait EventSink: Send + Sync {
    /// Takes one in for good: what this answers with `Ok` may not be lost. An error fails the step.
    async fn emit(&self, event: EmittedEvent) -> Result<(), Error>;
}

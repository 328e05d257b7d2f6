//! The `events` block: how a provider's events are subscribed to, recognized and handled.

use std::{sync::Arc, time::Duration};

use super::{Action, Guide, ValueTemplate, Verification};
use crate::expr::Template;

/// The `events` block.
#[derive(Debug, Default)]
pub struct EventDefinitions {
    /// How a subscription is created and deleted at the provider.
    pub setup: Option<EventSetup>,
    /// How a person creates a subscription by hand.
    pub guide: Option<Guide>,
    /// The actions that handle events.
    pub actions: Vec<Arc<Action>>,
    /// Which action handles which event.
    pub router: Option<EventRouter>,
    /// The action that returns the provider's id of the account that an event belongs to.
    pub account_extractor: Option<Arc<Action>>,
    /// How a delivery proves that the provider sent it; any one that fits suffices. Empty only if nothing is received.
    pub verification: Vec<Verification>,
    /// A secret that the provider sends once, before it signs anything.
    pub capture: Option<Capture>,
    /// The requests of the provider that are not events, but that it expects a certain response to.
    pub handshakes: Vec<EventHandshake>,
    /// The response to a stored delivery.
    pub acknowledge: Acknowledgement,
    /// What identifies a repeated delivery; the body if absent.
    pub dedupe: Option<Template>,
    /// The provider's name of the event's type.
    pub event_type: Option<Template>,
    /// The lists that are read regularly, because the provider has no webhooks for them.
    pub polling: Vec<Polling>,
}

impl EventDefinitions {
    /// Returns true if the connector handles deliveries of the provider, which have to be verified.
    pub fn receives(&self) -> bool {
        self.router.is_some() || !self.actions.is_empty()
    }

    /// Returns every template that reads a delivery: `body`, `headers`, `query`, `path`, `method` and `url`.
    pub(crate) fn delivery_templates(&self) -> Vec<&Template> {
        let mut found = Vec::new();
        self.verification.iter().for_each(|verification| verification.templates(&mut found));
        if let Some(capture) = &self.capture {
            found.extend([&capture.when, &capture.value]);
        }
        for handshake in &self.handshakes {
            handshake.templates(&mut found);
        }
        found.extend(self.dedupe.iter().chain(&self.event_type));
        found
    }
}

/// The actions that manage a subscription at the provider.
#[derive(Debug)]
pub struct EventSetup {
    /// Creates the subscription.
    pub creation: Option<Arc<Action>>,
    /// Responds to the provider's challenge.
    pub activation: Option<Arc<Action>>,
    /// Deletes the subscription.
    pub deletion: Option<Arc<Action>>,
    /// Renews a subscription that ends.
    pub renewal: Option<Renewal>,
    /// Whether one subscription serves every account.
    pub is_consolidated: bool,
}

/// Renews a subscription before it ends.
#[derive(Debug)]
pub struct Renewal {
    /// The action that renews it.
    pub action: Arc<Action>,
    /// The time between the renewal and the end.
    pub before: Duration,
}

/// A secret that the provider sends once. It is kept only while no secret is kept, and every later request is verified
/// with it.
#[derive(Debug)]
pub struct Capture {
    /// Whether a request brings the secret.
    pub when: Template,
    /// The name of the credential; no form has a field of this name.
    pub field: String,
    /// The secret.
    pub value: Template,
}

/// A request that is not an event, and the response that the provider expects.
#[derive(Debug)]
pub struct EventHandshake {
    /// Whether a request is this handshake.
    pub when: Template,
    /// Whether only a verified request gets the response.
    pub verified: bool,
    /// The status of the response, 200 to 299.
    pub status: u16,
    /// The media type: `text/plain` or `application/json`; the second if the body is not a string.
    pub content_type: HandshakeContentType,
    /// The body.
    pub body: Option<ValueTemplate>,
    /// The headers, whose names begin with `x-` or `webhook-`, in lower case.
    pub headers: Vec<(String, Template)>,
}

impl EventHandshake {
    /// Adds every template of the handshake to `found`.
    pub(crate) fn templates<'a>(&'a self, found: &mut Vec<&'a Template>) {
        found.push(&self.when);
        self.response_templates(found);
    }

    /// Adds every template of the response to `found`.
    pub(crate) fn response_templates<'a>(&'a self, found: &mut Vec<&'a Template>) {
        if let Some(body) = &self.body {
            body.templates(&mut |template| found.push(template));
        }
        found.extend(self.headers.iter().map(|(_, value)| value));
    }
}

/// The media type of the response to a handshake. Browsers run neither of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum HandshakeContentType {
    /// `text/plain`.
    #[default]
    Text,
    /// `application/json`.
    Json,
}

/// The response to a stored delivery.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Acknowledgement {
    /// The status, 200 to 299.
    pub status: u16,
    /// The body, which is sent as it is in the file; empty if absent.
    pub body: Option<String>,
}

impl Default for Acknowledgement {
    fn default() -> Self {
        Self { status: 200, body: None }
    }
}

/// A list that is read regularly to find what changed.
#[derive(Debug)]
pub struct Polling {
    /// The local id of the connector's action that returns the list.
    pub action: String,
    /// The inputs of the action; they read `cursor`, which has no value in the first run.
    pub input: Vec<(String, ValueTemplate)>,
    /// The time between two runs, before jitter.
    pub every: Duration,
    /// The path of the items in the action's result; `data` by default.
    pub items: String,
    /// The cursor of the next run; reads `result`, `items` and the earlier `cursor`. With a cursor, a run returns only what
    /// changed, so that an item that it does not return is not deleted.
    pub cursor: Option<Template>,
    /// What identifies an item; reads `item`.
    pub id: Template,
    /// What changes if an item changes; reads `item`; the whole item if absent.
    pub changed: Option<Template>,
    /// The beginning of the events' types: `contract` emits `contract.created`, `contract.updated`, `contract.deleted`.
    pub event_type: String,
}

/// Which action handles which event.
#[derive(Debug)]
pub struct EventRouter {
    /// The rules for a whole delivery, such as a challenge.
    pub delivery: Vec<EventRule>,
    /// Path of the events in the body of a delivery that contains several; `$` if the body is the list.
    pub items_path: Option<String>,
    /// The rules for one event.
    pub rules: Vec<EventRule>,
}

/// A rule; the first rule whose condition is true applies.
#[derive(Debug)]
pub struct EventRule {
    /// The condition; it can read `body`, `headers`, `query`, `path` and `method`.
    pub when: Template,
    /// The local id of the action.
    pub action: String,
    /// The inputs of the action.
    pub input: Vec<(String, ValueTemplate)>,
}

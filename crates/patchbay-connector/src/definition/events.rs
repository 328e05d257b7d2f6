//! The `events` block: how a provider's events are subscribed to, recognised and handed on.

use std::sync::Arc;

use super::{Action, Guide, ValueTemplate};
use crate::expr::Template;

/// The `events` block.
#[derive(Debug, Default)]
pub struct EventDefinitions {
    /// How a subscription lives at the provider.
    pub setup: Option<EventSetup>,
    /// How a person subscribes by hand.
    pub guide: Option<Guide>,
    /// The actions that handle events.
    pub actions: Vec<Arc<Action>>,
    /// Which action handles which event.
    pub router: Option<EventRouter>,
    /// Answers the provider's id of the account that an event is about.
    pub account_extractor: Option<Arc<Action>>,
}

/// A subscription's life at the provider.
#[derive(Debug)]
pub struct EventSetup {
    /// Makes it.
    pub creation: Option<Arc<Action>>,
    /// Answers the provider's challenge.
    pub activation: Option<Arc<Action>>,
    /// Removes it.
    pub deletion: Option<Arc<Action>>,
    /// Whether one subscription serves every account.
    pub is_consolidated: bool,
}

/// Which action handles which event.
#[derive(Debug)]
pub struct EventRouter {
    /// Rules over the delivery as a whole, such as a challenge.
    pub delivery: Vec<EventRule>,
    /// Path of the events in a delivery that holds several.
    pub items_path: Option<String>,
    /// Rules over one event.
    pub rules: Vec<EventRule>,
}

/// A rule: the first whose condition is true decides.
#[derive(Debug)]
pub struct EventRule {
    /// Over `body`, `headers`, `query`, `path` and `method`.
    pub when: Template,
    /// The action's local id.
    pub action: String,
    /// Its inputs.
    pub input: Vec<(String, ValueTemplate)>,
}

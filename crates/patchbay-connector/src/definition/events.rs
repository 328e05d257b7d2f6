//! The `events` block: how a provider's events are subscribed to, recognized and handled.

use std::sync::Arc;

use super::{Action, Guide, ValueTemplate};
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
    /// Whether one subscription serves every account.
    pub is_consolidated: bool,
}

/// Which action handles which event.
#[derive(Debug)]
pub struct EventRouter {
    /// The rules for a whole delivery, such as a challenge.
    pub delivery: Vec<EventRule>,
    /// Path of the events in a delivery that contains several.
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

//! Says what a delivery is: what identifies it, its type, and the actions that handle its events.

use std::sync::Arc;

use aws_lc_rs::digest::{Context, SHA256};
use patchbay_connector::{
    definition::{Action, EventDefinitions, EventRule},
    expr::{Bindings, Escape, EvalError, Template},
};
use serde_json::{Map, Value};

use super::request::Delivery;
use crate::json::at_path;

/// The maximum length of an event's type, in bytes.
pub(super) const MAX_TYPE_BYTES: usize = 200;
/// The maximum number of events of one delivery.
const MAX_EVENTS: usize = 1000;

/// An event of a delivery, with the action that handles it.
#[derive(Clone, Debug)]
pub struct RoutedEvent {
    /// The number of the event in the delivery, from 0; `None` for a rule that handles the whole delivery.
    pub index: Option<usize>,
    /// The event action.
    pub action: Arc<Action>,
    /// The inputs of the action.
    pub input: Map<String, Value>,
    /// The provider's name of the event's type, at most 200 bytes.
    pub event_type: Option<String>,
}

/// Returns what identifies a repeated delivery, 64 hexadecimal digits: the hash of the connector's `dedupe` value, or of the
/// body if it has none.
pub fn dedupe_key(events: &EventDefinitions, delivery: &Delivery<'_>) -> String {
    let declared = events.dedupe.as_ref().and_then(|template| text(template, &delivery.roots(&[template])));
    let mut hash = Context::new(&SHA256);
    match &declared {
        Some(key) => {
            hash.update(b"key:");
            hash.update(key.as_bytes());
        }
        None => {
            hash.update(b"body:");
            hash.update(&delivery.request.body);
        }
    }
    hash.finish().as_ref().iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Returns the provider's name of a delivery's type, cut to 200 bytes.
pub fn event_type(events: &EventDefinitions, delivery: &Delivery<'_>) -> Option<String> {
    let template = events.event_type.as_ref()?;
    type_of(template, &delivery.roots(&[template]))
}

/// Returns the events of a delivery that an action handles. A rule of `delivery` handles the whole delivery; otherwise each
/// event is handled by the first of the `rules` that is true, and an event that none is true for by nothing.
///
/// With `itemsPath`, `body` is one item of the list, and `delivery` the whole body.
///
/// # Errors
///
/// The [`EvalError`] of a rule or an input, or [`EvalError::Large`] for a delivery of more than 1000 events.
pub fn route(events: &EventDefinitions, delivery: &Delivery<'_>) -> Result<Vec<RoutedEvent>, EvalError> {
    let Some(router) = &events.router else { return Ok(Vec::new()) };
    let body = delivery.body();
    if let Some(routed) = matched(events, &router.delivery, delivery, body, None)? {
        return Ok(vec![routed]);
    }
    let items = match router.items_path.as_deref() {
        None => return Ok(matched(events, &router.rules, delivery, body, Some(0))?.into_iter().collect()),
        Some("" | "$") => Some(body),
        Some(path) => at_path(body, path.strip_prefix("$.").unwrap_or(path)),
    };
    let items = items.and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    if items.len() > MAX_EVENTS {
        return Err(EvalError::Large);
    }
    let routed =
        items.iter().enumerate().map(|(index, item)| matched(events, &router.rules, delivery, item, Some(index)));
    routed.filter_map(Result::transpose).collect()
}

/// Returns the event if a rule is true for it.
fn matched(
    events: &EventDefinitions,
    rules: &[EventRule],
    delivery: &Delivery<'_>,
    body: &Value,
    index: Option<usize>,
) -> Result<Option<RoutedEvent>, EvalError> {
    let mut roots = delivery.roots_without_body();
    roots.extend([("body", body), ("delivery", delivery.body())]);
    let bindings = Bindings { roots: &roots };
    for rule in rules {
        if !rule.when.is_truthy(&bindings)? {
            continue;
        }
        let Some(action) = events.actions.iter().find(|action| action.id == rule.action) else { continue };
        let mut input = Map::new();
        for (name, value) in &rule.input {
            input.extend(value.eval(&bindings)?.map(|value| (name.clone(), value)));
        }
        let event_type = events.event_type.as_ref().and_then(|template| type_of(template, &roots));
        return Ok(Some(RoutedEvent { index, action: Arc::clone(action), input, event_type }));
    }
    Ok(None)
}

/// Returns the text of a template that is not empty; one that cannot be evaluated for this delivery has none.
fn text(template: &Template, roots: &[(&str, &Value)]) -> Option<String> {
    template.eval_text(&Bindings { roots }, Escape::None).ok().flatten().filter(|text| !text.is_empty())
}

fn type_of(template: &Template, roots: &[(&str, &Value)]) -> Option<String> {
    let mut found = text(template, roots)?;
    if found.len() > MAX_TYPE_BYTES {
        let end = (0..=MAX_TYPE_BYTES).rev().find(|at| found.is_char_boundary(*at)).unwrap_or_default();
        found.truncate(end);
    }
    Some(found)
}

//! `emit_event`: an event for the operator's webhooks.

use serde_json::{Value, json};

use super::{DependencyScan, FunctionVersion, StepFunctionType};
use crate::{
    expr::{Template, ValueTemplate},
    field_mapping::FieldMapping,
    json_schema::object,
    syntax::Reader,
};

const KEYS: [&str; 1] = ["event"];
const EVENT_KEYS: [&str; 4] = ["eventType", "eventId", "eventDate", "data"];

/// An event for the operator's webhooks.
#[derive(Debug)]
pub struct EmitEvent {
    /// The event's type; `None` if the parameters have no `event`.
    pub event_type: Option<Template>,
    /// The event's id at the provider; events with a known id are dropped.
    pub event_id: Option<Template>,
    /// The time of the event.
    pub event_date: Option<Template>,
    /// The event's data.
    pub data: Option<ValueTemplate>,
}

/// The function `emit_event`.
pub(super) struct EmitEventFunction;

impl StepFunctionType for EmitEventFunction {
    type Parameters = EmitEvent;
    const NAME: &'static str = "emit_event";

    fn read(parameters: Reader<'_>, _: FunctionVersion) -> Option<EmitEvent> {
        let mapping = parameters.parameters(&KEYS)?;
        let Some(event) = mapping.get("event") else {
            return Some(EmitEvent { event_type: None, event_id: None, event_date: None, data: None });
        };
        let event = event.mapping("`event`", &EVENT_KEYS)?;
        Some(EmitEvent {
            event_type: Some(event.require("eventType")?.template()?),
            event_id: event.template("eventId"),
            event_date: event.template("eventDate"),
            data: event.get("data").and_then(|data| ValueTemplate::read(&data)),
        })
    }

    fn templates<'a>(event: &'a EmitEvent, found: &mut Vec<&'a Template>) {
        found.extend(event.event_type.iter().chain(&event.event_id).chain(&event.event_date));
        if let Some(data) = &event.data {
            data.templates(&mut |template| found.push(template));
        }
    }

    fn dependencies<'a>(event: &'a EmitEvent, _: &'a [FieldMapping], found: &mut DependencyScan<'a>) {
        // Without `event` it emits the output of the step before it.
        found.any |= event.event_type.is_none();
    }

    fn schema() -> Value {
        let event = object(&EVENT_KEYS, &["eventType"], &[("data", json!(true))]);
        object(&KEYS, &[], &[("event", event)])
    }
}

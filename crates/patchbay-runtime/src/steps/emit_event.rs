//! `emit_event`: an event for whoever listens; the step's data are the event.

use patchbay_connector::{
    definition::EmitEvent,
    expr::{Bindings, Template},
};
use patchbay_model::Timestamp;
use serde_json::{Map, Value};

use super::typecast::moment;
use crate::{Error, ErrorCode, context::Run, events::EmittedEvent, json::text, response::output::Answer};

/// The most events of one step.
const MOST: usize = 10_000;
/// The longest type and id, in characters.
const LONGEST: usize = 256;

pub(super) async fn run(run: &Run<'_>, step: &EmitEvent) -> Result<Answer, Error> {
    let (given, is_list) = match (&step.event_type, run.last_data()) {
        (Some(kind), _) => (vec![written(run, step, kind)?], false),
        // Without an event of its own it emits what the step before it left.
        (None, Some(Value::Array(items))) => (items.clone(), true),
        (None, Some(Value::Null) | None) => (Vec::new(), true),
        (None, Some(one)) => (vec![one.clone()], false),
    };
    if given.len() > MOST {
        return Err(invalid(run, &format!("it has {} events; at most {MOST} are emitted", given.len())));
    }
    let now = run.host.clock().now();
    let events = given.into_iter().map(|event| checked(run, event, now)).collect::<Result<Vec<_>, _>>()?;
    let mut answers = Vec::with_capacity(events.len());
    for event in events {
        answers.push(shown(&event));
        if let Some(sink) = run.ctx.events {
            sink.emit(event).await?;
        }
    }
    let data = if is_list { Value::Array(answers) } else { answers.pop().unwrap_or(Value::Null) };
    Ok(Answer { data, ..Answer::default() })
}

/// The event as the file writes it.
fn written(run: &Run<'_>, step: &EmitEvent, kind: &Template) -> Result<Value, Error> {
    let roots = run.roots();
    let bindings = Bindings { roots: &roots };
    let mut event = Map::new();
    for (key, template) in
        [("eventType", Some(kind)), ("eventId", step.event_id.as_ref()), ("eventDate", step.event_date.as_ref())]
    {
        let value =
            template.map(|template| template.eval(&bindings)).transpose().map_err(|error| run.broken(&error))?;
        if let Some(value) = value.flatten() {
            event.insert(key.to_owned(), value);
        }
    }
    let data = step.data.as_ref().map(|data| data.eval(&bindings)).transpose().map_err(|error| run.broken(&error))?;
    event.insert("data".to_owned(), data.flatten().unwrap_or(Value::Null));
    Ok(Value::Object(event))
}

/// An event with everything that a listener relies on.
fn checked(run: &Run<'_>, event: Value, now: Timestamp) -> Result<EmittedEvent, Error> {
    let Value::Object(mut members) = event else {
        return Err(invalid(run, "what it emits is no object with `eventType`"));
    };
    let mut name = |key: &str| match members.remove(key) {
        None | Some(Value::Null) => Ok(None),
        Some(value @ (Value::String(_) | Value::Number(_))) => {
            let name = text(&value);
            let fits =
                !name.trim().is_empty() && name.chars().count() <= LONGEST && !name.chars().any(char::is_control);
            if fits {
                return Ok(Some(name));
            }
            let rule = format!("is empty, longer than {LONGEST} characters, or holds a line break");
            Err(invalid(run, &format!("`{key}` {rule}")))
        }
        Some(_) => Err(invalid(run, &format!("`{key}` is no text"))),
    };
    let (event_type, event_id) = (name("eventType")?, name("eventId")?);
    let event_type = event_type.ok_or_else(|| invalid(run, "`eventType` came to nothing"))?;
    let event_date = match members.remove("eventDate") {
        None | Some(Value::Null) => now,
        Some(value) => {
            let written = moment(&value).and_then(|written| written.parse().ok());
            written.ok_or_else(|| invalid(run, "`eventDate` is no ISO 8601 date and no number of seconds"))?
        }
    };
    let mut data = members.remove("data").unwrap_or(Value::Null);
    run.redact(&mut data);
    let facts = &run.ctx.facts;
    Ok(EmittedEvent {
        project_id: facts.project_id.clone(),
        account_id: facts.account_id.clone(),
        profile_id: facts.profile_id.clone(),
        connector: run.ctx.connector.key.clone(),
        action: Some(run.action.public_id.clone()),
        call_id: facts.call_id.clone(),
        event_type,
        event_id,
        event_date,
        data,
    })
}

fn shown(event: &EmittedEvent) -> Value {
    let mut members = Map::new();
    members.insert("eventType".to_owned(), Value::String(event.event_type.clone()));
    if let Some(id) = &event.event_id {
        members.insert("eventId".to_owned(), Value::String(id.clone()));
    }
    members.insert("eventDate".to_owned(), Value::String(event.event_date.to_rfc3339()));
    members.insert("data".to_owned(), event.data.clone());
    Value::Object(members)
}

fn invalid(run: &Run<'_>, why: &str) -> Error {
    let (title, action) = (&run.ctx.connector.title, &run.action.id);
    let message = format!("{title}: `{action}` makes no event that could be emitted: {why}");
    Error::new(ErrorCode::EventInvalid, message)
}

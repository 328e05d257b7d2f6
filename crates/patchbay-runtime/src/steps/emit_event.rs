//! `emit_event`: emits events to the host's event sink. The step's data is the event, or the list of events.

use patchbay_connector::{
    definition::EmitEvent,
    expr::{Bindings, Template},
};
use patchbay_model::Timestamp;
use serde_json::{Map, Value};

use super::typecast::to_timestamp;
use crate::{Error, ErrorCode, context::Run, events::EmittedEvent, json::to_text, response::output::StepOutput};

/// The maximum number of events of one step.
const MAX_EVENTS: usize = 10_000;
/// The maximum length of an event's type and id, in characters.
const MAX_NAME_CHARS: usize = 256;

/// Emits the events. All are checked before the first is emitted.
///
/// # Errors
///
/// 400 `EventInvalidError`, the error of an expression, or the error of the event sink.
pub(super) async fn run(run: &Run<'_>, step: &EmitEvent) -> Result<StepOutput, Error> {
    let (values, is_list) = match (&step.event_type, run.last_data()) {
        (Some(kind), _) => (vec![declared_event(run, step, kind)?], false),
        // Without a declared event it emits the data of the previous step.
        (None, Some(Value::Array(items))) => (items.clone(), true),
        (None, Some(Value::Null) | None) => (Vec::new(), true),
        (None, Some(one)) => (vec![one.clone()], false),
    };
    if values.len() > MAX_EVENTS {
        return Err(invalid(run, &format!("the step has {} events; the limit is {MAX_EVENTS}", values.len())));
    }
    let now = run.host.clock().now();
    let events = values.into_iter().map(|event| validate(run, event, now)).collect::<Result<Vec<_>, _>>()?;
    let mut outputs = Vec::with_capacity(events.len());
    for event in events {
        outputs.push(event_value(&event));
        if let Some(sink) = run.ctx.events {
            run.ctx.effects.inspect(|effects| effects.add());
            sink.emit(event).await?;
        }
    }
    let data = if is_list { Value::Array(outputs) } else { outputs.pop().unwrap_or(Value::Null) };
    Ok(StepOutput { data, ..StepOutput::default() })
}

/// Evaluates the event that the connector declares.
fn declared_event(run: &Run<'_>, step: &EmitEvent, kind: &Template) -> Result<Value, Error> {
    let roots = run.roots();
    let bindings = Bindings { roots: &roots };
    let mut event = Map::new();
    for (key, template) in
        [("eventType", Some(kind)), ("eventId", step.event_id.as_ref()), ("eventDate", step.event_date.as_ref())]
    {
        let value = template
            .map(|template| template.eval(&bindings))
            .transpose()
            .map_err(|error| run.expression_error(&error))?;
        if let Some(value) = value.flatten() {
            event.insert(key.to_owned(), value);
        }
    }
    let data = step
        .data
        .as_ref()
        .map(|data| data.eval(&bindings))
        .transpose()
        .map_err(|error| run.expression_error(&error))?;
    event.insert("data".to_owned(), data.flatten().unwrap_or(Value::Null));
    Ok(Value::Object(event))
}

/// Checks an event and adds the ids of the run.
///
/// # Errors
///
/// 400 `EventInvalidError`.
fn validate(run: &Run<'_>, event: Value, now: Timestamp) -> Result<EmittedEvent, Error> {
    let Value::Object(mut members) = event else {
        return Err(invalid(run, "the event is not an object with `eventType`"));
    };
    let mut name = |key: &str| match members.remove(key) {
        None | Some(Value::Null) => Ok(None),
        Some(value @ (Value::String(_) | Value::Number(_))) => {
            let name = to_text(&value);
            let fits = !name.trim().is_empty()
                && name.chars().count() <= MAX_NAME_CHARS
                && !name.chars().any(char::is_control);
            if fits {
                return Ok(Some(name));
            }
            let reason = format!("is empty, longer than {MAX_NAME_CHARS} characters, or contains a control character");
            Err(invalid(run, &format!("`{key}` {reason}")))
        }
        Some(_) => Err(invalid(run, &format!("`{key}` is not text"))),
    };
    let (event_type, event_id) = (name("eventType")?, name("eventId")?);
    let redacted = |name: String| run.redactor.text(&name).into_owned();
    let (event_type, event_id) = (event_type.map(redacted), event_id.map(redacted));
    let event_type = event_type.ok_or_else(|| invalid(run, "`eventType` is missing"))?;
    let event_date = match members.remove("eventDate") {
        None | Some(Value::Null) => now,
        Some(value) => {
            let written = to_timestamp(&value).and_then(|written| written.parse().ok());
            written.ok_or_else(|| invalid(run, "`eventDate` is neither an ISO 8601 date nor a number of seconds"))?
        }
    };
    let mut data = members.remove("data").unwrap_or(Value::Null);
    run.redact(&mut data);
    let ids = &run.ctx.ids;
    Ok(EmittedEvent {
        project_id: ids.project_id.clone(),
        account_id: ids.account_id.clone(),
        profile_id: ids.profile_id.clone(),
        connector: run.ctx.connector.key.clone(),
        action: Some(run.action.public_id.clone()),
        call_id: ids.call_id.clone(),
        event_type,
        event_id,
        event_date,
        data,
    })
}

/// Returns the event as the step's output shows it.
fn event_value(event: &EmittedEvent) -> Value {
    let mut members = Map::new();
    members.insert("eventType".to_owned(), Value::String(event.event_type.clone()));
    if let Some(id) = &event.event_id {
        members.insert("eventId".to_owned(), Value::String(id.clone()));
    }
    members.insert("eventDate".to_owned(), Value::String(event.event_date.to_rfc3339()));
    members.insert("data".to_owned(), event.data.clone());
    Value::Object(members)
}

fn invalid(run: &Run<'_>, reason: &str) -> Error {
    let (title, action) = (&run.ctx.connector.title, &run.action.id);
    let message = format!("{title}: `{action}` cannot emit its event: {reason}");
    Error::new(ErrorCode::EventInvalid, message)
}

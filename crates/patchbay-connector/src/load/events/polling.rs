//! Reads `polling`.

use std::time::Duration;

use super::{duration, inputs};
use crate::{definition::Polling, diagnostic::code, syntax::Reader};

pub(crate) const KEYS: [&str; 8] = ["action", "input", "every", "items", "cursor", "id", "changed", "type"];
/// The shortest time between two runs: every account of the connector runs the action.
const MIN_EVERY: Duration = Duration::from_mins(5);
/// The longest time between two runs.
const MAX_EVERY: Duration = Duration::from_hours(7 * 24);
/// The maximum length of the beginning of event types, in bytes.
const MAX_TYPE_BYTES: usize = 100;

pub(super) fn read(reader: Reader<'_>) -> Option<Polling> {
    let mapping = reader.mapping("a polled list", &KEYS)?;
    let (action, every, id, kind) =
        (mapping.require("action"), mapping.require("every"), mapping.require("id"), mapping.require("type"));
    let every = every.and_then(|place| duration::read(&place, MIN_EVERY, MAX_EVERY));
    let event_type = kind.and_then(|place| {
        let text = place.text()?;
        let is_name = !text.is_empty()
            && text.len() <= MAX_TYPE_BYTES
            && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.'));
        if !is_name {
            let hint = "write what is in the list, for example `contract`";
            place.error_with_hint(code::INVALID, format!("`{text}` is not the beginning of an event's type"), hint);
        }
        Some(text)
    });
    Some(Polling {
        action: action?.text()?,
        input: inputs(mapping.get("input")),
        every: every?,
        items: mapping.text("items").unwrap_or_else(|| "data".to_owned()),
        cursor: mapping.template("cursor"),
        id: id?.template()?,
        changed: mapping.template("changed"),
        event_type: event_type?,
    })
}

//! `customErrors`: a provider's status that is replaced by another one.

use serde_json::{Value, json};

use crate::{diagnostic::code, expr::Template, json_schema::object, syntax::Reader};

const KEYS: [&str; 4] = ["receivedStatus", "targetStatus", "message", "condition"];

/// A status of the provider that is replaced by another one.
#[derive(Debug)]
pub struct CustomError {
    /// The status that the provider returned.
    pub received_status: u16,
    /// The status that Patchbay returns.
    pub target_status: u16,
    /// The error message that Patchbay returns.
    pub message: Option<Template>,
    /// If present, the status is replaced only when this is true; it can read `response`.
    pub condition: Option<Template>,
}

impl CustomError {
    pub(super) fn read(reader: Reader<'_>) -> Option<Self> {
        let mapping = reader.mapping("a custom error", &KEYS)?;
        let status = |key| {
            let place = mapping.require(key)?;
            let status = place.whole()?;
            let is_valid = (100..=599).contains(&status);
            if !is_valid {
                place.error(code::INVALID, format!("{status} is not an HTTP status; use 100 to 599"));
            }
            is_valid.then(|| u16::try_from(status).ok()).flatten()
        };
        let (received, target) = (status("receivedStatus"), status("targetStatus"));
        Some(Self {
            received_status: received?,
            target_status: target?,
            message: mapping.template("message"),
            condition: mapping.template("condition"),
        })
    }

    pub(super) fn templates<'a>(&'a self, found: &mut Vec<&'a Template>) {
        found.extend(self.message.iter().chain(&self.condition));
    }
}

pub(super) fn schema() -> Value {
    let status = json!({ "type": "integer", "minimum": 100, "maximum": 599 });
    object(&KEYS, &["receivedStatus", "targetStatus"], &[("receivedStatus", status.clone()), ("targetStatus", status)])
}

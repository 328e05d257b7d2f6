//! The schemas of steps and step functions.

use serde_json::{Value, json};

use crate::{
    json_schema::{boolean, list, object, reference},
    load::step,
    step_functions::{self, request},
};

/// Adds the definitions of steps.
pub(super) fn definitions(add: &mut dyn FnMut(&str, Value)) {
    request::definitions(add);
    add("step", step_schema());
    step_functions::definitions(add);
}

fn step_schema() -> Value {
    let mut schema = object(
        &step::KEYS,
        &["stepId"],
        &[
            ("stepFunction", reference("stepFunction")),
            ("stepFunctions", list(&reference("stepFunction"))),
            ("onConditionError", json!({ "enum": [true, false, "true", "false", "break"] })),
            ("ignoreError", boolean()),
            ("async", boolean()),
            ("label", json!(true)),
        ],
    );
    schema["anyOf"] = json!([{ "required": ["stepFunction"] }, { "required": ["stepFunctions"] }]);
    schema
}

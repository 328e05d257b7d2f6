//! The steps of an action.

use crate::{
    definition::{OnConditionError, Step, StepDependencies},
    diagnostic::code,
    step_functions,
    syntax::{NodeValue, Reader},
};

pub(crate) const KEYS: [&str; 12] = [
    "stepId",
    "description",
    "stepFunction",
    "condition",
    "onConditionError",
    "ignoreError",
    "async",
    "successCriteria",
    "failureMessage",
    "iterator",
    "stepFunctions",
    "label",
];

/// Reads a step. Everything is read before an error ends it, so that every mistake is reported at once.
pub(super) fn read(reader: Reader<'_>) -> Option<Step> {
    let mapping = reader.mapping("a step", &KEYS)?;
    let id = mapping.require("stepId").and_then(|id| id.text());
    let more = mapping.items("stepFunctions").into_iter().map(step_functions::read).collect::<Vec<_>>();
    let first = if more.is_empty() || mapping.get("stepFunction").is_some() {
        Some(mapping.require("stepFunction").and_then(step_functions::read))
    } else {
        None
    };
    let mut functions = first.into_iter().chain(more).collect::<Option<Vec<_>>>();
    let function = functions.as_mut().map(|functions| functions.remove(0));
    if mapping.get("description").is_none() {
        reader.warning(code::MISSING_TEXT, "the step has no description");
    }
    if let Some(message) = mapping.get("failureMessage").filter(|_| mapping.get("successCriteria").is_none()) {
        message.warning(code::UNUSED, "`failureMessage` has no effect without `successCriteria`");
    }
    Some(Step {
        description: mapping.text("description"),
        condition: mapping.template("condition"),
        ignore_error: mapping.flag("ignoreError", false),
        on_condition_error: mapping.get("onConditionError").and_then(on_condition_error).unwrap_or_default(),
        is_async: mapping.flag("async", false),
        success_criteria: mapping.template("successCriteria"),
        failure_message: mapping.template("failureMessage"),
        iterator: mapping.template("iterator"),
        id: id?,
        function: function?,
        then: functions?,
        // Set once the action's fields are read, which its mappings use.
        depends_on: StepDependencies::Any,
    })
}

fn on_condition_error(reader: Reader<'_>) -> Option<OnConditionError> {
    match &reader.node.value {
        NodeValue::Bool(true) => Some(OnConditionError::Run),
        NodeValue::Bool(false) => Some(OnConditionError::Skip),
        _ => reader.choice(&[
            ("true", OnConditionError::Run),
            ("false", OnConditionError::Skip),
            ("break", OnConditionError::Break),
        ]),
    }
}

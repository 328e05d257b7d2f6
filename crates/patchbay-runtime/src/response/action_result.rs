//! Assembles the result of an action from the outputs of its steps.

use patchbay_connector::{
    definition::{Action, ActionResult, ValueTemplate},
    expr::Bindings,
};
use serde_json::{Map, Value};

use super::output::OutputParts;
use crate::{Error, context::Run};

/// Returns the parts of the outputs that the templates of an action can read.
pub(crate) fn output_parts(action: &Action) -> OutputParts {
    if action.steps.len() > 1 {
        return OutputParts { raw: true, headers: true };
    }
    let mut parts = OutputParts { raw: false, headers: false };
    if let ActionResult::Template(template) = &action.result {
        template.templates(&mut |text| {
            parts.raw |= text.source().contains("raw");
            parts.headers |= text.source().contains("headers");
        });
    }
    parts
}

/// Returns the output of a step whose error is ignored.
pub(crate) fn ignored_error_output(error: &Error) -> Value {
    Value::Object(Map::from_iter([
        ("data".to_owned(), Value::Null),
        ("statusCode".to_owned(), Value::from(error.status())),
        ("message".to_owned(), Value::String(error.message.clone())),
    ]))
}

/// Assembles `{data, next, …}` of a run whose steps are done.
///
/// # Errors
///
/// The expression error of the result template: 400, 412, 500 or 502 (see [`Run::response_error`]).
pub(crate) fn assemble(mut run: Run<'_>, last: Option<&str>) -> Result<Map<String, Value>, Error> {
    let mut result = match &run.action.result {
        ActionResult::LastStep => {
            // Moved: it may be large, and the run is done.
            let mut output = last.and_then(|id| run.steps.get_mut(id)?.get_mut("output"));
            let mut member = |key: &str| output.as_mut().and_then(|output| output.get_mut(key)).map(Value::take);
            let (data, next) = (member("data"), member("next"));
            Map::from_iter([
                ("data".to_owned(), data.unwrap_or(Value::Null)),
                ("next".to_owned(), next.unwrap_or(Value::Null)),
            ])
        }
        ActionResult::Template(template) => {
            let value = template.eval(&Bindings { roots: &run.roots() }).map_err(|error| run.response_error(&error))?;
            match (value, template) {
                (Some(Value::Object(members)), ValueTemplate::Object(_)) => members,
                (value, _) => Map::from_iter([("data".to_owned(), value.unwrap_or(Value::Null))]),
            }
        }
    };
    for key in ["data", "next"] {
        result.entry(key).or_insert(Value::Null);
    }
    Ok(result)
}

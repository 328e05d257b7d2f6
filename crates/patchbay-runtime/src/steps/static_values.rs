//! `static_values`: evaluates values without a request.

use patchbay_connector::{definition::ValueTemplate, expr::Bindings};
use serde_json::Value;

use crate::{Error, context::Run, response::output::StepOutput};

/// Evaluates the values.
///
/// # Errors
///
/// The error of an expression.
pub(super) fn run(run: &Run<'_>, values: &ValueTemplate) -> Result<StepOutput, Error> {
    let data = values.eval(&Bindings { roots: &run.roots() }).map_err(|error| run.expression_error(&error))?;
    Ok(StepOutput { data: data.unwrap_or(Value::Null), ..StepOutput::default() })
}

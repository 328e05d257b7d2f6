//! `static_values`: values without a request.

use patchbay_connector::{definition::ValueTemplate, expr::Bindings};
use serde_json::Value;

use crate::{Error, context::Run, response::output::Answer};

pub(super) fn run(run: &Run<'_>, values: &ValueTemplate) -> Result<Answer, Error> {
    let data = values.eval(&Bindings { roots: &run.roots() }).map_err(|error| run.broken(&error))?;
    Ok(Answer { data: data.unwrap_or(Value::Null), ..Answer::default() })
}

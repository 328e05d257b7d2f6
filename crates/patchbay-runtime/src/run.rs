//! Runs an action: decodes its cursor and composite ids, runs its steps in order, assembles the result.
//!
//! No secret of the account leaves a run: results and errors are redacted before they are returned.

use std::{borrow::Cow, sync::Mutex};

use patchbay_connector::{
    definition::{Action, Authorization},
    expr::Bindings,
};
use serde_json::{Map, Value};

use crate::{
    Error, composite_ids,
    context::{Run, RunContext},
    cursor,
    expression_error::expression_error,
    host::Host,
    inputs::Inputs,
    redaction::{errors::redact_error, redactor::Redactor},
    request::auth,
    response::action_result,
    run_memory::RunMemory,
    step_scheduler,
};

/// Runs an action and returns its result, which always has `data` and `next`.
///
/// # Errors
///
/// 400 `ValidationError` for a cursor or composite id that is not valid, the error of the first step that fails, and 500
/// `ConnectorError` if the result cannot be assembled. Secrets are redacted in it.
pub async fn run(
    host: &Host,
    ctx: RunContext<'_>,
    action: &Action,
    inputs: &Inputs,
) -> Result<Map<String, Value>, Error> {
    let mut redactor = ctx.credentials.redactor();
    redact_basic_header(&ctx, inputs, action, &mut redactor)?;
    let own_memory = RunMemory::default();
    let memory = ctx.memory.unwrap_or(&own_memory);
    match execute(host, &ctx, action, inputs, &redactor, memory).await {
        Ok(mut result) => {
            // The run is still away if its result was assembled there.
            result.values_mut().for_each(|value| redactor.value(value));
            Ok(result)
        }
        Err(error) => Err(redact_error(error, &redactor)),
    }
}

/// Runs an action whose result is credentials. The result is not redacted, because a provider may return a token
/// unchanged; it must only be sealed.
///
/// # Errors
///
/// The errors of [`run()`], with secrets redacted.
pub async fn run_for_credentials(
    host: &Host,
    ctx: RunContext<'_>,
    action: &Action,
    inputs: &Inputs,
) -> Result<Map<String, Value>, Error> {
    let ctx = RunContext { reads_cookies: true, ..ctx };
    let mut redactor = ctx.credentials.redactor();
    redact_basic_header(&ctx, inputs, action, &mut redactor)?;
    let memory = RunMemory::default();
    execute(host, &ctx, action, inputs, &redactor, &memory).await.map_err(|error| redact_error(error, &redactor))
}

/// Runs an action without redaction of the result.
async fn execute(
    host: &Host,
    ctx: &RunContext<'_>,
    action: &Action,
    inputs: &Inputs,
    redactor: &Redactor,
    memory: &RunMemory,
) -> Result<Map<String, Value>, Error> {
    let (context, steps) = (ctx.context_value(), Value::Object(Map::new()));
    let iterator = Value::Null;
    let mut inputs = Cow::Borrowed(inputs.values());
    let paging = cursor::take_cursor(action, &mut inputs)?;
    composite_ids::decode_ids(action, &mut inputs)?;
    let (inputs, paging) = (&*inputs, paging.as_ref());
    let memory_budget = &Mutex::default();
    let mut run =
        Run { host, ctx, action, inputs, context, steps, iterator, paging, step: "", redactor, memory_budget, memory };
    let last = step_scheduler::run_steps(&mut run, action_result::output_parts(action)).await?;
    run.leave_if_large().await?;
    let mut result = action_result::assemble(run, last)?;
    composite_ids::encode_ids(action, &mut result);
    cursor::put_cursor(paging, &mut result);
    Ok(result)
}

/// Adds the credentials of a Basic header to the secrets: in base64, they contain neither user name nor password literally.
fn redact_basic_header(
    ctx: &RunContext<'_>,
    inputs: &Inputs,
    action: &Action,
    redactor: &mut Redactor,
) -> Result<(), Error> {
    if let Authorization::Basic(_) = &ctx.method.authorization {
        let context = ctx.context_value();
        let roots = [("inputs", inputs.values()), ("credentials", ctx.credentials.values()), ("context", &context)];
        let value = auth::basic_credentials(&ctx.method.authorization, &Bindings { roots: &roots })
            .map_err(|error| expression_error(&ctx.connector.title, &action.id, &error))?;
        if let Some(value) = value {
            redactor.add(&value);
        }
    }
    Ok(())
}

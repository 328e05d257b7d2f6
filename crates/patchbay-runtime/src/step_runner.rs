//! Runs one step: checks its condition, runs its functions for each item of its iterator, checks its success criteria.
//!
//! A step with an `iterator` runs once for each item, and the data of its output is the list of the results.
//! `iterator.item` is the item, `iterator.index` its index from 0, `iterator.current` the data of the step's previous
//! function. The number of items is limited, and no item starts after the deadline of the call.

use patchbay_connector::{
    definition::{OnConditionError, Step},
    expr::{Bindings, Escape},
};
use patchbay_model::Reservation;
use serde_json::{Map, Value};
use tokio::time::Instant;

use crate::{
    Error, ErrorCode,
    context::Run,
    response::output::{OutputParts, StepOutput},
    steps,
};

/// The maximum number of items of an iterator.
const MAX_ITEMS: usize = 10_000;

/// The outcome of a step, which decides how the action continues.
pub(crate) enum StepFlow {
    /// The step ran and has this output.
    Done(Value),
    /// The step did not run.
    Skipped,
    /// No further step runs.
    Break,
}

/// Runs a step and returns its outcome.
///
/// # Errors
///
/// The error of the condition, the iterator or a step function; 408 `TimeoutError` after the deadline; 400
/// `ValidationError` for too many items; 502 `ProviderResponseTooLargeError` for too large results; 502
/// `ProviderInvalidResponseError` if the success criteria are not met.
pub(crate) async fn run(run: &mut Run<'_>, step: &Step, parts: OutputParts) -> Result<StepFlow, Error> {
    run.leave_if_large().await?;
    match check_condition(run, step)? {
        StepFlow::Done(_) => {}
        other => return Ok(other),
    }
    let all = OutputParts { raw: true, headers: true };
    let parts = if step.success_criteria.is_some() || !step.then.is_empty() { all } else { parts };
    let outcome = match &step.iterator {
        Some(_) => run_iterator(run, step, parts).await,
        None => run_item(run, step, parts, Map::new()).await.map(|output| output.into_value(run.memory)),
    };
    run.iterator = Value::Null;
    run.leave_if_large().await?;
    check_success_criteria(run, step, outcome?).map(StepFlow::Done)
}

/// Checks the condition of a step. Returns `Done` if the step may run.
fn check_condition(run: &Run<'_>, step: &Step) -> Result<StepFlow, Error> {
    let Some(condition) = &step.condition else { return Ok(StepFlow::Done(Value::Null)) };
    match (condition.is_truthy(&Bindings { roots: &run.roots() }), step.on_condition_error) {
        (Ok(true), _) | (Err(_), OnConditionError::Run) => Ok(StepFlow::Done(Value::Null)),
        (Ok(false), _) | (Err(_), OnConditionError::Skip) => Ok(StepFlow::Skipped),
        (Err(_), OnConditionError::Break) => Ok(StepFlow::Break),
        (Err(error), OnConditionError::Fail) => Err(run.expression_error(&error)),
    }
}

/// Runs a step for each item of its iterator and returns its output.
async fn run_iterator(run: &mut Run<'_>, step: &Step, parts: OutputParts) -> Result<Value, Error> {
    let found = match &step.iterator {
        Some(iterator) => {
            iterator.eval(&Bindings { roots: &run.roots() }).map_err(|error| run.expression_error(&error))?
        }
        None => None,
    };
    let items = match found {
        Some(Value::Array(items)) => items,
        None | Some(Value::Null) => Vec::new(),
        Some(single) => vec![single],
    };
    if items.len() > MAX_ITEMS {
        let message = format!(
            "step `{}` has {} items; the maximum is {MAX_ITEMS}. Split the list into several calls",
            step.id,
            items.len()
        );
        return Err(Error::new(ErrorCode::Validation, message));
    }
    if let Some((log, index)) = run.step_log() {
        log.iterations(index, items.len());
    }
    let mut results = Vec::with_capacity(items.len());
    let (mut output, mut bytes, mut memory) = (StepOutput::default(), 0_usize, Reservation::default());
    for (index, item) in items.into_iter().enumerate() {
        if Instant::now() >= run.ctx.deadline {
            let title = &run.ctx.connector.title;
            let message = format!(
                "{title}: the call timed out at item {index} of step `{}`; split the list into several calls",
                step.id
            );
            return Err(Error::new(ErrorCode::Timeout, message));
        }
        let variables = Map::from_iter([
            ("item".to_owned(), item.clone()),
            ("index".to_owned(), Value::from(index)),
            ("current".to_owned(), item),
        ]);
        output = run_item(run, step, parts, variables).await?;
        memory.absorb(output.take_memory_of_data());
        bytes = bytes.saturating_add(json_size(&output.data));
        if bytes > run.ctx.config.max_response_bytes {
            let limit = run.ctx.config.max_response_bytes;
            let message = format!(
                "the results of step `{}` are larger than {limit} bytes in total; split the list into several calls",
                step.id
            );
            return Err(Error::new(ErrorCode::ProviderResponseTooLarge, message));
        }
        results.push(std::mem::take(&mut output.data));
    }
    output.data = Value::Array(results);
    output.memory.absorb(memory);
    Ok(output.into_value(run.memory))
}

/// Runs the functions of a step in order, for one item, and returns the output of the last one.
async fn run_item(
    run: &mut Run<'_>,
    step: &Step,
    parts: OutputParts,
    variables: Map<String, Value>,
) -> Result<StepOutput, Error> {
    run.iterator = Value::Object(variables);
    let mut output = steps::run(run, &step.function, parts).await?;
    for function in &step.then {
        // The previous data is there until the function is done.
        let _memory = std::mem::take(&mut output.memory);
        run.leave_if_large().await?;
        if let Value::Object(members) = &mut run.iterator {
            members.insert("current".to_owned(), std::mem::take(&mut output.data));
        }
        output = steps::run(run, function, parts).await?;
    }
    Ok(output)
}

/// Returns the output if it meets the success criteria of the step.
fn check_success_criteria(run: &mut Run<'_>, step: &Step, output: Value) -> Result<Value, Error> {
    let Some(criteria) = &step.success_criteria else { return Ok(output) };
    // During the check, the criteria can read the step's own output, under the step's id and as `response`. The output is
    // moved in and out instead of cloned, because it may be large.
    let entry = Value::Object(Map::from_iter([("output".to_owned(), output)]));
    if let Value::Object(steps) = &mut run.steps {
        steps.insert(step.id.clone(), entry);
    }
    // `None` for a success, otherwise the failure message of the file.
    let failure = {
        let response = run.steps.get(&step.id).and_then(|step| step.get("output")).unwrap_or(&Value::Null);
        let roots = run.roots().into_iter().chain([("response", response)]).collect::<Vec<_>>();
        let bindings = Bindings { roots: &roots };
        match criteria.is_truthy(&bindings) {
            Ok(true) => Ok(None),
            Ok(false) => {
                let message = step.failure_message.as_ref().map(|message| message.eval_text(&bindings, Escape::None));
                message.transpose().map(|message| Some(message.flatten()))
            }
            Err(error) => Err(error),
        }
        .map_err(|error| run.expression_error(&error))
    };
    let entry = run.steps.as_object_mut().and_then(|steps| steps.shift_remove(&step.id));
    let output = entry.and_then(|mut step| step.get_mut("output").map(Value::take)).unwrap_or_default();
    let Some(message) = failure? else { return Ok(output) };
    let (title, id) = (&run.ctx.connector.title, &step.id);
    let message = message
        .filter(|message| !message.is_empty())
        .unwrap_or_else(|| format!("the response of {title} does not meet the success criteria of step `{id}`"));
    Err(Error::new(ErrorCode::ProviderInvalidResponse, message))
}

/// Returns the approximate size of a value as JSON, in bytes.
fn json_size(value: &Value) -> usize {
    match value {
        Value::String(text) => text.len() + 2,
        Value::Array(items) => items.iter().map(json_size).sum::<usize>() + items.len() + 2,
        Value::Object(members) => {
            members.iter().map(|(key, value)| key.len() + json_size(value) + 4).sum::<usize>() + 2
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => 8,
    }
}

//! What decides whether, how often and with what success a step runs.
//!
//! A step over an `iterator` runs once for each element; its output's data are the list of what each came to.
//! `iterator.item` is the element, `iterator.index` its place from 0, `iterator.current` what the step's
//! functions have made of it so far. Elements are bounded by number and by the call's time.

use patchbay_connector::{
    definition::{OnConditionError, Step},
    expr::{Bindings, Escape},
};
use serde_json::{Map, Value};
use tokio::time::Instant;

use crate::{
    Error, ErrorCode,
    context::Run,
    response::output::{OutputParts, StepOutput},
    steps,
};

/// The most elements that a step runs over.
const MAX_ITEMS: usize = 10_000;

/// How the action goes on.
pub enum StepFlow {
    /// The step left this output.
    Done(Value),
    /// The step did not run.
    Skipped,
    /// No further step runs.
    Break,
}

/// Runs a step as its keys say.
pub async fn run(run: &mut Run<'_>, step: &Step, parts: OutputParts) -> Result<StepFlow, Error> {
    match check_condition(run, step)? {
        StepFlow::Done(_) => {}
        other => return Ok(other),
    }
    let all = OutputParts { raw: true, headers: true };
    let parts = if step.success_criteria.is_some() || !step.then.is_empty() { all } else { parts };
    let outcome = match &step.iterator {
        Some(_) => run_iterator(run, step, parts).await,
        None => run_item(run, step, parts, Map::new()).await.map(StepOutput::into_value),
    };
    run.iterator = Value::Null;
    check_success_criteria(run, step, outcome?).map(StepFlow::Done)
}

/// Whether the condition lets the step run.
fn check_condition(run: &Run<'_>, step: &Step) -> Result<StepFlow, Error> {
    let Some(condition) = &step.condition else { return Ok(StepFlow::Done(Value::Null)) };
    match (condition.is_truthy(&Bindings { roots: &run.roots() }), step.on_condition_error) {
        (Ok(true), _) | (Err(_), OnConditionError::Run) => Ok(StepFlow::Done(Value::Null)),
        (Ok(false), _) | (Err(_), OnConditionError::Skip) => Ok(StepFlow::Skipped),
        (Err(_), OnConditionError::Break) => Ok(StepFlow::Break),
        (Err(error), OnConditionError::Fail) => Err(run.expression_error(&error)),
    }
}

/// The step for each element of its iterator.
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
        let message = format!("the step `{}` has {} elements; at most {MAX_ITEMS} are run", step.id, items.len());
        return Err(Error::new(ErrorCode::Validation, message));
    }
    let mut results = Vec::with_capacity(items.len());
    let (mut answer, mut bytes) = (StepOutput::default(), 0_usize);
    for (index, item) in items.into_iter().enumerate() {
        if Instant::now() >= run.ctx.deadline {
            let title = &run.ctx.connector.title;
            let message = format!("{title}: the time was over at element {index} of the step `{}`", step.id);
            return Err(Error::new(ErrorCode::Timeout, message));
        }
        let variables = Map::from_iter([
            ("item".to_owned(), item.clone()),
            ("index".to_owned(), Value::from(index)),
            ("current".to_owned(), item),
        ]);
        answer = run_item(run, step, parts, variables).await?;
        bytes = bytes.saturating_add(json_size(&answer.data));
        if bytes > run.ctx.config.max_response_bytes {
            let limit = run.ctx.config.max_response_bytes;
            let message = format!("the elements of the step `{}` came to more than {limit} bytes in all", step.id);
            return Err(Error::new(ErrorCode::ProviderResponseTooLarge, message));
        }
        results.push(std::mem::take(&mut answer.data));
    }
    answer.data = Value::Array(results);
    Ok(answer.into_value())
}

/// The step's functions, one after the other, for one element.
async fn run_item(
    run: &mut Run<'_>,
    step: &Step,
    parts: OutputParts,
    variables: Map<String, Value>,
) -> Result<StepOutput, Error> {
    run.iterator = Value::Object(variables);
    let mut answer = steps::run(run, &step.function, parts).await?;
    for function in &step.then {
        if let Value::Object(members) = &mut run.iterator {
            members.insert("current".to_owned(), std::mem::take(&mut answer.data));
        }
        answer = steps::run(run, function, parts).await?;
    }
    Ok(answer)
}

/// The output, where it is what the author calls a success.
fn check_success_criteria(run: &mut Run<'_>, step: &Step, output: Value) -> Result<Value, Error> {
    let Some(criteria) = &step.success_criteria else { return Ok(output) };
    // The step's own output is not among the steps yet; while the criteria are looked at it is there under its id, and
    // as `response`. It is moved there and back: outputs may be large.
    let own = Value::Object(Map::from_iter([("output".to_owned(), output)]));
    if let Value::Object(steps) = &mut run.steps {
        steps.insert(step.id.clone(), own);
    }
    // Whether it is a success; where it is none, what the file says of that.
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
    let own = run.steps.as_object_mut().and_then(|steps| steps.shift_remove(&step.id));
    let output = own.and_then(|mut step| step.get_mut("output").map(Value::take)).unwrap_or_default();
    let Some(message) = failure? else { return Ok(output) };
    let (title, id) = (&run.ctx.connector.title, &step.id);
    let message = message
        .filter(|message| !message.is_empty())
        .unwrap_or_else(|| format!("{title} answered, but not with what the step `{id}` counts as a success"));
    Err(Error::new(ErrorCode::ProviderInvalidResponse, message))
}

/// Roughly how many bytes a value takes as JSON.
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

//! Runs the steps of an action in order. An `async` step runs concurrently with the steps after it.
//!
//! A step starts when every step whose output it reads is done. If an `async` step fails, the action fails as with any
//! other step: the current step is finished, no further step starts, and the other `async` steps are cancelled. The action
//! ends when all steps are done. All steps run inside the caller's task: dropping the caller's future cancels them.

use std::pin::{Pin, pin};

use futures_util::{StreamExt, stream::FuturesUnordered};
use patchbay_connector::definition::{Step, StepDependencies};
use serde_json::{Map, Value};
use tokio::time::Instant;

use crate::{
    Error, ErrorCode,
    context::Run,
    response::{action_result, output::OutputParts},
    run_log::StepEnd,
    step_runner::{self, StepFlow},
};

/// A step's index in the file, and its outcome.
type FinishedStep = (usize, Result<StepFlow, Error>);

/// The steps that run concurrently.
#[derive(Default)]
struct AsyncSteps<'a> {
    running: FuturesUnordered<Pin<Box<dyn Future<Output = FinishedStep> + Send + 'a>>>,
    /// The indexes of the running steps.
    running_indexes: Vec<usize>,
    /// The finished steps whose outcome is not recorded yet.
    done: Vec<FinishedStep>,
}

/// The progress of the action.
struct StepProgress<'a> {
    steps: &'a [Step],
    /// The index of the last step that has an output.
    last: Option<usize>,
    /// True after a step ended the action.
    is_stopped: bool,
}

/// Runs all steps of the action and returns the id of the last step that has an output.
///
/// # Errors
///
/// The error of the first step that fails, unless the step ignores errors.
pub(crate) async fn run_steps<'a>(run: &mut Run<'a>, parts: OutputParts) -> Result<Option<&'a str>, Error> {
    let mut async_steps = AsyncSteps::default();
    let mut progress = StepProgress { steps: &run.action.steps, last: None, is_stopped: false };
    for (index, step) in progress.steps.iter().enumerate() {
        while async_steps.must_wait_before(step, progress.steps) {
            async_steps.wait_for_one().await;
        }
        async_steps.record_outcomes(run, &mut progress)?;
        if progress.is_stopped {
            break;
        }
        if step.is_async {
            async_steps.start(run, index, step, parts);
            continue;
        }
        run.step = &step.id;
        let started = Instant::now();
        let outcome = {
            let main = pin!(step_runner::run(run, step, parts));
            async_steps.drive_while(main).await
        };
        log_outcome(run, index, started, &outcome);
        progress.record_outcome(run, index, outcome)?;
        async_steps.record_outcomes(run, &mut progress)?;
        if progress.is_stopped {
            break;
        }
    }
    while !async_steps.running_indexes.is_empty() {
        async_steps.wait_for_one().await;
        async_steps.record_outcomes(run, &mut progress)?;
    }
    Ok(progress.last.map(|index| progress.steps[index].id.as_str()))
}

/// Notes the outcome of a step in the log of calls.
fn log_outcome(run: &Run<'_>, index: usize, started: Instant, outcome: &Result<StepFlow, Error>) {
    let (end, error) = match outcome {
        Ok(StepFlow::Done(_)) => (StepEnd::Done, None),
        Ok(StepFlow::Skipped | StepFlow::Break) => (StepEnd::Skipped, None),
        Err(error) => (StepEnd::Failed, Some(error)),
    };
    run.log_step(index, started, end, error);
}

impl<'a> AsyncSteps<'a> {
    /// Returns true if a running step must finish before a step may start.
    fn must_wait_before(&self, step: &Step, steps: &[Step]) -> bool {
        self.running_indexes.iter().any(|index| match &step.depends_on {
            StepDependencies::Any => true,
            StepDependencies::Named(names) => names.contains(&steps[*index].id),
        })
    }

    /// Starts a step with the current outputs of the steps that it reads.
    fn start(&mut self, run: &Run<'a>, index: usize, step: &'a Step, parts: OutputParts) {
        let mut step_run = run.for_async_step(step);
        self.running_indexes.push(index);
        self.running.push(Box::pin(async move {
            let started = Instant::now();
            let outcome = step_runner::run(&mut step_run, step, parts).await;
            log_outcome(&step_run, index, started, &outcome);
            (index, outcome)
        }));
    }

    /// Drives a future while the concurrent steps continue.
    async fn drive_while<T>(&mut self, mut main: Pin<&mut impl Future<Output = T>>) -> T {
        while !self.running_indexes.is_empty() {
            tokio::select! {
                // The concurrent steps are polled first, so that their requests are sent before the request of `main`.
                biased;
                Some(done) = self.running.next() => self.finish(done),
                outcome = main.as_mut() => return outcome,
            }
        }
        main.await
    }

    /// Waits until one of the concurrent steps finishes.
    async fn wait_for_one(&mut self) {
        match self.running.next().await {
            Some(done) => self.finish(done),
            None => self.running_indexes.clear(),
        }
    }

    /// Moves a step from the running to the finished steps.
    fn finish(&mut self, done: FinishedStep) {
        self.running_indexes.retain(|index| *index != done.0);
        self.done.push(done);
    }

    /// Records the outcomes of the finished steps.
    fn record_outcomes(&mut self, run: &mut Run<'_>, progress: &mut StepProgress<'_>) -> Result<(), Error> {
        self.done.drain(..).try_for_each(|(index, outcome)| progress.record_outcome(run, index, outcome))
    }
}

impl StepProgress<'_> {
    /// Stores the output of a step, or stops the action.
    fn record_outcome(
        &mut self,
        run: &mut Run<'_>,
        index: usize,
        outcome: Result<StepFlow, Error>,
    ) -> Result<(), Error> {
        let step = &self.steps[index];
        let output = match outcome {
            Ok(StepFlow::Done(output)) => output,
            Ok(StepFlow::Skipped) => return Ok(()),
            Ok(StepFlow::Break) => {
                self.is_stopped = true;
                return Ok(());
            }
            // A timeout, an error of the connector file (500) and a busy server are never ignored.
            Err(error)
                if step.ignore_error
                    && !matches!(error.code.status(), 408 | 500)
                    && error.code != ErrorCode::ServerBusy =>
            {
                action_result::ignored_error_output(&error)
            }
            Err(error) => return Err(error),
        };
        if let Value::Object(outputs) = &mut run.steps {
            // In the order of the file, whichever step finished first.
            let is_before = |id: &String| self.steps[..index].iter().any(|step| step.id == *id);
            let at = match self.last {
                Some(last) if last > index => outputs.keys().filter(|id| is_before(id)).count(),
                _ => outputs.len(),
            };
            outputs.shift_insert(at, step.id.clone(), Value::Object(Map::from_iter([("output".to_owned(), output)])));
        }
        self.last = self.last.max(Some(index));
        Ok(())
    }
}

impl<'a> Run<'a> {
    /// Creates the run of an `async` step, with a copy of the outputs that the step reads.
    fn for_async_step(&self, step: &'a Step) -> Run<'a> {
        let mut outputs = Map::new();
        if let Value::Object(all) = &self.steps {
            let is_read = |id: &String| match &step.depends_on {
                StepDependencies::Any => true,
                StepDependencies::Named(names) => names.contains(id),
            };
            outputs.extend(all.iter().filter(|(id, _)| is_read(id)).map(|(id, output)| (id.clone(), output.clone())));
        }
        Run {
            host: self.host,
            ctx: self.ctx,
            action: self.action,
            inputs: self.inputs,
            context: self.context.clone(),
            steps: Value::Object(outputs),
            iterator: Value::Null,
            paging: self.paging,
            step: &step.id,
            redactor: self.redactor,
            memory_budget: self.memory_budget,
            memory: self.memory,
        }
    }
}

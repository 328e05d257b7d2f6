//! An action's steps in order; those that are `async` run beside the ones after them.
//!
//! A step starts when every step whose output it reads is done. A step that runs beside others and fails ends the
//! action like any other: the step that runs at that moment is finished, no further one starts, and what still runs
//! beside is given up. At the end of the action everything is waited for. All of it happens inside the caller's own
//! task: when the caller goes away, so does every step.

use std::pin::{Pin, pin};

use futures_util::{StreamExt, stream::FuturesUnordered};
use patchbay_connector::definition::{Step, StepDependencies};
use serde_json::{Map, Value};

use crate::{
    Error,
    context::Run,
    response::{action_result, output::OutputParts},
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
    is_stopped: bool,
}

/// Runs all steps of the action and returns the id of the last step that has an output.
///
/// # Errors
///
/// The error of the first step that fails, unless the step ignores errors.
pub async fn run_steps<'a>(run: &mut Run<'a>, parts: OutputParts) -> Result<Option<&'a str>, Error> {
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
        let outcome = {
            let main = pin!(step_runner::run(run, step, parts));
            async_steps.drive_while(main).await
        };
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

impl<'a> AsyncSteps<'a> {
    fn must_wait_before(&self, step: &Step, steps: &[Step]) -> bool {
        self.running_indexes.iter().any(|index| match &step.depends_on {
            StepDependencies::Any => true,
            StepDependencies::Named(names) => names.contains(&steps[*index].id),
        })
    }

    /// Starts a step with the current outputs of the steps that it reads.
    fn start(&mut self, run: &Run<'a>, index: usize, step: &'a Step, parts: OutputParts) {
        let mut own = run.for_async_step(step);
        self.running_indexes.push(index);
        self.running.push(Box::pin(async move { (index, step_runner::run(&mut own, step, parts).await) }));
    }

    /// Drives a future while the concurrent steps continue.
    async fn drive_while<T>(&mut self, mut main: Pin<&mut impl Future<Output = T>>) -> T {
        while !self.running_indexes.is_empty() {
            tokio::select! {
                // What runs beside comes first, so that it is sent before the step that follows it.
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
            // What cannot be helped by going on is not ignored: the time is over, or the guard said no.
            Err(error) if step.ignore_error && !matches!(error.code.status(), 408 | 500) => {
                action_result::ignored_error_output(&error)
            }
            Err(error) => return Err(error),
        };
        if let Value::Object(outputs) = &mut run.steps {
            // In the file's order, whichever was done first.
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
    /// A run of one step of this run, with the outputs that it reads.
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
        }
    }
}

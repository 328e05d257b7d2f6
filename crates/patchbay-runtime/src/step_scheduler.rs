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
    response::{action_result, output::Wants},
    step_runner::{self, Flow},
};

/// A step's place in the file and what came of it.
type Done = (usize, Result<Flow, Error>);

/// The steps that run beside.
#[derive(Default)]
struct Beside<'a> {
    running: FuturesUnordered<Pin<Box<dyn Future<Output = Done> + Send + 'a>>>,
    /// Their places.
    places: Vec<usize>,
    /// Those that are done and not yet looked at.
    done: Vec<Done>,
}

/// How far the action has come.
struct Progress<'a> {
    steps: &'a [Step],
    /// The last step that left an output.
    last: Option<usize>,
    is_over: bool,
}

/// Runs all steps of the run's action; gives the last that left an output.
pub async fn run_steps<'a>(run: &mut Run<'a>, wants: Wants) -> Result<Option<&'a str>, Error> {
    let mut beside = Beside::default();
    let mut progress = Progress { steps: &run.action.steps, last: None, is_over: false };
    for (place, step) in progress.steps.iter().enumerate() {
        while beside.must_wait_for(step, progress.steps) {
            beside.next().await;
        }
        beside.settle(run, &mut progress)?;
        if progress.is_over {
            break;
        }
        if step.is_async {
            beside.start(run, place, step, wants);
            continue;
        }
        run.step = &step.id;
        let outcome = {
            let main = pin!(step_runner::run(run, step, wants));
            beside.alongside(main).await
        };
        progress.settle(run, place, outcome)?;
        beside.settle(run, &mut progress)?;
        if progress.is_over {
            break;
        }
    }
    while !beside.places.is_empty() {
        beside.next().await;
        beside.settle(run, &mut progress)?;
    }
    Ok(progress.last.map(|place| progress.steps[place].id.as_str()))
}

impl<'a> Beside<'a> {
    fn must_wait_for(&self, step: &Step, steps: &[Step]) -> bool {
        self.places.iter().any(|place| match &step.depends_on {
            StepDependencies::Any => true,
            StepDependencies::Named(names) => names.contains(&steps[*place].id),
        })
    }

    /// Starts a step with the outputs that it reads as they are now.
    fn start(&mut self, run: &Run<'a>, place: usize, step: &'a Step, wants: Wants) {
        let mut own = run.beside(step);
        self.places.push(place);
        self.running.push(Box::pin(async move { (place, step_runner::run(&mut own, step, wants).await) }));
    }

    /// Does something while the others go on.
    async fn alongside<T>(&mut self, mut main: Pin<&mut impl Future<Output = T>>) -> T {
        while !self.places.is_empty() {
            tokio::select! {
                // What runs beside comes first, so that it is sent before the step that follows it.
                biased;
                Some(done) = self.running.next() => self.take(done),
                outcome = main.as_mut() => return outcome,
            }
        }
        main.await
    }

    /// Waits for one of them.
    async fn next(&mut self) {
        match self.running.next().await {
            Some(done) => self.take(done),
            None => self.places.clear(),
        }
    }

    fn take(&mut self, done: Done) {
        self.places.retain(|place| *place != done.0);
        self.done.push(done);
    }

    /// Puts what is done among the outputs.
    fn settle(&mut self, run: &mut Run<'_>, progress: &mut Progress<'_>) -> Result<(), Error> {
        self.done.drain(..).try_for_each(|(place, outcome)| progress.settle(run, place, outcome))
    }
}

impl Progress<'_> {
    fn settle(&mut self, run: &mut Run<'_>, place: usize, outcome: Result<Flow, Error>) -> Result<(), Error> {
        let step = &self.steps[place];
        let output = match outcome {
            Ok(Flow::Done(output)) => output,
            Ok(Flow::Skipped) => return Ok(()),
            Ok(Flow::Break) => {
                self.is_over = true;
                return Ok(());
            }
            // What cannot be helped by going on is not ignored: the time is over, or the guard said no.
            Err(error) if step.ignore_error && !matches!(error.code.status(), 408 | 500) => {
                action_result::ignored(&error)
            }
            Err(error) => return Err(error),
        };
        if let Value::Object(outputs) = &mut run.steps {
            // In the file's order, whichever was done first.
            let is_before = |id: &String| self.steps[..place].iter().any(|step| step.id == *id);
            let at = match self.last {
                Some(last) if last > place => outputs.keys().filter(|id| is_before(id)).count(),
                _ => outputs.len(),
            };
            outputs.shift_insert(at, step.id.clone(), Value::Object(Map::from_iter([("output".to_owned(), output)])));
        }
        self.last = self.last.max(Some(place));
        Ok(())
    }
}

impl<'a> Run<'a> {
    /// A run of one step of this run, with the outputs that it reads.
    fn beside(&self, step: &'a Step) -> Run<'a> {
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

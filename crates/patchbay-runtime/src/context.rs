//! The state of a run: the connector, the account's method and values, and the outputs of the steps so far.

use std::sync::{Mutex, PoisonError};

use patchbay_connector::{
    Connector,
    definition::{Action, AuthMethod},
    expr::{EvalError, MemoryBudget},
};
use serde_json::Value;
use tokio::time::{Duration, Instant, timeout_at};

use crate::{
    Error, ErrorCode,
    busy::memory_spent,
    config::RuntimeConfig,
    credentials::Credentials,
    cursor::Paging,
    effects::Effects,
    events::EventSink,
    expression_error::expression_error,
    file_stream::StreamSlot,
    host::Host,
    large_bodies::leave,
    redaction::{redactor::Redactor, stream_redactor::StreamRedactor},
    run_ids::RunIds,
    run_log::{RunLog, StepEnd, kept_text},
    run_memory::{LARGE_BODY_BYTES, RunMemory, claim_bytes},
    trace::Trace,
};

/// The connector, the account and the limits of a run.
pub struct RunContext<'a> {
    /// The connector.
    pub connector: &'a Connector,
    /// The account's authentication method.
    pub method: &'a AuthMethod,
    /// The account's field values.
    pub credentials: &'a Credentials,
    /// The ids for `$.context`.
    pub ids: RunIds,
    /// The limits of every run.
    pub config: RuntimeConfig,
    /// The deadline of the whole run.
    pub deadline: Instant,
    /// Records requests and responses, if the caller asked for a trace.
    pub trace: Option<&'a Trace>,
    /// True if the run ends before its first request.
    pub is_dry_run: bool,
    /// Notes what the steps do, for the log of calls.
    pub log: Option<&'a RunLog>,
    /// Counts what the run may have changed outside of this server, if the caller asks.
    pub effects: Option<&'a Effects>,
    /// Receives the events that steps emit.
    pub events: Option<&'a dyn EventSink>,
    /// Receives a streamed file, if the caller accepts one.
    pub stream_slot: Option<&'a StreamSlot>,
    /// The maximum time that a rate limit may delay each request; the deadline of the run if `None`.
    pub max_rate_limit_wait: Option<Duration>,
    /// The scopes that the provider granted, if it reports them.
    pub granted: Option<&'a [String]>,
    /// True if steps can read the cookies that the provider sets. Only an action whose result is credentials may: the
    /// result of another one is shown to callers.
    pub reads_cookies: bool,
    /// Counts the memory of the run's large values, if its result is used after the run.
    pub memory: Option<&'a RunMemory>,
    /// The server's public address, for actions that request or revoke tokens; otherwise null.
    pub api_host_uri: Value,
}

impl<'a> RunContext<'a> {
    /// Creates a context without a trace, an event sink or a stream slot, limited only by the deadline.
    pub fn new(
        connector: &'a Connector,
        method: &'a AuthMethod,
        credentials: &'a Credentials,
        ids: RunIds,
        config: RuntimeConfig,
        deadline: Instant,
    ) -> Self {
        Self {
            connector,
            method,
            credentials,
            ids,
            config,
            deadline,
            trace: None,
            is_dry_run: false,
            log: None,
            effects: None,
            events: None,
            stream_slot: None,
            max_rate_limit_wait: None,
            granted: None,
            reads_cookies: false,
            memory: None,
            api_host_uri: Value::Null,
        }
    }

    /// Returns the object behind `$.context`.
    pub fn context_value(&self) -> Value {
        self.ids.context(self.connector, self.method)
    }
}

/// One run of an action, as its steps see it.
pub(crate) struct Run<'a> {
    /// The state that all runs share.
    pub(crate) host: &'a Host,
    /// The connector, the account and the limits.
    pub(crate) ctx: &'a RunContext<'a>,
    /// The action.
    pub(crate) action: &'a Action,
    /// The checked inputs: `inputs` in expressions.
    pub(crate) inputs: &'a Value,
    /// The object behind `$.context`.
    pub(crate) context: Value,
    /// The outputs of the steps so far: `$.steps.ID.output`.
    pub(crate) steps: Value,
    /// The current item of a step that runs over a list.
    pub(crate) iterator: Value,
    /// The paging of the caller, if the action has a cursor.
    pub(crate) paging: Option<&'a Paging<'a>>,
    /// The id of the running step.
    pub(crate) step: &'a str,
    /// Redacts the account's secrets.
    pub(crate) redactor: &'a Redactor,
    /// The memory budget of the values that steps create without a request.
    pub(crate) memory_budget: &'a Mutex<MemoryBudget>,
    /// The memory of the run's large values.
    pub(crate) memory: &'a RunMemory,
}

impl Run<'_> {
    /// Returns the roots of expressions.
    pub(crate) fn roots(&self) -> [(&'static str, &Value); 6] {
        [
            ("inputs", self.inputs),
            ("credentials", self.ctx.credentials.values()),
            ("steps", &self.steps),
            ("context", &self.context),
            ("iterator", &self.iterator),
            ("apiHostUri", &self.ctx.api_host_uri),
        ]
    }

    /// Turns an expression's failure into an error of the caller, the account or the connector.
    pub(crate) fn expression_error(&self, error: &EvalError) -> Error {
        expression_error(&self.ctx.connector.title, &self.action.id, error)
    }

    /// Turns the failure of an expression that reads a provider's values into an error: 502 `ProviderInvalidResponseError` if
    /// a value is missing or has another type, because the provider sent it. Without any response, and for everything else, as
    /// [`Run::expression_error`].
    pub(crate) fn response_error(&self, error: &EvalError) -> Error {
        let own = self.expression_error(error);
        let is_about_values = matches!(error, EvalError::Type(_) | EvalError::Missing { .. });
        if own.code != ErrorCode::Connector || !is_about_values || self.memory.receive(0) == 0 {
            return own;
        }
        let (title, action) = (&self.ctx.connector.title, &self.action.id);
        let message = format!(
            "{title}'s response does not have the form that `{action}` reads: {error}; try again, and correct the connector \
             if every response is like this"
        );
        Error::new(ErrorCode::ProviderInvalidResponse, message)
    }

    /// Charges the memory budget for a value that a step created from the outputs of others. Without a budget, values could
    /// grow from step to step without a limit.
    ///
    /// # Errors
    ///
    /// 500 `ConnectorError` if the budget of the run is exhausted, 503 `ServerBusyError` if that of the process is.
    pub(crate) fn charge_memory(&self, value: &Value) -> Result<(), Error> {
        let mut budget = self.memory_budget.lock().unwrap_or_else(PoisonError::into_inner);
        let bytes = budget.charge(value).map_err(|error| self.expression_error(&error))?;
        let memory = claim_bytes(bytes).map_err(|spent| memory_spent("a step was not run", spent))?;
        self.memory.hold(memory);
        Ok(())
    }

    /// Leaves the thread that answers if the values of the run are large. Work on them that may take long begins with this;
    /// it stays away until the run waits for something.
    ///
    /// # Errors
    ///
    /// 408 `TimeoutError` if the deadline passes before, 503 `ServerBusyError` if too many tasks wait.
    pub(crate) async fn leave_if_large(&self) -> Result<(), Error> {
        self.leave_for(0).await
    }

    /// Leaves the thread that answers if the values of the run are large, or a body of `length` bytes is.
    ///
    /// # Errors
    ///
    /// The errors of [`Run::leave_if_large`].
    pub(crate) async fn leave_for(&self, length: usize) -> Result<(), Error> {
        if length <= LARGE_BODY_BYTES && !self.memory.is_large() {
            return Ok(());
        }
        timeout_at(self.ctx.deadline, leave()).await.unwrap_or_else(|_| {
            let title = &self.ctx.connector.title;
            let message = format!(
                "{title}: the call timed out while its large values waited to be read; request fewer records at once"
            );
            Err(Error::new(ErrorCode::Timeout, message))
        })
    }

    /// Checks that the deadline has not passed, during work on a long list.
    ///
    /// # Errors
    ///
    /// [`EvalError::Fuel`] after the deadline.
    pub(crate) fn check_deadline(&self) -> Result<(), EvalError> {
        if Instant::now() < self.ctx.deadline { Ok(()) } else { Err(EvalError::Fuel) }
    }

    /// Returns the paging if it belongs to the running step.
    pub(crate) fn paging(&self) -> Option<&Paging<'_>> {
        self.paging.filter(|paging| paging.step == Some(self.step))
    }

    /// Returns the data of a step's output.
    pub(crate) fn data_of(&self, step: &str) -> Option<&Value> {
        self.steps.get(step)?.get("output")?.get("data")
    }

    /// Returns the data of the last step's output.
    pub(crate) fn last_data(&self) -> Option<&Value> {
        self.steps.as_object()?.values().next_back()?.get("output")?.get("data")
    }

    /// Redacts a secret that a step created, for example an assertion, in the trace.
    pub(crate) fn add_secret(&self, secret: &str) {
        if let Some(trace) = self.ctx.trace {
            trace.add_secret(secret);
        }
    }

    /// Returns the log of calls, and the index of the running step in the action.
    pub(crate) fn step_log(&self) -> Option<(&RunLog, usize)> {
        let log = self.ctx.log?;
        let index = self.action.steps.iter().position(|step| step.id == self.step)?;
        Some((log, index))
    }

    /// Notes the end of the step at `index`.
    pub(crate) fn log_step(&self, index: usize, started: Instant, end: StepEnd, error: Option<&Error>) {
        let Some(log) = self.ctx.log else { return };
        let error = error.map(|error| (error.status(), kept_text(&error.message, Some(self.redactor))));
        log.end_step(index, started, end, error);
    }

    /// Redacts the account's secrets in a value.
    pub(crate) fn redact(&self, value: &mut Value) {
        self.redactor.value(value);
    }

    /// Returns the slot for a streamed file. Only the action's last step may stream one, and only if it has one output.
    pub(crate) fn stream_slot(&self) -> Option<&StreamSlot> {
        let last = self.action.steps.last()?;
        let is_last = last.id == self.step && last.iterator.is_none() && last.then.is_empty();
        self.ctx.stream_slot.filter(|_| is_last)
    }

    /// Returns a redactor of the account's secrets for a streamed file.
    pub(crate) fn stream_redactor(&self) -> StreamRedactor {
        self.redactor.stream_redactor()
    }
}

//! What a run is: the connector, the account's method and values, and what the steps have left so far.

use std::sync::{Mutex, PoisonError};

use patchbay_connector::{
    Connector,
    definition::{Action, AuthMethod},
    expr::{EvalError, MemoryBudget},
};
use serde_json::Value;
use tokio::time::{Duration, Instant};

use crate::{
    Error,
    config::RuntimeConfig,
    credentials::Credentials,
    cursor::Paging,
    events::EventSink,
    expression_error::expression_error,
    file_stream::StreamSlot,
    host::Host,
    redaction::{redactor::Redactor, stream_redactor::StreamRedactor},
    run_ids::RunIds,
    trace::Trace,
};

/// What a run acts with.
pub struct RunContext<'a> {
    /// The connector.
    pub connector: &'a Connector,
    /// The account's authentication method.
    pub method: &'a AuthMethod,
    /// The account's field values.
    pub credentials: &'a Credentials,
    /// Ids for `$.context`.
    pub ids: RunIds,
    /// The operator's choices.
    pub config: RuntimeConfig,
    /// When the whole run must be over.
    pub deadline: Instant,
    /// Where to keep what is sent and answered, when the caller asked for it.
    pub trace: Option<&'a Trace>,
    /// Who hears the events that steps emit.
    pub events: Option<&'a dyn EventSink>,
    /// Where a file goes that is handed on piece by piece, when the caller can take one.
    pub stream_slot: Option<&'a StreamSlot>,
    /// How long each request may be kept back by a limit; as long as the run may take when the caller does not say.
    pub max_rate_limit_wait: Option<Duration>,
    /// The scopes that the provider granted, where it says so.
    pub granted: Option<&'a [String]>,
}

impl<'a> RunContext<'a> {
    /// Without anyone who looks on or listens, and without limits beside the deadline.
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
            events: None,
            stream_slot: None,
            max_rate_limit_wait: None,
            granted: None,
        }
    }

    /// The object behind `$.context`.
    pub fn context_value(&self) -> Value {
        self.ids.context(self.connector, self.method)
    }
}

/// One run, as its steps see it.
pub struct Run<'a> {
    pub host: &'a Host,
    pub ctx: &'a RunContext<'a>,
    pub action: &'a Action,
    pub inputs: &'a Value,
    pub context: Value,
    pub steps: Value,
    /// The element of a step that runs over a list.
    pub iterator: Value,
    /// How the caller pages through the action, where it does.
    pub paging: Option<&'a Paging<'a>>,
    /// The step that is running.
    pub step: &'a str,
    pub redactor: &'a Redactor,
    /// For what the action's steps make without asking anybody.
    pub memory_budget: &'a Mutex<MemoryBudget>,
}

impl Run<'_> {
    /// The names that expressions see.
    pub fn roots(&self) -> [(&'static str, &Value); 5] {
        [
            ("inputs", self.inputs),
            ("credentials", self.ctx.credentials.values()),
            ("steps", &self.steps),
            ("context", &self.context),
            ("iterator", &self.iterator),
        ]
    }

    /// An expression's failure, told as the caller's or the connector's fault.
    pub fn expression_error(&self, error: &EvalError) -> Error {
        expression_error(&self.ctx.connector.title, &self.action.id, error)
    }

    /// Makes room for what a step made of what others left: wrapped and copied from step to step, it would grow without
    /// end.
    pub fn charge_memory(&self, made: &Value) -> Result<(), Error> {
        let mut budget = self.memory_budget.lock().unwrap_or_else(PoisonError::into_inner);
        budget.charge(made).map_err(|error| self.expression_error(&error))
    }

    /// Refuses to go on with a long list when the call's time is over.
    pub fn check_deadline(&self) -> Result<(), EvalError> {
        if Instant::now() < self.ctx.deadline { Ok(()) } else { Err(EvalError::Fuel) }
    }

    /// How the caller pages through the step that is running.
    pub fn paging(&self) -> Option<&Paging<'_>> {
        self.paging.filter(|paging| paging.step == Some(self.step))
    }

    /// The data that a step left.
    pub fn data_of(&self, step: &str) -> Option<&Value> {
        self.steps.get(step)?.get("output")?.get("data")
    }

    /// The data that the last step left.
    pub fn last_data(&self) -> Option<&Value> {
        self.steps.as_object()?.values().next_back()?.get("output")?.get("data")
    }

    /// Keeps a secret that a step made out of what is shown of the run.
    pub fn add_secret(&self, secret: &str) {
        if let Some(trace) = self.ctx.trace {
            trace.add_secret(secret);
        }
    }

    /// Removes the account's secrets.
    pub fn redact(&self, value: &mut Value) {
        self.redactor.value(value);
    }

    /// Where this step may leave a file that is handed on: the action's last step, which makes one output.
    pub fn stream_slot(&self) -> Option<&StreamSlot> {
        let last = self.action.steps.last()?;
        let is_last = last.id == self.step && last.iterator.is_none() && last.then.is_empty();
        self.ctx.stream_slot.filter(|_| is_last)
    }

    /// What takes the account's secrets out of a file.
    pub fn stream_redactor(&self) -> StreamRedactor {
        self.redactor.stream_redactor()
    }
}

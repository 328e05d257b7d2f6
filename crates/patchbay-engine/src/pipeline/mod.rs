//! Running an action: inputs are checked, steps run in order, the result is put together.
//!
//! A run holds everything that its expressions see (`inputs`, `credentials`, `steps`, `context`) and
//! promises that no secret of the account leaves it: results and errors are redacted at its edge.

mod args;
mod beside;
mod build;
mod certificates;
mod composite;
mod control;
mod credentials;
mod cursor;
mod explain;
mod facts;
mod granted;
mod hand_out;
mod host;
mod inputs;
mod kept;
mod mask;
mod origin;
mod redactor;
mod response;
mod result;
mod sign;

use std::{
    borrow::Cow,
    future::Future,
    sync::{Mutex, PoisonError},
};

use bytes::Bytes;
use http::{HeaderMap, StatusCode};
use patchbay_connector::{
    Connector,
    definition::{Action, AuthMethod, Authorization, Request, SoapRequest},
    expr::{Escape, EvalError, Room, Scope, Template},
};
use serde_json::{Map, Value};
use tokio::time::{Duration, Instant};
use url::Url;

pub(crate) use args::{Parts, text, write_pairs};
pub(crate) use build::{PageArg, Target, authorize, base_url, has_dot_segment, http_method};
pub(crate) use certificates::{certificate, read as read_certificates};
pub(crate) use credentials::Credentials;
pub(crate) use cursor::{Paging, Place, invalid as invalid_cursor};
pub(crate) use explain::{expression_error, provider_error, readable, said, words};
pub(crate) use facts::RunFacts;
pub(crate) use granted::Granted;
pub use hand_out::FileFacts;
pub(crate) use hand_out::{HandOut, OpenFile};
pub(crate) use host::Host;
pub(crate) use inputs::{Inputs, RawInputs, check_inputs};
pub(crate) use mask::Mask;
pub(crate) use redactor::{REDACTED, Redactor};
pub(crate) use response::{Answer, charset, content_type, data, headers_value, pick, unreadable};
pub(crate) use result::Wants;
pub(crate) use sign::{Culprit, Handshake, OAuthProblem, sign, sign_handshake};

use crate::{
    EngineConfig, Error, EventSink,
    egress_error::IntoError as _,
    http::{Failure, Incoming, Opened, Outgoing, Pace, Rules, Watch, Whole},
    trace::Trace,
};

/// What a run acts with.
pub(crate) struct RunContext<'a> {
    /// The connector.
    pub(crate) connector: &'a Connector,
    /// The account's authentication method.
    pub(crate) method: &'a AuthMethod,
    /// The account's field values.
    pub(crate) credentials: &'a Credentials,
    /// Ids for `$.context`.
    pub(crate) facts: RunFacts,
    /// The operator's choices.
    pub(crate) config: &'a EngineConfig,
    /// When the whole run must be over.
    pub(crate) deadline: Instant,
    /// Where to keep what is sent and answered, when the caller asked for it.
    pub(crate) trace: Option<&'a Trace>,
    /// Who hears the events that steps emit.
    pub(crate) events: Option<&'a dyn EventSink>,
    /// Where a file goes that is handed on piece by piece, when the caller can take one.
    pub(crate) hand_out: Option<&'a HandOut>,
    /// How long each request may be kept back by a limit; as long as the run may take when the caller does not say.
    pub(crate) patience: Option<Duration>,
    /// The scopes that the provider granted, where it says so.
    pub(crate) granted: Option<&'a [String]>,
}

impl<'a> RunContext<'a> {
    /// Without anyone who looks on or listens, and without limits beside the deadline.
    pub(crate) fn new(
        connector: &'a Connector,
        method: &'a AuthMethod,
        credentials: &'a Credentials,
        facts: RunFacts,
        config: &'a EngineConfig,
        deadline: Instant,
    ) -> Self {
        Self {
            connector,
            method,
            credentials,
            facts,
            config,
            deadline,
            trace: None,
            events: None,
            hand_out: None,
            patience: None,
            granted: None,
        }
    }

    /// The object behind `$.context`.
    pub(crate) fn context_value(&self) -> Value {
        self.facts.context(self.connector, self.method)
    }
}

/// One run, as its steps see it.
pub(crate) struct Run<'a> {
    pub(crate) host: &'a Host,
    pub(crate) ctx: &'a RunContext<'a>,
    pub(crate) action: &'a Action,
    inputs: &'a Value,
    context: Value,
    steps: Value,
    /// The element of a step that runs over a list.
    iterator: Value,
    /// How the caller pages through the action, where it does.
    paging: Option<&'a Paging<'a>>,
    /// The step that is running.
    step: &'a str,
    redactor: &'a Redactor,
    /// For what the action's steps make without asking anybody.
    room: &'a Mutex<Room>,
}

impl Run<'_> {
    /// The names that expressions see.
    pub(crate) fn roots(&self) -> [(&'static str, &Value); 5] {
        [
            ("inputs", self.inputs),
            ("credentials", self.ctx.credentials.values()),
            ("steps", &self.steps),
            ("context", &self.context),
            ("iterator", &self.iterator),
        ]
    }

    /// An expression's failure, told as the caller's or the connector's fault.
    pub(crate) fn broken(&self, error: &EvalError) -> Error {
        expression_error(&self.ctx.connector.title, &self.action.id, error)
    }

    /// Makes room for what a step made of what others left: wrapped and copied from step to step, it would grow without
    /// end.
    fn keeps(&self, made: &Value) -> Result<(), Error> {
        let mut room = self.room.lock().unwrap_or_else(PoisonError::into_inner);
        room.take(made).map_err(|error| self.broken(&error))
    }

    /// Refuses to go on with a long list when the call's time is over.
    pub(crate) fn in_time(&self) -> Result<(), EvalError> {
        if Instant::now() < self.ctx.deadline { Ok(()) } else { Err(EvalError::Fuel) }
    }

    /// How the caller pages through the step that is running.
    pub(crate) fn paging(&self) -> Option<&Paging<'_>> {
        self.paging.filter(|paging| paging.step == Some(self.step))
    }

    /// The data that a step left.
    pub(crate) fn data_of(&self, step: &str) -> Option<&Value> {
        self.steps.get(step)?.get("output")?.get("data")
    }

    /// The data that the last step left.
    pub(crate) fn last_data(&self) -> Option<&Value> {
        self.steps.as_object()?.values().next_back()?.get("output")?.get("data")
    }

    /// Builds a request of this run.
    pub(crate) fn build(&self, request: &Request, page: Option<&build::PageArg<'_>>) -> Result<Outgoing, Error> {
        build::request(self, request, None, page)
    }

    /// Builds the request of a SOAP call.
    pub(crate) fn build_soap(&self, soap: &SoapRequest, page: Option<&build::PageArg<'_>>) -> Result<Outgoing, Error> {
        build::request(self, &soap.request, Some(soap), page)
    }

    /// Where a step speaks a protocol of its own: `path` under `base`, or `base` itself. Without a base it is the
    /// connector's base URL, else the MCP server that the authentication method names.
    pub(crate) fn target(&self, base: Option<&Template>, path: Option<&Template>) -> Result<Target, Error> {
        build::endpoint(self, base, path)
    }

    /// A request to such a place with what proves who asks: the step's authorization, else the method's.
    pub(crate) fn prove(
        &self,
        target: &Target,
        authorization: Option<&Authorization>,
        outgoing: Outgoing,
    ) -> Result<Outgoing, Error> {
        build::prove(self, target, authorization, outgoing)
    }

    /// Sends a step's request, or gives the answer that is kept of it.
    pub(crate) async fn exchange(
        &self,
        request: &Request,
        page: Option<&build::PageArg<'_>>,
    ) -> Result<Incoming, Error> {
        kept::exchange(self, request, page).await
    }

    /// Keeps a secret that a step made out of what is shown of the run.
    pub(crate) fn learn(&self, secret: &str) {
        if let Some(trace) = self.ctx.trace {
            trace.learn(secret);
        }
    }

    /// Removes the account's secrets.
    pub(crate) fn redact(&self, value: &mut Value) {
        self.redactor.value(value);
    }

    /// Builds the request for a file that an answer named.
    pub(crate) fn build_fetch(&self, request: &Request, url: Url, with_credentials: bool) -> Result<Outgoing, Error> {
        build::fetch(self, request, url, with_credentials)
    }

    /// Where this step may leave a file that is handed on: the action's last step, which makes one output.
    pub(crate) fn hand_out(&self) -> Option<&HandOut> {
        let last = self.action.steps.last()?;
        let is_last = last.id == self.step && last.iterator.is_none() && last.then.is_empty();
        self.ctx.hand_out.filter(|_| is_last)
    }

    /// What takes the account's secrets out of a file.
    pub(crate) fn mask(&self) -> Mask {
        self.redactor.mask()
    }

    /// Sends a request within the account's limits and the run's time.
    pub(crate) async fn send(&self, outgoing: Outgoing) -> Result<Incoming, Error> {
        self.send_watched(outgoing, self.ctx.deadline, &mut Whole).await
    }

    /// The same by an earlier end, for an answer that is looked at while it comes in.
    pub(crate) async fn send_watched(
        &self,
        outgoing: Outgoing,
        deadline: Instant,
        watch: &mut dyn Watch,
    ) -> Result<Incoming, Error> {
        let (deadline, pace) = (deadline.min(self.ctx.deadline), pace(self.ctx));
        let pace = pace.as_ref();
        self.traced(outgoing, |outgoing| self.host.http.send_watched(outgoing, pace, deadline, watch), whole).await
    }

    /// The same with so many redirects at most.
    pub(crate) async fn send_within(&self, outgoing: Outgoing, hops: usize) -> Result<Incoming, Error> {
        let (deadline, pace) = (self.ctx.deadline, pace(self.ctx));
        let pace = pace.as_ref();
        self.traced(outgoing, |outgoing| self.host.http.send_within(outgoing, pace, deadline, hops), whole).await
    }

    /// Sends a request whose answer's body is left to be read.
    pub(crate) async fn open(&self, outgoing: Outgoing, hops: usize) -> Result<Opened, Error> {
        let head = |opened: &Opened| (opened.status, opened.headers.clone(), None);
        let (deadline, pace) = (self.ctx.deadline, pace(self.ctx));
        let pace = pace.as_ref();
        self.traced(outgoing, |outgoing| self.host.http.open(outgoing, pace, deadline, hops), head).await
    }

    async fn traced<T, F>(
        &self,
        outgoing: Outgoing,
        send: impl FnOnce(Outgoing) -> F,
        seen: impl FnOnce(&T) -> (StatusCode, HeaderMap, Option<Bytes>),
    ) -> Result<T, Error>
    where
        F: Future<Output = Result<T, Failure>>,
    {
        let ctx = self.ctx;
        let tracing =
            ctx.trace.map(|trace| (trace, trace.sending(self.step, &outgoing, self.redactor), Instant::now()));
        let changes = changes(&outgoing.method);
        let outcome = send(outgoing).await;
        if let Some(account) = ctx.facts.account_id.as_ref().filter(|_| changes) {
            self.host.answers.forget(account);
        }
        let outcome = outcome.map_err(|failure| failure.into_error(&ctx.connector.title));
        if let Some((trace, sent, began)) = tracing {
            let took = millis(began.elapsed());
            match &outcome {
                Ok(answer) => {
                    let (status, headers, body) = seen(answer);
                    trace.answered(sent, status, &headers, body.as_ref(), took, self.redactor);
                }
                Err(error) => trace.failed(sent, &error.message, took, self.redactor),
            }
        }
        outcome
    }
}

/// What a trace shows of an answer that was read.
fn whole(incoming: &Incoming) -> (StatusCode, HeaderMap, Option<Bytes>) {
    (incoming.status, incoming.headers.clone(), Some(incoming.body.clone()))
}

/// Whether a request may change something at the provider, after which kept answers are stale.
pub(crate) fn changes(method: &http::Method) -> bool {
    !method.is_safe()
}

/// Whole milliseconds.
pub(crate) fn millis(duration: std::time::Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

/// The limits of the account that is called for; none while it is being linked.
pub(crate) fn pace<'a>(ctx: &'a RunContext<'_>) -> Option<Pace<'a>> {
    let account = ctx.facts.account_id.as_ref()?;
    let connector = ctx.connector;
    let rules = Rules { per_second: connector.rate_limit_per_second, at_once: connector.max_concurrency };
    let until = ctx.patience.and_then(|patience| Instant::now().checked_add(patience));
    Some(Pace { account, rules, until: until.map_or(ctx.deadline, |until| until.min(ctx.deadline)) })
}

/// Runs an action. The result always has `data` and `next`.
pub(crate) async fn run(
    host: &Host,
    ctx: RunContext<'_>,
    action: &Action,
    inputs: &Inputs,
) -> Result<Map<String, Value>, Error> {
    let mut redactor = ctx.credentials.redactor();
    know_basic(&ctx, inputs, action, &mut redactor)?;
    match execute(host, &ctx, action, inputs, &redactor).await {
        Ok(mut result) => {
            result.values_mut().for_each(|value| redactor.value(value));
            Ok(result)
        }
        Err(error) => Err(redact_error(error, &redactor)),
    }
}

/// Runs an action whose result is credentials, which nobody but the vault sees: nothing in it is redacted, as a
/// provider may give a token back as it was. Errors are.
pub(crate) async fn run_for_credentials(
    host: &Host,
    ctx: RunContext<'_>,
    action: &Action,
    inputs: &Inputs,
) -> Result<Map<String, Value>, Error> {
    let mut redactor = ctx.credentials.redactor();
    know_basic(&ctx, inputs, action, &mut redactor)?;
    execute(host, &ctx, action, inputs, &redactor).await.map_err(|error| redact_error(error, &redactor))
}

async fn execute(
    host: &Host,
    ctx: &RunContext<'_>,
    action: &Action,
    inputs: &Inputs,
    redactor: &Redactor,
) -> Result<Map<String, Value>, Error> {
    let (context, steps) = (ctx.context_value(), Value::Object(Map::new()));
    let iterator = Value::Null;
    let mut inputs = Cow::Borrowed(inputs.values());
    let paging = cursor::open(action, &mut inputs)?;
    composite::split(action, &mut inputs)?;
    let (inputs, paging) = (&*inputs, paging.as_ref());
    let room = &Mutex::default();
    let mut run = Run { host, ctx, action, inputs, context, steps, iterator, paging, step: "", redactor, room };
    let last = beside::run_steps(&mut run, result::wants(action)).await?;
    let mut result = result::assemble(run, last)?;
    composite::join(action, &mut result);
    cursor::close(paging, &mut result);
    Ok(result)
}

/// A Basic header is a secret of its own: neither user nor password shows in it.
fn know_basic(ctx: &RunContext<'_>, inputs: &Inputs, action: &Action, redactor: &mut Redactor) -> Result<(), Error> {
    if let Authorization::Basic { .. } = &ctx.method.authorization {
        let context = ctx.context_value();
        let roots = [("inputs", inputs.values()), ("credentials", ctx.credentials.values()), ("context", &context)];
        let value = build::basic(&ctx.method.authorization, &Scope { roots: &roots })
            .map_err(|error| expression_error(&ctx.connector.title, &action.id, &error))?;
        if let Some(value) = value {
            redactor.add(&value);
        }
    }
    Ok(())
}

/// An error without the account's secrets.
pub(crate) fn redact_error(mut error: Error, redactor: &Redactor) -> Error {
    error.message = redactor.text(&error.message).into_owned();
    for problem in &mut error.problems {
        problem.message = redactor.text(&problem.message).into_owned();
    }
    if let Some(provider) = &mut error.provider {
        provider.url = redactor.text(&provider.url).into_owned();
        redactor.value(&mut provider.body);
        for (_, value) in &mut provider.headers {
            *value = redactor.text(value).into_owned();
        }
        // They are kept: what holds a secret is no scope.
        provider.wanted_scopes.retain(|scope| redactor.text(scope) == scope.as_str());
    }
    error
}

/// A template's text for a header or name.
pub(crate) fn header_text(template: &Template, scope: &Scope<'_>) -> Result<Option<String>, EvalError> {
    template.eval_text(scope, Escape::Header)
}

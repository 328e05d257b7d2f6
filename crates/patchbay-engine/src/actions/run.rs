//! Runs actions.

use std::{sync::Arc, time::Duration};

use patchbay_connector::{
    Connector,
    definition::{Action, InputLocation, Step},
};
use patchbay_model::{AccountId, ApiScope, CallKind, ProfileId, Reservation};
use serde_json::{Map, Value};

use super::{
    call::{Call, Calls},
    cursors,
    files::{RunFile, RunReply},
    missing_scopes::store_missing_scopes,
    outcome::RunOutcome,
};
use crate::{
    Caller, EngineParts, Error, ErrorCode, RunTrace, accounts::store::CachedAccounts, action_access::is_enabled,
    connector_catalog::ConnectorCatalog, scopes::missing_scopes, tokens::token_request::uses_token,
};
use patchbay_runtime::{self as runtime, Host, RawInputs, RunContext, RunMemory, StreamSlot, Trace, is_not_sent};
use patchbay_vault::Vault;

/// The number of characters of an action id that a message repeats.
const MAX_ACTION_ID_CHARS: usize = 100;

/// A run of an action.
#[derive(Clone, Debug)]
pub struct RunRequest {
    /// The account.
    pub account_id: AccountId,
    /// The profile to use instead of the account's. It must belong to the same project and connector.
    pub profile_id: Option<ProfileId>,
    /// The action's public id.
    pub action: String,
    /// Path inputs.
    pub path: Map<String, Value>,
    /// Query inputs.
    pub query: Map<String, Value>,
    /// Header inputs. Case of their names is ignored. Headers that clients set by themselves (`Content-Type`, `x-account-id`)
    /// are ignored, unless the action declares them.
    pub headers: Map<String, Value>,
    /// Body inputs.
    pub body: Map<String, Value>,
    /// Whether the response or the error contains a trace of the requests to the provider.
    pub debug: bool,
    /// Whether the run ends before its first request, which the trace then contains. The token may be refreshed before.
    pub dry_run: bool,
    /// The memory of the inputs if they are large.
    pub memory: Option<Arc<Reservation>>,
}

/// Runs actions.
pub struct Actions {
    host: Arc<Host>,
    vault: Arc<Vault>,
    connectors: Arc<ConnectorCatalog>,
    accounts: Arc<CachedAccounts>,
    calls: Arc<Calls>,
}

impl Actions {
    pub(crate) fn new(
        parts: &EngineParts,
        host: Arc<Host>,
        connectors: Arc<ConnectorCatalog>,
        accounts: Arc<CachedAccounts>,
        calls: Arc<Calls>,
    ) -> Self {
        Self { host, vault: parts.vault.clone(), connectors, accounts, calls }
    }

    /// Checks the inputs and runs the action within the time limit of a call. A file that the connector would stream is
    /// buffered, up to the limit of a response.
    ///
    /// # Errors
    /// `MissingScopeError` (403); `ValidationError` (400) with every problem; `ActionNotFoundError` (404) with the nearest ids;
    /// `ActionNotEnabledError` (403); `AccountNotFoundError` (404); 412 if the account or its profile does not allow calls; the
    /// provider's error.
    pub async fn run(&self, caller: &Caller, request: RunRequest) -> Result<RunOutcome, Error> {
        self.run_within(caller, request, None).await
    }

    /// Runs an action as [`Actions::run`], and waits at most `max_wait` for a rate limit before each request.
    ///
    /// # Errors
    /// As [`Actions::run`]; 429 with `Retry-After` if a rate limit requires a longer wait.
    pub async fn run_within(
        &self,
        caller: &Caller,
        request: RunRequest,
        max_wait: Option<Duration>,
    ) -> Result<RunOutcome, Error> {
        let run = self.perform(caller, request, max_wait, None).await?;
        finish(run)
    }

    /// Runs an action as [`Actions::run_within`], and streams a file that the connector streams.
    ///
    /// # Errors
    /// As [`Actions::run_within`].
    pub async fn run_streaming(
        &self,
        caller: &Caller,
        request: RunRequest,
        max_wait: Option<Duration>,
    ) -> Result<RunReply, Error> {
        let stream_slot = StreamSlot::default();
        let run = self.perform(caller, request, max_wait, Some(&stream_slot)).await?;
        match (run.outcome, stream_slot.take()) {
            (Ok(result), Some(file)) => {
                let call = run.call;
                let trace = run.trace.map(|trace| run_trace(&call, trace));
                let may_have_effect = call.effects.any();
                let outcome =
                    RunOutcome { call_id: call.id.clone(), result, trace, may_have_effect, memory: run.memory };
                Ok(RunReply::File(Box::new(RunFile::new(call, outcome, file))))
            }
            (outcome, _) => finish(Performed { outcome, ..run }).map(RunReply::Value),
        }
    }

    /// Runs the action. The caller must end the call.
    async fn perform(
        &self,
        caller: &Caller,
        request: RunRequest,
        max_wait: Option<Duration>,
        stream_slot: Option<&StreamSlot>,
    ) -> Result<Performed, Error> {
        caller.require(ApiScope::ActionsExecute)?;
        let RunRequest { account_id, profile_id, action, path, query, headers, body, debug, dry_run, memory: inputs } =
            request;
        let name = Some(shown(&action));
        let mut call = self.calls.begin(caller, &account_id, profile_id.as_ref(), CallKind::Action, name).await?;
        if own_action(&call, &action).is_some() {
            call.name_action(&action);
        }
        call.max_rate_limit_wait = max_wait;
        let raw = RawInputs { path, query, headers, body };
        let trace = (debug || dry_run).then(Trace::default);
        let memory = RunMemory::default();
        let input_bytes = inputs.as_ref().map_or(0, |inputs| inputs.bytes());
        memory.receive(input_bytes);
        if memory.is_large() {
            runtime::leave().await?;
        }
        // Without memory for a copy of the inputs, the call is not repeated.
        let copy = runtime::claim_bytes(input_bytes);
        let again = (copy.is_ok() && uses_token(call.method()) && may_repeat(&call, &action)).then(|| raw.clone());
        let outputs = RunOutputs { trace: trace.as_ref(), is_dry_run: dry_run, stream_slot, memory: &memory };
        let mut outcome = self.run_in(caller, &call, &action, raw, outputs).await;
        if let Some(raw) = again
            && call.refresh_if_rejected(declared_status(&outcome), &mut outcome).await
        {
            outcome = self.run_in(caller, &call, &action, raw, outputs).await;
        }
        if dry_run {
            outcome = outcome.or_else(|error| if is_not_sent(&error) { Ok(Map::new()) } else { Err(error) });
            outcome = outcome.map(dry_result);
        }
        match &mut outcome {
            Err(error) if error.code == ErrorCode::AccountMissingScopes => {
                Box::pin(self.refused_for_scopes(&call, &action, error)).await;
            }
            _ => {}
        }
        let is_large = memory.is_large();
        let memory = Some(memory.into_reservation()).filter(|memory| is_large || memory.bytes() > 0).map(Arc::new);
        Ok(Performed { call, outcome, trace, memory })
    }

    /// Adds the action's name to an `insufficient_scope` error, and stores the scopes for the next authorization.
    async fn refused_for_scopes(&self, call: &Call, action: &str, error: &mut Error) {
        let Some(provider) = &error.provider else { return };
        error.message = runtime::not_granted(&call.connector.title, &format!("`{action}`"), &provider.wanted_scopes);
        store_missing_scopes(&self.accounts, &call.resolved.account, action, &provider.wanted_scopes).await;
    }

    async fn run_in(
        &self,
        caller: &Caller,
        call: &Call,
        name: &str,
        mut raw: RawInputs,
        outputs: RunOutputs<'_>,
    ) -> Result<Map<String, Value>, Error> {
        let action = self.find_action(caller, call, name).await?;
        if !is_enabled(Some(&call.profile), &action) {
            return Err(Error::new(
                ErrorCode::ActionNotEnabled,
                format!(
                    "the connector profile `{}` does not allow `{}`; enable it there",
                    call.profile.name, action.public_id
                ),
            ));
        }
        let missing = missing_scopes(&call.resolved.connector, call.resolved.method(), &call.resolved.account, &action);
        if !missing.is_empty() {
            return Err(refused_for(&call.resolved.connector.title, &action, &missing));
        }
        strip_sdk_extras(&action, &mut raw);
        let account = &call.resolved.account;
        cursors::open(&self.vault, account, &action, &mut raw)?;
        let inputs = runtime::check_inputs(&action, raw)?;
        let credentials = call.credentials()?;
        let RunOutputs { trace, is_dry_run, stream_slot, memory } = outputs;
        let memory = Some(memory);
        // A search by POST changes nothing if the connector says so.
        let effects = (action.annotations.read_only != Some(true)).then_some(&call.effects);
        let context = call.context(caller, &credentials);
        // Nobody acts on what did not happen.
        let events = context.events.filter(|_| !is_dry_run);
        let context = RunContext { trace, is_dry_run, effects, events, stream_slot, memory, ..context };
        let mut result = runtime::run(&self.host, context, &action, &inputs).await?;
        cursors::seal(&self.vault, account, &action, &mut result);
        Ok(result)
    }

    /// Finds the action in the account's connector.
    async fn find_action(&self, caller: &Caller, call: &Call, name: &str) -> Result<Arc<Action>, Error> {
        if let Some(action) = own_action(call, name) {
            return Ok(action.clone());
        }
        let shown = shown(name);
        let registry = self.connectors.of_project(&caller.project_id).await?;
        let other = registry.action(name).filter(|(other, _)| other.key != call.connector.key);
        if let Some((other, _)) = other {
            return Err(Error::new(
                ErrorCode::ActionConnectorMismatch,
                format!(
                    "`{shown}` is an action of {}, but the account is one of {}",
                    other.title, call.connector.title
                ),
            ));
        }
        let has_it = |other: &Connector| other.action(name).is_some_and(|action| action.public_id == name);
        if let Some(other) = registry.get(&call.connector.key).filter(|other| has_it(other)) {
            return Err(Error::new(
                ErrorCode::ActionNotFound,
                format!(
                    "{} {} has no action `{shown}`, but {} has: change the version pin of the connector profile `{}`",
                    call.connector.title, call.connector.version, other.version, call.profile.name
                ),
            ));
        }
        let nearest = registry.nearest_actions(name, 3).iter().map(|near| format!("`{near}`")).collect::<Vec<_>>();
        let hint = if nearest.is_empty() { String::new() } else { format!("; the nearest are {}", nearest.join(", ")) };
        Err(Error::new(ErrorCode::ActionNotFound, format!("unknown action `{shown}`{hint}")))
    }
}

/// The outputs of a run in addition to its result.
#[derive(Clone, Copy)]
struct RunOutputs<'a> {
    trace: Option<&'a Trace>,
    is_dry_run: bool,
    stream_slot: Option<&'a StreamSlot>,
    memory: &'a RunMemory,
}

/// A run whose call has not ended.
struct Performed {
    call: Call,
    outcome: Result<Map<String, Value>, Error>,
    trace: Option<Trace>,
    memory: Option<Arc<Reservation>>,
}

/// Ends the call.
fn finish(run: Performed) -> Result<RunOutcome, Error> {
    let Performed { call, outcome, trace, memory } = run;
    let (call_id, may_have_effect) = (call.id.clone(), call.effects.any());
    let trace = trace.map(|trace| run_trace(&call, trace));
    match call.end(outcome, |_| 200) {
        Ok(result) => Ok(RunOutcome { call_id, result, trace, may_have_effect, memory }),
        Err(mut error) => {
            error.trace = trace.map(Box::new);
            Err(error)
        }
    }
}

fn run_trace(call: &Call, trace: Trace) -> RunTrace {
    trace.finish(call.began)
}

/// Returns the result of a dry run: what the connector made without a request, and that it is one.
fn dry_result(mut result: Map<String, Value>) -> Map<String, Value> {
    for member in ["data", "next"] {
        result.entry(member).or_insert(Value::Null);
    }
    result.insert("dry_run".to_owned(), Value::Bool(true));
    result
}

/// Returns the part of a caller's name of an action that messages and records repeat. The name of an action that does not exist can
/// be anything, also a secret, so it is redacted before it is shortened.
fn shown(name: &str) -> String {
    let name = name.chars().filter(|c| !c.is_control()).collect::<String>();
    runtime::redact_secrets(&name).chars().take(MAX_ACTION_ID_CHARS).collect()
}

/// Returns the action with this public id in the call's connector.
fn own_action<'a>(call: &'a Call, name: &str) -> Option<&'a Arc<Action>> {
    call.connector.action(name).filter(|action| action.public_id == name)
}

/// Returns whether an action may run again after the provider rejected its token: it only reads, or its only request was the
/// rejected one. A step with an iterator sends several requests, and the first ones may have had an effect.
fn may_repeat(call: &Call, name: &str) -> bool {
    own_action(call, name).is_some_and(|action| {
        let is_one = |step: &Step| step.iterator.is_none() && step.then.is_empty();
        matches!(action.steps.as_slice(), [step] if is_one(step)) || action.annotations.read_only == Some(true)
    })
}

/// Returns 412, because the provider granted fewer scopes than the action requires.
fn refused_for(title: &str, action: &Action, missing: &[String]) -> Error {
    let message = runtime::not_granted(title, &format!("`{}`", action.public_id), missing);
    Error::new(ErrorCode::AccountMissingScopes, message)
}

/// Returns the status of the provider's error response as the connector declares it (`customErrors`): a declared 401 rejects
/// the token like a real one, and a 401 that the connector declares to be something else does not.
fn declared_status<T>(outcome: &Result<T, Error>) -> Option<u16> {
    let error = outcome.as_ref().err()?;
    error.provider.as_ref()?.status.map(|_| error.status())
}

/// The headers that HTTP clients, SDKs, proxies and tracing set by themselves. In a call's inputs they say how the caller sent
/// its request; they are not inputs of an action that does not declare them.
const CLIENT_HEADERS: [&str; 36] = [
    "accept",
    "accept-charset",
    "accept-encoding",
    "accept-language",
    "authorization",
    "baggage",
    "cache-control",
    "connection",
    "content-encoding",
    "content-length",
    "content-type",
    "cookie",
    "date",
    "dnt",
    "expect",
    "forwarded",
    "host",
    "idempotency-key",
    "keep-alive",
    "origin",
    "pragma",
    "prefer",
    "priority",
    "referer",
    "te",
    "traceparent",
    "tracestate",
    "transfer-encoding",
    "upgrade",
    "user-agent",
    "via",
    "x-account-id",
    "x-connector-profile-id",
    "x-rate-limit-wait",
    "x-request-id",
    "x-requested-with",
];
/// The beginnings of the names of such headers.
const CLIENT_HEADER_PREFIXES: [&str; 6] =
    ["sec-", "x-forwarded-", "x-stackone-", "x-stainless-", "x-speakeasy-", "x-amzn-trace-"];

/// Returns true for a header that clients set by themselves, in any case.
fn is_client_header(name: &str) -> bool {
    let name = name.trim().to_ascii_lowercase();
    CLIENT_HEADERS.binary_search(&name.as_str()).is_ok()
        || CLIENT_HEADER_PREFIXES.iter().any(|prefix| name.starts_with(prefix))
}

/// Removes what SDKs add to the inputs: headers of their own ([`CLIENT_HEADERS`]), and `debug` in the query. An action that
/// declares such an input gets it.
fn strip_sdk_extras(action: &Action, raw: &mut RawInputs) {
    let declares = |location, name: &str| {
        action.inputs.iter().any(|input| input.location == location && input.name.eq_ignore_ascii_case(name))
    };
    raw.headers.retain(|name, _| !is_client_header(name) || declares(InputLocation::Headers, name));
    if raw.query.get("debug").is_some_and(Value::is_boolean) && !declares(InputLocation::Query, "debug") {
        raw.query.remove("debug");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_redacted_before_it_is_shortened() {
        assert_eq!(shown("acme_list_contracts"), "acme_list_contracts");
        assert_eq!(shown("4111\u{7}111111111111"), "[redacted:card]");
        for place in 0..=MAX_ACTION_ID_CHARS {
            for secret in ["4111%2D1111-1111-1111", "sk_live_4eC39HqLyjWDarjtT1zdp7dc"] {
                let kept = shown(&format!("{} {secret}", "x".repeat(place)));
                assert!(!kept.contains('4') && !kept.contains("sk_"), "{kept}");
            }
        }
    }
}

//! Runs an action without storage, account or server, for the authors of connectors.
//!
//! A local run uses the code of a call through the server: input checks, egress policy, time limits, redaction. Every
//! credential counts as secret unless the connector declares it as a plain field.

use std::sync::Arc;

use patchbay_connector::{
    Connector,
    definition::{Action, AuthMethod},
};
use patchbay_egress::{EgressConfig, Transport};
use patchbay_model::{CallId, Clock, Entropy, Metadata, ProfileId, ProjectId};
use patchbay_vault::Secret;
use serde::Deserialize;
use serde_json::{Map, Value};
use tokio::time::Instant;

use crate::{
    Error, ErrorCode,
    config::RuntimeConfig,
    context::RunContext,
    credentials::Credentials,
    host::Host,
    inputs::{RawInputs, check_inputs},
    json::to_text,
    run::run,
    run_ids::RunIds,
    trace::{RunTrace, Trace},
};

/// The id of the project, profile and call of a local run.
const LOCAL_ID: &str = "local";

/// Inputs by location.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ActionInput {
    /// The path inputs.
    pub path: Map<String, Value>,
    /// The query inputs.
    pub query: Map<String, Value>,
    /// The header inputs.
    pub headers: Map<String, Value>,
    /// The body inputs.
    pub body: Map<String, Value>,
}

/// An account that is not stored.
#[derive(Clone, Debug)]
pub struct LocalAccount<'a> {
    /// The connector.
    pub connector: &'a Connector,
    /// The authentication method's key; the connector's first method if absent.
    pub auth: Option<&'a str>,
    /// The environment's key; the method's first environment if absent.
    pub environment: Option<&'a str>,
    /// The account's field values, secret or not, and its tokens. A missing value is the field's default.
    pub credentials: Metadata,
}

/// An action to run with an account that is not stored.
#[derive(Clone, Debug)]
pub struct LocalRun<'a> {
    /// The account.
    pub account: LocalAccount<'a>,
    /// The action's local or public id.
    pub action: &'a str,
    /// The inputs.
    pub input: ActionInput,
}

/// The outcome of a local run.
#[derive(Clone, Debug)]
pub struct LocalOutcome {
    /// `{data, next, …}`, or the error.
    pub result: Result<Map<String, Value>, Error>,
    /// The requests and responses, without secrets.
    pub trace: RunTrace,
}

/// A local account whose method and environment were found and whose credentials are ready to use.
#[derive(Debug)]
pub struct OpenAccount<'a> {
    /// The connector.
    pub connector: &'a Connector,
    /// The authentication method.
    pub method: &'a AuthMethod,
    /// The environment's key; empty if the method has none.
    pub environment: String,
    /// The field values.
    pub credentials: Credentials,
}

/// Runs actions without storage.
pub struct LocalRunner {
    host: Host,
    config: RuntimeConfig,
}

impl LocalRunner {
    /// Creates a runner that uses the real network under the operator's egress rules.
    ///
    /// # Errors
    ///
    /// 400 `EgressCaInvalidError` or `UpstreamInvalidError` if a setting is not valid.
    pub fn new(
        egress: &EgressConfig,
        config: RuntimeConfig,
        clock: Arc<dyn Clock>,
        entropy: Arc<dyn Entropy>,
    ) -> Result<Self, Error> {
        Ok(Self { host: Host::new(egress, clock, entropy)?, config })
    }

    /// Replaces the network by another transport.
    #[must_use]
    pub fn with_transport(mut self, transport: Arc<dyn Transport>) -> Self {
        self.host = self.host.with_transport(transport);
        self
    }

    /// Returns the state that the runs share.
    pub fn host(&self) -> &Host {
        &self.host
    }

    /// Runs an action and returns its outcome with a trace.
    pub async fn run(&self, run: LocalRun<'_>) -> LocalOutcome {
        let (trace, started) = (Trace::default(), Instant::now());
        let result = self.run_traced(run, &trace).await;
        LocalOutcome { result, trace: trace.finish(started) }
    }

    async fn run_traced(&self, local: LocalRun<'_>, trace: &Trace) -> Result<Map<String, Value>, Error> {
        let LocalRun { account, action, input } = local;
        let OpenAccount { connector, method, environment, credentials } = account.open()?;
        let found = connector.action(action).or_else(|| refresh_action(method, action));
        let action = found.ok_or_else(|| unknown_action(connector, action))?;
        let raw = RawInputs { path: input.path, query: input.query, headers: input.headers, body: input.body };
        let inputs = check_inputs(action, raw)?;
        let ids = RunIds {
            organization_id: None,
            project_id: ProjectId::new(LOCAL_ID),
            account_id: None,
            profile_id: ProfileId::new(LOCAL_ID),
            environment,
            owner: None,
            call_id: CallId::new(LOCAL_ID),
        };
        let deadline = self.config.deadline();
        let ctx = RunContext::new(connector, method, &credentials, ids, self.config, deadline);
        let ctx = RunContext { trace: Some(trace), ..ctx };
        run(&self.host, ctx, action, &inputs).await
    }
}

impl<'a> LocalAccount<'a> {
    /// Finds the account's method and environment and prepares its credentials.
    ///
    /// # Errors
    ///
    /// 400 `ValidationError` if the connector has no such method or the method has no such environment.
    pub fn open(self) -> Result<OpenAccount<'a>, Error> {
        let Self { connector, auth, environment, credentials } = self;
        let method = method_of(connector, auth)?;
        let environment = environment_of(method, environment)?;
        Ok(OpenAccount { connector, method, environment, credentials: credentials_of(method, credentials) })
    }
}

/// Returns the action that a method runs after authorization if it has this id. An action that returns tokens is not
/// returned, because its result would show them.
fn refresh_action<'c>(method: &'c AuthMethod, id: &str) -> Option<&'c Arc<Action>> {
    let refresh = method.refresh.as_ref().filter(|refresh| !refresh.gives_token())?;
    Some(&refresh.action).filter(|action| action.id == id)
}

/// Returns the 404 `ActionNotFoundError`, with a suggestion.
fn unknown_action(connector: &Connector, id: &str) -> Error {
    let known = connector.actions.iter().map(|action| action.id.as_str());
    let hint = patchbay_connector::nearest(id, known).map(|name| format!("; did you mean `{name}`?"));
    let message = format!("{} has no action `{id}`{}", connector.title, hint.unwrap_or_default());
    Error::new(ErrorCode::ActionNotFound, message)
}

pub(crate) fn method_of<'c>(connector: &'c Connector, key: Option<&str>) -> Result<&'c AuthMethod, Error> {
    let found = match key {
        Some(key) => connector.auth_method(key),
        None => connector.authentication.first(),
    };
    found.ok_or_else(|| {
        let known = connector.authentication.iter().map(|method| method.key.as_str()).collect::<Vec<_>>().join(", ");
        let message = format!("{} has no such authentication method; it has: {known}", connector.title);
        Error::new(ErrorCode::Validation, message)
    })
}

fn environment_of(method: &AuthMethod, key: Option<&str>) -> Result<String, Error> {
    let found = match key {
        Some(key) => method.environments.iter().find(|environment| environment.key == key),
        None => method.environments.first(),
    };
    match (found, key) {
        (Some(environment), _) => Ok(environment.key.clone()),
        (None, None) => Ok(String::new()),
        (None, Some(_)) => {
            let known =
                method.environments.iter().map(|environment| environment.key.as_str()).collect::<Vec<_>>().join(", ");
            let message = format!("`{}` has no such environment; it has: {known}", method.key);
            Err(Error::new(ErrorCode::Validation, message))
        }
    }
}

/// Returns the given values, and the defaults of the missing fields, as credentials.
fn credentials_of(method: &AuthMethod, mut values: Metadata) -> Credentials {
    for field in method.fields() {
        if let (Some(default), false) = (&field.default, values.contains_key(&field.key)) {
            values.insert(field.key.clone(), default.clone());
        }
    }
    let is_plain = |key: &str| method.fields().any(|field| field.key == key && !field.secret);
    let (plain, secret): (Metadata, Metadata) = values.into_iter().partition(|(key, _)| is_plain(key));
    let secrets = secret.iter().map(|(key, value)| (key.as_str(), Secret::new(to_text(value))));
    Credentials::from_parts(&plain, secrets)
}

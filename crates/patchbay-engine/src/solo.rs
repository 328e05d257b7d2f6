//! One run of an action by itself: no storage, no account, no server. For who writes a connector.
//!
//! The code is that of a call through the server: input checks, guarded client, time budget, redaction.
//! Every credential counts as secret but those that the connector declares as plain fields.

use std::{collections::BTreeMap, sync::Arc};

use patchbay_connector::{
    Connector,
    definition::{Action, AuthMethod, Field},
};
use patchbay_model::{
    CallId, Clock, EnabledActions, Entropy, Metadata, Owner, Profile, ProfileId, ProjectId, Timestamp,
};
use patchbay_vault::Secret;
use serde::Deserialize;
use serde_json::{Map, Value};
use tokio::time::{Duration, Instant};

use crate::{
    EngineConfig, Error, ErrorKind, Revocation, RunTrace,
    http::Transport,
    pipeline::{Credentials, Host, RawInputs, RunContext, RunFacts, check_inputs, millis, run, text},
    tokens::{Applicant, Wire, revoke},
    trace::Trace,
};

/// Inputs by location.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ActionInput {
    /// Path inputs.
    pub path: Map<String, Value>,
    /// Query inputs.
    pub query: Map<String, Value>,
    /// Header inputs.
    pub headers: Map<String, Value>,
    /// Body inputs.
    pub body: Map<String, Value>,
}

/// What to run, and as whom.
#[derive(Clone, Debug)]
pub struct SoloRun<'a> {
    /// The connector.
    pub connector: &'a Connector,
    /// The action's local or public id.
    pub action: &'a str,
    /// The authentication method's key; the connector's first when absent.
    pub auth: Option<&'a str>,
    /// The environment's key; the method's first when absent.
    pub environment: Option<&'a str>,
    /// The account's field values. A field's default stands in for one that is missing.
    pub credentials: Metadata,
    /// The inputs.
    pub input: ActionInput,
}

/// What came of it.
#[derive(Clone, Debug)]
pub struct SoloOutcome {
    /// `{data, next, …}`, or why there is none.
    pub result: Result<Map<String, Value>, Error>,
    /// What was sent and answered, without secrets.
    pub trace: RunTrace,
}

/// An account to be taken back.
pub struct SoloRevocation<'a> {
    /// The connector.
    pub connector: &'a Connector,
    /// The authentication method's key; the connector's first when absent.
    pub auth: Option<&'a str>,
    /// The provider's environment; the method's first when absent.
    pub environment: Option<&'a str>,
    /// The account's values, secret and not, and its tokens.
    pub credentials: Metadata,
}

/// The project, profile and owner of what is nowhere stored.
const LOCAL: &str = "local";

/// Runs actions by themselves.
pub struct Solo {
    host: Host,
    config: EngineConfig,
}

impl Solo {
    /// Over the real network under the operator's rules.
    pub fn new(config: EngineConfig, clock: Arc<dyn Clock>, entropy: Arc<dyn Entropy>) -> Result<Self, Error> {
        let host = Host::new(&config, clock, entropy)?;
        Ok(Self { host, config })
    }

    /// The same over another wire.
    pub(crate) fn with_transport(mut self, transport: Arc<dyn Transport>) -> Self {
        self.host = self.host.with_transport(transport);
        self
    }

    /// Runs an action.
    pub async fn run(&self, job: SoloRun<'_>) -> SoloOutcome {
        let (trace, began) = (Trace::default(), Instant::now());
        let result = self.traced(job, &trace).await;
        let trace = RunTrace { duration_ms: millis(began.elapsed()), requests: trace.into_exchanges() };
        SoloOutcome { result, trace }
    }

    /// Takes an account's credentials back at the provider, as deleting the account does.
    pub async fn revoke(&self, job: SoloRevocation<'_>) -> Result<Revocation, Error> {
        let SoloRevocation { connector, auth, environment, credentials } = job;
        let method = method(connector, auth)?;
        let environment = environment_of(method, environment)?;
        let credentials = open(method, credentials);
        let (profile, owner) = (local_profile(connector, method, &environment), local_owner());
        let applicant = Applicant {
            connector,
            method,
            profile: &profile,
            environment: &environment,
            owner: &owner,
            account_id: None,
            credentials: &credentials,
        };
        let deadline = Instant::now() + Duration::from_millis(self.config.call_budget_millis);
        revoke(Wire { host: &self.host, config: &self.config }, &applicant, deadline).await
    }

    async fn traced(&self, job: SoloRun<'_>, trace: &Trace) -> Result<Map<String, Value>, Error> {
        let SoloRun { connector, action, auth, environment, credentials, input } = job;
        let method = method(connector, auth)?;
        let own = connector.action(action).or_else(|| nested(method, action));
        let action = own.ok_or_else(|| unknown_action(connector, action))?;
        let environment = environment_of(method, environment)?;
        let credentials = open(method, credentials);
        let raw = RawInputs { path: input.path, query: input.query, headers: input.headers, body: input.body };
        let inputs = check_inputs(action, raw)?;
        let facts = RunFacts {
            organization_id: None,
            project_id: ProjectId::new(LOCAL),
            account_id: None,
            profile_id: ProfileId::new(LOCAL),
            environment,
            owner: None,
            call_id: CallId::new(LOCAL),
        };
        let deadline = Instant::now() + Duration::from_millis(self.config.call_budget_millis);
        let ctx = RunContext::new(connector, method, &credentials, facts, &self.config, deadline);
        let ctx = RunContext { trace: Some(trace), ..ctx };
        run(&self.host, ctx, action, &inputs).await
    }
}

/// The profile of an account that is nowhere stored.
fn local_profile(connector: &Connector, method: &AuthMethod, environment: &str) -> Profile {
    let never = Timestamp::from_micros(0);
    Profile {
        id: ProfileId::new(LOCAL),
        project_id: ProjectId::new(LOCAL),
        name: connector.title.clone(),
        connector: connector.key.clone(),
        auth_config_key: method.key.clone(),
        environment: environment.to_owned(),
        version_pin: None,
        active: true,
        default: true,
        enabled_actions: EnabledActions::All,
        setup_information: Metadata::new(),
        secrets: BTreeMap::new(),
        alarm: None,
        created_at: never,
        updated_at: never,
    }
}

fn local_owner() -> Owner {
    Owner { id: LOCAL.to_owned(), name: LOCAL.to_owned(), username: None }
}

/// What a method fetches after a sign-in, by its own id. One that gives tokens is not run here: its result would show
/// them.
fn nested<'c>(method: &'c AuthMethod, id: &str) -> Option<&'c Arc<Action>> {
    let refresh = method.refresh.as_ref().filter(|refresh| !refresh.gives_token())?;
    Some(&refresh.action).filter(|action| action.id == id)
}

fn unknown_action(connector: &Connector, id: &str) -> Error {
    let known = connector.actions.iter().map(|action| action.id.as_str());
    let hint = patchbay_connector::nearest(id, known).map(|near| format!("; did you mean `{near}`?"));
    let message = format!("{} has no action `{id}`{}", connector.title, hint.unwrap_or_default());
    Error::new(ErrorKind::NotFound, "ActionNotFoundError", message)
}

fn method<'c>(connector: &'c Connector, key: Option<&str>) -> Result<&'c AuthMethod, Error> {
    let found = match key {
        Some(key) => connector.auth_method(key),
        None => connector.authentication.first(),
    };
    found.ok_or_else(|| {
        let known = connector.authentication.iter().map(|method| method.key.as_str()).collect::<Vec<_>>().join(", ");
        let message = format!("{} has no such authentication method; it has: {known}", connector.title);
        Error::new(ErrorKind::Invalid, "ValidationError", message)
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
            let known = method.environments.iter().map(|one| one.key.as_str()).collect::<Vec<_>>().join(", ");
            let message = format!("`{}` has no such environment; it has: {known}", method.key);
            Err(Error::new(ErrorKind::Invalid, "ValidationError", message))
        }
    }
}

fn open(method: &AuthMethod, mut given: Metadata) -> Credentials {
    let fields = || method.setup_fields.iter().chain(&method.config_fields);
    for field in fields() {
        if let (Some(default), false) = (&field.default, given.contains_key(&field.key)) {
            given.insert(field.key.clone(), default.clone());
        }
    }
    let is_plain = |key: &str| fields().any(|field: &Field| field.key == key && !field.secret);
    let (plain, secret): (Metadata, Metadata) = given.into_iter().partition(|(key, _)| is_plain(key));
    let secrets = secret.iter().map(|(key, value)| (key.as_str(), Secret::new(text(value))));
    Credentials::from_parts(&plain, secrets)
}

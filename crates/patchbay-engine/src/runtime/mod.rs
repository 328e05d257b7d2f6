//! Executes a connector with given credentials: inputs, steps, requests, signing, responses, protocols, traces,
//! recorded tests. No storage; the rules of accounts are the engine's.

pub(crate) mod composite_ids;
pub(crate) mod config;
pub(crate) mod context;
pub(crate) mod credentials;
pub(crate) mod cursor;
pub(crate) mod egress_error;
pub(crate) mod events;
pub(crate) mod expression_error;
pub(crate) mod file_stream;
pub(crate) mod granted_scopes;
pub mod host;
pub(crate) mod inputs;
pub(crate) mod json;
pub mod local_runner;
pub(crate) mod private_keys;
pub(crate) mod protocols;
pub mod recorded_tests;
pub(crate) mod redaction;
pub(crate) mod request;
pub(crate) mod response;
pub(crate) mod run;
pub(crate) mod run_ids;
pub(crate) mod step_runner;
pub(crate) mod step_scheduler;
pub(crate) mod steps;
pub(crate) mod trace;

pub use config::RuntimeConfig;
pub(crate) use context::RunContext;
pub(crate) use credentials::Credentials;
pub(crate) use cursor::invalid_cursor;
pub(crate) use egress_error::{IntoError, cause_error};
pub use events::{EmittedEvent, EventSink};
pub(crate) use expression_error::expression_error;
pub use file_stream::FileFacts;
pub(crate) use file_stream::{HandOut, OpenFile};
pub(crate) use granted_scopes::{MISSING_SCOPES, not_granted};
pub use host::Host;
pub(crate) use inputs::{RawInputs, check_inputs};
pub(crate) use redaction::{errors::redact_error, redactor::Redactor, stream_redactor::Mask};
pub(crate) use request::{
    args::Parts,
    auth::authorize,
    builder::http_method,
    certificates::{certificate, read_certificates},
    send::{changes, pace},
    sign::{Handshake, sign, sign_handshake},
    target::{base_url, has_dot_segment},
};
pub(crate) use response::{
    oauth_problem::{Culprit, OAuthProblem},
    provider_error::{provider_error, words},
};
pub(crate) use run::{run, run_for_credentials};
pub(crate) use run_ids::RunFacts;
pub(crate) use trace::Trace;
pub use trace::{Exchange, RunTrace};

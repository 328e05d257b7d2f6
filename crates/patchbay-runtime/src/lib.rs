//! Executes a connector with given credentials: inputs, steps, requests, signing, responses, protocols, traces,
//! recorded tests. It uses no storage; the engine contains the rules of accounts.

#![warn(clippy::missing_errors_doc)]

mod busy;
mod cache;
mod composite_ids;
mod config;
mod context;
mod credentials;
mod cursor;
mod dry_run;
mod effects;
mod egress_error;
mod error;
mod events;
mod expression_error;
mod file_stream;
mod granted_scopes;
mod host;
pub mod inbound;
mod inputs;
mod json;
mod large_bodies;
pub mod local_runner;
mod page;
mod private_keys;
pub mod proof;
mod protocols;
pub mod recorded_tests;
mod redaction;
mod request;
mod response;
mod revocation;
mod run;
mod run_ids;
mod run_log;
mod run_memory;
mod step_runner;
mod step_scheduler;
mod steps;
mod trace;

pub use busy::memory_spent;
pub use cache::Cache;
pub use config::RuntimeConfig;
pub use context::RunContext;
pub use credentials::Credentials;
pub use cursor::invalid_cursor;
pub use dry_run::is_not_sent;
pub use effects::{CountedRequest, Effects};
pub use egress_error::{IntoError, cause_error};
pub use error::{Error, Problem, ProblemPath, ProviderFailure};
pub use events::{EmittedEvent, EventSink};
pub use expression_error::expression_error;
pub use file_stream::{FileMetadata, MAX_STREAM_DURATION, StreamSlot, StreamedFile};
pub use granted_scopes::not_granted;
pub use host::Host;
pub use inputs::{RawInputs, check_inputs};
pub use large_bodies::{leave, movable, work_away};
pub use page::is_page;
pub use patchbay_model::ErrorCode;
pub use protocols::mcp::probe::mcp_probe_request;
pub use redaction::{
    detectors::{is_secret_name, redact_secrets, redact_secrets_in},
    errors::redact_error,
    redactor::Redactor,
    shorten::{shortened, shortened_bytes},
    stream_redactor::StreamRedactor,
};
pub use request::{
    args::RequestParts,
    auth::authorize,
    builder::http_method,
    certificates::{certificate, read_certificates},
    declared_body::declared_body,
    send::{count_requests, logged_retries, rate_limit_scope},
    sign::{Handshake, sign, sign_handshake},
    target::{base_url, has_dot_segment},
};
pub use response::{
    oauth_problem::{OAuthProblem, ProblemParty},
    provider_error::{provider_error, provider_message},
};
pub use revocation::Revocation;
pub use run::{run, run_for_credentials};
pub use run_ids::RunIds;
pub use run_log::{LoggedAttempt, LoggedStep, RunLog, StepEnd, kept_text};
pub use run_memory::{LARGE_BODY_BYTES, RunMemory, claim_bytes};
pub use trace::{Exchange, RunTrace, Trace};

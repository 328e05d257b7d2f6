//! The rules of the product: accounts, connector profiles, connect sessions, linking, authorization, tokens, connectors.
//!
//! An [`Engine`] holds one service for each noun, as fields of [`Services`]; [`Engine::open`] puts them together. The server
//! calls their methods, such as `engine.profiles.patch(…)`. Every method that concerns a project takes a [`Caller`], a
//! [`HubSession`] or the project itself: no method can be called without a tenant.

#![warn(clippy::missing_errors_doc)]

mod accounts;
mod action_access;
mod action_catalog;
mod action_search;
mod actions;
mod address_binding;
mod agents;
mod api_keys;
mod attempts;
mod background_task;
mod call_entry;
mod call_log;
mod caller;
mod changes;
mod client_state;
mod config;
mod connector_catalog;
mod connectors;
mod engine;
mod error_hints;
mod event_slot;
mod form_values;
mod guessability;
mod idempotency;
mod integrity;
mod key_budget;
mod key_ring;
mod keyed_locks;
mod known_time;
mod linking;
mod log_reader;
mod members;
mod monitoring;
mod moved_calls;
mod oauth;
mod parts;
mod previous_clients;
mod profiles;
mod projects;
mod public_urls;
mod readiness;
mod replicas;
mod retention;
mod row_seals;
mod scopes;
mod sealed_fields;
mod sessions;
mod setup;
#[cfg(test)]
mod testing;
mod texts;
mod tokens;
mod tool_feedback;
mod validation;
mod webhooks;

pub use accounts::{
    manage::{AccountPatch, AccountQuery, AccountView, Accounts, EffectiveStatus},
    revocations::{RevocationQuery, RevocationReport, Revocations, RevokedAccount},
};
pub use action_catalog::{ActionCatalog, ActionPage, ActionQuery, CatalogEntry};
pub use action_search::{ActionSearch, ActionSearchQuery, FoundAction};
pub use actions::{
    files::{FileContent, RunFile, RunReply},
    outcome::RunOutcome,
    proxy::{Proxy, ProxyFile, ProxyOutcome, ProxyReply, ProxyRequest},
    run::{Actions, RunRequest},
};
pub use agents::{
    AccountSelection, AgentRequest, AgentTools, Agents, ParamStyle, ToolAnswer, ToolFilter, ToolMode, ToolPage,
    ToolRefused, portable_problems,
};
pub use api_keys::{ApiKeys, CreatedKey, KeyPatch, NewKey};
pub use attempts::Attempts;
pub use caller::{CallOrigin, CallSource, Caller, HubSession, RequestOrigin};
pub use client_state::ClientState;
pub use config::EngineConfig;
pub use connector_catalog::{ConnectorCatalog, ConnectorSource, InstalledConnector, Origin, PerRegistry, SourceRead};
pub use connectors::{ConnectorEntry, ConnectorQuery, Connectors, PushOutcome, Reloaded, VersionEntry, VersionFiles};
pub use engine::{Engine, Services};
pub use idempotency::{
    Idempotency, IdempotencyKey, IdempotencyScope, KeptResponse, KeyedRun, MAX_KEPT_BYTES, RequestFingerprint,
    RunningKey,
};
pub use key_budget::KeyQuota;
pub use key_ring::{
    KeyRingStatus, KeyRotation, KeyRotator, KeyUse, RotationError, RotationOutcome, RotationProgress, SharedKeys,
    UnreadableValue, activate_shared_key, check_key_ring, open_samples,
};
pub use linking::link::{HubAccount, HubProfile, LinkRequest, Linking};
pub use log_reader::{LogPageQuery, LogReader, StepPageQuery};
pub use members::{LoggedIn, LoginClient, MemberSession, Members};
pub use monitoring::METRICS_CONTENT_TYPE;
pub use parts::EngineParts;
pub use patchbay_egress::{ReservedBuffer, reserved, set_worker_pool_index};
pub use patchbay_logs::{
    AggregateRow, Aggregates, AttemptRow, Cursor, Dimension, DimensionValues, Interval, ListedStep, LogFilter, LogKind,
    LogStatus, Logs, Order, OrderBy, PageStart, RunPage, RunRow, StepPage, StepRow,
};
pub use patchbay_model::Field;
pub use patchbay_runtime::{
    EmittedEvent, Error, ErrorCode, EventSink, Exchange, FileMetadata, LARGE_BODY_BYTES, Problem, ProblemPath,
    ProviderFailure, Revocation, RunTrace, leave, local_runner, memory_spent, movable, proof, recorded_tests,
    redact_secrets, work_away,
};
pub use patchbay_storage::{DeliveryFilter, DeliveryRecord, Page};
pub use profiles::{NewProfile, ProfilePatch, ProfileQuery, Profiles};
pub use projects::Projects;
pub use public_urls::{NoRoutes, PublicUrls};
pub use replicas::membership::Membership;
pub use row_seals::seal_older_rows;
pub use scopes::{missing_scopes, needed_scopes, scopes_to_set_up};
pub use sessions::{CreatedSession, NewSession, Sessions};
pub use setup::{FirstStart, Setup};
pub use tool_feedback::{Feedback, NewFeedback};

pub use oauth::{
    AuthorizationCallback, AuthorizationDraft, AuthorizationRedirect, CallbackOutcome, ClientMetadata,
    ConfirmedAuthorization, NewAuthorization, Oauth, PreparedAuthorization,
};
pub use tokens::local_revoker::LocalRevoker;
pub use webhooks::{
    deliveries::{Deliveries, ReplayRequest, ReportedEvent},
    manage::{HealthState, NewWebhook, WebhookPatch, WebhookView, WebhookWithSecret, Webhooks},
};

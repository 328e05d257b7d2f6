//! The wire's shapes, one noun per file: what requests contain and what responses show.
//!
//! The names of the wire (`origin_owner_id`, `integration_id`, …) exist only here and in the query parsing of the routes.
//! Every type derives its OpenAPI schema, so `docs/openapi.json` says what these types say.

pub(crate) mod account_status;
pub(crate) mod accounts;
pub(crate) mod accounts_v2;
pub(crate) mod action_search;
pub(crate) mod actions;
pub(crate) mod agents;
pub(crate) mod api_keys;
pub(crate) mod connect_sessions;
pub(crate) mod connector_versions;
pub(crate) mod connectors;
pub(crate) mod error_code;
pub(crate) mod errors;
pub(crate) mod failure_reason;
pub(crate) mod fields;
pub(crate) mod guides;
pub(crate) mod health;
pub(crate) mod hub;
pub(crate) mod login;
pub(crate) mod logs;
pub(crate) mod oauth;
pub(crate) mod patch;
pub(crate) mod problems;
pub(crate) mod profiles;
pub(crate) mod proxy;
pub(crate) mod replicas;
pub(crate) mod request_logs;
pub(crate) mod responses;
pub(crate) mod revocation;
pub(crate) mod secrets;
pub(crate) mod shared;
pub(crate) mod webhook_deliveries;
pub(crate) mod webhook_events;
pub(crate) mod webhooks;

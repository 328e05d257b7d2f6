//! Tests credentials at the provider before anything is stored.

use std::sync::Arc;

use patchbay_model::{CallId, CallKind, CallRecord, Clock, Entropy, StatusReason};
use patchbay_runtime::{self as runtime, Host, RawInputs, RunContext, RuntimeConfig};
use serde_json::Value;

use crate::{
    EngineParts, Error, ErrorCode, call_log::CallLog, connector_catalog::ConnectorCatalog, error_hints,
    tokens::token_context::TokenContext,
};

/// Runs test actions.
pub(super) struct TestActions {
    clock: Arc<dyn Clock>,
    entropy: Arc<dyn Entropy>,
    runtime: RuntimeConfig,
    host: Arc<Host>,
    call_log: Arc<CallLog>,
    connectors: Arc<ConnectorCatalog>,
}

impl TestActions {
    pub(super) fn new(
        parts: &EngineParts,
        host: Arc<Host>,
        call_log: Arc<CallLog>,
        connectors: Arc<ConnectorCatalog>,
    ) -> Self {
        Self {
            clock: parts.clock.clone(),
            entropy: parts.entropy.clone(),
            runtime: parts.config.runtime(),
            host,
            call_log,
            connectors,
        }
    }

    /// Runs the method's test actions. A required one that fails is the outcome; others become reasons
    /// that the account keeps.
    pub(super) async fn run(&self, context: &TokenContext<'_>) -> Result<Vec<StatusReason>, Error> {
        let TokenContext { connector, method, profile, .. } = context;
        let mut reasons = Vec::new();
        for test in &method.test_actions {
            let Some(action) = test.inline.as_ref().or_else(|| connector.action(&test.action)) else { continue };
            let started_at = self.clock.now();
            let call_id = CallId::generate(started_at, &*self.entropy);
            let (config, ids) = (self.runtime, context.run_ids(call_id.clone()));
            let run = RunContext::new(connector, method, context.credentials, ids, config, config.deadline());
            let inputs = runtime::check_inputs(action, RawInputs::default())?;
            let outcome = runtime::run(&self.host, run, action, &inputs).await;
            let finished_at = self.clock.now();
            let record = CallRecord {
                id: call_id,
                project_id: profile.project_id.clone(),
                account_id: context.account_id.cloned(),
                profile_id: profile.id.clone(),
                connector: connector.key.clone(),
                connector_version: connector.version.to_string(),
                action: Some(action.public_id.clone()),
                kind: CallKind::ConnectionTest,
                status_code: outcome.as_ref().map_or_else(Error::status, |_| 200),
                error_code: outcome.as_ref().err().map(|error| error.code.to_string()),
                started_at,
                duration_micros: finished_at.as_micros() - started_at.as_micros(),
            };
            self.call_log.record(record, self.connectors.origin_for_profile(profile));
            match outcome {
                Ok(_) => {}
                Err(error) if test.required => return Err(refused(error)),
                Err(error) => reasons.push(StatusReason {
                    code: Some(error.code.to_string()),
                    description: Some(format!("{}: {}", action.label, error.message)),
                    timestamp: finished_at,
                }),
            }
        }
        Ok(reasons)
    }
}

/// Converts the error of a failed test for the person at the form. The message contains the provider's message.
fn refused(mut error: Error) -> Error {
    // The reported status counts: a connector may map an unusual status to another.
    // A page with the status 403 is a firewall's, not the provider's.
    let is_answer = error.provider.as_ref().is_some_and(|provider| match &provider.body {
        Value::String(text) => provider.status.is_some() && !runtime::is_page(text.as_bytes()),
        _ => provider.status.is_some(),
    });
    let is_refusal = error.status() == 401 || (is_answer && error.status() == 403);
    if is_refusal || error.code == ErrorCode::AccountMissingScopes {
        error.set_code(ErrorCode::AccountAuthenticationFailed);
        return error;
    }
    error_hints::at_link(error)
}

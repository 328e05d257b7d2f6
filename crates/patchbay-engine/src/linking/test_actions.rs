//! Tests credentials at the provider before anything is stored.

use std::sync::Arc;

use patchbay_connector::Connector;
use patchbay_model::{AccountId, CallId, CallKind, CallRecord, Owner, Profile, StatusReason};
use tokio::time::{Duration, Instant};

use crate::{
    Engine, Error, ErrorCode,
    runtime::{self, Credentials, RawInputs, RunContext, RunFacts},
    services::error_hints,
};

/// An account that is not stored yet, or the next state of a stored one.
pub(crate) struct UnverifiedAccount<'a> {
    /// Its connector.
    pub(crate) connector: &'a Arc<Connector>,
    /// Its profile.
    pub(crate) profile: &'a Profile,
    /// The provider's environment.
    pub(crate) environment: &'a str,
    /// Its owner.
    pub(crate) owner: &'a Owner,
    /// Its ID if it is stored.
    pub(crate) account_id: Option<&'a AccountId>,
    /// Its field values.
    pub(crate) credentials: Credentials,
}

/// Runs the method's test actions. A failed required action is the error; other failures become status reasons of the
/// account.
pub(crate) async fn run_test_actions(
    engine: &Engine,
    account: &UnverifiedAccount<'_>,
) -> Result<Vec<StatusReason>, Error> {
    let UnverifiedAccount { connector, profile, .. } = account;
    let Some(method) = connector.auth_method(&profile.auth_config_key) else {
        return Err(Error::new(
            ErrorCode::AuthMethodMissing,
            format!(
                "the connector {} no longer has the authentication method `{}`; create another profile",
                connector.title, profile.auth_config_key
            ),
        ));
    };
    let mut reasons = Vec::new();
    for test in &method.test_actions {
        let Some(action) = test.inline.as_ref().or_else(|| connector.action(&test.action)) else { continue };
        let started_at = engine.clock().now();
        let call_id = CallId::generate(started_at, &*engine.parts().entropy);
        let facts = RunFacts {
            organization_id: None,
            project_id: profile.project_id.clone(),
            account_id: account.account_id.cloned(),
            profile_id: profile.id.clone(),
            environment: account.environment.to_owned(),
            owner: Some(account.owner.clone()),
            call_id: call_id.clone(),
        };
        let deadline = Instant::now() + Duration::from_millis(engine.config().call_budget_millis);
        let ctx = RunContext::new(connector, method, &account.credentials, facts, engine.config().runtime(), deadline);
        let inputs = runtime::check_inputs(action, RawInputs::default())?;
        let outcome = runtime::run(engine.host(), ctx, action, &inputs).await;
        let finished_at = engine.clock().now();
        engine.record(CallRecord {
            id: call_id,
            project_id: profile.project_id.clone(),
            account_id: account.account_id.cloned(),
            profile_id: profile.id.clone(),
            connector: connector.key.clone(),
            connector_version: connector.version.to_string(),
            action: Some(action.public_id.clone()),
            kind: CallKind::ConnectionTest,
            status_code: outcome.as_ref().map_or_else(Error::status, |_| 200),
            error_code: outcome.as_ref().err().map(|error| error.code.to_string()),
            started_at,
            duration_micros: finished_at.as_micros() - started_at.as_micros(),
        });
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

/// Converts the error of a failed test for the person at the form. The message contains the provider's message.
pub(super) fn refused(mut error: Error) -> Error {
    let status = error.provider.as_ref().and_then(|provider| provider.status);
    if matches!(status, Some(401 | 403)) || error.code.status() == 401 {
        error.set_code(ErrorCode::AccountAuthenticationFailed);
        return error;
    }
    error_hints::at_link(error)
}

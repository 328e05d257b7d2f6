//! What tests ask an engine for, with the usual values.

use patchbay_connector::definition::HttpMethod;
use patchbay_engine::{NewAuthorization, NewProfile, NewSession, ProxyRequest, RunRequest};
use patchbay_model::{AccountId, AccountKind, AttemptId, EnabledActions, Metadata, Owner, ProfileId};
use patchbay_vault::Secret;
use serde_json::Value;

/// Returns a connect session for the owner `owner` that allows every connector.
pub fn session_for(owner: &str) -> NewSession {
    NewSession {
        owner: Owner { id: owner.into(), name: "Acme".into(), username: None },
        categories: Vec::new(),
        connector: None,
        profile_id: None,
        account_id: None,
        label: None,
        metadata: Metadata::new(),
        kind: AccountKind::Production,
        multiple: false,
        allowed_origins: Vec::new(),
        confirm_url: None,
        expires_in: None,
    }
}

/// Returns a profile for an authentication method, with every action enabled.
pub fn new_profile(connector: &str, method: &str) -> NewProfile {
    NewProfile {
        connector: connector.into(),
        name: Some(format!("Profile for {method}")),
        auth_config_key: Some(method.into()),
        environment: None,
        version_pin: None,
        active: true,
        default: false,
        enabled_actions: EnabledActions::All,
        setup: Vec::new(),
    }
}

/// Returns a run of an action by its public id, with inputs by location: `{"query": {…}, "body": {…}}`.
pub fn run_request(account: &AccountId, action: &str, inputs: &Value) -> RunRequest {
    let part = |location: &str| inputs.get(location).and_then(Value::as_object).cloned().unwrap_or_default();
    RunRequest {
        account_id: account.clone(),
        profile_id: None,
        action: action.to_owned(),
        path: part("path"),
        query: part("query"),
        headers: part("headers"),
        body: part("body"),
        debug: false,
        dry_run: false,
        memory: None,
    }
}

/// Returns a proxy request without headers and body.
pub fn proxy_request(account: &AccountId, method: HttpMethod, path: &str) -> ProxyRequest {
    ProxyRequest {
        account_id: account.clone(),
        url: None,
        method,
        path: path.to_owned(),
        headers: Vec::new(),
        body: None,
    }
}

/// Returns the start of an authorization for a connection attempt.
pub fn new_authorization(token: &Secret, profile: &ProfileId, attempt: &AttemptId) -> NewAuthorization {
    NewAuthorization {
        token: token.clone(),
        profile_id: profile.clone(),
        attempt_id: Some(attempt.clone()),
        return_url: None,
        fields: Vec::new(),
        allowed_origins: Vec::new(),
    }
}

/// Returns the values of fields as secrets.
pub fn secrets(fields: &[(&str, &str)]) -> Vec<(String, Secret)> {
    fields.iter().map(|(key, value)| ((*key).to_owned(), Secret::new(*value))).collect()
}

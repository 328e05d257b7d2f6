//! The values of authorization URLs, and the states between an authorization request and its callback.

use patchbay_model::{Account, AccountKind, EnabledActions, Metadata, Owner, Profile};
use patchbay_storage::InsertRule;
use patchbay_vault::{Secret, Vault};
use serde_json::{Value, json};
use url::Url;

use super::{AuthorizationCallback, AuthorizationRedirect, NewAuthorization, launch, sealed_state};
use crate::{
    Caller, CreatedSession, Engine, Error, ErrorCode, NewProfile, NewSession, sealed_fields::seal_account, testing,
};

struct TestEngine {
    engine: Engine,
    caller: std::sync::Arc<Caller>,
    profile: std::sync::Arc<Profile>,
    _folder: tempfile::TempDir,
}

impl TestEngine {
    async fn new() -> Self {
        let (engine, folder) = testing::engine().await;
        let first = engine.setup.first_start(None).await.unwrap().unwrap();
        let caller = engine.api_keys.authenticate(&first.api_key.unwrap()).await.unwrap();
        let new = NewProfile {
            connector: "demo".to_owned(),
            name: None,
            auth_config_key: None,
            environment: None,
            version_pin: None,
            active: true,
            default: true,
            enabled_actions: EnabledActions::All,
            setup: [("clientId", "app"), ("clientSecret", "app-secret")]
                .map(|(key, value)| (key.to_owned(), Secret::new(value)))
                .to_vec(),
        };
        let profile = engine.profiles.create(&caller, new).await.unwrap();
        Self { engine, caller, profile, _folder: folder }
    }

    /// Stores an account with a PIN, and without a region.
    async fn account(&self) -> Account {
        let mut account = testing::account(&self.profile);
        let pin = [("pin".to_owned(), Secret::new("1234"))];
        account.secrets = seal_account(&self.engine.parts.vault, &account.project_id, &account.id, &pin);
        self.engine.parts.storage.accounts().insert(&account, InsertRule::OnePerOwner).await.unwrap();
        account
    }

    async fn session(&self, account: Option<&Account>) -> CreatedSession {
        let new = NewSession {
            owner: Owner { id: "customer".to_owned(), name: "Acme".to_owned(), username: None },
            categories: Vec::new(),
            connector: None,
            profile_id: None,
            account_id: account.map(|account| account.id.clone()),
            label: None,
            metadata: Metadata::new(),
            kind: AccountKind::Production,
            multiple: false,
            allowed_origins: Vec::new(),
            confirm_url: None,
            expires_in: None,
        };
        self.engine.sessions.create(&self.caller, new).await.unwrap()
    }

    async fn start(&self, token: &Secret, fields: &[(&str, &str)]) -> Result<AuthorizationRedirect, Error> {
        let new = NewAuthorization {
            token: token.clone(),
            profile_id: self.profile.id.clone(),
            attempt_id: None,
            return_url: None,
            fields: fields.iter().map(|(key, value)| ((*key).to_owned(), Secret::new(*value))).collect(),
            allowed_origins: Vec::new(),
        };
        Box::pin(self.engine.oauth.start(new)).await
    }
}

/// Returns a query parameter of the authorization URL.
fn parameter(redirect: &AuthorizationRedirect, name: &str) -> Option<String> {
    let url = Url::parse(redirect.location.expose()).unwrap();
    url.query_pairs().find(|(key, _)| key == name).map(|(_, value)| value.into_owned())
}

#[tokio::test]
async fn an_edited_form_keeps_stored_values_and_a_missing_value_is_the_fields_default() {
    let test = TestEngine::new().await;
    let account = test.account().await;
    let session = test.session(Some(&account)).await;
    let redirect = test.start(&session.token, &[("pin", "__secretvalue:**redacted**")]).await.unwrap();
    assert_eq!(parameter(&redirect, "pin").as_deref(), Some("1234"));
    assert_eq!(parameter(&redirect, "region").as_deref(), Some("eu"));
    let redirect = test.start(&session.token, &[("pin", "9876"), ("region", "us")]).await.unwrap();
    assert_eq!(parameter(&redirect, "pin").as_deref(), Some("9876"));
    assert_eq!(parameter(&redirect, "region").as_deref(), Some("us"));
}

#[tokio::test]
async fn a_pending_authorization_contains_the_sessions_id_and_not_its_token() {
    let test = TestEngine::new().await;
    let session = test.session(None).await;
    let redirect = test.start(&session.token, &[("pin", "1234")]).await.unwrap();
    let state = parameter(&redirect, "state").unwrap();
    let found = sealed_state::find::<Value>(&test.engine.oauth, &Vault::hash_token(&state)).await.unwrap();
    let (project, sealed) = found.unwrap();
    assert_eq!((project, &sealed["session_id"]), (test.caller.project_id.clone(), &json!(session.session.id.0)));
    assert!(!sealed.to_string().contains(session.token.expose()), "{sealed}");
}

#[tokio::test]
async fn a_state_that_an_older_version_stored_is_refused() {
    let test = TestEngine::new().await;
    let session = test.session(None).await;
    let older = json!({
        "session": session.token.expose(), "attempt": "attempt", "profile": test.profile.id.as_str(),
        "connector": "demo", "fields": [], "return_url": null, "browser_hash": "", "protocol": "o_auth2",
    });
    let (project, secret) = (&test.caller.project_id, Secret::new("secret"));
    for hash in [Vault::hash_token(secret.expose()), launch::hash_of(&secret)] {
        sealed_state::store(&test.engine.oauth, project, &hash, &older).await.unwrap();
    }
    let callback = AuthorizationCallback {
        connector: "demo".to_owned(),
        parameters: [("state", "secret"), ("code", "code")]
            .map(|(name, value)| (name.to_owned(), Secret::new(value)))
            .to_vec(),
        cookies: Vec::new(),
    };
    let finished = test.engine.oauth.finish(callback).await;
    assert_eq!(finished.unwrap_err().code, ErrorCode::SignInUnknown);
    let launched = Box::pin(test.engine.oauth.launch(&secret, &test.profile.id, Vec::new())).await;
    assert_eq!(launched.unwrap_err().code, ErrorCode::SignInUnknown);
}

#[tokio::test]
async fn a_prepared_authorization_starts_in_its_session() {
    let test = TestEngine::new().await;
    let session = test.session(None).await;
    let hub = test.engine.sessions.for_hub(&session.token).await.unwrap();
    let draft = super::AuthorizationDraft {
        profile_id: test.profile.id.clone(),
        return_url: None,
        fields: vec![("pin".to_owned(), Secret::new("1234"))],
    };
    let prepared = test.engine.oauth.prepare(&hub, draft).await.unwrap();
    let launched = test.engine.oauth.launch(&prepared.launch_code, &test.profile.id, Vec::new());
    let redirect = Box::pin(launched).await.unwrap();
    assert_eq!(parameter(&redirect, "pin").as_deref(), Some("1234"));
}

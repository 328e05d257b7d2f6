//! The messages of every authentication scheme: when it works, when the credentials are wrong, expired or revoked, and
//! when the provider is down. Each is a sentence with a remedy.

#[expect(dead_code, reason = "accounts are linked in other ways here")]
mod support;

use std::{
    fmt::Write,
    sync::{Arc, Mutex},
};

use axum::{
    Json, Router,
    extract::State,
    http::StatusCode,
    response::{IntoResponse, Response},
    routing::{any, get, post},
};
use patchbay_engine::{
    AuthorizationCallback, Caller, Engine, Error, LinkRequest, NewAuthorization, NewProfile, NewSession, RunRequest,
};
use patchbay_model::{AccountId, AccountKind, EnabledActions, Metadata, Owner, Profile};
use patchbay_vault::Secret;
use serde_json::{Map, Value, json};
use url::Url;

/// What the provider does.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Mood {
    /// It takes what comes.
    Takes,
    /// It knows no such credentials.
    Refuses,
    /// What it took before is over; tokens can be renewed.
    IsOver,
    /// The provider has revoked the credentials that it accepted.
    TookBack,
    /// It does not work.
    IsDown,
}

type Shared = Arc<Mutex<(Mood, u32)>>;

fn refused(status: StatusCode, error: &str, why: &str) -> Response {
    (status, Json(json!({ "error": error, "error_description": why }))).into_response()
}

async fn me(State(shared): State<Shared>) -> Response {
    let mut state = shared.lock().unwrap();
    match state.0 {
        Mood::Takes => Json(json!({ "name": "Ada" })).into_response(),
        Mood::Refuses => refused(StatusCode::UNAUTHORIZED, "unauthorized", "No such credentials"),
        // Once: what was renewed is taken.
        Mood::IsOver => {
            state.1 += 1;
            if state.1 > 1 {
                return Json(json!({ "name": "Ada" })).into_response();
            }
            refused(StatusCode::UNAUTHORIZED, "expired", "The credentials have expired")
        }
        Mood::TookBack => refused(StatusCode::UNAUTHORIZED, "revoked", "The credentials were revoked"),
        Mood::IsDown => refused(StatusCode::SERVICE_UNAVAILABLE, "maintenance", "Back in an hour"),
    }
}

async fn token(State(shared): State<Shared>) -> Response {
    match shared.lock().unwrap().0 {
        Mood::Takes | Mood::IsOver => Json(json!({
            "access_token": "canary-access", "refresh_token": "canary-refresh", "token_type": "bearer", "expires_in": 3600,
        }))
        .into_response(),
        Mood::Refuses => refused(StatusCode::UNAUTHORIZED, "invalid_client", "No such client"),
        Mood::TookBack => refused(StatusCode::BAD_REQUEST, "invalid_grant", "The grant was revoked"),
        Mood::IsDown => refused(StatusCode::SERVICE_UNAVAILABLE, "temporarily_unavailable", "Back in an hour"),
    }
}

/// The two requests for tokens of OAuth 1.0a.
async fn oauth1_token(State(shared): State<Shared>) -> Response {
    let problem = |status, problem: &str| (status, format!("oauth_problem={problem}")).into_response();
    match shared.lock().unwrap().0 {
        Mood::Takes | Mood::IsOver => {
            "oauth_token=canary-token&oauth_token_secret=canary-secret&oauth_callback_confirmed=true".into_response()
        }
        Mood::Refuses => problem(StatusCode::UNAUTHORIZED, "signature_invalid"),
        Mood::TookBack => problem(StatusCode::UNAUTHORIZED, "token_revoked"),
        Mood::IsDown => refused(StatusCode::SERVICE_UNAVAILABLE, "maintenance", "Back in an hour"),
    }
}

struct World {
    engine: Engine,
    caller: Arc<Caller>,
    shared: Shared,
    _folder: tempfile::TempDir,
}

impl World {
    async fn new() -> Self {
        let shared: Shared = Arc::new(Mutex::new((Mood::Takes, 0)));
        let router = Router::new()
            .route("/api/me", get(me))
            .route("/token", post(token))
            .route("/oauth1_token", post(oauth1_token))
            .fallback(any(|| async { StatusCode::NOT_FOUND }))
            .with_state(shared.clone());
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        let connector = support::connector("tests/fixtures/all_auth_schemes");
        let upstreams = vec![("https://all-auth-schemes.example.com".to_owned(), url)];
        let (engine, caller, folder) = support::engine(connector, upstreams).await;
        Self { engine, caller, shared, _folder: folder }
    }

    fn mood(&self, mood: Mood) {
        *self.shared.lock().unwrap() = (mood, 0);
    }

    async fn profile(&self, method: &str) -> Arc<Profile> {
        let setup = match method {
            "sign_in" => vec![("clientId", "app"), ("clientSecret", "canary-app")],
            "oauth1" => vec![("consumerKey", "app"), ("consumerSecret", "canary-app")],
            _ => Vec::new(),
        };
        let new = NewProfile {
            connector: "all_auth_schemes".into(),
            name: Some("My app".into()),
            auth_config_key: Some(method.into()),
            environment: None,
            version_pin: None,
            active: true,
            default: false,
            enabled_actions: EnabledActions::All,
            setup: setup.into_iter().map(|(key, value)| (key.to_owned(), Secret::new(value))).collect(),
        };
        self.engine.profiles.create(&self.caller, new).await.unwrap()
    }

    /// Links an account of its own owner.
    async fn link(&self, profile: &Profile, owner: &str) -> Result<AccountId, Error> {
        let new = NewSession {
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
        };
        let token = self.engine.sessions.create(&self.caller, new).await.unwrap().token;
        let hub = self.engine.sessions.for_hub(&token).await.unwrap();
        if ["sign_in", "oauth1"].contains(&profile.auth_config_key.as_str()) {
            return self.sign_in(profile, token).await;
        }
        let registry = self.engine.connector_catalog.instance();
        let method = registry.get("all_auth_schemes").unwrap().auth_method(&profile.auth_config_key).unwrap();
        let credentials =
            method.config_fields.iter().map(|field| (field.key.clone(), Secret::new("canary-typed"))).collect();
        let request = LinkRequest { profile_id: Some(profile.id.clone()), credentials };
        Ok(Box::pin(self.engine.hub_link(&hub, request)).await?.id.clone())
    }

    async fn sign_in(&self, profile: &Profile, token: Secret) -> Result<AccountId, Error> {
        let request = NewAuthorization {
            token,
            profile_id: profile.id.clone(),
            attempt_id: None,
            return_url: None,
            fields: Vec::new(),
            allowed_origins: Vec::new(),
        };
        let start = Box::pin(self.engine.start_authorization(request)).await?;
        let location = Url::parse(start.location.expose()).unwrap();
        let get = |name: &str| location.query_pairs().find(|(known, _)| known == name).map(|(_, value)| value);
        let parameters = match get("oauth_token") {
            Some(token) => [("oauth_token", token.into_owned()), ("oauth_verifier", "canary-verifier".to_owned())],
            None => [("code", "canary-code".to_owned()), ("state", get("state").unwrap().into_owned())],
        };
        let parameters = parameters.map(|(name, value)| (name.to_owned(), Secret::new(value))).to_vec();
        let cookies = vec![(start.cookie_suffix.clone(), start.browser_secret.clone())];
        let callback = AuthorizationCallback { connector: "all_auth_schemes".into(), parameters, cookies };
        Ok(Box::pin(self.engine.finish_authorization(callback)).await?.outcome?.expect("nobody confirms here"))
    }

    async fn run(&self, account: &AccountId) -> Result<Value, Error> {
        let request = RunRequest {
            account_id: account.clone(),
            profile_id: None,
            action: "all_auth_schemes_get_me".into(),
            path: Map::new(),
            query: Map::new(),
            headers: Map::new(),
            body: Map::new(),
            debug: false,
        };
        Ok(Value::Object(Box::pin(self.engine.actions.run(&self.caller, request)).await?.result))
    }
}

fn reported<T>(outcome: &Result<T, Error>) -> String {
    match outcome {
        Ok(_) => "works".to_owned(),
        Err(error) => {
            assert!(!error.message.contains("canary"), "{}", error.message);
            format!("{} {}\n    {}", error.status(), error.code, error.message)
        }
    }
}

#[tokio::test]
async fn every_auth_scheme_reports_what_to_do() {
    let methods = [
        "basic",
        "bearer",
        "header",
        "query",
        "sign_in",
        "body_exchange",
        "basic_exchange",
        "query_exchange",
        "json_exchange",
        "log_in",
        "aws4",
        "hmac",
        "oauth1",
    ];
    // At once: a provider that is down is tried again for a while.
    let parts = futures_util::future::join_all(methods.map(part)).await;
    insta::assert_snapshot!(parts.concat());
}

/// What one scheme tells, moment by moment.
async fn part(method: &str) -> String {
    let mut table = String::new();
    let world = World::new().await;
    let profile = world.profile(method).await;
    let _ = writeln!(table, "{method}");
    for (mood, moment) in [(Mood::Refuses, "linking, wrong"), (Mood::IsDown, "linking, provider down")] {
        world.mood(mood);
        let _ = writeln!(table, "  {moment}: {}", reported(&world.link(&profile, "nobody").await));
    }
    for (mood, moment) in [
        (Mood::Takes, "call"),
        (Mood::IsOver, "call, over"),
        (Mood::TookBack, "call, revoked"),
        (Mood::IsDown, "call, provider down"),
    ] {
        world.mood(Mood::Takes);
        let account = world.link(&profile, moment).await.unwrap();
        world.mood(mood);
        let _ = writeln!(table, "  {moment}: {}", reported(&world.run(&account).await));
    }
    table
}

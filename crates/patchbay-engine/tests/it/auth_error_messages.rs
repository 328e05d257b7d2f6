//! The message of every authentication scheme when the provider accepts, rejects, expires or revokes the credentials, and
//! when it is unavailable: each says what to do.

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
use patchbay_engine::{Error, NewProfile};
use patchbay_model::{AccountId, Profile};
use patchbay_vault::Secret;
use serde_json::{Value, json};

use crate::support::{Browser, Provider, TestBed, new_profile, secrets, session_for};

/// How the provider responds to credentials.
#[derive(Clone, Copy, PartialEq, Eq)]
enum ProviderBehavior {
    Accepts,
    /// The credentials are unknown.
    RejectsCredentials,
    /// The credentials have expired; tokens can be refreshed.
    ExpiredCredentials,
    /// The credentials were valid, and are revoked.
    RevokedCredentials,
    /// The provider responds with 503.
    Unavailable,
}

/// A provider with every authentication scheme.
#[derive(Clone)]
struct EveryScheme(Arc<Mutex<Responses>>);

struct Responses {
    behavior: ProviderBehavior,
    /// The number of rejected calls since the behavior was set.
    rejected_calls: u32,
}

impl EveryScheme {
    fn new() -> Self {
        Self(Arc::new(Mutex::new(Responses { behavior: ProviderBehavior::Accepts, rejected_calls: 0 })))
    }

    fn set(&self, behavior: ProviderBehavior) {
        *self.0.lock().unwrap() = Responses { behavior, rejected_calls: 0 };
    }

    fn behavior(&self) -> ProviderBehavior {
        self.0.lock().unwrap().behavior
    }
}

impl Provider for EveryScheme {
    fn router(&self) -> Router {
        Router::new()
            .route("/api/me", get(me))
            .route("/token", post(token))
            .route("/oauth1_token", post(oauth1_token))
            .fallback(any(|| async { StatusCode::NOT_FOUND }))
            .with_state(self.clone())
    }
}

fn refused(status: StatusCode, error: &str, why: &str) -> Response {
    (status, Json(json!({ "error": error, "error_description": why }))).into_response()
}

async fn me(State(provider): State<EveryScheme>) -> Response {
    let mut responses = provider.0.lock().unwrap();
    match responses.behavior {
        ProviderBehavior::Accepts => Json(json!({ "name": "Ada" })).into_response(),
        ProviderBehavior::RejectsCredentials => {
            refused(StatusCode::UNAUTHORIZED, "unauthorized", "No such credentials")
        }
        // The refreshed token is accepted.
        ProviderBehavior::ExpiredCredentials => {
            responses.rejected_calls += 1;
            if responses.rejected_calls > 1 {
                return Json(json!({ "name": "Ada" })).into_response();
            }
            refused(StatusCode::UNAUTHORIZED, "expired", "The credentials have expired")
        }
        ProviderBehavior::RevokedCredentials => {
            refused(StatusCode::UNAUTHORIZED, "revoked", "The credentials were revoked")
        }
        ProviderBehavior::Unavailable => refused(StatusCode::SERVICE_UNAVAILABLE, "maintenance", "Back in an hour"),
    }
}

async fn token(State(provider): State<EveryScheme>) -> Response {
    match provider.behavior() {
        ProviderBehavior::Accepts | ProviderBehavior::ExpiredCredentials => Json(json!({
            "access_token": "canary-access", "refresh_token": "canary-refresh", "token_type": "bearer", "expires_in": 3600,
        }))
        .into_response(),
        ProviderBehavior::RejectsCredentials => refused(StatusCode::UNAUTHORIZED, "invalid_client", "No such client"),
        ProviderBehavior::RevokedCredentials => refused(StatusCode::BAD_REQUEST, "invalid_grant", "The grant was revoked"),
        ProviderBehavior::Unavailable => refused(StatusCode::SERVICE_UNAVAILABLE, "temporarily_unavailable", "Back in an hour"),
    }
}

/// Responds to both token requests of OAuth 1.0a.
async fn oauth1_token(State(provider): State<EveryScheme>) -> Response {
    let problem = |status, problem: &str| (status, format!("oauth_problem={problem}")).into_response();
    match provider.behavior() {
        ProviderBehavior::Accepts | ProviderBehavior::ExpiredCredentials => {
            "oauth_token=canary-token&oauth_token_secret=canary-secret&oauth_callback_confirmed=true".into_response()
        }
        ProviderBehavior::RejectsCredentials => problem(StatusCode::UNAUTHORIZED, "signature_invalid"),
        ProviderBehavior::RevokedCredentials => problem(StatusCode::UNAUTHORIZED, "token_revoked"),
        ProviderBehavior::Unavailable => refused(StatusCode::SERVICE_UNAVAILABLE, "maintenance", "Back in an hour"),
    }
}

type SchemesBed = TestBed<EveryScheme>;

async fn profile_for(bed: &SchemesBed, method: &str) -> Arc<Profile> {
    let setup = match method {
        "sign_in" => secrets(&[("clientId", "app"), ("clientSecret", "canary-app")]),
        "oauth1" => secrets(&[("consumerKey", "app"), ("consumerSecret", "canary-app")]),
        _ => Vec::new(),
    };
    bed.create_profile(NewProfile { name: Some("My app".into()), setup, ..new_profile("all_auth_schemes", method) })
        .await
}

/// Links an account of its own owner.
async fn link(bed: &SchemesBed, profile: &Profile, owner: &str) -> Result<AccountId, Error> {
    if ["sign_in", "oauth1"].contains(&profile.auth_config_key.as_str()) {
        return authorize(bed, profile, owner).await;
    }
    let method = bed.setup.registry.get("all_auth_schemes").unwrap().auth_method(&profile.auth_config_key).unwrap();
    let fields = method.config_fields.iter().map(|field| (field.key.as_str(), "canary-typed")).collect::<Vec<_>>();
    Ok(bed.link_with(session_for(owner), profile, &fields).await?.id.clone())
}

/// Authorizes with a browser that does not visit the provider.
async fn authorize(bed: &SchemesBed, profile: &Profile, owner: &str) -> Result<AccountId, Error> {
    let browser = Browser::open_session(bed, &profile.id, session_for(owner)).await?;
    let parameters = match browser.parameter("oauth_token") {
        Some(token) => [("oauth_token", token), ("oauth_verifier", "canary-verifier".to_owned())],
        None => [("code", "canary-code".to_owned()), ("state", browser.parameter("state").unwrap())],
    };
    let parameters = parameters.map(|(name, value)| (name.to_owned(), Secret::new(value))).to_vec();
    browser.finish_with(bed, browser.callback(parameters)).await
}

async fn run(bed: &SchemesBed, account: &AccountId) -> Result<Value, Error> {
    bed.run(account, "get_me").await
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
    // Concurrently, because requests to an unavailable provider are retried for a while.
    let parts = futures_util::future::join_all(methods.map(messages_of)).await;
    insta::assert_snapshot!(parts.concat());
}

/// Returns the messages of one scheme.
async fn messages_of(method: &str) -> String {
    let mut table = String::new();
    let bed = TestBed::builder().connector("all_auth_schemes");
    let bed = bed.provider("https://all-auth-schemes.example.com", EveryScheme::new()).start().await;
    let profile = profile_for(&bed, method).await;
    let _ = writeln!(table, "{method}");
    for (behavior, moment) in [
        (ProviderBehavior::RejectsCredentials, "link, rejected"),
        (ProviderBehavior::Unavailable, "link, provider unavailable"),
    ] {
        bed.provider.set(behavior);
        let _ = writeln!(table, "  {moment}: {}", reported(&link(&bed, &profile, "nobody").await));
    }
    for (behavior, moment) in [
        (ProviderBehavior::Accepts, "call"),
        (ProviderBehavior::ExpiredCredentials, "call, expired"),
        (ProviderBehavior::RevokedCredentials, "call, revoked"),
        (ProviderBehavior::Unavailable, "call, provider unavailable"),
    ] {
        bed.provider.set(ProviderBehavior::Accepts);
        let account = link(&bed, &profile, moment).await.unwrap();
        bed.provider.set(behavior);
        let _ = writeln!(table, "  {moment}: {}", reported(&run(&bed, &account).await));
    }
    table
}

//! The API behind the authorization server, and the server's metadata (RFC 8414).

use axum::{
    Json,
    extract::State,
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
};
use serde_json::{Value, json};

use super::OAuthServer;

pub(super) async fn metadata(State(server): State<OAuthServer>, headers: HeaderMap) -> Json<Value> {
    let host = headers.get(header::HOST).and_then(|host| host.to_str().ok()).unwrap_or("localhost");
    let issuer = server.rules().issuer.unwrap_or_else(|| format!("http://{host}"));
    Json(json!({
        "issuer": issuer,
        "authorization_endpoint": format!("{issuer}/authorize"),
        "token_endpoint": format!("{issuer}/token"),
        "revocation_endpoint": format!("{issuer}/revoke"),
        "introspection_endpoint": format!("{issuer}/introspect"),
        "response_types_supported": ["code"],
        "code_challenge_methods_supported": ["S256"],
    }))
}

pub(super) async fn me(State(server): State<OAuthServer>, headers: HeaderMap) -> Response {
    guarded(&server, &headers, |scope| Json(json!({ "id": "u1", "name": "Ada", "scope": scope })))
}

pub(super) async fn things(State(server): State<OAuthServer>, headers: HeaderMap) -> Response {
    guarded(&server, &headers, |_| Json(json!({ "items": [{ "id": 1 }, { "id": 2 }] })))
}

pub(super) async fn add(State(server): State<OAuthServer>, headers: HeaderMap) -> Response {
    let response = guarded(&server, &headers, |_| (StatusCode::CREATED, Json(json!({ "id": 3 }))));
    if response.status().is_success() {
        server.store().things += 1;
    }
    response
}

fn guarded<R: IntoResponse>(server: &OAuthServer, headers: &HeaderMap, answer: impl FnOnce(&str) -> R) -> Response {
    let sent = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    let token = sent.and_then(|sent| sent.strip_prefix("Bearer ")).unwrap_or_default();
    let now = server.now();
    match server.store().scope_of(token, now) {
        Some(scope) => answer(scope).into_response(),
        None => (
            StatusCode::UNAUTHORIZED,
            [(header::WWW_AUTHENTICATE, "Bearer error=\"invalid_token\"")],
            Json(json!({ "error": "invalid_token", "error_description": "the token has ended or was never given" })),
        )
            .into_response(),
    }
}

//! The API that accepts the authorization server's access tokens.

use axum::{
    Json,
    extract::State,
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
};
use serde_json::json;

use super::OAuthServer;

pub(super) async fn me(State(server): State<OAuthServer>, headers: HeaderMap) -> Response {
    guarded(&server, &headers, |scope| Json(json!({ "id": "u1", "name": "Ada", "scope": scope })))
}

pub(super) async fn things(State(server): State<OAuthServer>, headers: HeaderMap) -> Response {
    guarded(&server, &headers, |_| Json(json!({ "items": [{ "id": 1 }, { "id": 2 }] })))
}

pub(super) async fn add(State(server): State<OAuthServer>, headers: HeaderMap) -> Response {
    if let Some(wanted) = server.rules().required_scope_for_things {
        let body = Json(json!({ "message": "not with this token" }));
        let challenge = format!("Bearer realm=\"oauth2\", error=\"insufficient_scope\", scope=\"{wanted}\"");
        return (StatusCode::FORBIDDEN, [(header::WWW_AUTHENTICATE, challenge)], body).into_response();
    }
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
            Json(json!({ "error": "invalid_token", "error_description": "the token is expired or unknown" })),
        )
            .into_response(),
    }
}

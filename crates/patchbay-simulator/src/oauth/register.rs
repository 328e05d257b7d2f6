//! Dynamic client registration (RFC 7591).

use axum::{
    Json,
    body::Bytes,
    extract::State,
    http::StatusCode,
    response::{IntoResponse, Response},
};
use serde_json::{Value, json};

use super::OAuthServer;

/// A dynamically registered client.
#[derive(Clone)]
pub(super) struct SimulatedClient {
    pub(super) id: String,
    /// Empty for a public client.
    pub(super) secret: String,
    pub(super) redirect_uris: Vec<String>,
}

pub(super) async fn register(State(server): State<OAuthServer>, body: Bytes) -> Response {
    let rules = server.rules();
    if !rules.registers {
        return StatusCode::NOT_FOUND.into_response();
    }
    let asked: Value = serde_json::from_slice(&body).unwrap_or_default();
    let uris = asked["redirect_uris"].as_array().into_iter().flatten().filter_map(Value::as_str);
    let redirect_uris = uris.map(str::to_owned).collect::<Vec<_>>();
    let refused = |error: &str, why: &str| {
        (StatusCode::BAD_REQUEST, Json(json!({ "error": error, "error_description": why }))).into_response()
    };
    if redirect_uris.is_empty() {
        return refused("invalid_redirect_uri", "redirect_uris is required");
    }
    let wanted = if rules.accepts_public_clients { "none" } else { "client_secret_basic" };
    if asked["token_endpoint_auth_method"] != wanted {
        return refused("invalid_client_metadata", "this token_endpoint_auth_method is not supported");
    }
    let client = server.store().register(rules.registered_secret.filter(|_| wanted != "none"), redirect_uris);
    let mut answer = asked;
    answer["client_id"] = json!(client.id);
    answer["client_id_issued_at"] = json!(server.now());
    if !client.secret.is_empty() {
        answer["client_secret"] = json!(client.secret);
        answer["client_secret_expires_at"] = json!(rules.registration_expires_at);
    }
    (StatusCode::CREATED, Json(answer)).into_response()
}

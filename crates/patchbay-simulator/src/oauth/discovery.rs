//! The authorization server's metadata (RFC 8414, OIDC Discovery 1.0).

use axum::{
    Json,
    extract::State,
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
};
use serde_json::{Map, Value, json};

use super::OAuthServer;

pub(super) async fn metadata(State(server): State<OAuthServer>, headers: HeaderMap) -> Response {
    let rules = server.rules();
    if rules.has_only_openid_metadata {
        return StatusCode::NOT_FOUND.into_response();
    }
    Json(document(&server, &headers)).into_response()
}

/// Serves `/.well-known/openid-configuration`.
pub(super) async fn openid(State(server): State<OAuthServer>, headers: HeaderMap) -> Json<Value> {
    Json(document(&server, &headers))
}

fn document(server: &OAuthServer, headers: &HeaderMap) -> Value {
    let rules = server.rules();
    let host = headers.get(header::HOST).and_then(|host| host.to_str().ok()).unwrap_or("localhost");
    let base = rules.public_url.clone().unwrap_or_else(|| format!("http://{host}"));
    let issuer = rules.issuer.clone().unwrap_or_else(|| base.clone());
    let auth: &[&str] = if rules.accepts_public_clients { &["none"] } else { &["client_secret_basic"] };
    let document = json!({
        "issuer": issuer,
        "authorization_endpoint": format!("{base}/authorize"),
        "token_endpoint": format!("{base}/token"),
        "revocation_endpoint": format!("{base}/revoke"),
        "introspection_endpoint": format!("{base}/introspect"),
        "registration_endpoint": rules.registers.then(|| format!("{base}/register")),
        "response_types_supported": ["code"],
        "code_challenge_methods_supported": ["S256"],
        "token_endpoint_auth_methods_supported": auth,
        "client_id_metadata_document_supported": !rules.document_clients.is_empty(),
        "authorization_response_iss_parameter_supported": rules.issuer.is_some(),
    });
    replaced(document, rules.metadata)
}

/// Returns the document with the changed members; null removes one.
pub(crate) fn replaced(mut document: Value, changes: Map<String, Value>) -> Value {
    if let Value::Object(members) = &mut document {
        members.extend(changes);
        members.retain(|_, value| !value.is_null());
    }
    document
}

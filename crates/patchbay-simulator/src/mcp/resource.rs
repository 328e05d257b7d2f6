//! The protected resource metadata (RFC 9728), and the challenges for missing tokens and scopes (RFC 6750).

use axum::{
    Json,
    extract::{OriginalUri, State},
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
};
use serde_json::{Value, json};

use super::{McpServer, MetadataLocation, text};
use crate::oauth::replaced;

/// The well-known path of the metadata for `/mcp`.
const METADATA_PATH: &str = "/.well-known/oauth-protected-resource/mcp";

impl McpServer {
    /// Returns the 401 response unless the request has a valid access token.
    pub(super) fn authentication_error(&self, headers: &HeaderMap) -> Option<Response> {
        let oauth = self.0.oauth.as_ref()?;
        let token = text(headers, "authorization").strip_prefix("Bearer ").unwrap_or_default();
        if oauth.accepts_access_token(token) {
            return None;
        }
        let rules = self.rules();
        let base = rules.public_url.unwrap_or_default();
        let mut parameters = vec!["realm=\"mcp, and \\\"more\\\"\"".to_owned()];
        if !token.is_empty() {
            parameters.push("error=\"invalid_token\"".to_owned());
        }
        if rules.metadata_location == MetadataLocation::Challenge {
            let correct = vec![format!("{base}{METADATA_PATH}")];
            let places = if rules.challenge.is_empty() { correct } else { rules.challenge };
            parameters.extend(places.iter().map(|place| format!("resource_metadata=\"{place}\"")));
        }
        parameters.extend(rules.challenged_scope.map(|scope| format!("scope=\"{scope}\"")));
        let challenge = format!("Basic realm=\"old\", Bearer {}", parameters.join(", "));
        Some((StatusCode::UNAUTHORIZED, [(header::WWW_AUTHENTICATE, challenge)]).into_response())
    }

    /// Returns the 403 response unless the token has the scopes that the tool requires.
    pub(super) fn scope_error(&self, headers: &HeaderMap, message: &Value) -> Option<Response> {
        let oauth = self.0.oauth.as_ref()?;
        let rules = self.rules();
        let (_, wanted) = rules.tool_scopes.iter().find(|(tool, _)| message["params"]["name"] == tool.as_str())?;
        let token = text(headers, "authorization").strip_prefix("Bearer ").unwrap_or_default();
        let granted = oauth.scope_of(token).unwrap_or_default();
        if wanted.split(' ').all(|scope| granted.split(' ').any(|has| has == scope)) {
            return None;
        }
        let challenge = format!("Bearer error=\"insufficient_scope\", scope=\"{wanted}\"");
        let body = json!({ "jsonrpc": "2.0", "id": message["id"],
            "error": { "code": -32003, "message": "Forbidden: insufficient scope" } });
        Some((StatusCode::FORBIDDEN, [(header::WWW_AUTHENTICATE, challenge)], Json(body)).into_response())
    }
}

pub(super) async fn metadata(State(server): State<McpServer>, OriginalUri(uri): OriginalUri) -> Response {
    let rules = server.rules();
    let is_here = match rules.metadata_location {
        MetadataLocation::Challenge | MetadataLocation::Path => uri.path() == METADATA_PATH,
        MetadataLocation::Root => uri.path() != METADATA_PATH,
        MetadataLocation::Nowhere => false,
    };
    if !is_here {
        return StatusCode::NOT_FOUND.into_response();
    }
    let base = rules.public_url.unwrap_or_default();
    let resource = if rules.metadata_location == MetadataLocation::Root { base.clone() } else { format!("{base}/mcp") };
    let document = json!({
        "resource": resource,
        "authorization_servers": [base],
        "scopes_supported": ["issues:read"],
        "bearer_methods_supported": ["header"],
    });
    Json(replaced(document, rules.resource_metadata)).into_response()
}

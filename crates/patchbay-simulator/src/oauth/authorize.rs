//! The authorization page (RFC 6749 section 4.1.1).

use axum::{
    Form,
    extract::{Query, State},
    http::StatusCode,
    response::{Html, IntoResponse, Redirect, Response},
};
use serde::{Deserialize, Serialize};
use url::Url;

use super::{Approval, OAuthServer, store::Code};

/// The lifetime of an authorization code, in seconds.
const CODE_TTL_SECS: i64 = 60;

#[derive(Clone, Deserialize, Serialize)]
pub(super) struct AuthorizeParams {
    #[serde(default)]
    response_type: String,
    #[serde(default)]
    client_id: String,
    #[serde(default)]
    redirect_uri: String,
    state: Option<String>,
    scope: Option<String>,
    nonce: Option<String>,
    code_challenge: Option<String>,
    code_challenge_method: Option<String>,
    response_mode: Option<String>,
    resource: Option<String>,
    decision: Option<String>,
}

pub(super) async fn page(State(server): State<OAuthServer>, Query(request): Query<AuthorizeParams>) -> Response {
    if let Some(wrong) = wrong(&server, &request) {
        return (StatusCode::BAD_REQUEST, Html(format!("<!doctype html><title>Wrong</title><p>{}", escaped(&wrong))))
            .into_response();
    }
    match server.rules().approval {
        Approval::Always => back(&server, &request, true),
        Approval::Never => back(&server, &request, false),
        Approval::Ask => Html(form(&request)).into_response(),
    }
}

pub(super) async fn decide(State(server): State<OAuthServer>, Form(request): Form<AuthorizeParams>) -> Response {
    if let Some(wrong) = wrong(&server, &request) {
        return (StatusCode::BAD_REQUEST, wrong).into_response();
    }
    back(&server, &request, request.decision.as_deref() == Some("allow"))
}

/// Returns why the request is invalid, in which case the browser must not be redirected.
fn wrong(server: &OAuthServer, request: &AuthorizeParams) -> Option<String> {
    let rules = server.rules();
    let Some(redirect_uris) = server.redirect_uris_of(&request.client_id) else {
        return Some(format!("no client {}", request.client_id));
    };
    if rules.resource.is_some() && request.resource != rules.resource {
        return Some("no such resource".to_owned());
    }
    if Url::parse(&request.redirect_uri).is_err()
        || (!redirect_uris.is_empty() && !redirect_uris.contains(&request.redirect_uri))
    {
        return Some(format!("the redirect URI {} is not registered", request.redirect_uri));
    }
    if request.response_type != "code" {
        return Some("response_type must be code".to_owned());
    }
    let has_pkce = request.code_challenge.is_some() && request.code_challenge_method.as_deref() == Some("S256");
    (rules.requires_pkce && !has_pkce).then(|| "a code challenge with the method S256 is required".to_owned())
}

impl OAuthServer {
    /// Returns the redirect URIs of a client; an empty list allows any. Returns `None` for an unknown client.
    fn redirect_uris_of(&self, client: &str) -> Option<Vec<String>> {
        let rules = self.rules();
        if rules.clients.iter().any(|(id, _)| id == client) {
            return Some(rules.redirect_uris);
        }
        if let Some((_, uris)) = rules.document_clients.into_iter().find(|(id, _)| id == client) {
            return Some(uris);
        }
        self.store().registered(client).map(|client| client.redirect_uris.clone())
    }
}

fn back(server: &OAuthServer, request: &AuthorizeParams, is_allowed: bool) -> Response {
    let rules = server.rules();
    let mut answer = Vec::new();
    if is_allowed {
        let expires_at = server.now() + CODE_TTL_SECS;
        let code = server.store().add_code(Code {
            client: request.client_id.clone(),
            redirect_uri: request.redirect_uri.clone(),
            challenge: request.code_challenge.clone(),
            resource: request.resource.clone(),
            scope: rules.granted_scopes.or_else(|| request.scope.clone()).unwrap_or_default(),
            nonce: request.nonce.clone(),
            expires_at,
            family: None,
        });
        answer.push(("code", code));
    } else {
        answer.push(("error", "access_denied".to_owned()));
        answer.push(("error_description", "The customer said no".to_owned()));
    }
    answer.extend(request.state.clone().map(|state| ("state", state)));
    answer.extend(rules.issuer.map(|issuer| ("iss", issuer)));
    if request.response_mode.as_deref() == Some("form_post") {
        let inputs: String = answer.iter().map(|(name, value)| hidden(name, value)).collect();
        let to = escaped(&request.redirect_uri);
        let form = format!("<form id=back method=post action=\"{to}\">{inputs}<button>Back</button></form>");
        return Html(format!("<!doctype html><title>Back</title>{form}<script>back.submit()</script>")).into_response();
    }
    match Url::parse(&request.redirect_uri) {
        Ok(mut to) => {
            to.query_pairs_mut().extend_pairs(answer);
            Redirect::to(to.as_str()).into_response()
        }
        Err(_) => StatusCode::BAD_REQUEST.into_response(),
    }
}

fn form(request: &AuthorizeParams) -> String {
    let pairs = serde_json::to_value(request).unwrap_or_default();
    let members = pairs.as_object().into_iter().flatten();
    let pairs = members.filter_map(|(name, value)| Some((name.as_str(), value.as_str()?))).collect::<Vec<_>>();
    consent_page(&pairs)
}

/// Returns the consent page. The form submits the pairs with the decision.
pub(crate) fn consent_page(pairs: &[(&str, &str)]) -> String {
    let inputs: String = pairs.iter().map(|(name, value)| hidden(name, value)).collect();
    format!(
        "<!doctype html><html lang=en><title>Allow access</title><main><h1>Allow access?</h1><form method=post>{inputs}\
         <button name=decision value=allow>Allow</button> <button name=decision value=deny>Deny</button></form></main></html>"
    )
}

fn hidden(name: &str, value: &str) -> String {
    format!("<input type=hidden name=\"{name}\" value=\"{}\">", escaped(value))
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('"', "&quot;")
}

//! The screens: Hub, dashboard and demo as single pages, and their files. Each page has the strictest content security policy
//! with which it works; no page runs inline script.

use axum::{
    extract::{Path, State},
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use patchbay_engine::{Error, ErrorCode};
use patchbay_vault::Secret;

use super::start::not_built;
use crate::{error::ApiError, extract::QueryMap, state::AppState};

/// The placeholder of the nonce in the dashboard's page.
const NONCE_PLACEHOLDER: &str = "__CSP_NONCE__";
/// The policy of every screen: this server's scripts, pictures and API.
const BASE_POLICY: &str = "default-src 'none'; script-src 'self'; img-src 'self' data:; font-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; manifest-src 'self'";

/// Returns the Hub, for its own page or for a frame in pages of the origins that the session allows.
pub(crate) async fn hub(State(state): State<AppState>, mut query: QueryMap) -> Response {
    let mut ancestors = "'self'".to_owned();
    if let Some(token) = query.text(&["token"]).map(Secret::new)
        && let Ok(hub) = state.engine.sessions.for_hub(&token).await
    {
        for origin in hub.session.allowed_origins.iter().chain(&state.config.hub_allowed_origins) {
            ancestors.push(' ');
            ancestors.push_str(origin);
        }
    }
    let policy = format!("{BASE_POLICY}; style-src 'self'; frame-ancestors {ancestors}");
    screen(state, "hub/index.html", &policy, false).await
}

/// Returns the dashboard, for every path below it: the page routes its own paths.
pub(crate) async fn dashboard(State(state): State<AppState>) -> Response {
    let nonce = state.engine.nonce();
    let policy = format!("{BASE_POLICY}; style-src 'self' 'nonce-{nonce}'; frame-src 'self'; frame-ancestors 'none'");
    let mut response =
        screen_with(state, "dashboard/index.html", &policy, |html| html.replace(NONCE_PLACEHOLDER, &nonce)).await;
    response.headers_mut().insert(header::X_FRAME_OPTIONS, HeaderValue::from_static("DENY"));
    response
}

/// Returns the demo: the page of an example product with the embedded Hub.
pub(crate) async fn demo(State(state): State<AppState>) -> Response {
    let policy = format!("{BASE_POLICY}; style-src 'self'; frame-src 'self'; frame-ancestors 'none'");
    screen(state, "demo/index.html", &policy, true).await
}

async fn screen(state: AppState, path: &str, policy: &str, is_unframed: bool) -> Response {
    let mut response = screen_with(state, path, policy, |html| html).await;
    if is_unframed {
        response.headers_mut().insert(header::X_FRAME_OPTIONS, HeaderValue::from_static("DENY"));
    }
    response
}

async fn screen_with(
    state: AppState,
    path: &str,
    policy: &str,
    change: impl FnOnce(String) -> String + Send,
) -> Response {
    let found = state.config.assets.get(path).and_then(|file| String::from_utf8(file.into_owned()).ok());
    let Some(html) = found else { return not_built(State(state)).await };
    let mut response = axum::response::Html(change(html)).into_response();
    if let Ok(policy) = HeaderValue::from_str(policy) {
        response.headers_mut().insert(header::CONTENT_SECURITY_POLICY, policy);
    }
    response
}

/// Returns a file of a screen. The names contain a hash of the content, so that browsers cache them without expiry.
pub(crate) async fn file(State(state): State<AppState>, Path((screen, name)): Path<(String, String)>) -> Response {
    let is_known = matches!(screen.as_str(), "hub" | "dashboard" | "demo");
    let is_plain = !name.contains("..") && name != "index.html";
    let found = state.config.assets.get(&format!("{screen}/{name}")).filter(|_| is_known && is_plain);
    let Some(file) = found else { return no_file() };
    let headers =
        [(header::CONTENT_TYPE, content_type(&name)), (header::CACHE_CONTROL, "public, max-age=31536000, immutable")];
    (headers, file.into_owned()).into_response()
}

/// Returns the element for operators' pages. Its name never changes, so browsers revalidate it after five minutes.
pub(crate) async fn element(State(state): State<AppState>, headers: HeaderMap) -> Response {
    let Some(file) = state.config.assets.get("embed/patchbay-hub.js") else { return no_file() };
    let tag = format!("\"{:016x}\"", super::assets::fingerprint(&file));
    let common = [
        (header::ETAG, HeaderValue::from_str(&tag).unwrap_or_else(|_| HeaderValue::from_static("\"\""))),
        (header::CACHE_CONTROL, HeaderValue::from_static("public, max-age=300")),
        (header::ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*")),
        (header::HeaderName::from_static("cross-origin-resource-policy"), HeaderValue::from_static("cross-origin")),
    ];
    if headers.get(header::IF_NONE_MATCH).is_some_and(|known| known.as_bytes() == tag.as_bytes()) {
        return (StatusCode::NOT_MODIFIED, common).into_response();
    }
    (common, [(header::CONTENT_TYPE, content_type("x.js"))], file.into_owned()).into_response()
}

fn no_file() -> Response {
    ApiError::from(Error::new(ErrorCode::RouteNotFound, "this file does not exist")).into_response()
}

fn content_type(name: &str) -> &'static str {
    match name.rsplit('.').next().unwrap_or_default() {
        "js" => "text/javascript; charset=utf-8",
        "css" => "text/css; charset=utf-8",
        "svg" => "image/svg+xml",
        "png" => "image/png",
        "woff2" => "font/woff2",
        "json" | "map" => "application/json",
        "html" => "text/html; charset=utf-8",
        _ => "application/octet-stream",
    }
}

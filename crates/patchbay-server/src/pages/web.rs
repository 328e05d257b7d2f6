//! The screens: Hub, dashboard and demo as single pages, and their files. Each page has the strictest content security policy
//! with which it works; no page runs inline script.

use std::borrow::Cow;

use axum::{
    body::Bytes,
    extract::{Path, State},
    http::{HeaderMap, HeaderValue, header},
    response::{IntoResponse, Response},
};
use patchbay_engine::{Error, ErrorCode};
use patchbay_model::content_hash;
use patchbay_vault::Secret;

use super::start::not_built;
use crate::{
    compression::Shared,
    error::ApiError,
    extract::{QueryMap, known_tags, unless_known},
    state::AppState,
};

/// The placeholder of the nonce in the dashboard's page.
const NONCE_PLACEHOLDER: &str = "__CSP_NONCE__";
/// The policy of every screen: this server's scripts, pictures and API.
const BASE_POLICY: &str = "default-src 'none'; script-src 'self'; img-src 'self' data:; font-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; manifest-src 'self'";

/// The script of the documentation. Its pages work without it.
const DOCS_SCRIPT: &str = "docs/docs.js";

/// Returns the path of the documentation's script on this server; none if it was not built.
pub(super) fn docs_script(state: &AppState) -> Option<&str> {
    let path = || {
        let hash = content_hash(&state.config.assets.get(DOCS_SCRIPT)?);
        Some(format!("/assets/docs/docs-{hash:016x}.js"))
    };
    state.docs_script.get_or_init(path).as_deref()
}

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
    let is_known = matches!(screen.as_str(), "hub" | "dashboard" | "demo" | "docs");
    let is_plain = !name.contains("..") && name != "index.html";
    // The script of the documentation gets the hash in its name here, because the pages that load it are not built with it.
    let is_script = docs_script(&state).and_then(|path| path.rsplit('/').next()) == Some(name.as_str());
    let path = if is_script { DOCS_SCRIPT.to_owned() } else { format!("{screen}/{name}") };
    let found = state.config.assets.get(&path).filter(|_| is_known && is_plain);
    let Some(file) = found else { return no_file() };
    let headers =
        [(header::CONTENT_TYPE, content_type(&name)), (header::CACHE_CONTROL, "public, max-age=31536000, immutable")];
    // A file in a folder can change.
    let is_embedded = matches!(file, Cow::Borrowed(_));
    let mut response = (headers, shared(file)).into_response();
    if is_embedded {
        response.extensions_mut().insert(Shared { name: format!("/assets/{path}"), serial: 0 });
    }
    response
}

/// Returns the element for operators' pages. Its name never changes, so browsers revalidate it after five minutes.
pub(crate) async fn element(State(state): State<AppState>, headers: HeaderMap) -> Response {
    let Some(file) = state.config.assets.get("embed/patchbay-hub.js") else { return no_file() };
    let shared_with_pages = [
        (header::ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*")),
        (header::HeaderName::from_static("cross-origin-resource-policy"), HeaderValue::from_static("cross-origin")),
    ];
    let cache = HeaderValue::from_static("public, max-age=300");
    (shared_with_pages, revalidated(&headers, "patchbay-hub.js", cache, file)).into_response()
}

/// Returns a file whose name never changes, or 304 if the client has it. Its tag is a hash of its content.
pub(super) fn revalidated(headers: &HeaderMap, name: &str, cache: HeaderValue, file: Cow<'static, [u8]>) -> Response {
    let tag = format!("\"{:016x}\"", content_hash(&file));
    unless_known(&known_tags(headers), &tag, cache, || ([(header::CONTENT_TYPE, content_type(name))], shared(file)))
}

/// Returns the bytes of a file without a copy if it is a part of the program: responses that wait for their clients then cost
/// nothing.
fn shared(file: Cow<'static, [u8]>) -> Bytes {
    match file {
        Cow::Borrowed(embedded) => Bytes::from_static(embedded),
        Cow::Owned(read) => Bytes::from(read),
    }
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

//! Every route.

use axum::{
    Router,
    extract::{Request, State},
    http::{HeaderValue, StatusCode, Uri, header},
    response::{IntoResponse, Response},
    routing::get,
};
use patchbay_engine::{Engine, Error, ErrorCode};
use serde_json::Value;
use utoipa::OpenApi;
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{
    config::ServerConfig,
    error::ApiError,
    every_request::{self, RequestHandler},
    idempotency::{self, IdempotencyLayer},
    limits::NoteRoute,
    openapi::{self, Document},
    pages::{self, docs},
    routes::{
        accounts, accounts_v2, action_search, actions, agents, api_keys, attempt_events, connect_sessions,
        connector_profiles, connector_versions, connectors, health, hub, log_stream, login, logs, mcp, metrics, oauth,
        profiles, proxy, replicas, request_logs, revocation, webhook_deliveries, webhooks,
    },
    state::AppState,
};

/// The longest part of a path that a message repeats, in characters.
const MAX_SHOWN_PATH_CHARS: usize = 100;

/// The API.
fn api() -> OpenApiRouter<AppState> {
    OpenApiRouter::with_openapi(Document::openapi())
        .routes(routes!(connect_sessions::create))
        .routes(routes!(connect_sessions::delete))
        .routes(routes!(connect_sessions::authenticate))
        .routes(routes!(connect_sessions::confirm))
        .routes(routes!(accounts::list))
        .routes(routes!(accounts::get, accounts::patch, accounts::delete))
        .routes(routes!(accounts::meta))
        .routes(routes!(revocation::revoke))
        .routes(routes!(accounts_v2::list))
        .routes(routes!(accounts_v2::get))
        .routes(routes!(connectors::list))
        .routes(routes!(connectors::get))
        .routes(routes!(connector_versions::list, connector_versions::push))
        .routes(routes!(connector_versions::get))
        .routes(routes!(connector_versions::version, connector_versions::delete))
        .routes(routes!(connector_versions::reload))
        .routes(routes!(profiles::list, profiles::create))
        .routes(routes!(profiles::get, profiles::patch, profiles::delete))
        .routes(routes!(actions::list))
        .routes(routes!(actions::rpc))
        .routes(routes!(action_search::search))
        .routes(routes!(action_search::build))
        .routes(routes!(agents::costs))
        .routes(routes!(agents::feedback, agents::submit_feedback))
        .routes(routes!(proxy::send))
        .routes(routes!(webhooks::list, webhooks::create))
        .routes(routes!(webhooks::get, webhooks::patch, webhooks::delete))
        .routes(routes!(webhooks::rotate_secret))
        .routes(routes!(webhooks::test))
        .routes(routes!(webhook_deliveries::report))
        .routes(routes!(webhook_deliveries::list))
        .routes(routes!(webhook_deliveries::replay_many))
        .routes(routes!(webhook_deliveries::get))
        .routes(routes!(webhook_deliveries::replay))
        .routes(routes!(webhook_deliveries::replay_progress))
        .routes(routes!(api_keys::list, api_keys::create))
        .routes(routes!(api_keys::patch, api_keys::delete))
        .routes(routes!(login::session))
        .routes(routes!(login::login))
        .routes(routes!(login::logout))
        .routes(routes!(login::set_password))
        .routes(routes!(oauth::client_metadata))
        .routes(routes!(health::healthz))
        .routes(routes!(health::readyz))
        .routes(routes!(metrics::metrics))
        .routes(routes!(replicas::list))
        .routes(routes!(connector_profiles::list))
        .routes(routes!(connector_profiles::versions))
        .routes(routes!(connector_profiles::pin, connector_profiles::set_pin, connector_profiles::delete_pin))
        .routes(routes!(logs::status))
        .routes(routes!(logs::list))
        .routes(routes!(logs::list_actions))
        .routes(routes!(logs::get_action))
        .routes(routes!(logs::get_action_advanced))
        // It has no success yet: a result is not scanned, so the document of the API says nothing of it.
        .route("/logs/actions/{id}/defender", get(logs::get_action_defender))
        .routes(routes!(logs::list_action_steps))
        .routes(routes!(logs::get_step))
        .routes(routes!(logs::get_step_advanced))
        .routes(routes!(logs::list_steps))
        .routes(routes!(logs::list_provider))
        .routes(routes!(logs::list_unified))
        .routes(routes!(logs::get_unified))
        .routes(routes!(logs::get_unified_advanced))
        .routes(routes!(logs::list_unified_provider))
        .routes(routes!(logs::get_unified_provider))
        .routes(routes!(logs::get_unified_provider_advanced))
        .routes(routes!(log_stream::tail))
        .routes(routes!(log_stream::export))
        .routes(routes!(logs::aggregate))
        .routes(routes!(logs::dimensions))
        .routes(routes!(request_logs::list))
        .routes(routes!(request_logs::steps))
        .routes(routes!(request_logs::get))
        .routes(routes!(request_logs::platform))
}

/// The Hub API.
fn hub_api() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(hub::settings))
        .routes(routes!(hub::connectors))
        .routes(routes!(hub::connector))
        .routes(routes!(hub::link))
        .routes(routes!(hub::account, hub::relink))
        .routes(routes!(hub::start_attempt))
        .routes(routes!(hub::attempt, hub::cancel_attempt))
        .routes(routes!(attempt_events::events))
}

fn page_routes() -> Router<AppState> {
    Router::new()
        .route("/", get(pages::start))
        .route("/docs", get(docs::page))
        .route("/docs.md", get(docs::page))
        .route("/docs/images/{file}", get(docs::image))
        .route("/docs/search", get(docs::search))
        .route("/docs/{*path}", get(docs::page))
        .route("/openapi.json", get(pages::openapi))
        .route("/llms.txt", get(docs::llms))
        .route("/llms-full.txt", get(docs::llms_full))
        .route("/sitemap.xml", get(docs::sitemap))
        .route("/robots.txt", get(docs::robots))
        .route("/guides", get(docs::guide_index))
        .route("/guides/{connector}/{method}", get(docs::guide))
        .route("/connectors/{connector}/guides/{*path}", get(docs::original_guide))
        .route("/connect/oauth2/{key}", get(oauth::start))
        .route("/connect/oauth2/{key}/callback", get(oauth::callback).post(oauth::callback_by_form))
        .route("/embedded/integrations", get(pages::hub))
        .route("/embedded/accounts/callback", get(pages::hub))
        .route("/dashboard", get(pages::dashboard))
        .route("/dashboard/", get(pages::dashboard))
        .route("/dashboard/{*path}", get(pages::dashboard))
        .route("/demo", get(pages::demo))
        .route("/assets/{file}", get(pages::asset))
        .route("/assets/{screen}/{file}", get(pages::file))
        .route("/embed/patchbay-hub.js", get(pages::element))
}

/// Returns the API's OpenAPI 3.1 document, for the server at `public_url`.
pub fn openapi(public_url: &str) -> Value {
    let (_, mut document) = api().merge(hub_api()).split_for_parts();
    idempotency::document(&mut document);
    openapi::complete(document, public_url)
}

/// Returns the handler of all requests.
pub fn router(engine: Engine, config: ServerConfig) -> RequestHandler {
    let agents = mcp::routes(&engine, &config);
    let state = AppState::new(engine, config, openapi);
    let (api, _) = api().split_for_parts();
    let (hub, _) = hub_api().split_for_parts();
    let idempotency = IdempotencyLayer::new(state.clone());
    let routes = Router::new()
        .merge(api.route_layer(idempotency.clone()))
        .merge(hub.route_layer(idempotency))
        .merge(page_routes().route_layer(NoteRoute))
        .merge(agents.route_layer(NoteRoute))
        .fallback(not_found)
        .method_not_allowed_fallback(method_not_allowed)
        .with_state(state.clone());
    every_request::handler(routes, &state)
}

/// Returns 404, or for a path that ends with a slash a redirect to the path without it, which keeps method and body (308).
/// Old paths of the documentation lead to its pages.
async fn not_found(State(state): State<AppState>, uri: Uri) -> Response {
    if let Some(location) = without_slash(&uri) {
        return (StatusCode::PERMANENT_REDIRECT, [(header::LOCATION, location)]).into_response();
    }
    if let Some(redirect) = docs::old_path(&state, &uri).await {
        return redirect;
    }
    let path: String = uri.path().chars().take(MAX_SHOWN_PATH_CHARS).collect();
    let message = format!("the path {path} does not exist; /docs/api lists all paths");
    ApiError::from(Error::new(ErrorCode::RouteNotFound, message)).into_response()
}

/// Returns the path and the query of a URI without the slashes at the end of its path; none if there are none. The result is
/// on this server: browsers read a path that begins with two slashes or backslashes as another host.
fn without_slash(uri: &Uri) -> Option<HeaderValue> {
    let path = uri.path().strip_suffix('/')?.trim_end_matches('/');
    let rest = path.strip_prefix('/')?;
    if rest.is_empty() || rest.starts_with(['/', '\\']) {
        return None;
    }
    let query = uri.query().map(|query| format!("?{query}")).unwrap_or_default();
    HeaderValue::from_str(&format!("{path}{query}")).ok()
}

async fn method_not_allowed(request: Request) -> ApiError {
    let message = format!("{} is not allowed here; /docs/api lists the methods of each path", request.method());
    Error::new(ErrorCode::MethodNotAllowed, message).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slash_at_the_end_leads_to_this_server() {
        let location = |uri: &'static str| {
            without_slash(&Uri::from_static(uri)).map(|location| location.to_str().unwrap().to_owned())
        };
        for (uri, expected) in [
            ("/accounts/", Some("/accounts")),
            ("/accounts//", Some("/accounts")),
            ("/accounts/?page=2&x=//evil.example/", Some("/accounts?page=2&x=//evil.example/")),
            ("http://other.example/accounts/", Some("/accounts")),
            ("/accounts", None),
            ("/", None),
            ("//", None),
            ("//evil.example/", None),
            ("///evil.example/", None),
        ] {
            assert_eq!(location(uri).as_deref(), expected, "{uri}");
        }
        if let Ok(uri) = "/\\evil.example/".parse::<Uri>() {
            assert_eq!(without_slash(&uri), None);
        }
    }
}

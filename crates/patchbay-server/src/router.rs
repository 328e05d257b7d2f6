//! Every route.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use axum::{
    Router,
    extract::{Request, State},
    http::{Extensions, HeaderMap, HeaderName, HeaderValue, Method, StatusCode, Version, header},
    middleware::{self, Next},
    response::{IntoResponse, Response},
    routing::get,
};
use patchbay_engine::{Engine, Error, ErrorCode};
use serde_json::Value;
use tokio::sync::Semaphore;
use tower_http::{
    catch_panic::CatchPanicLayer,
    compression::{CompressionLayer, Predicate, predicate::SizeAbove},
    cors::{AllowOrigin, CorsLayer},
};
use utoipa::OpenApi;
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{
    config::ServerConfig,
    error::ApiError,
    extract::has_csrf_header,
    idempotency::{self, IdempotencyLayer},
    openapi::{self, Document},
    pages, request_checks,
    routes::{
        accounts, accounts_v2, actions, api_keys,
        attempt_events::{self, MAX_STREAMS},
        connect_sessions, connector_versions, connectors, health, hub, login, oauth, profiles, proxy, revocation,
    },
    state::AppState,
};

/// The default content security policy: this server's stylesheet, pictures, and no script.
const CONTENT_SECURITY_POLICY: &str = "default-src 'none'; style-src 'self'; img-src 'self' data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";
/// The features of browsers that no page uses.
const PERMISSIONS_POLICY: &str = "accelerometer=(), browsing-topics=(), camera=(), display-capture=(), geolocation=(), gyroscope=(), hid=(), magnetometer=(), microphone=(), midi=(), payment=(), serial=(), usb=()";
/// How long browsers use only https: a year.
const TRANSPORT_SECURITY: &str = "max-age=31536000";
/// The smallest body that is compressed, in bytes.
const MIN_COMPRESSED_BYTES: u64 = 1_024;
/// How long browsers cache the response to a preflight.
const PREFLIGHT_TTL: Duration = Duration::from_hours(1);
/// The longest `x-request-id` that a client can choose, in bytes.
const MAX_REQUEST_ID_BYTES: usize = 100;
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
        .routes(routes!(proxy::send))
        .routes(routes!(api_keys::list, api_keys::create))
        .routes(routes!(api_keys::patch, api_keys::delete))
        .routes(routes!(login::session))
        .routes(routes!(login::login))
        .routes(routes!(login::logout))
        .routes(routes!(login::set_password))
        .routes(routes!(oauth::client_metadata))
        .routes(routes!(health::healthz))
        .routes(routes!(health::readyz))
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
        .route("/docs", get(pages::reference))
        .route("/openapi.json", get(pages::openapi))
        .route("/llms.txt", get(pages::llms))
        .route("/guides", get(pages::guide_index))
        .route("/guides/{connector}/{auth}", get(pages::guide))
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

/// Returns the router of all routes.
pub fn router(engine: Engine, config: ServerConfig) -> Router {
    let is_https = config.urls.is_https();
    let streams = Arc::new(Semaphore::new(MAX_STREAMS));
    let state = AppState {
        engine,
        config: Arc::new(config),
        streams,
        document: Arc::default(),
        document_text: Arc::default(),
        build_document: openapi,
    };
    let (api, _) = api().split_for_parts();
    let (hub, _) = hub_api().split_for_parts();
    let idempotency = IdempotencyLayer::new(state.clone());
    Router::new()
        .merge(api.route_layer(idempotency.clone()))
        // Its own fallback, inside the CORS layer: a preflight must not get 405.
        .merge(
            hub.method_not_allowed_fallback(method_not_allowed).route_layer(idempotency).layer(hub_cors(&state.config)),
        )
        .merge(page_routes())
        .fallback(not_found)
        .method_not_allowed_fallback(method_not_allowed)
        .layer(CatchPanicLayer::custom(|_| {
            // The panic is on standard error; the response contains no internals.
            ApiError::from(Error::new(ErrorCode::Internal, "the server failed; its log says why")).into_response()
        }))
        .layer(compression())
        .layer(middleware::from_fn_with_state(is_https, headers))
        .with_state(state)
}

/// Compresses screens and their files. Responses of the API are not compressed: they are small, and may contain a secret next
/// to a text that an attacker chose (the BREACH attack).
fn compression() -> CompressionLayer<impl Predicate> {
    let is_screen = |_: StatusCode, _: Version, headers: &HeaderMap, _: &Extensions| {
        let kind = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
        // A file that an action streams is not a screen, whatever its type.
        !headers.contains_key(header::CONTENT_DISPOSITION)
            && ["text/html", "text/javascript", "text/css", "image/svg"].iter().any(|text| kind.starts_with(text))
    };
    CompressionLayer::new().compress_when(SizeAbove::new(MIN_COMPRESSED_BYTES).and(is_screen))
}

/// Lets browsers of any origin call the Hub API, or of the operator's origins if there are any. The token of the session
/// authenticates requests; cookies do not.
fn hub_cors(config: &ServerConfig) -> CorsLayer {
    let origins = if config.hub_allowed_origins.is_empty() {
        AllowOrigin::any()
    } else {
        AllowOrigin::list(config.hub_allowed_origins.iter().filter_map(|origin| HeaderValue::from_str(origin).ok()))
    };
    let names = ["x-hub-session-token", "x-hub-version", idempotency::KEY_HEADER].map(HeaderName::from_static);
    CorsLayer::new()
        .allow_origin(origins)
        .allow_methods([Method::GET, Method::POST, Method::PATCH, Method::DELETE])
        .allow_headers([header::CONTENT_TYPE].into_iter().chain(names).collect::<Vec<_>>())
        .expose_headers([header::RETRY_AFTER, HeaderName::from_static(idempotency::REPLAYED_HEADER)])
        .max_age(PREFLIGHT_TTL)
}

async fn not_found(request: Request) -> ApiError {
    let path: String = request.uri().path().chars().take(MAX_SHOWN_PATH_CHARS).collect();
    Error::new(ErrorCode::RouteNotFound, format!("the path {path} does not exist; /docs lists all paths")).into()
}

async fn method_not_allowed(request: Request) -> ApiError {
    let message = format!("{} is not allowed here; /docs lists the methods of each path", request.method());
    Error::new(ErrorCode::MethodNotAllowed, message).into()
}

/// Adds the headers of every response. A request without an id gets one, to distinguish requests in logs.
///
/// - `Strict-Transport-Security` (RFC 6797) on https: a browser then never sends its cookies over http. It says nothing about
///   hosts below this one, which may not be ours.
/// - `Cross-Origin-Opener-Policy`: a page of another site that opens ours gets no handle to it. Windows that our pages open
///   keep theirs, because the Hub watches and closes the window of an authorization. That window (`/connect/`, and the Hub's
///   callback page) and the Hub itself, which products open and frame, have no such policy: it would cut them off.
/// - `Cross-Origin-Resource-Policy`: pages of other origins cannot embed our responses, except the element and the Hub.
/// - `Permissions-Policy`: our pages need none of these features, and neither does an injected script.
async fn headers(State(is_https): State<bool>, request: Request, next: Next) -> Response {
    static LAST_ID: AtomicU64 = AtomicU64::new(0);
    const DEFAULT_HEADERS: [(&str, &str); 4] = [
        ("permissions-policy", PERMISSIONS_POLICY),
        ("x-content-type-options", "nosniff"),
        ("referrer-policy", "no-referrer"),
        // Responses contain customers' data: caches must not store them, unless a response says otherwise.
        ("cache-control", "no-store"),
    ];
    // Only the Hub's pages can be embedded in a frame; their content security policy says by whom.
    let embedded = request.uri().path().starts_with("/embedded/");
    let given = request.headers().get("x-request-id").filter(|id| id.len() <= MAX_REQUEST_ID_BYTES).cloned();
    let id = given.unwrap_or_else(|| HeaderValue::from(LAST_ID.fetch_add(1, Ordering::Relaxed) + 1));
    // A browser would show its own dialog for a challenge, on top of the page's login form.
    let is_from_our_page = has_csrf_header(request.headers());
    let (method, path) = (request.method().clone(), request.uri().path().to_owned());
    let mut response = match request_checks::rejection(&request) {
        None => next.run(request).await,
        Some(rejection) => rejection,
    };
    let is_shared = embedded || path.starts_with("/embed/");
    let is_cut_off = embedded || path.starts_with("/connect/");
    // Without the query, which contains session tokens.
    tracing::debug!(%method, path, status = response.status().as_u16(), ?id, "request");
    let headers = response.headers_mut();
    for (name, value) in DEFAULT_HEADERS {
        headers.entry(name).or_insert(HeaderValue::from_static(value));
    }
    headers.entry("cross-origin-resource-policy").or_insert(HeaderValue::from_static(if is_shared {
        "cross-origin"
    } else {
        "same-origin"
    }));
    if !is_cut_off {
        headers.insert("cross-origin-opener-policy", HeaderValue::from_static("same-origin-allow-popups"));
    }
    if is_https {
        headers.insert(header::STRICT_TRANSPORT_SECURITY, HeaderValue::from_static(TRANSPORT_SECURITY));
    }
    headers.entry(header::CONTENT_SECURITY_POLICY).or_insert(HeaderValue::from_static(CONTENT_SECURITY_POLICY));
    if !embedded {
        headers.insert(header::X_FRAME_OPTIONS, HeaderValue::from_static("DENY"));
    }
    if is_from_our_page {
        headers.remove(header::WWW_AUTHENTICATE);
    }
    headers.insert("x-request-id", id);
    response
}

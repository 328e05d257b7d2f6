//! Every route.

use std::{convert::Infallible, future::ready, sync::Arc, time::Duration};

use axum::{
    Router,
    extract::{Request, State},
    http::{Extensions, HeaderMap, HeaderName, HeaderValue, Method, StatusCode, Uri, Version, header},
    middleware::{self, Next},
    response::{IntoResponse, Response},
    routing::get,
};
use patchbay_engine::{Engine, Error, ErrorCode, movable};
use serde_json::Value;
use tower::{Layer as _, ServiceExt as _, util::MapRequestLayer};
use tower_http::{
    CompressionLevel,
    catch_panic::CatchPanicLayer,
    compression::{CompressionLayer, Predicate, predicate::SizeAbove},
    cors::{AllowOrigin, CorsLayer},
};
use utoipa::OpenApi;
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{
    config::ServerConfig,
    error::ApiError,
    extract::{
        has_csrf_header,
        ignored::{self, IgnoredFields},
    },
    idempotency::{self, IdempotencyLayer},
    limits::{Limits, RequestOwner, run_in_turns},
    openapi::{self, Document},
    pages, request_checks,
    routes::{
        accounts, accounts_v2, actions, api_keys, attempt_events, connect_sessions, connector_versions, connectors,
        health, hub, login, oauth, profiles, proxy, revocation,
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
    let common = CommonHeaders { is_https: config.urls.is_https(), engine: engine.clone() };
    let hub_cors = hub_cors(&config);
    let state = AppState {
        process_id: engine.nonce().into(),
        engine,
        config: Arc::new(config),
        limits: Limits::default(),
        document: Arc::default(),
        document_text: Arc::default(),
        build_document: openapi,
    };
    let (api, _) = api().split_for_parts();
    let (hub, _) = hub_api().split_for_parts();
    let idempotency = IdempotencyLayer::new(state.clone());
    Router::new()
        .merge(api.route_layer(idempotency.clone()))
        .merge(hub.route_layer(idempotency))
        .merge(page_routes())
        .fallback(not_found)
        .method_not_allowed_fallback(method_not_allowed)
        .layer(CatchPanicLayer::custom(|_| {
            // The panic is on standard error; the response contains no internals.
            ApiError::from(Error::new(ErrorCode::Internal, "the server failed; its log says why")).into_response()
        }))
        .layer(middleware::from_fn_with_state(hub_cors, check_and_share))
        .layer(middleware::from_fn_with_state(common, headers))
        .layer(compression())
        .layer(json_compression())
        .layer(MapRequestLayer::new(accept_identity))
        .with_state(state)
}

/// Ignores an `Accept-Encoding` that rules out a response as it is (RFC 9110, section 12.5.3 allows it): the layers that
/// compress would answer 406 after the request was carried out.
fn accept_identity(mut request: Request) -> Request {
    let codings = request.headers().get_all(header::ACCEPT_ENCODING).iter();
    let refuses = codings.filter_map(|value| value.to_str().ok()).flat_map(|value| value.split(',')).any(|coding| {
        let mut parts = coding.split(';').map(str::trim);
        let is_identity = parts.next().is_some_and(|name| name == "*" || name.eq_ignore_ascii_case("identity"));
        let weight = parts.find_map(|part| part.strip_prefix("q=").or(part.strip_prefix("Q=")));
        is_identity && weight.is_some_and(|weight| weight.trim().parse::<f64>().is_ok_and(|weight| weight <= 0.0))
    });
    if refuses {
        request.headers_mut().remove(header::ACCEPT_ENCODING);
    }
    request
}

/// Compresses screens and their files.
fn compression() -> CompressionLayer<impl Predicate> {
    let is_screen = |_: StatusCode, _: Version, headers: &HeaderMap, _: &Extensions| {
        // A file that an action streams is not a screen, whatever its type.
        !headers.contains_key(header::CONTENT_DISPOSITION)
            && ["text/html", "text/javascript", "text/css", "image/svg"].iter().any(|text| has_type(headers, text))
    };
    CompressionLayer::new().compress_when(SizeAbove::new(MIN_COMPRESSED_BYTES).and(is_screen))
}

/// Compresses what the API reads ([`Readable`]): lists, the catalog, the OpenAPI document. The level is the quickest, because
/// calls of actions wait on the same thread.
///
/// Other responses of the API are not compressed. Their length would tell who watches the connection how much a secret in
/// them and a text that an attacker chose have in common (the BREACH attack): a new session's token is next to its metadata,
/// and the result of an action contains what a provider's users wrote.
fn json_compression() -> CompressionLayer<impl Predicate> {
    let is_readable = |_: StatusCode, _: Version, headers: &HeaderMap, extensions: &Extensions| {
        extensions.get::<Readable>().is_some()
            && has_type(headers, "application/json")
            && !headers.contains_key(header::CONTENT_DISPOSITION)
            && !headers.contains_key(header::SET_COOKIE)
    };
    CompressionLayer::new()
        .quality(CompressionLevel::Fastest)
        .compress_when(SizeAbove::new(MIN_COMPRESSED_BYTES).and(is_readable))
}

fn has_type(headers: &HeaderMap, kind: &str) -> bool {
    headers.get(header::CONTENT_TYPE).is_some_and(|value| value.as_bytes().starts_with(kind.as_bytes()))
}

/// Marks a response that contains no secret of this server: the response to a GET or HEAD, except of the Hub API, which
/// contains values of its session.
#[derive(Clone, Copy)]
struct Readable;

/// Returns true for the paths of the Hub API, whether they exist or not.
fn is_hub_path(path: &str) -> bool {
    path.strip_prefix("/hub").is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// Rejects requests that must not be routed, and applies CORS to every response below `/hub`: a browser shows its page no
/// response without these headers, so errors (404, 405, 415, a panic) need them too.
async fn check_and_share(State(cors): State<CorsLayer>, request: Request, next: Next) -> Response {
    let rejection = request_checks::rejection(&request);
    let response = match (is_hub_path(request.uri().path()), rejection) {
        (false, None) => return next.run(request).await,
        (false, Some(rejection)) => return rejection,
        (true, None) => cors.layer(next).oneshot(request).await,
        (true, Some(rejection)) => {
            let mut rejection = Some(rejection);
            // It is called once: a second call would have nothing to return.
            let rejected = tower::service_fn(move |_: Request| ready(Ok(rejection.take().unwrap_or_default())));
            cors.layer(rejected).oneshot(request).await
        }
    };
    response.unwrap_or_else(|never: Infallible| match never {})
}

/// Lets browsers of any origin call the Hub API, or of the operator's origins if there are any. The token of the session
/// authenticates requests; cookies do not.
fn hub_cors(config: &ServerConfig) -> CorsLayer {
    let origins = if config.hub_allowed_origins.is_empty() {
        AllowOrigin::any()
    } else {
        AllowOrigin::list(config.hub_allowed_origins.iter().filter_map(|origin| HeaderValue::from_str(origin).ok()))
    };
    let names = ["prefer", "x-hub-session-token", "x-hub-version", "x-request-id", idempotency::KEY_HEADER];
    let names = names.map(HeaderName::from_static);
    let exposed = ["retry-after", ignored::HEADER, "x-request-id", idempotency::REPLAYED_HEADER];
    CorsLayer::new()
        .allow_origin(origins)
        .allow_methods([Method::GET, Method::POST, Method::PATCH, Method::DELETE])
        .allow_headers([header::CONTENT_TYPE].into_iter().chain(names).collect::<Vec<_>>())
        .expose_headers(exposed.map(HeaderName::from_static))
        .max_age(PREFLIGHT_TTL)
}

/// Returns 404, or for a path that ends with a slash a redirect to the path without it, which keeps method and body (308).
async fn not_found(request: Request) -> Response {
    if let Some(location) = without_slash(request.uri()) {
        return (StatusCode::PERMANENT_REDIRECT, [(header::LOCATION, location)]).into_response();
    }
    let path: String = request.uri().path().chars().take(MAX_SHOWN_PATH_CHARS).collect();
    let message = format!("the path {path} does not exist; /docs lists all paths");
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
    let message = format!("{} is not allowed here; /docs lists the methods of each path", request.method());
    Error::new(ErrorCode::MethodNotAllowed, message).into()
}

/// What the headers of every response depend on.
#[derive(Clone)]
struct CommonHeaders {
    is_https: bool,
    /// Creates request ids.
    engine: Engine,
}

/// Runs a request in its project's turns, and adds the headers of every response. A request without an id gets one, to
/// distinguish requests in logs. It is random: an id that can be guessed would tell others how many requests there are, and
/// would let them pretend to know one.
///
/// - `Strict-Transport-Security` (RFC 6797) on https: a browser then never sends its cookies over http. It says nothing about
///   hosts below this one, which may not be ours.
/// - `Cross-Origin-Opener-Policy`: a page of another site that opens ours gets no handle to it. Windows that our pages open
///   keep theirs, because the Hub watches and closes the window of an authorization. That window (`/connect/`, and the Hub's
///   callback page) and the Hub itself, which products open and frame, have no such policy: it would cut them off.
/// - `Cross-Origin-Resource-Policy`: pages of other origins cannot embed our responses, except the element and the Hub.
/// - `x-ignored-fields`: the parts of the request that are not known here ([`IgnoredFields`]).
/// - `Permissions-Policy`: our pages need none of these features, and neither does an injected script.
async fn headers(State(common): State<CommonHeaders>, mut request: Request, next: Next) -> Response {
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
    let random = || HeaderValue::from_str(&common.engine.nonce()).unwrap_or_else(|_| HeaderValue::from_static("0"));
    let id = given.unwrap_or_else(random);
    // A browser would show its own dialog for a challenge, on top of the page's login form.
    let is_from_our_page = has_csrf_header(request.headers());
    let (method, path) = (request.method().clone(), request.uri().path().to_owned());
    let ignored = IgnoredFields::default();
    request.extensions_mut().insert(ignored.clone());
    let owner = RequestOwner::default();
    request.extensions_mut().insert(owner.clone());
    let mut response = run_in_turns(&owner, movable(next.run(request))).await;
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
    if common.is_https {
        headers.insert(header::STRICT_TRANSPORT_SECURITY, HeaderValue::from_static(TRANSPORT_SECURITY));
    }
    headers.entry(header::CONTENT_SECURITY_POLICY).or_insert(HeaderValue::from_static(CONTENT_SECURITY_POLICY));
    if !embedded {
        headers.insert(header::X_FRAME_OPTIONS, HeaderValue::from_static("DENY"));
    }
    if is_from_our_page {
        headers.remove(header::WWW_AUTHENTICATE);
    }
    owner.add_headers(headers);
    headers.insert("x-request-id", id);
    let is_readable = matches!(method, Method::GET | Method::HEAD) && !is_hub_path(&path);
    if let Some(places) = ignored.header() {
        headers.insert(ignored::HEADER, places);
    }
    if is_readable {
        response.extensions_mut().insert(Readable);
    }
    response
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

    #[test]
    fn paths_of_the_hub_api_are_recognized() {
        for (path, expected) in
            [("/hub", true), ("/hub/", true), ("/hub/x/y", true), ("/hubs", false), ("/x/hub", false)]
        {
            assert_eq!(is_hub_path(path), expected, "{path}");
        }
    }
}

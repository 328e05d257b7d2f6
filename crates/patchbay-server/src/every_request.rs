//! What every request and response passes, around the routes.
//!
//! These are functions that call each other, not layers of the router: a layer boxes and copies each request and response
//! once more, and the action path would pass several.

use std::{convert::Infallible, panic::AssertUnwindSafe, sync::Arc, time::Duration};

use axum::{
    Router,
    body::Body,
    extract::Request,
    http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header},
    response::{IntoResponse, Response},
};
use futures_util::{FutureExt as _, future::BoxFuture};
use patchbay_engine::{Engine, Error, ErrorCode, movable};
use patchbay_metrics::{HttpMethod, LimitOf, metrics};
use tokio::time::Instant;
use tower::{Layer as _, ServiceExt as _, service_fn};
use tower_http::cors::{AllowOrigin, CorsLayer};

use crate::{
    compression::{self, Encoders, Readable},
    config::ServerConfig,
    error::ApiError,
    extract::{
        RequestId, has_csrf_header,
        ignored::{self, IgnoredFields},
    },
    idempotency,
    limits::{RequestOwner, admit, is_call, run_in_turns},
    request_checks::{self, is_hub_path},
    state::AppState,
};

/// Responds to requests.
pub type RequestHandler = Arc<dyn Fn(Request) -> BoxFuture<'static, Response> + Send + Sync>;

/// The default content security policy: this server's stylesheet, pictures, and no script.
const CONTENT_SECURITY_POLICY: &str = "default-src 'none'; style-src 'self'; img-src 'self' data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";
/// The features of browsers that no page uses.
const PERMISSIONS_POLICY: &str = "accelerometer=(), browsing-topics=(), camera=(), display-capture=(), geolocation=(), gyroscope=(), hid=(), magnetometer=(), microphone=(), midi=(), payment=(), serial=(), usb=()";
/// How long browsers use only https: a year.
const TRANSPORT_SECURITY: &str = "max-age=31536000";
/// How long browsers cache the response to a preflight.
const PREFLIGHT_TTL: Duration = Duration::from_hours(1);
/// The longest `x-request-id` that a client can choose, in bytes.
const MAX_REQUEST_ID_BYTES: usize = 100;
/// The route of a path that does not exist, in metrics.
const NO_ROUTE: &str = "unmatched";
/// The headers that are added to a response, and a few of its own: its map grows once.
const USUAL_HEADERS: usize = 16;

const CROSS_ORIGIN_OPENER_POLICY: HeaderName = HeaderName::from_static("cross-origin-opener-policy");
const CROSS_ORIGIN_RESOURCE_POLICY: HeaderName = HeaderName::from_static("cross-origin-resource-policy");
const X_PATCHBAY_STALE: HeaderName = HeaderName::from_static("x-patchbay-stale");
const X_REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
/// The headers of a response that does not have them.
const DEFAULT_HEADERS: [(HeaderName, HeaderValue); 4] = [
    (HeaderName::from_static("permissions-policy"), HeaderValue::from_static(PERMISSIONS_POLICY)),
    (header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
    (header::REFERRER_POLICY, HeaderValue::from_static("no-referrer")),
    // Responses contain customers' data: caches must not store them, unless a response says otherwise.
    (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
];

/// Returns the handler of all requests.
pub(crate) fn handler(routes: Router, state: &AppState) -> RequestHandler {
    let hub_cors = hub_cors(&state.config);
    let is_https = state.config.urls.is_https();
    let around =
        Arc::new(Around { routes, hub_cors, is_https, engine: state.engine.clone(), encoders: Encoders::default() });
    Arc::new(move |request| Box::pin(around.clone().respond(request)))
}

/// The routes, and what is around them.
struct Around {
    routes: Router,
    hub_cors: CorsLayer,
    is_https: bool,
    /// Creates request ids.
    engine: Engine,
    encoders: Encoders,
}

impl Around {
    async fn respond(self: Arc<Self>, request: Request) -> Response {
        let coding = compression::preferred(request.headers());
        let response = self.with_headers(request).await;
        compression::compress(&self.encoders, coding, response).await
    }

    /// Runs a request in its project's turns, if the thread can answer it soon, and adds the headers of every response. A
    /// request without an id gets one, to distinguish requests in logs, which begins with the moment and ends with random bits:
    /// an id that can be guessed would tell others how many requests there are, and would let them pretend to know one.
    ///
    /// - `Strict-Transport-Security` (RFC 6797) on https: a browser then never sends its cookies over http. It says nothing
    ///   about hosts below this one, which may not be ours.
    /// - `Cross-Origin-Opener-Policy`: a page of another site that opens ours gets no handle to it. Windows that our pages open
    ///   keep theirs, because the Hub watches and closes the window of an authorization. That window (`/connect/`, and the
    ///   Hub's callback page) and the Hub itself, which products open and frame, have no such policy: it would cut them off.
    /// - `Cross-Origin-Resource-Policy`: pages of other origins cannot embed our responses, except the element and the Hub.
    /// - `x-patchbay-stale`: for how many seconds the database that servers share has been away. The response may be from what
    ///   this server has in memory.
    /// - `x-ignored-fields`: the parts of the request that are not known here ([`IgnoredFields`]).
    /// - `Permissions-Policy`: our pages need none of these features, and neither does an injected script.
    async fn with_headers(self: &Arc<Self>, mut request: Request) -> Response {
        let given = request.headers().get(X_REQUEST_ID).filter(|id| id.len() <= MAX_REQUEST_ID_BYTES).cloned();
        let random =
            || HeaderValue::from_str(&self.engine.request_id()).unwrap_or_else(|_| HeaderValue::from_static("0"));
        let id = given.unwrap_or_else(random);
        request.extensions_mut().insert(RequestId(id.clone()));
        // A browser would show its own dialog for a challenge, on top of the page's login form.
        let is_from_our_page = has_csrf_header(request.headers());
        let (method, uri) = (request.method().clone(), request.uri().clone());
        let path = uri.path();
        // Only the Hub's pages can be embedded in a frame; their content security policy says by whom.
        let embedded = path.starts_with("/embedded/");
        let ignored = IgnoredFields::default();
        request.extensions_mut().insert(ignored.clone());
        let owner = RequestOwner::default();
        request.extensions_mut().insert(owner.clone());
        let began = Instant::now();
        // It is under way until there is a response: a file that is streamed after it waits for its provider and its client.
        let under_way = if is_call(path) { admit().await.map(Some) } else { Ok(None) };
        let mut response = match under_way {
            Ok(_under_way) => run_in_turns(&owner, movable(self.clone().check(request))).await,
            Err(refused) => {
                metrics().rate_limited.of(LimitOf::Server).add_one();
                ApiError::from(refused).into_response()
            }
        };
        let (route, status) = (owner.route().unwrap_or(NO_ROUTE), response.status().as_u16());
        metrics().server_requests.observe(HttpMethod::of(method.as_str()), route, status, began.elapsed());
        let is_shared = embedded || path.starts_with("/embed/");
        let is_cut_off = embedded || path.starts_with("/connect/");
        // Without the query, which contains session tokens.
        tracing::debug!(%method, path, status = response.status().as_u16(), ?id, "request");
        let is_not_modified = response.status() == StatusCode::NOT_MODIFIED;
        let headers = response.headers_mut();
        headers.reserve(USUAL_HEADERS);
        for (name, value) in DEFAULT_HEADERS {
            or_insert(headers, name, value);
        }
        let resource_policy = if is_shared { "cross-origin" } else { "same-origin" };
        or_insert(headers, CROSS_ORIGIN_RESOURCE_POLICY, HeaderValue::from_static(resource_policy));
        if !is_cut_off {
            headers.insert(CROSS_ORIGIN_OPENER_POLICY, HeaderValue::from_static("same-origin-allow-popups"));
        }
        if self.is_https {
            headers.insert(header::STRICT_TRANSPORT_SECURITY, HeaderValue::from_static(TRANSPORT_SECURITY));
        }
        // A 304 must not replace the policy of the page that the browser kept (RFC 9111, section 3.2).
        if !is_not_modified {
            or_insert(headers, header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(CONTENT_SECURITY_POLICY));
        }
        if !embedded {
            headers.insert(header::X_FRAME_OPTIONS, HeaderValue::from_static("DENY"));
        }
        if is_from_our_page {
            headers.remove(header::WWW_AUTHENTICATE);
        }
        owner.add_headers(headers);
        headers.insert(X_REQUEST_ID, id);
        if let Some(age) = self.engine.stale_age() {
            headers.insert(X_PATCHBAY_STALE, HeaderValue::from(age.as_secs()));
        }
        let is_readable = matches!(method, Method::GET | Method::HEAD) && !is_hub_path(path);
        if let Some(places) = ignored.header() {
            headers.insert(ignored::HEADER, places);
        }
        if is_readable {
            response.extensions_mut().insert(Readable);
        }
        response
    }

    /// Rejects requests that must not be routed, and applies CORS to every response below `/hub`: a browser shows its page no
    /// response without these headers, so errors (404, 405, 415, a panic) need them too.
    async fn check(self: Arc<Self>, request: Request) -> Response {
        let rejection = request_checks::rejection(&request);
        if !is_hub_path(request.uri().path()) {
            return match rejection {
                Some(rejection) => rejection,
                None => route(&self.routes, request).await,
            };
        }
        let mut rejection = Some(rejection);
        let routes = self.routes.clone();
        let inner = service_fn(move |request: Request| {
            let (routes, rejection) = (routes.clone(), rejection.take().flatten());
            async move {
                Ok::<_, Infallible>(match rejection {
                    Some(rejection) => rejection,
                    None => route(&routes, request).await,
                })
            }
        });
        let response = self.hub_cors.layer(inner).oneshot(request).await;
        response.unwrap_or_else(|never| match never {})
    }
}

fn or_insert(headers: &mut HeaderMap, name: HeaderName, value: HeaderValue) {
    headers.entry(name).or_insert(value);
}

/// Returns the response of the routes. A panic is on standard error; its response contains no internals.
async fn route(routes: &Router, request: Request<Body>) -> Response {
    match AssertUnwindSafe(routes.clone().oneshot(request)).catch_unwind().await {
        Ok(response) => response.unwrap_or_else(|never| match never {}),
        Err(_) => {
            ApiError::from(Error::new(ErrorCode::Internal, "the server failed; its log says why")).into_response()
        }
    }
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

//! Every route, on one screen.

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

use axum::{
    Router,
    extract::Request,
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
use utoipa::{
    Modify, OpenApi,
    openapi::security::{ApiKey, ApiKeyValue, HttpAuthScheme, HttpBuilder, SecurityScheme},
};
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{
    error::ApiError,
    extract::is_marked,
    pages,
    routes::{
        accounts, accounts_v2, actions, api_keys,
        attempt_events::{self, MAX_STREAMS},
        auth, auth_configs, connect_sessions, connector_versions, connectors, health, hub, oauth, proxy, revocation,
    },
    state::{AppState, ServerConfig},
};

/// What a browser may load and do on a page of ours: our stylesheet, pictures, and no script.
const POLICY: &str = "default-src 'none'; style-src 'self'; img-src 'self' data: https:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

#[derive(OpenApi)]
#[openapi(
    info(title = "Patchbay API", description = "Link your customers' accounts and act on them. Keys go as the user name of Basic authentication, with an empty password.", license(name = "Apache-2.0", identifier = "Apache-2.0")),
    modifiers(&Security),
    security(("key" = [])),
)]
struct Document;

struct Security;

impl Modify for Security {
    fn modify(&self, openapi: &mut utoipa::openapi::OpenApi) {
        let components = openapi.components.get_or_insert_default();
        let key = HttpBuilder::new()
            .scheme(HttpAuthScheme::Basic)
            .description(Some("The API key as user name, the password empty."))
            .build();
        components.add_security_scheme("key", SecurityScheme::Http(key));
        let session =
            ApiKey::Header(ApiKeyValue::with_description("x-hub-session-token", "A connect session's token."));
        components.add_security_scheme("session", SecurityScheme::ApiKey(session));
        let browser =
            ApiKey::Cookie(ApiKeyValue::with_description("patchbay_session", "A browser signed in to the dashboard."));
        components.add_security_scheme("browser", SecurityScheme::ApiKey(browser));
    }
}

fn api() -> OpenApiRouter<AppState> {
    OpenApiRouter::with_openapi(Document::openapi())
        .routes(routes!(connect_sessions::create))
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
        .routes(routes!(auth_configs::list, auth_configs::create))
        .routes(routes!(auth_configs::get, auth_configs::patch, auth_configs::delete))
        .routes(routes!(actions::list))
        .routes(routes!(actions::rpc))
        .routes(routes!(proxy::send))
        .routes(routes!(api_keys::list, api_keys::create))
        .routes(routes!(api_keys::patch, api_keys::delete))
        .routes(routes!(auth::session))
        .routes(routes!(auth::login))
        .routes(routes!(auth::logout))
        .routes(routes!(auth::set_password))
        .routes(routes!(health::healthz))
        .routes(routes!(health::readyz))
}

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
        .route("/connect/oauth2/{key}/client.json", get(oauth::client_document))
        .route("/connect/oauth2/{key}/callback", get(oauth::callback).post(oauth::form_post_callback))
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

/// Everything that the server answers.
pub fn router(engine: Engine, config: ServerConfig) -> Router {
    let streams = Arc::new(Semaphore::new(MAX_STREAMS));
    let state = AppState { engine, config: Arc::new(config), streams, document: Arc::default() };
    let (api, _) = api().split_for_parts();
    let (hub, _) = hub_api().split_for_parts();
    Router::new()
        .merge(api)
        // Its own fallback, inside the layer: a preflight is no method that is not allowed.
        .merge(hub.method_not_allowed_fallback(method_not_allowed).layer(hub_cors(&state.config)))
        .merge(page_routes())
        .fallback(not_found)
        .method_not_allowed_fallback(method_not_allowed)
        .layer(CatchPanicLayer::custom(|_| {
            // The panic itself is on standard error; the caller learns nothing of the inside.
            ApiError::from(Error::new(ErrorCode::Internal, "something went wrong on our side")).into_response()
        }))
        .layer(compression())
        .layer(middleware::from_fn(headers))
        .with_state(state)
}

/// Screens and their files travel compressed; answers of the API go as they are: they are small, and may
/// hold a secret beside what a stranger chose (the BREACH attack).
fn compression() -> CompressionLayer<impl Predicate> {
    let is_screen = |_: StatusCode, _: Version, headers: &HeaderMap, _: &Extensions| {
        let kind = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
        // A file that an action hands on is no screen, whatever its type.
        !headers.contains_key(header::CONTENT_DISPOSITION)
            && ["text/html", "text/javascript", "text/css", "image/svg"].iter().any(|text| kind.starts_with(text))
    };
    CompressionLayer::new().compress_when(SizeAbove::new(1_024).and(is_screen))
}

/// The API's OpenAPI 3.1 document, from the code.
pub fn openapi(public_url: &str) -> Value {
    let (_, mut document) = api().merge(hub_api()).split_for_parts();
    env!("CARGO_PKG_VERSION").clone_into(&mut document.info.version);
    document.servers = Some(vec![utoipa::openapi::Server::new(public_url)]);
    let mut document = serde_json::to_value(&document).unwrap_or_default();
    name_operations(&mut document);
    document
}

/// An operation's id is unique in a document (OpenAPI 3.1, Operation Object), while our handlers' names
/// repeat from noun to noun: `list` of the accounts is `accounts_list`.
fn name_operations(document: &mut Value) {
    let Some(paths) = document["paths"].as_object_mut() else { return };
    for (path, methods) in paths {
        let newer = if path.starts_with("/v2/") { "_v2" } else { "" };
        for operation in methods.as_object_mut().into_iter().flat_map(|methods| methods.values_mut()) {
            let noun = operation["tags"][0].as_str().unwrap_or("api").to_lowercase().replace([' ', '-'], "_");
            let verb = operation["operationId"].as_str().unwrap_or_default();
            operation["operationId"] = Value::String(format!("{noun}{newer}_{verb}"));
        }
    }
}

/// Browsers of any origin may call the Hub API, unless the operator names the origins; the session's
/// token protects it, so cookies are of no use.
fn hub_cors(config: &ServerConfig) -> CorsLayer {
    let origins = if config.hub_allowed_origins.is_empty() {
        AllowOrigin::any()
    } else {
        AllowOrigin::list(config.hub_allowed_origins.iter().filter_map(|origin| HeaderValue::from_str(origin).ok()))
    };
    let names = ["x-hub-session-token", "x-hub-version"].map(HeaderName::from_static);
    CorsLayer::new()
        .allow_origin(origins)
        .allow_methods([Method::GET, Method::POST, Method::PATCH, Method::DELETE])
        .allow_headers([header::CONTENT_TYPE].into_iter().chain(names).collect::<Vec<_>>())
        .max_age(std::time::Duration::from_hours(1))
}

async fn not_found(request: Request) -> ApiError {
    let path: String = request.uri().path().chars().take(100).collect();
    Error::new(ErrorCode::RouteNotFound, format!("there is nothing at {path}; /docs lists what there is")).into()
}

async fn method_not_allowed(request: Request) -> ApiError {
    let message = format!("{} is not possible here; /docs lists what is", request.method());
    Error::new(ErrorCode::MethodNotAllowed, message).into()
}

/// Headers that every answer has. A request without an id gets one; ids tell requests apart in logs, and
/// nothing is decided by them.
async fn headers(request: Request, next: Next) -> Response {
    static LAST: AtomicU64 = AtomicU64::new(0);
    const ALWAYS: [(&str, &str); 3] = [
        ("x-content-type-options", "nosniff"),
        ("referrer-policy", "no-referrer"),
        // Answers hold customers' data: no cache keeps them unless they say so.
        ("cache-control", "no-store"),
    ];
    // The Hub's pages may stand in a frame of the operator's product (their policy tells whose); nothing else may.
    let embedded = request.uri().path().starts_with("/embedded/");
    let given = request.headers().get("x-request-id").filter(|id| id.len() <= 100).cloned();
    let id = given.unwrap_or_else(|| HeaderValue::from(LAST.fetch_add(1, Ordering::Relaxed) + 1));
    // A browser would answer a challenge with a window of its own, over the page that has a sign-in.
    let from_our_page = is_marked(request.headers());
    let (method, path) = (request.method().clone(), request.uri().path().to_owned());
    let mut response = next.run(request).await;
    // Without the query: session tokens travel there.
    tracing::debug!(%method, path, status = response.status().as_u16(), ?id, "request");
    let headers = response.headers_mut();
    for (name, value) in ALWAYS {
        headers.entry(name).or_insert(HeaderValue::from_static(value));
    }
    headers.entry(header::CONTENT_SECURITY_POLICY).or_insert(HeaderValue::from_static(POLICY));
    if !embedded {
        headers.insert(header::X_FRAME_OPTIONS, HeaderValue::from_static("DENY"));
    }
    if from_our_page {
        headers.remove(header::WWW_AUTHENTICATE);
    }
    headers.insert("x-request-id", id);
    response
}

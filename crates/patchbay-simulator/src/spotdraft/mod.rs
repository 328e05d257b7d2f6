//! Simulated SpotDraft: a workspace for each region, validated against the provider's OpenAPI document.
//!
//! A request passes these checks in order: faults, trailing slash, credentials, acting member, rate limit,
//! parameters, body; then the rules of the operation. The response is completed to the shape in the
//! document.

mod errors;
mod filters;
mod fit;
mod guard;
mod routes;
mod seed;
mod shapes;
mod state;
#[cfg(test)]
mod tests;
mod webhooks;

use std::{
    net::SocketAddr,
    sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError},
};

use axum::{
    Router,
    body::{Body, to_bytes},
    extract::{Path, Request, State},
    http::{Response, StatusCode, header},
    routing::any,
};
use serde_json::Value;

use self::{
    errors::Rejection,
    shapes::{Matched, Shapes},
    state::Workspace,
    webhooks::Webhooks,
};
use crate::{SimulatorConfig, fault::Faults, recorder::Recorder};

/// The provider's regions.
pub const REGIONS: [&str; 4] = ["us", "in", "eu", "me"];
/// The path prefix of the public API.
const PREFIX: &str = "/api/v2.1/public";
/// The largest request body, in bytes. Uploads are base64 in JSON.
const MAX_BODY_BYTES: usize = 64 * 1024 * 1024;

/// The provider.
pub struct SpotDraft {
    config: SimulatorConfig,
    faults: Arc<Faults>,
    recorder: Arc<Recorder>,
    workspaces: [Mutex<Workspace>; 4],
    limits: guard::RateLimits,
    webhooks: Webhooks,
    address: OnceLock<SocketAddr>,
}

/// The request of an operation.
pub struct OperationCall<'a> {
    /// Path parameters, in the path's order.
    pub path: Vec<String>,
    /// Query parameters, decoded.
    pub query: Vec<(String, String)>,
    /// The JSON body; null without a body.
    pub body: Value,
    /// The base URL of the region for links: `http://HOST/spotdraft/us`.
    pub mount: &'a str,
    /// The current time (RFC 3339).
    pub now: String,
}

impl OperationCall<'_> {
    /// Returns the first value of a query parameter.
    pub fn query(&self, name: &str) -> Option<&str> {
        self.query.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }
}

/// The response of an operation.
pub enum Reply {
    /// JSON.
    Json(u16, Value),
    /// A file.
    File { name: String, content_type: &'static str, bytes: Vec<u8> },
    /// An empty body.
    Empty(u16),
}

/// Returns pairs of a base URL and a path on the simulator.
pub fn upstreams() -> Vec<(String, String)> {
    let regional =
        REGIONS.map(|region| (format!("https://api.{region}.spotdraft.com"), format!("/spotdraft/{region}")));
    let older = ("https://api.spotdraft.com".to_owned(), "/spotdraft/us".to_owned());
    regional.into_iter().chain([older]).collect()
}

pub fn router(spotdraft: Arc<SpotDraft>) -> Router {
    Router::new()
        .route("/{region}/files/{file}", any(download))
        .route("/{region}/{*rest}", any(answer))
        .with_state(spotdraft)
}

impl SpotDraft {
    pub fn new(config: SimulatorConfig, faults: Arc<Faults>, recorder: Arc<Recorder>) -> Self {
        let now = config.clock.now();
        let workspaces = REGIONS.map(|region| Mutex::new(seed::workspace(region, now)));
        let limits = guard::RateLimits::default();
        Self { config, faults, recorder, workspaces, limits, webhooks: Webhooks::default(), address: OnceLock::new() }
    }

    pub fn set_address(&self, address: SocketAddr) {
        let _ = self.address.set(address);
    }

    /// Resets every workspace to its seed data.
    pub fn reset(&self) {
        let now = self.config.clock.now();
        for (region, workspace) in REGIONS.iter().zip(&self.workspaces) {
            *lock(workspace) = seed::workspace(region, now);
        }
        self.webhooks.clear();
    }

    pub fn deliveries(&self) -> Vec<Value> {
        self.webhooks.deliveries()
    }

    pub async fn webhooks_delivered(&self) {
        self.webhooks.settled().await;
    }

    fn workspace(&self, region: &str) -> Option<&Mutex<Workspace>> {
        REGIONS.iter().position(|known| *known == region).map(|place| &self.workspaces[place])
    }

    fn mount(&self, region: &str) -> String {
        let address = self.address.get().map_or_else(|| "127.0.0.1".to_owned(), ToString::to_string);
        format!("http://{address}/spotdraft/{region}")
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

async fn answer(
    State(spotdraft): State<Arc<SpotDraft>>,
    Path((region, rest)): Path<(String, String)>,
    request: Request,
) -> Response<Body> {
    let (parts, body) = request.into_parts();
    // Uses the raw path: decoding would hide an encoded slash.
    let mount = format!("/spotdraft/{region}");
    let raw = parts
        .extensions
        .get::<axum::extract::OriginalUri>()
        .map_or_else(|| parts.uri.path().to_owned(), |uri| uri.0.path().to_owned());
    let path = raw.strip_prefix(&mount).map_or_else(|| format!("/{rest}"), str::to_owned);
    let query = parts.uri.query().unwrap_or_default().to_owned();
    let Ok(bytes) = to_bytes(body, MAX_BODY_BYTES).await else { return errors::response(Rejection::too_large()) };
    spotdraft.recorder.record(parts.method.as_str(), &path, &query, &parts.headers, &bytes);
    if let Some(fault) = spotdraft.faults.take(parts.method.as_str(), &path)
        && let Some(response) = fault.response().await
    {
        return response;
    }
    match spotdraft.handle(&region, &parts, &path, &query, &bytes) {
        Ok(reply) => respond(reply),
        Err(rejection) => errors::response(rejection),
    }
}

impl SpotDraft {
    fn handle(
        &self,
        region: &str,
        parts: &axum::http::request::Parts,
        path: &str,
        query: &str,
        body: &[u8],
    ) -> Result<Reply, Rejection> {
        let workspace = self.workspace(region).ok_or_else(Rejection::not_found)?;
        let public = path.strip_prefix(PREFIX).ok_or_else(Rejection::not_found)?;
        let shapes = Shapes::get();
        let Matched { operation, parameters, documented } = shapes.find(parts.method.as_str(), public)?;
        if let Some(documented) = documented {
            let query = if query.is_empty() { String::new() } else { format!("?{query}") };
            return Err(Rejection::moved(format!("/spotdraft/{region}{PREFIX}{documented}{query}")));
        }
        guard::credentials(&self.config.credentials, region, &parts.headers)?;
        {
            let workspace = lock(workspace);
            guard::acting_member(&workspace, &parts.headers)?;
        }
        if !public.starts_with("/webhooks") {
            self.limits.admit(region, self.config.rate_limit_per_second, self.config.clock.now())?;
        }
        let query = url::form_urlencoded::parse(query.as_bytes()).into_owned().collect::<Vec<_>>();
        Shapes::check_query(operation, &query)?;
        let body = shapes.check_body(operation, body)?;
        let mount = self.mount(region);
        let call =
            OperationCall { path: parameters, query, body, mount: &mount, now: self.config.clock.now().to_rfc3339() };
        let mut workspace = lock(workspace);
        let reply = routes::run(operation, &mut workspace, &call)?;
        self.webhooks.send(&mut workspace, &call.now);
        Ok(match reply {
            Reply::Json(status, value) => Reply::Json(status, shapes.complete(operation, status, value)),
            other => other,
        })
    }
}

fn respond(reply: Reply) -> Response<Body> {
    let built = match reply {
        Reply::Json(status, value) => Response::builder()
            .status(status)
            .header(header::CONTENT_TYPE, "application/json")
            .body(Body::from(value.to_string())),
        Reply::File { name, content_type, bytes } => Response::builder()
            .header(header::CONTENT_TYPE, content_type)
            .header(
                header::CONTENT_DISPOSITION,
                format!("attachment; filename=\"{}\"", name.replace(['"', '\r', '\n'], "_")),
            )
            .body(Body::from(bytes)),
        Reply::Empty(status) => Response::builder().status(status).body(Body::empty()),
    };
    built.unwrap_or_else(|_| {
        let mut response = Response::new(Body::empty());
        *response.status_mut() = StatusCode::INTERNAL_SERVER_ERROR;
        response
    })
}

/// Serves the file of a signed link, without credentials as at the provider.
async fn download(
    State(spotdraft): State<Arc<SpotDraft>>,
    Path((region, file)): Path<(String, String)>,
) -> Response<Body> {
    let found = spotdraft.workspace(&region).and_then(|workspace| lock(workspace).files.get(&file).cloned());
    match found {
        Some(file) => respond(Reply::File { name: file.name, content_type: file.content_type, bytes: file.bytes }),
        None => errors::response(Rejection::not_found()),
    }
}

//! `/mcp`: the Model Context Protocol, for agents. The protocol is in `patchbay_mcp`, what agents get in [`crate::mcp`].
//!
//! The host and the origin are checked before anything else, then the API key. A browser's login does not count: what a page
//! sends with it could be from another site.

use std::{convert::Infallible, sync::Arc};

use axum::{
    Router,
    body::{Body, Bytes},
    extract::{FromRequestParts, Request, State},
    http::{HeaderValue, Method, StatusCode, header},
    response::{IntoResponse, Response},
    routing::any,
};
use futures_util::{StreamExt as _, stream};
use patchbay_engine::{ClientState, Engine, LARGE_BODY_BYTES, leave};
use patchbay_mcp::server::{
    AllowedHosts, McpBody, McpResponse, McpServer, McpSettings, SealPurpose, Sealer, is_local, method_not_allowed,
};
use patchbay_model::Reservation;
use tokio::time::Duration;
use url::Url;

use crate::{
    config::ServerConfig,
    error::ApiError,
    extract::{Authenticated, QueryMap, claim, collect},
    mcp::{AgentCaller, AgentHandler},
    state::AppState,
};

/// After how long without a message a client that waits hears something. Many clients give up after a minute.
const KEEP_ALIVE: Duration = Duration::from_secs(10);
/// The largest number of streams about changes.
const MAX_STREAMS: usize = 4096;
/// The largest number of streams about changes of one key.
const MAX_STREAMS_OF_KEY: usize = 64;

/// The transport, and the hosts and origins that requests may name.
#[derive(Clone)]
struct Endpoint {
    server: McpServer<AgentHandler>,
    hosts: Arc<AllowedHosts>,
}

/// Returns the route.
pub(crate) fn routes(engine: &Engine, config: &ServerConfig) -> Router<AppState> {
    let settings = McpSettings {
        sealer: Arc::new(VaultSealer(engine.client_state.clone())),
        clock: engine.shared_clock(),
        entropy: engine.entropy(),
        stop: config.stop.clone(),
        keep_alive: KEEP_ALIVE,
        max_streams: MAX_STREAMS,
        max_streams_of_principal: MAX_STREAMS_OF_KEY,
    };
    let server = McpServer::new(AgentHandler::new(engine.clone()), settings);
    let endpoint = Endpoint { server, hosts: Arc::new(allowed_hosts(config)) };
    let answer = move |State(state): State<AppState>, request: Request| {
        let endpoint = endpoint.clone();
        async move { endpoint.answer(&state, request).await }
    };
    Router::new().route("/mcp", any(answer))
}

/// Returns the hosts and origins that requests may name: those of the public URL, and on a server that only this machine reaches
/// the names of the machine.
fn allowed_hosts(config: &ServerConfig) -> AllowedHosts {
    let url = Url::parse(config.urls.base()).ok();
    let host = url.as_ref().and_then(Url::host_str).unwrap_or_default();
    let origin = config.urls.origin();
    AllowedHosts::new([host], [origin.as_str()], config.is_local || is_local(host))
}

/// Seals with the vault.
struct VaultSealer(ClientState);

impl Sealer for VaultSealer {
    fn seal(&self, purpose: SealPurpose, principal: &str, text: &str) -> String {
        self.0.seal(purpose.as_str(), principal, text)
    }

    fn open(&self, purpose: SealPurpose, principal: &str, sealed: &str) -> Option<String> {
        self.0.open(purpose.as_str(), principal, sealed)
    }
}

impl Endpoint {
    /// Answers a request with any method.
    async fn answer(&self, state: &AppState, request: Request) -> Response {
        if let Err(refused) = self.hosts.check(request.headers(), request.uri().authority()) {
            return respond(*refused, None);
        }
        // No project has sessions, so nothing can be read or deleted here, with or without a key.
        if request.method() != Method::POST {
            return respond(method_not_allowed(), None);
        }
        let mut response = self.answer_authenticated(state, request).await.unwrap_or_else(IntoResponse::into_response);
        if response.status() == StatusCode::UNAUTHORIZED {
            // Clients of this protocol send the key as a Bearer token (RFC 6750).
            let challenge = HeaderValue::from_static("Bearer realm=\"patchbay\"");
            response.headers_mut().append(header::WWW_AUTHENTICATE, challenge);
        }
        response
    }

    async fn answer_authenticated(&self, state: &AppState, request: Request) -> Result<Response, ApiError> {
        let (mut parts, body) = request.into_parts();
        parts.headers.remove(header::COOKIE);
        let Authenticated(caller) = Authenticated::from_request_parts(&mut parts, state).await?;
        let Ok(query) = QueryMap::from_request_parts(&mut parts, state).await;
        let caller = AgentCaller::open(state, caller, &parts, query).await?;
        let body = collect(body, state.config.body_limit_bytes).await?;
        if body.len() > LARGE_BODY_BYTES {
            // It is parsed on another thread, so that the calls of this one continue.
            leave().await?;
        }
        let memory = claim(&body)?;
        let response = self.server.post(caller, &parts.headers, &body).await;
        Ok(respond(response, Some(memory)))
    }
}

/// Returns a response of the transport. The memory of the request is held until it ends.
fn respond(response: McpResponse, memory: Option<Reservation>) -> Response {
    let McpResponse { status, headers, body } = response;
    let mut length = None;
    let body = match body {
        McpBody::Parts(parts) => {
            length = Some(parts.iter().map(Bytes::len).sum::<usize>());
            Body::from_stream(stream::iter(parts.into_iter().map(Ok::<_, Infallible>)))
        }
        McpBody::Events(events) => Body::from_stream(events.map(move |event| {
            let _held = &memory;
            Ok::<_, Infallible>(event)
        })),
    };
    let mut response = Response::new(body);
    (*response.status_mut(), *response.headers_mut()) = (status, headers);
    if let Some(length) = length {
        response.headers_mut().insert(header::CONTENT_LENGTH, HeaderValue::from(length));
    }
    response
}

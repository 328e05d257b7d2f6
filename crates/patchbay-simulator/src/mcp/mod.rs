//! An MCP server (Model Context Protocol over streamable HTTP) for both protocol eras, optionally protected by an
//! authorization server. It is as strict as the protocol; [`McpRules`] select the deviations of real servers.

mod resource;
mod response;
mod rules;
mod tools;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::{
    Router,
    body::Bytes,
    extract::{Request, State},
    http::{HeaderMap, Method, StatusCode},
    middleware::{self, Next},
    response::{IntoResponse, Response},
    routing::{any, get},
};
use serde_json::{Value, json};

pub use rules::{McpEra, McpRules, MetadataLocation};

use crate::{
    fault::{Faults, PlannedFault},
    oauth::OAuthServer,
};

/// The revision without sessions.
const MODERN_VERSION: &str = "2026-07-28";

/// A simulated MCP server at `/mcp`. Cheap to clone.
#[derive(Clone)]
pub struct McpServer(Arc<McpParts>);

struct McpParts {
    rules: Mutex<McpRules>,
    state: Mutex<ServerState>,
    faults: Faults,
    oauth: Option<OAuthServer>,
}

#[derive(Default)]
struct ServerState {
    sessions: Vec<String>,
    opened: usize,
    received_methods: Vec<String>,
    issues: tools::Issues,
    /// The last event of an interrupted stream, not yet sent: the id after which it resumes, and the data.
    pending_event: Option<(String, Value)>,
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl McpServer {
    /// Creates a server. With `oauth`, every call needs an access token of that server.
    pub fn new(rules: McpRules, oauth: Option<OAuthServer>) -> Self {
        Self(Arc::new(McpParts { rules: Mutex::new(rules), state: Mutex::default(), faults: Faults::default(), oauth }))
    }

    /// Returns the router: `/mcp` and the protected resource metadata (RFC 9728).
    pub fn router(&self) -> Router {
        Router::new()
            .route("/mcp", any(endpoint))
            .route("/.well-known/oauth-protected-resource", get(resource::metadata))
            .route("/.well-known/oauth-protected-resource/mcp", get(resource::metadata))
            .layer(middleware::from_fn_with_state(self.clone(), faults))
            .with_state(self.clone())
    }

    /// Changes the rules.
    pub fn change(&self, change: impl FnOnce(&mut McpRules)) {
        change(&mut locked(&self.0.rules));
    }

    /// Plans a fault.
    pub fn plan(&self, planned: PlannedFault) {
        self.0.faults.plan(planned);
    }

    /// Drops every session, as a restart does.
    pub fn lose_sessions(&self) {
        self.state().sessions.clear();
    }

    /// Returns the number of sessions that were opened so far.
    pub fn opened_sessions(&self) -> usize {
        self.state().opened
    }

    /// Returns the number of open sessions.
    pub fn open_sessions(&self) -> usize {
        self.state().sessions.len()
    }

    /// Returns the methods of all requests so far, including rejected ones; `GET` and `DELETE` by those names.
    pub fn received_methods(&self) -> Vec<String> {
        self.state().received_methods.clone()
    }

    fn rules(&self) -> McpRules {
        locked(&self.0.rules).clone()
    }

    fn state(&self) -> MutexGuard<'_, ServerState> {
        locked(&self.0.state)
    }
}

async fn faults(State(server): State<McpServer>, request: Request, next: Next) -> Response {
    let (method, path) = (request.method().as_str().to_owned(), request.uri().path().to_owned());
    if let Some(fault) = server.0.faults.take(&method, &path)
        && let Some(response) = fault.response().await
    {
        return response;
    }
    next.run(request).await
}

async fn endpoint(State(server): State<McpServer>, method: Method, headers: HeaderMap, body: Bytes) -> Response {
    if let Some(refusal) = server.authentication_error(&headers) {
        return refusal;
    }
    let rules = server.rules();
    let is_legacy = rules.era != McpEra::Modern;
    match method {
        Method::POST => {}
        Method::GET if is_legacy && headers.contains_key("last-event-id") => {
            server.state().received_methods.push("GET".to_owned());
            return server.pending_event(&headers);
        }
        Method::DELETE if is_legacy => {
            let session = session_of(&headers);
            let mut state = server.state();
            state.received_methods.push("DELETE".to_owned());
            let before = state.sessions.len();
            state.sessions.retain(|known| Some(known.as_str()) != session);
            let found = state.sessions.len() < before;
            return if found { StatusCode::NO_CONTENT } else { StatusCode::NOT_FOUND }.into_response();
        }
        _ => return StatusCode::METHOD_NOT_ALLOWED.into_response(),
    }
    let accepts = text(&headers, "accept");
    if !accepts.contains("application/json") || !accepts.contains("text/event-stream") {
        return StatusCode::NOT_ACCEPTABLE.into_response();
    }
    let Ok(message) = serde_json::from_slice::<Value>(&body) else {
        return rejected(StatusCode::BAD_REQUEST, &Value::Null, -32700, "Parse error");
    };
    let asked = message["method"].as_str().unwrap_or_default().to_owned();
    server.state().received_methods.push(asked.clone());
    if let Some(refusal) = server.scope_error(&headers, &message) {
        return refusal;
    }
    let is_modern = message["params"]["_meta"]["io.modelcontextprotocol/protocolVersion"].is_string();
    match (is_modern, rules.era) {
        (true, McpEra::Modern | McpEra::Both) => server.modern(&rules, &headers, &asked, &message),
        (false, McpEra::Legacy | McpEra::Both) => server.legacy(&rules, &headers, &asked, &message),
        (true, McpEra::Legacy) => {
            let words =
                format!("Bad Request: Unsupported protocol version: {}", text(&headers, "mcp-protocol-version"));
            rejected(StatusCode::BAD_REQUEST, &Value::Null, -32000, &words)
        }
        (false, McpEra::Modern) => {
            let words = format!("This server supports only {MODERN_VERSION}");
            rejected(StatusCode::BAD_REQUEST, &message["id"], -32600, &words)
        }
    }
}

impl McpServer {
    fn modern(&self, rules: &McpRules, headers: &HeaderMap, asked: &str, message: &Value) -> Response {
        let (id, params) = (&message["id"], &message["params"]);
        let version = &params["_meta"]["io.modelcontextprotocol/protocolVersion"];
        if version.as_str() != Some(MODERN_VERSION) {
            let error = json!({ "code": -32022, "message": "Unsupported protocol version",
                "data": { "supported": [MODERN_VERSION], "requested": version } });
            let body = json!({ "jsonrpc": "2.0", "id": id, "error": error });
            return (StatusCode::BAD_REQUEST, axum::Json(body)).into_response();
        }
        let mut wanted =
            vec![("mcp-protocol-version", Some(MODERN_VERSION.to_owned())), ("mcp-method", Some(asked.to_owned()))];
        if asked == "tools/call" {
            wanted.push(("mcp-name", params["name"].as_str().map(str::to_owned)));
            if params["name"] == "list_issues" && rules.marks_parameters {
                wanted.push(("mcp-param-team", params["arguments"]["team"].as_str().map(str::to_owned)));
            }
        }
        for (name, wanted) in wanted {
            if headers.get(name).and_then(|value| value.to_str().ok()).map(str::to_owned) != wanted {
                return rejected(StatusCode::BAD_REQUEST, id, -32020, &format!("Header mismatch: {name}"));
            }
        }
        match self.outcome(rules, asked, params) {
            Some(Ok(mut result)) => {
                result["resultType"] = result.get("resultType").cloned().unwrap_or_else(|| json!("complete"));
                self.message_response(rules, id, &json!({ "jsonrpc": "2.0", "id": id, "result": result }))
            }
            Some(Err((code, words))) => rejected(StatusCode::OK, id, code, &words),
            None => rejected(StatusCode::NOT_FOUND, id, -32601, "Method not found"),
        }
    }

    fn legacy(&self, rules: &McpRules, headers: &HeaderMap, asked: &str, message: &Value) -> Response {
        let (id, params) = (&message["id"], &message["params"]);
        if asked == "initialize" {
            let session = rules.has_sessions.then(|| {
                let mut state = self.state();
                state.opened += 1;
                let session = format!("session-{}", state.opened);
                state.sessions.push(session.clone());
                session
            });
            let result = json!({ "protocolVersion": rules.version, "capabilities": { "tools": {} },
                "serverInfo": { "name": "mcp", "version": "1" } });
            let mut response =
                self.message_response(rules, id, &json!({ "jsonrpc": "2.0", "id": id, "result": result }));
            if let Some(session) = session.and_then(|session| session.parse().ok()) {
                response.headers_mut().insert("mcp-session-id", session);
            }
            return response;
        }
        if rules.has_sessions {
            let Some(session) = session_of(headers) else {
                return rejected(StatusCode::BAD_REQUEST, id, -32000, "Bad Request: Mcp-Session-Id header is required");
            };
            if !self.state().sessions.iter().any(|known| known == session) {
                return rejected(StatusCode::NOT_FOUND, id, -32001, "Session not found");
            }
        }
        if text(headers, "mcp-protocol-version") != rules.version {
            return rejected(StatusCode::BAD_REQUEST, id, -32000, "Bad Request: Unsupported protocol version");
        }
        if id.is_null() {
            return StatusCode::ACCEPTED.into_response();
        }
        match self.outcome(rules, asked, params) {
            Some(Ok(result)) => {
                self.message_response(rules, id, &json!({ "jsonrpc": "2.0", "id": id, "result": result }))
            }
            Some(Err((code, words))) => rejected(StatusCode::OK, id, code, &words),
            None => rejected(StatusCode::OK, id, -32601, "Method not found"),
        }
    }

    fn outcome(&self, rules: &McpRules, asked: &str, params: &Value) -> Option<Result<Value, (i64, String)>> {
        match asked {
            "tools/list" => Some(Ok(tools::page(rules, params["cursor"].as_str()))),
            "tools/call" => Some(self.state().issues.call(&params["name"], &params["arguments"])),
            _ => None,
        }
    }
}

fn session_of(headers: &HeaderMap) -> Option<&str> {
    headers.get("mcp-session-id").and_then(|value| value.to_str().ok())
}

fn text<'h>(headers: &'h HeaderMap, name: &str) -> &'h str {
    headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
}

fn rejected(status: StatusCode, id: &Value, code: i64, message: &str) -> Response {
    let body = json!({ "jsonrpc": "2.0", "id": id, "error": { "code": code, "message": message } });
    (status, axum::Json(body)).into_response()
}

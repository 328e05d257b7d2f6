//! Sends a request to an MCP server: detects the server's era, opens sessions and replaces lost ones, repeats parameters
//! in headers, and resumes interrupted streams.

use std::sync::Arc;

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use patchbay_connector::{definition::Authorization, expr::Template, json_tree};
use patchbay_egress::{FailureCause, InboundResponse, OutboundRequest, display_url};
use patchbay_mcp::{
    RpcError,
    headers::{LAST_EVENT_ID, METHOD, NAME, SESSION, VERSION, encode_value, is_media_type},
    message::{self, Message},
    param_headers,
    version::{Era, LEGACY, MODERN},
};
use patchbay_vault::{Secret, Vault};
use serde_json::{Map, Value, json};
use tokio::time::{Duration, Instant, sleep};

use super::{errors, event_stream::EventReader, server_cache::McpSession};
use crate::{
    Error, ErrorCode,
    context::Run,
    egress_error::cause_error,
    redaction::{redactor::Redactor, shorten::shortened},
    request::target::RequestTarget,
    response::{headers::content_type, output::claim_refused},
    run_memory::claim_json,
};

/// The accepted content types; the specification requires both.
const ACCEPT: HeaderValue = HeaderValue::from_static("application/json, text/event-stream");
/// The maximum number of pages of tools.
const MAX_PAGES: usize = 100;
/// The maximum number of times that an interrupted stream is resumed.
const MAX_RESUMES: usize = 8;
/// The delay before a stream is resumed, if the server requests none.
const DEFAULT_RESUME_DELAY: Duration = Duration::from_secs(1);
/// The maximum delay that a server can request.
const MAX_RESUME_DELAY: Duration = Duration::from_mins(1);

/// A request.
pub(crate) struct McpCall<'a> {
    method: &'static str,
    tool: Option<&'a str>,
    params: Map<String, Value>,
    /// True if the request can be sent twice.
    idempotent: bool,
}

/// A client of one server, for one step.
pub(crate) struct McpClient<'r, 'a> {
    run: &'r Run<'a>,
    target: RequestTarget,
    authorization: Option<&'r Authorization>,
    deadline: Instant,
    /// The server's key in the cache.
    server: String,
    next_id: u64,
}

/// The response to one HTTP request.
struct McpResponse {
    http: InboundResponse,
    message: Option<Message>,
    is_stream: bool,
}

/// The outcome of a request of the modern era.
enum ModernOutcome {
    /// A result, or an error that does not depend on the era.
    Done(Value),
    /// The server does not support the modern era.
    NotModern(Box<McpResponse>),
}

impl<'r, 'a> McpClient<'r, 'a> {
    /// Creates a client for the server at `url` under `base`. `timeout` shortens the deadline of the run.
    ///
    /// # Errors
    ///
    /// The errors of [`Run::target`].
    pub(crate) fn new(
        run: &'r Run<'a>,
        base: Option<&Template>,
        url: Option<&Template>,
        authorization: Option<&'r Authorization>,
        timeout: Option<Duration>,
    ) -> Result<Self, Error> {
        let target = run.target(base, url)?;
        let timeout_at = timeout.and_then(|timeout| Instant::now().checked_add(timeout));
        let deadline = timeout_at.map_or(run.ctx.deadline, |timeout_at| timeout_at.min(run.ctx.deadline));
        let server = target.url.to_string();
        Ok(Self { run, target, authorization, deadline, server, next_id: 1 })
    }

    /// Returns the server's URL.
    pub(crate) fn url(&self) -> &url::Url {
        &self.target.url
    }

    /// Calls a tool and returns its result.
    ///
    /// # Errors
    ///
    /// The provider's status with `ProviderError` for an error of the server, 502 `ProviderInvalidResponseError` for a
    /// response that is not valid, otherwise the errors of [`Run::send`].
    pub(crate) async fn call_tool(&mut self, tool: &str, arguments: Map<String, Value>) -> Result<Value, Error> {
        let params = Map::from_iter([
            ("name".to_owned(), Value::String(tool.to_owned())),
            ("arguments".to_owned(), Value::Object(arguments)),
        ]);
        let hints = &self.run.action.annotations;
        let idempotent = hints.idempotent == Some(true) || hints.read_only == Some(true);
        self.call(&McpCall { method: "tools/call", tool: Some(tool), params, idempotent }).await
    }

    /// Returns the tools of all pages. Tools with an invalid definition are omitted.
    ///
    /// # Errors
    ///
    /// The errors of [`Self::call_tool`]. 502 `ProviderResponseTooLargeError` or `ProviderInvalidResponseError` if the list
    /// exceeds a limit.
    pub(crate) async fn list_tools(&mut self) -> Result<Vec<Value>, Error> {
        let (mut tools, mut cursor, mut bytes) = (Vec::new(), None::<String>, 0);
        for _ in 0..MAX_PAGES {
            let params = cursor.iter().map(|cursor| ("cursor".to_owned(), Value::String(cursor.clone()))).collect();
            let call = McpCall { method: "tools/list", tool: None, params, idempotent: true };
            let mut result = self.call(&call).await?;
            bytes += result.to_string().len();
            let limit = self.run.ctx.config.max_response_bytes;
            if bytes > limit {
                return Err(cause_error(FailureCause::ResponseTooLarge(limit), self.title(), self.url()));
            }
            if let Some(Value::Array(page)) = result.get_mut("tools").map(Value::take) {
                // One invalid definition must not prevent the use of the other tools.
                tools.extend(page.into_iter().filter(|tool| param_headers::tool_headers(tool).is_ok()));
            }
            let next = result.get("nextCursor").and_then(Value::as_str).filter(|next| !next.is_empty());
            match next {
                None => return Ok(tools),
                Some(next) if cursor.as_deref() == Some(next) => break,
                Some(next) => cursor = Some(next.to_owned()),
            }
        }
        let message = format!("{}'s list of tools does not end: more follow after {} tools", self.title(), tools.len());
        Err(Error::new(ErrorCode::ProviderInvalidResponse, message))
    }

    fn title(&self) -> &'r str {
        &self.run.ctx.connector.title
    }

    /// Sends a request in the server's era.
    async fn call(&mut self, call: &McpCall<'_>) -> Result<Value, Error> {
        let cache = &self.run.host.mcp_cache;
        if cache.era(&self.server) == Some(Era::Legacy) {
            return self.call_legacy(call).await;
        }
        let rejection = match self.call_modern(call).await? {
            ModernOutcome::Done(result) => {
                cache.set_era(&self.server, Era::Modern);
                return Ok(result);
            }
            ModernOutcome::NotModern(rejection) => rejection,
        };
        match self.call_legacy(call).await {
            Ok(result) => Ok(result),
            Err(error) => {
                // The server rejected both eras. Its error of the modern era is more specific, if it is a JSON-RPC error.
                let is_rejected =
                    error.provider.as_ref().is_some_and(|message| matches!(message.status, Some(400..=422)));
                let is_era_known = cache.era(&self.server).is_some();
                let is_rpc_error = matches!(rejection.message, Some(Message::Error(_)));
                if !is_era_known && is_rejected && error.status() != 401 && is_rpc_error {
                    return self.result(call, *rejection);
                }
                Err(error)
            }
        }
    }

    /// Sends a request of the modern era. If the server requires headers for parameters, the request is repeated with them.
    async fn call_modern(&mut self, call: &McpCall<'_>) -> Result<ModernOutcome, Error> {
        let known = call.tool.and_then(|tool| self.run.host.mcp_cache.tool_headers(&self.server, tool));
        let mut response = self.send_modern(call, known.as_deref().map_or(&[], Vec::as_slice)).await?;
        if let Some(tool) = call.tool
            && matches!(&response.message, Some(Message::Error(error)) if error.code == RpcError::HEADER_MISMATCH)
        {
            // The definition in the list of tools shows which parameters the headers must repeat.
            let tools = Box::pin(self.list_tools()).await?;
            let definition = tools.iter().find(|one| one.get("name").and_then(Value::as_str) == Some(tool));
            let headers = definition.and_then(|tool| param_headers::tool_headers(tool).ok()).unwrap_or_default();
            response = self.send_modern(call, &headers).await?;
            self.run.host.mcp_cache.set_tool_headers(&self.server, tool, headers);
        }
        if self.requires_session(&response) {
            return Ok(ModernOutcome::NotModern(Box::new(response)));
        }
        self.result(call, response).map(ModernOutcome::Done)
    }

    async fn send_modern(
        &mut self,
        call: &McpCall<'_>,
        params: &[param_headers::ParamHeader],
    ) -> Result<McpResponse, Error> {
        let id = self.take_id();
        let mut headers = HeaderMap::new();
        headers.insert(VERSION, HeaderValue::from_static(MODERN));
        headers.insert(METHOD, HeaderValue::from_static(call.method));
        if let Some(tool) = call.tool {
            headers.insert(NAME, encode_value(tool));
        }
        if let Some(arguments) = call.params.get("arguments") {
            headers.extend(params.iter().filter_map(|param| param_headers::argument_header(param, arguments)));
        }
        let body = message::request(id, call.method, &message::modern(call.params.clone()));
        self.exchange(id, headers, &body, call.idempotent, false).await
    }

    /// Returns true if a rejection means that the server requires a session. Errors of the modern era do not, unless they
    /// name an older revision; neither do rejected credentials nor rate limits.
    fn requires_session(&self, response: &McpResponse) -> bool {
        let is_known_modern = self.run.host.mcp_cache.era(&self.server) == Some(Era::Modern);
        match &response.message {
            Some(Message::Error(error))
                if error.code == RpcError::UNSUPPORTED_VERSION || !error.supported().is_empty() =>
            {
                !error.supported().contains(&MODERN) && common_revision(error).is_some()
            }
            Some(Message::Error(error)) if error.is_modern() || is_known_modern => false,
            Some(Message::Error(error)) => {
                let asks_for_session =
                    ["initiali", "session"].iter().any(|word| error.message.to_ascii_lowercase().contains(word));
                asks_for_session || (is_rejection(response.http.status) && error.code != RpcError::METHOD_NOT_FOUND)
            }
            Some(Message::Result(_)) => false,
            None => is_rejection(response.http.status),
        }
    }

    /// Sends a request within the account's session. A new one is opened if it has none or if the server lost it.
    async fn call_legacy(&mut self, call: &McpCall<'_>) -> Result<Value, Error> {
        let cache = &self.run.host.mcp_cache;
        let key = self.session_key()?;
        if let Some(session) = key.as_deref().and_then(|key| cache.session(key)) {
            let response = self.send_legacy(call, &session).await?;
            if !is_session_lost(&response) {
                return self.result(call, response);
            }
            key.iter().for_each(|key| cache.evict_session(key));
        }
        let session = Arc::new(self.initialize().await?);
        cache.set_era(&self.server, Era::Legacy);
        if let Some(key) = &key {
            cache.store_session(key.clone(), session.clone());
        }
        let response = self.send_legacy(call, &session).await;
        if key.is_none() && session.id.is_some() {
            self.end_session(&session).await;
        }
        self.result(call, response?)
    }

    /// Returns the session's key in the cache; `None` before the account is linked, when the session is ended after use.
    fn session_key(&self) -> Result<Option<String>, Error> {
        let Some(account) = &self.run.ctx.ids.account_id else { return Ok(None) };
        let request = self.http_request(Method::POST, HeaderMap::new(), Bytes::new(), false)?;
        let mut credentials = request.url.to_string();
        for (name, value) in &request.headers {
            credentials.extend(["\n", name.as_str(), ": ", &String::from_utf8_lossy(value.as_bytes())]);
        }
        let hash = Vault::hash_token(Secret::new(credentials).expose()).hex();
        Ok(Some(format!("{account}\n{}\n{hash}", self.server)))
    }

    /// Opens a session (MCP 2025-11-25, basic/lifecycle).
    async fn initialize(&mut self) -> Result<McpSession, Error> {
        let id = self.take_id();
        let params = Map::from_iter([
            ("protocolVersion".to_owned(), json!(LEGACY[0])),
            ("capabilities".to_owned(), json!({})),
            ("clientInfo".to_owned(), message::client()),
        ]);
        let call = McpCall { method: "initialize", tool: None, params, idempotent: true };
        let body = message::request(id, call.method, &call.params);
        let response = self.exchange(id, HeaderMap::new(), &body, true, false).await?;
        let session = response.http.headers.get(&SESSION).cloned().map(|mut id| {
            id.set_sensitive(true);
            id
        });
        let url = response.http.url.clone();
        let result = self.result(&call, response)?;
        let theirs = result.get("protocolVersion").and_then(Value::as_str).unwrap_or_default();
        let Some(version) = LEGACY.into_iter().find(|ours| *ours == theirs) else {
            let theirs = theirs.chars().filter(char::is_ascii_graphic).collect::<String>();
            let theirs = shortened(&theirs, 32, self.run.redactor);
            let legacy = LEGACY.join(", ");
            let message = format!(
                "{} speaks the revision `{theirs}` of the Model Context Protocol at {}; supported are {MODERN}, {legacy}",
                self.title(),
                display_url(&url)
            );
            return Err(Error::new(ErrorCode::ProviderInvalidResponse, message));
        };
        let session = McpSession { id: session, version };
        let initialized = json!({ "jsonrpc": "2.0", "method": "notifications/initialized" });
        let response = self.exchange(0, session_headers(&session), &initialized, true, false).await?;
        if !response.http.status.is_success() {
            return Err(crate::response::provider_error::provider_error(
                self.run.host.clock(),
                self.title(),
                &response.http,
                self.run.redactor,
            ));
        }
        Ok(session)
    }

    async fn send_legacy(&mut self, call: &McpCall<'_>, session: &McpSession) -> Result<McpResponse, Error> {
        let id = self.take_id();
        let body = message::request(id, call.method, &call.params);
        self.exchange(id, session_headers(session), &body, call.idempotent, true).await
    }

    /// Ends an unused session. Servers may reject the request.
    async fn end_session(&self, session: &McpSession) {
        if let Ok(request) = self.http_request(Method::DELETE, session_headers(session), Bytes::new(), false) {
            let _ = self.run.send(request).await;
        }
    }

    fn take_id(&mut self) -> u64 {
        let id = self.next_id;
        self.next_id += 1;
        id
    }

    /// Returns an authenticated HTTP request to the server.
    fn http_request(
        &self,
        method: Method,
        mut headers: HeaderMap,
        body: Bytes,
        idempotent: bool,
    ) -> Result<OutboundRequest, Error> {
        headers.insert(header::ACCEPT, ACCEPT);
        // A compressed stream would arrive late, in blocks.
        headers.insert(header::ACCEPT_ENCODING, HeaderValue::from_static("identity"));
        if method == Method::POST {
            headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
        }
        let request =
            OutboundRequest { method, url: self.target.url.clone(), headers, body, idempotent, certificate: None };
        self.run.authenticate(&self.target, self.authorization, request)
    }

    /// Sends a message and reads the response to request `id`. An interrupted stream is resumed if `resumes` is true.
    async fn exchange(
        &self,
        id: u64,
        headers: HeaderMap,
        body: &Value,
        idempotent: bool,
        resumes: bool,
    ) -> Result<McpResponse, Error> {
        let request = self.http_request(Method::POST, headers.clone(), Bytes::from(body.to_string()), idempotent)?;
        let mut events = EventReader::for_request(id);
        let mut outcome = self.run.send_observed(request, self.deadline, &mut events).await;
        for _ in 0..MAX_RESUMES {
            let is_interrupted = match &outcome {
                Ok(response) => response.status.is_success() && events.is_stream() && !events.has_response(),
                Err(error) => error.code == ErrorCode::ProviderConnection,
            };
            let Some((event_id, retry)) = events.resume_point().filter(|_| resumes && is_interrupted) else { break };
            let Ok(event_id) = HeaderValue::try_from(event_id) else { break };
            let delay = retry.map_or(DEFAULT_RESUME_DELAY, Duration::from_millis).min(MAX_RESUME_DELAY);
            if Instant::now().checked_add(delay).is_none_or(|resume_at| resume_at >= self.deadline) {
                break;
            }
            let mut headers = headers.clone();
            headers.insert(LAST_EVENT_ID, event_id);
            let request = self.http_request(Method::GET, headers, Bytes::new(), true)?;
            sleep(delay).await;
            let mut resumed = EventReader::for_request(id);
            let again = self.run.send_observed(request, self.deadline, &mut resumed).await;
            // If the server cannot resume the stream, the interrupted one remains the outcome.
            if again.as_ref().is_ok_and(|response| !response.status.is_success()) {
                break;
            }
            (outcome, events) = (again, resumed);
        }
        let http = outcome?;
        events.observe_decompressed(&http.body).map_err(|cause| cause_error(cause, self.title(), &http.url))?;
        let is_stream = events.is_stream();
        let message = if is_stream {
            self.run.memory.receive(http.body.len());
            match events.large {
                Some(text) => self.large_response(id, &text, &http).await?,
                None => {
                    self.run.memory.hold(events.memory);
                    events.message
                }
            }
        } else {
            self.json_response(id, &http).await?
        };
        self.run.leave_if_large().await?;
        Ok(McpResponse { http, message, is_stream })
    }

    /// Returns the response in a large event, which is parsed away from the thread that answers. The run holds the memory of
    /// its values.
    async fn large_response(&self, id: u64, text: &str, http: &InboundResponse) -> Result<Option<Message>, Error> {
        self.run.leave_for(text.len()).await?;
        let memory =
            claim_json(text.as_bytes(), text.len(), 2).map_err(|error| claim_refused(self.title(), http, error))?;
        self.run.memory.hold(memory);
        Ok(json_tree::from_slice(text.as_bytes()).ok().and_then(|body| message::response_to(id, body)))
    }

    /// Returns the response in a JSON body, with any HTTP status. The run holds the memory of its values.
    async fn json_response(&self, id: u64, response: &InboundResponse) -> Result<Option<Message>, Error> {
        let kind = content_type(response);
        if !is_media_type(&kind, "application/json") && !kind.is_empty() {
            return Ok(None);
        }
        let body = response.text_body();
        let total = self.run.memory.receive(body.len());
        self.run.leave_if_large().await?;
        let memory = claim_json(&body, total, 2).map_err(|error| claim_refused(self.title(), response, error))?;
        self.run.memory.hold(memory);
        Ok(json_tree::from_slice(&body).ok().and_then(|body| message::response_to(id, body)))
    }

    /// Returns the result of a request, or the error of a rejected or missing response.
    fn result(&self, call: &McpCall<'_>, response: McpResponse) -> Result<Value, Error> {
        let McpResponse { http, message, is_stream } = response;
        let title = self.title();
        match message {
            Some(Message::Result(result)) if http.status.is_success() => Ok(result),
            Some(Message::Error(error)) => {
                let subject = match call.tool {
                    Some(tool) => format!("the call of the tool `{tool}`"),
                    None => format!("`{}`", call.method),
                };
                Err(errors::rpc(self.run.host.clock(), title, &subject, &http, &error, self.run.redactor))
            }
            _ if !http.status.is_success() => Err(crate::response::provider_error::provider_error(
                self.run.host.clock(),
                title,
                &http,
                self.run.redactor,
            )),
            _ if is_stream => {
                let message = format!("{title} ended its event stream before the response; try again");
                let error = Error::new(ErrorCode::ProviderConnection, message);
                Err(error)
            }
            _ => Err(errors::invalid_response(title, &http, &describe_invalid(&http, self.run.redactor))),
        }
    }
}

/// Describes the body that was received in place of a JSON-RPC message, as a noun phrase.
fn describe_invalid(response: &InboundResponse, redactor: &Redactor) -> String {
    let kind = content_type(response);
    if response.body.is_empty() {
        return "an empty body in place of a JSON-RPC message".to_owned();
    }
    if is_media_type(&kind, "application/json") {
        return "JSON that is not a response to the request".to_owned();
    }
    let kind = shortened(&kind.chars().filter(|c| !c.is_control()).collect::<String>(), 60, redactor);
    format!("`{kind}` in place of JSON or an event stream; check that the URL is that of an MCP server")
}

/// Returns the headers of a session.
fn session_headers(session: &McpSession) -> HeaderMap {
    let mut headers = HeaderMap::new();
    headers.insert(VERSION, HeaderValue::from_static(session.version));
    if let Some(id) = &session.id {
        headers.insert(SESSION, id.clone());
    }
    headers
}

/// Returns true if a status rejects the form of a request, not its credentials (401, 403) or its rate (429).
fn is_rejection(status: StatusCode) -> bool {
    status.is_client_error()
        && !matches!(
            status,
            StatusCode::UNAUTHORIZED
                | StatusCode::FORBIDDEN
                | StatusCode::REQUEST_TIMEOUT
                | StatusCode::TOO_MANY_REQUESTS
        )
}

/// Returns true if the server no longer knows the session.
fn is_session_lost(response: &McpResponse) -> bool {
    let asks_for_session = match &response.message {
        Some(Message::Error(error)) => {
            let message = error.message.to_ascii_lowercase();
            message.contains("session") || message.contains("initiali")
        }
        _ => false,
    };
    let status = response.http.status;
    status == StatusCode::NOT_FOUND || (asks_for_session && (status == StatusCode::BAD_REQUEST || status.is_success()))
}

/// Returns the newest legacy revision that both sides support.
fn common_revision(error: &RpcError) -> Option<&'static str> {
    let theirs = error.supported();
    LEGACY.into_iter().find(|ours| theirs.contains(ours))
}

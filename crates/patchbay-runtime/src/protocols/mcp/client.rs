//! One request to an MCP server, with all that it takes to be answered: finding out which era the server is of,
//! opening a session where it wants one and opening another where it has lost it, headers that it asks for, streams
//! that break off.

use std::sync::Arc;

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use patchbay_connector::{definition::Authorization, expr::Template};
use patchbay_egress::{FailureCause, InboundResponse, OutboundRequest, display_url};
use patchbay_vault::{Secret, Vault};
use serde_json::{Map, Value, json};
use tokio::time::{Duration, Instant, sleep};

use super::{
    errors,
    event_stream::{EventReader, is_media_type},
    message::{self, HEADER_MISMATCH, LEGACY, MODERN, Message, RpcError, UNSUPPORTED_VERSION},
    param_headers,
    server_cache::{Era, McpSession},
};
use crate::{Error, ErrorCode, context::Run, egress_error::cause_error, request::target::Target};

const VERSION: HeaderName = HeaderName::from_static("mcp-protocol-version");
const SESSION: HeaderName = HeaderName::from_static("mcp-session-id");
const METHOD: HeaderName = HeaderName::from_static("mcp-method");
const NAME: HeaderName = HeaderName::from_static("mcp-name");
/// What we take (it must be both).
const ACCEPT: HeaderValue = HeaderValue::from_static("application/json, text/event-stream");
/// The most pages of tools that are read.
const MAX_PAGES: usize = 100;
/// How often a stream that breaks off is taken up again.
const MAX_RESUMES: usize = 8;
/// The wait before that when the server names none, and the longest that is heeded.
const DEFAULT_RESUME_MILLIS: u64 = 1_000;
const MAX_RESUME_MILLIS: u64 = 60_000;

/// A request.
pub struct McpCall<'a> {
    method: &'static str,
    tool: Option<&'a str>,
    params: Map<String, Value>,
    /// Whether sending it twice does no harm.
    idempotent: bool,
}

/// A server, for one step.
pub struct McpClient<'r, 'a> {
    run: &'r Run<'a>,
    target: Target,
    authorization: Option<&'r Authorization>,
    deadline: Instant,
    /// The server, among those that are remembered.
    server: String,
    next_id: u64,
}

/// The answer to one HTTP request.
struct McpResponse {
    incoming: InboundResponse,
    message: Option<Message>,
    is_stream: bool,
}

/// What a request in the newer way came to.
enum ModernOutcome {
    /// An answer, or an error that has nothing to do with the era.
    Done(Value),
    /// The server does not know the newer way.
    NotModern(Box<McpResponse>),
}

impl<'r, 'a> McpClient<'r, 'a> {
    pub fn new(
        run: &'r Run<'a>,
        base: Option<&Template>,
        url: Option<&Template>,
        authorization: Option<&'r Authorization>,
        timeout: Option<Duration>,
    ) -> Result<Self, Error> {
        let target = run.target(base, url)?;
        let ends = timeout.and_then(|timeout| Instant::now().checked_add(timeout));
        let deadline = ends.map_or(run.ctx.deadline, |ends| ends.min(run.ctx.deadline));
        let server = target.url.to_string();
        Ok(Self { run, target, authorization, deadline, server, next_id: 1 })
    }

    /// Where the server is.
    pub fn url(&self) -> &url::Url {
        &self.target.url
    }

    /// Calls a tool; gives its result.
    pub async fn call_tool(&mut self, tool: &str, arguments: Map<String, Value>) -> Result<Value, Error> {
        let params = Map::from_iter([
            ("name".to_owned(), Value::String(tool.to_owned())),
            ("arguments".to_owned(), Value::Object(arguments)),
        ]);
        let hints = &self.run.action.annotations;
        let idempotent = hints.idempotent == Some(true) || hints.read_only == Some(true);
        self.call(&McpCall { method: "tools/call", tool: Some(tool), params, idempotent }).await
    }

    /// All tools, page after page.
    pub async fn list_tools(&mut self) -> Result<Vec<Value>, Error> {
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
                // A tool whose definition is wrong must not keep the others from being used.
                tools.extend(page.into_iter().filter(|tool| param_headers::tool_headers(tool).is_ok()));
            }
            let next = result.get("nextCursor").and_then(Value::as_str).filter(|next| !next.is_empty());
            match next {
                None => return Ok(tools),
                Some(next) if cursor.as_deref() == Some(next) => break,
                Some(next) => cursor = Some(next.to_owned()),
            }
        }
        let message =
            format!("{} lists its tools without an end: after {} of them there are more", self.title(), tools.len());
        Err(Error::new(ErrorCode::ProviderInvalidResponse, message))
    }

    fn title(&self) -> &'r str {
        &self.run.ctx.connector.title
    }

    /// Asks, in the way that the server understands.
    async fn call(&mut self, call: &McpCall<'_>) -> Result<Value, Error> {
        let cache = &self.run.host.mcp_cache;
        if cache.era(&self.server) == Some(Era::Legacy) {
            return self.call_legacy(call).await;
        }
        let refused = match self.call_modern(call).await? {
            ModernOutcome::Done(result) => {
                cache.set_era(&self.server, Era::Modern);
                return Ok(result);
            }
            ModernOutcome::NotModern(refused) => refused,
        };
        match self.call_legacy(call).await {
            Ok(result) => Ok(result),
            Err(error) => {
                // It took neither: what it said to the newer way tells more, where it was said in so many words.
                let is_refusal =
                    error.provider.as_ref().is_some_and(|message| matches!(message.status, Some(400..=422)));
                let is_era = cache.era(&self.server).is_some();
                if !is_era && is_refusal && error.status() != 401 && matches!(refused.message, Some(Message::Error(_)))
                {
                    return self.result(call, *refused);
                }
                Err(error)
            }
        }
    }

    async fn call_modern(&mut self, call: &McpCall<'_>) -> Result<ModernOutcome, Error> {
        let known = call.tool.and_then(|tool| self.run.host.mcp_cache.tool_headers(&self.server, tool));
        let mut response = self.send_modern(call, known.as_deref().map_or(&[], Vec::as_slice)).await?;
        if let Some(tool) = call.tool
            && matches!(&response.message, Some(Message::Error(error)) if error.code == HEADER_MISMATCH)
        {
            // It wants parameters repeated in headers: its list of tools says which.
            let tools = Box::pin(self.list_tools()).await?;
            let definition = tools.iter().find(|one| one.get("name").and_then(Value::as_str) == Some(tool));
            let wanted = definition.and_then(|tool| param_headers::tool_headers(tool).ok()).unwrap_or_default();
            response = self.send_modern(call, &wanted).await?;
            self.run.host.mcp_cache.set_tool_headers(&self.server, tool, wanted);
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
        let mut own = HeaderMap::new();
        own.insert(VERSION, HeaderValue::from_static(MODERN));
        own.insert(METHOD, HeaderValue::from_static(call.method));
        if let Some(tool) = call.tool {
            own.insert(NAME, param_headers::encode_value(tool));
        }
        if let Some(arguments) = call.params.get("arguments") {
            own.extend(params.iter().filter_map(|param| param_headers::argument_header(param, arguments)));
        }
        let body = message::request(id, call.method, &message::modern(call.params.clone()));
        self.exchange(id, own, &body, call.idempotent, false).await
    }

    /// Whether a refusal says that the server wants a session opened first. What only newer servers say does not,
    /// unless it names older revisions; nor does a refusal of who asks or how often.
    fn requires_session(&self, response: &McpResponse) -> bool {
        let is_known_modern = self.run.host.mcp_cache.era(&self.server) == Some(Era::Modern);
        match &response.message {
            Some(Message::Error(error)) if error.code == UNSUPPORTED_VERSION || !error.supported().is_empty() => {
                !error.supported().contains(&MODERN) && common_revision(error).is_some()
            }
            Some(Message::Error(error)) if error.is_modern() || is_known_modern => false,
            Some(Message::Error(error)) => {
                let asks_for_session =
                    ["initiali", "session"].iter().any(|word| error.message.to_ascii_lowercase().contains(word));
                asks_for_session || (is_refusal(response.incoming.status) && error.code != -32601)
            }
            Some(Message::Result(_)) => false,
            None => is_refusal(response.incoming.status),
        }
    }

    /// Asks within a session: the account's, or a new one where it has none or the server has lost it.
    async fn call_legacy(&mut self, call: &McpCall<'_>) -> Result<Value, Error> {
        let cache = &self.run.host.mcp_cache;
        let key = self.session_key()?;
        if let Some(session) = key.as_deref().and_then(|key| cache.session(key)) {
            let response = self.send_legacy(call, &session).await?;
            if !is_lost(&response) {
                return self.result(call, response);
            }
            key.iter().for_each(|key| cache.forget_session(key));
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

    /// Whose session it is; none for who has no account yet, whose session is ended after use.
    fn session_key(&self) -> Result<Option<String>, Error> {
        let Some(account) = &self.run.ctx.ids.account_id else { return Ok(None) };
        let outgoing = self.outgoing(Method::POST, HeaderMap::new(), Bytes::new(), false)?;
        let mut proof = outgoing.url.to_string();
        for (name, value) in &outgoing.headers {
            proof.extend(["\n", name.as_str(), ": ", &String::from_utf8_lossy(value.as_bytes())]);
        }
        let hash = Vault::hash_token(Secret::new(proof).expose()).hex();
        Ok(Some(format!("{account}\n{}\n{hash}", self.server)))
    }

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
        let session = response.incoming.headers.get(&SESSION).cloned().map(|mut id| {
            id.set_sensitive(true);
            id
        });
        let url = response.incoming.url.clone();
        let result = self.result(&call, response)?;
        let theirs = result.get("protocolVersion").and_then(Value::as_str).unwrap_or_default();
        let Some(version) = LEGACY.into_iter().find(|ours| *ours == theirs) else {
            let theirs = theirs.chars().filter(char::is_ascii_graphic).take(32).collect::<String>();
            let known = LEGACY.join(", ");
            let message = format!(
                "{} speaks the revision `{theirs}` of the Model Context Protocol at {}; known are {MODERN}, {known}",
                self.title(),
                display_url(&url)
            );
            return Err(Error::new(ErrorCode::ProviderInvalidResponse, message));
        };
        let session = McpSession { id: session, version };
        let error_out = json!({ "jsonrpc": "2.0", "method": "notifications/initialized" });
        let response = self.exchange(0, headers_of(&session), &error_out, true, false).await?;
        if !response.incoming.status.is_success() {
            return Err(crate::response::provider_error::provider_error(
                self.run.host.clock(),
                self.title(),
                &response.incoming,
            ));
        }
        Ok(session)
    }

    async fn send_legacy(&mut self, call: &McpCall<'_>, session: &McpSession) -> Result<McpResponse, Error> {
        let id = self.take_id();
        let body = message::request(id, call.method, &call.params);
        self.exchange(id, headers_of(session), &body, call.idempotent, true).await
    }

    /// Ends a session that nobody will use again. Servers need not allow it.
    async fn end_session(&self, session: &McpSession) {
        if let Ok(outgoing) = self.outgoing(Method::DELETE, headers_of(session), Bytes::new(), false) {
            let _ = self.run.send(outgoing).await;
        }
    }

    fn take_id(&mut self) -> u64 {
        let id = self.next_id;
        self.next_id += 1;
        id
    }

    fn outgoing(
        &self,
        method: Method,
        own: HeaderMap,
        body: Bytes,
        idempotent: bool,
    ) -> Result<OutboundRequest, Error> {
        let mut headers = own;
        headers.insert(header::ACCEPT, ACCEPT);
        // A packed stream would come in blocks, late.
        headers.insert(header::ACCEPT_ENCODING, HeaderValue::from_static("identity"));
        if method == Method::POST {
            headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
        }
        let outgoing =
            OutboundRequest { method, url: self.target.url.clone(), headers, body, idempotent, certificate: None };
        self.run.authenticate(&self.target, self.authorization, outgoing)
    }

    async fn exchange(
        &self,
        id: u64,
        own: HeaderMap,
        body: &Value,
        idempotent: bool,
        resumes: bool,
    ) -> Result<McpResponse, Error> {
        let outgoing = self.outgoing(Method::POST, own.clone(), Bytes::from(body.to_string()), idempotent)?;
        let mut events = EventReader::answering(id);
        let mut outcome = self.run.send_observed(outgoing, self.deadline, &mut events).await;
        for _ in 0..MAX_RESUMES {
            let broke_off = match &outcome {
                Ok(incoming) => incoming.status.is_success() && events.is_stream() && events.message.is_none(),
                Err(error) => error.code == ErrorCode::ProviderConnection,
            };
            let Some((place, wait)) = events.resume().filter(|_| resumes && broke_off) else { break };
            let Ok(place) = HeaderValue::try_from(place) else { break };
            let wait = Duration::from_millis(wait.unwrap_or(DEFAULT_RESUME_MILLIS).min(MAX_RESUME_MILLIS));
            if Instant::now().checked_add(wait).is_none_or(|then| then >= self.deadline) {
                break;
            }
            let mut own = own.clone();
            own.insert(HeaderName::from_static("last-event-id"), place);
            let outgoing = self.outgoing(Method::GET, own, Bytes::new(), true)?;
            sleep(wait).await;
            let mut resumed = EventReader::answering(id);
            let again = self.run.send_observed(outgoing, self.deadline, &mut resumed).await;
            // A server that does not take streams up again leaves what was there: a stream without an answer.
            if again.as_ref().is_ok_and(|incoming| !incoming.status.is_success()) {
                break;
            }
            (outcome, events) = (again, resumed);
        }
        let incoming = outcome?;
        events.observe_decompressed(&incoming.body).map_err(|cause| cause_error(cause, self.title(), &incoming.url))?;
        let is_stream = events.is_stream();
        let message = if is_stream { events.message } else { json_response(id, &incoming) };
        Ok(McpResponse { incoming, message, is_stream })
    }

    /// A request's result; an error where it was refused or not answered.
    fn result(&self, call: &McpCall<'_>, response: McpResponse) -> Result<Value, Error> {
        let McpResponse { incoming, message, is_stream } = response;
        let title = self.title();
        match message {
            Some(Message::Result(result)) if incoming.status.is_success() => Ok(result),
            Some(Message::Error(error)) => {
                let what = match call.tool {
                    Some(tool) => format!("the call of the tool `{tool}`"),
                    None => format!("`{}`", call.method),
                };
                Err(errors::rpc(self.run.host.clock(), title, &what, &incoming, &error))
            }
            _ if !incoming.status.is_success() => {
                Err(crate::response::provider_error::provider_error(self.run.host.clock(), title, &incoming))
            }
            _ if is_stream => {
                let message = format!("{title} ended its stream of events before the answer came; try again");
                let error = Error::new(ErrorCode::ProviderConnection, message);
                Err(error)
            }
            _ => Err(errors::invalid_response(title, &incoming, &describe_invalid(&incoming))),
        }
    }
}

/// The answer in a JSON body, which an error's body may be as well.
fn json_response(id: u64, incoming: &InboundResponse) -> Option<Message> {
    let kind = content_type(incoming);
    let is_json = is_media_type(kind, "application/json") || kind.is_empty();
    serde_json::from_slice(&incoming.body).ok().filter(|_| is_json).and_then(|body| message::response_to(id, body))
}

fn content_type(incoming: &InboundResponse) -> &str {
    incoming.headers.get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default()
}

fn describe_invalid(incoming: &InboundResponse) -> String {
    let kind = content_type(incoming);
    let status = incoming.status.as_u16();
    if incoming.body.is_empty() {
        return format!("{status} and nothing where a JSON-RPC message was expected");
    }
    if is_media_type(kind, "application/json") {
        return format!("{status} and JSON that is no answer to the request");
    }
    let kind = kind.chars().filter(|c| !c.is_control()).take(60).collect::<String>();
    format!(
        "{status} and `{kind}` where JSON or a stream of events was expected; is this the address of an MCP server?"
    )
}

fn headers_of(session: &McpSession) -> HeaderMap {
    let mut headers = HeaderMap::new();
    headers.insert(VERSION, HeaderValue::from_static(session.version));
    if let Some(id) = &session.id {
        headers.insert(SESSION, id.clone());
    }
    headers
}

/// A refusal of how it was asked, not of who asks (401, 403) or how often (429).
fn is_refusal(status: StatusCode) -> bool {
    status.is_client_error()
        && !matches!(
            status,
            StatusCode::UNAUTHORIZED
                | StatusCode::FORBIDDEN
                | StatusCode::REQUEST_TIMEOUT
                | StatusCode::TOO_MANY_REQUESTS
        )
}

/// Whether the server does not know the session any more.
fn is_lost(response: &McpResponse) -> bool {
    let asks_for_session = match &response.message {
        Some(Message::Error(error)) => {
            let words = error.message.to_ascii_lowercase();
            words.contains("session") || words.contains("initiali")
        }
        _ => false,
    };
    response.incoming.status == StatusCode::NOT_FOUND
        || (asks_for_session
            && (response.incoming.status == StatusCode::BAD_REQUEST || response.incoming.status.is_success()))
}

/// The newest older revision that both sides speak.
fn common_revision(error: &RpcError) -> Option<&'static str> {
    let theirs = error.supported();
    LEGACY.into_iter().find(|ours| theirs.contains(ours))
}

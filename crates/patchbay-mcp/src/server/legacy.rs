//! The legacy era (revisions 2025-03-26 to 2025-11-25): a handshake that nobody has to keep to, and optional sessions.
//!
//! Requests are accepted in any order, with or without the handshake before. A response to a request that could be read has the
//! status 200, because 404 tells a client that its session has ended.

use std::sync::{Arc, atomic::Ordering};

use bytes::Bytes;
use futures_util::{future::join_all, stream};
use http::{HeaderMap, HeaderValue, StatusCode};
use serde_json::{Map, Value, json};

use super::{
    accept::Accepts,
    calls::{List, Named, Subject, progress_token, text_param},
    capabilities::{ClientCapabilities, ClientInfo},
    context::{Context, LogLevel, Notices},
    exchange::{Exchange, Progress, notices},
    form::check_answer,
    handler::{McpCaller, McpHandler},
    incoming::{Body, Incoming, Request, Unreadable},
    inner::Inner,
    input::{InputRequest, InputResponses},
    listen::ListenFilter,
    listen_stream::{ListenStream, StreamEnd},
    outcome::{Ask, Outcome},
    request_state::MAX_ROUNDS,
    response::{McpBody, McpResponse, Reply, method_not_allowed},
    running::CallKey,
    sessions::{EventLog, NewSession, Session},
};
use crate::{
    RequestId, RpcError,
    headers::{LAST_EVENT_ID, SESSION, VERSION, decode_value},
    version::{Era, LEGACY, UNNAMED},
};

/// The revisions that the server speaks, the newest first.
const SERVED: &[&str] = LEGACY.split_at(3).0;
/// The only revision with batches.
const BATCHES: &str = "2025-03-26";

/// A caller and what its client said before.
struct Client<C> {
    caller: Arc<C>,
    version: &'static str,
    session: Option<Arc<Session>>,
    accepts: Accepts,
}

impl<C> Clone for Client<C> {
    fn clone(&self) -> Self {
        let Self { caller, version, session, accepts } = self;
        Self { caller: caller.clone(), version, session: session.clone(), accepts: *accepts }
    }
}

/// Answers a body.
pub(crate) async fn post<H: McpHandler>(
    inner: &Arc<Inner<H>>,
    caller: Arc<H::Caller>,
    headers: &HeaderMap,
    accepts: Accepts,
    body: Body,
) -> McpResponse {
    let id = match &body {
        Body::One(Incoming::Request(request)) => Some(request.id.clone()),
        _ => None,
    };
    let refuse = |status: StatusCode, message: String| {
        McpResponse::error(status, id.as_ref(), &RpcError::new(RpcError::INVALID_REQUEST, message))
    };
    let session = match find_session(inner, &caller, headers) {
        Ok(session) => session,
        Err(message) => return refuse(StatusCode::NOT_FOUND, message.to_owned()),
    };
    let named = headers.get(VERSION).map(|version| decode_value(version).unwrap_or_default());
    let known = SERVED.iter().find(|served| Some(**served) == named.as_deref());
    if named.is_some() && known.is_none() {
        let message = format!("this server does not speak the revision of the header; it speaks {}", SERVED.join(", "));
        return refuse(StatusCode::BAD_REQUEST, message);
    }
    let of_session = session.as_ref().map(|session| session.version);
    let version = known.copied().or(of_session).unwrap_or(UNNAMED);
    let client = Client { caller, version, session, accepts };
    match body {
        Body::One(Incoming::Notification { method, params }) => {
            inner.notified(&client, &method, &params);
            McpResponse::empty(StatusCode::ACCEPTED)
        }
        Body::One(Incoming::Response { id, outcome }) => match &client.session {
            Some(session) => {
                session.respond(&id, outcome);
                McpResponse::empty(StatusCode::ACCEPTED)
            }
            None => refuse(StatusCode::BAD_REQUEST, "nothing was asked, so there is nothing to respond to".to_owned()),
        },
        Body::One(Incoming::Request(request)) if request.method == "initialize" => {
            inner.initialize(&client, request).await
        }
        Body::One(Incoming::Request(request)) => inner.legacy_request(client, request).await,
        Body::Batch(_) if version != BATCHES => {
            let message = format!("only the revision {BATCHES} has batches; send each message in a request of its own");
            refuse(StatusCode::BAD_REQUEST, message)
        }
        Body::Batch(messages) => inner.batch(&client, messages).await,
    }
}

/// Returns the stream of a session outside of requests, or resumes the stream of a request.
pub(crate) async fn get<H: McpHandler>(
    inner: &Arc<Inner<H>>,
    caller: Arc<H::Caller>,
    headers: &HeaderMap,
) -> McpResponse {
    let refuse = |status: StatusCode, message: &str| {
        McpResponse::error(status, None, &RpcError::new(RpcError::INVALID_REQUEST, message))
    };
    let session = match find_session(inner, &caller, headers) {
        Ok(Some(session)) => session,
        Ok(None) => return method_not_allowed(),
        Err(message) => return refuse(StatusCode::NOT_FOUND, message),
    };
    if !Accepts::of(headers).events {
        return refuse(StatusCode::NOT_ACCEPTABLE, "the response is a stream: accept text/event-stream");
    }
    let keep_alive = inner.settings.keep_alive;
    if let Some(last) = headers.get(LAST_EVENT_ID).and_then(|id| id.to_str().ok()) {
        return match session.resume(last) {
            Some((log, after)) => McpResponse::events(log.resume(after, keep_alive)),
            None => refuse(StatusCode::BAD_REQUEST, "the stream of this event can no longer be resumed"),
        };
    }
    let features = inner.handler.features();
    if !features.list_changes && !features.resource_changes {
        return method_not_allowed();
    }
    let Some(place) = inner.places.open(caller.principal()) else {
        return refuse(StatusCode::TOO_MANY_REQUESTS, "too many streams are open; close one, or try again later");
    };
    if session.is_listening.swap(true, Ordering::AcqRel) {
        return refuse(StatusCode::CONFLICT, "the session has a stream already");
    }
    let listening = Listening(session.clone());
    let filter = ListenFilter {
        tools: features.tools && features.list_changes,
        prompts: features.prompts && features.list_changes,
        resources: features.resources && features.list_changes,
        resource_uris: session.subscribed(),
        task_ids: Vec::new(),
    };
    let client = Client {
        caller: caller.clone(),
        version: session.version,
        session: Some(session.clone()),
        accepts: Accepts { json: false, events: true },
    };
    let subscription = match inner.handler.listen(&context(&client, Map::new(), None), filter).await {
        Ok(subscription) => subscription,
        Err(error) => return McpResponse::error(StatusCode::BAD_REQUEST, None, &error),
    };
    let end = StreamEnd {
        stop: inner.settings.stop.clone(),
        session: Some(session.ended.clone()),
        expires_at: caller.expires_at(),
    };
    let listen = ListenStream::new(None, subscription, place, keep_alive, end, &*inner.settings.clock);
    let events = stream::unfold((listen.into_events(), listening), |(mut events, listening)| async move {
        let event = futures_util::StreamExt::next(&mut events).await?;
        Some((event, (events, listening)))
    });
    McpResponse::events(Box::pin(events))
}

/// Ends a session.
pub(crate) fn delete<H: McpHandler>(inner: &Arc<Inner<H>>, caller: &H::Caller, headers: &HeaderMap) -> McpResponse {
    match headers.get(SESSION).map(|id| id.to_str().unwrap_or_default()) {
        None => method_not_allowed(),
        Some(id) if inner.sessions.end(id, caller.principal()) => McpResponse::empty(StatusCode::NO_CONTENT),
        Some(_) => {
            McpResponse::error(StatusCode::NOT_FOUND, None, &RpcError::new(RpcError::INVALID_REQUEST, NO_SESSION))
        }
    }
}

const NO_SESSION: &str = "the session does not exist, or has ended; begin a new one with `initialize`";

/// The mark of a session's stream outside of requests.
struct Listening(Arc<Session>);

impl Drop for Listening {
    fn drop(&mut self) {
        self.0.is_listening.store(false, Ordering::Release);
    }
}

/// Returns the session that a request names. A client that names one that is not there begins anew.
fn find_session<H: McpHandler>(
    inner: &Inner<H>,
    caller: &H::Caller,
    headers: &HeaderMap,
) -> Result<Option<Arc<Session>>, &'static str> {
    let Some(id) = headers.get(SESSION) else { return Ok(None) };
    let id = id.to_str().ok().filter(|_| caller.has_sessions());
    let found = id.and_then(|id| inner.sessions.find(id, caller.principal(), &*inner.settings.clock));
    found.map(Some).ok_or(NO_SESSION)
}

/// Returns the context of a request.
fn context<C: McpCaller>(client: &Client<C>, meta: Map<String, Value>, progress_token: Option<&Value>) -> Context<C> {
    let session = client.session.as_ref();
    Context {
        caller: client.caller.clone(),
        era: Era::Legacy,
        version: client.version,
        capabilities: session.map(|session| session.capabilities.clone()).unwrap_or_default(),
        client: session.map(|session| session.client.clone()).unwrap_or_default(),
        meta,
        log_level: session.and_then(|session| session.log_level()),
        has_progress: progress_token.is_some(),
        can_be_asked: session.is_some() && client.accepts.events,
        responses: InputResponses::default(),
        state: None,
        notices: Notices::default(),
    }
}

impl<H: McpHandler> Inner<H> {
    /// Acts on a notification.
    fn notified(&self, client: &Client<H::Caller>, method: &str, params: &Map<String, Value>) {
        if method != "notifications/cancelled" {
            return;
        }
        let id = params.get("requestId").map(Value::to_string);
        let id = id.and_then(|id| serde_json::from_str::<Box<serde_json::value::RawValue>>(&id).ok());
        let Some(id) = id.and_then(|id| RequestId::of_json(&id)) else { return };
        match &client.session {
            Some(session) => session.cancel(&id),
            None => self.running.cancel(&call_key(&*client.caller, id)),
        }
    }

    /// Answers the handshake.
    async fn initialize(&self, client: &Client<H::Caller>, request: Request) -> McpResponse {
        let Request { id, mut params, .. } = request;
        let wanted = params.get("protocolVersion").and_then(Value::as_str);
        let version = SERVED.iter().find(|served| Some(**served) == wanted).copied().unwrap_or(SERVED[0]);
        let instructions = match self.handler.instructions(&client.caller).await {
            Ok(instructions) => instructions,
            Err(error) => return Reply::legacy_error(&id, &error).into_response(client.accepts),
        };
        let session = client.caller.has_sessions().then(|| {
            let capabilities = match params.remove("capabilities") {
                Some(Value::Object(capabilities)) => ClientCapabilities(capabilities),
                _ => ClientCapabilities::default(),
            };
            let new = NewSession {
                principal: client.caller.principal().to_owned(),
                version,
                capabilities,
                client: ClientInfo::of_json(params.get("clientInfo")),
            };
            self.sessions.begin(new, &*self.settings.clock, &*self.settings.entropy)
        });
        let mut result = Map::from_iter([
            ("protocolVersion".to_owned(), json!(version)),
            ("capabilities".to_owned(), self.handler.features().legacy(session.is_some())),
            ("serverInfo".to_owned(), self.handler.info().to_json()),
        ]);
        result.extend(instructions.map(|text| ("instructions".to_owned(), Value::String(text))));
        let mut response = Reply::result(&id, &Value::Object(result)).into_response(client.accepts);
        if let Some(id) = session.and_then(|session| HeaderValue::from_str(&session.id).ok()) {
            response.headers.insert(SESSION, id);
        }
        response
    }

    /// Answers a request.
    async fn legacy_request(self: &Arc<Self>, client: Client<H::Caller>, request: Request) -> McpResponse {
        let Some(kind) = named(&request.method) else {
            let accepts = client.accepts;
            return self.legacy_reply(&client, request).await.into_response(accepts);
        };
        let id = request.id.clone();
        let accepts = client.accepts;
        if !self.offers(kind) {
            return Reply::legacy_error(&id, &RpcError::method_not_found(&request.method)).into_response(accepts);
        }
        let log = client.session.as_ref().map(|session| session.open_log());
        match self.legacy_exchange(&client, kind, request, log.clone()) {
            Err(error) => Reply::legacy_error(&id, &error).into_response(accepts),
            Ok(exchange) => match (&client.session, log) {
                (Some(session), Some(log)) => session.run(id, exchange, log, accepts, self.settings.keep_alive).await,
                _ => exchange.respond(accepts).await,
            },
        }
    }

    /// Begins a request for something that has a name.
    fn legacy_exchange(
        self: &Arc<Self>,
        client: &Client<H::Caller>,
        kind: Named,
        request: Request,
        log: Option<Arc<EventLog>>,
    ) -> Result<Exchange, RpcError> {
        let Request { id, mut params, .. } = request;
        let meta = match params.remove("_meta") {
            Some(Value::Object(meta)) => meta,
            _ => Map::new(),
        };
        let token = progress_token(&meta)?;
        let subject = Subject::read(kind, &mut params)?;
        let (sender, receiver) = notices();
        let progress = Progress::new(token.clone(), &sender);
        let mut context = context(client, meta, token.as_ref());
        context.notices = sender;
        let running = client.session.is_none().then(|| self.running.begin(call_key(&*client.caller, id.clone())));
        let (inner, session) = (self.clone(), client.session.clone());
        let work = self.handler.run(Box::pin(async move {
            let members = inner.legacy_outcome(&mut context, &subject, session.as_deref(), log.as_deref()).await;
            members.map_or_else(
                |error| Reply::legacy_error(&id, &error),
                |members| Reply::result(&id, &Value::Object(members)),
            )
        }));
        Ok(Exchange::new(work, receiver, progress, self.settings.keep_alive, running))
    }

    /// Calls the handler until it asks nothing more.
    async fn legacy_outcome(
        &self,
        context: &mut Context<H::Caller>,
        subject: &Subject,
        session: Option<&Session>,
        log: Option<&EventLog>,
    ) -> Result<Map<String, Value>, RpcError> {
        for _ in 0..MAX_ROUNDS {
            let ask = match self.call(context, subject.clone()).await? {
                Outcome::Done(members) => return Ok(members),
                // Only modern clients know tasks, and the handler can see which era a request is of.
                Outcome::Task(_) => return Err(RpcError::tasks_required()),
                Outcome::Ask(ask) => ask,
            };
            let checked = ask.questions.iter().try_for_each(|(_, question)| context.capabilities.check(question));
            let (Some(session), Some(log), true, Ok(())) = (session, log, context.can_be_asked, checked) else {
                return otherwise(ask, subject.kind);
            };
            let responses = session.ask(log, &ask.questions).await?;
            for (name, question) in &ask.questions {
                let checked = responses.get(name).map_or(Ok(()), |answer| check_answer(question, answer));
                checked.map_err(|reason| {
                    RpcError::invalid_params(format!("the answer `{name}` is not valid: {reason}"))
                })?;
            }
            (context.responses, context.state) = (responses, ask.state);
        }
        Err(RpcError::internal(format!("the request has asked {MAX_ROUNDS} times without an end")))
    }

    /// Answers a request that needs no stream.
    async fn legacy_reply(&self, client: &Client<H::Caller>, request: Request) -> Reply {
        let Request { id, method, params } = request;
        match self.legacy_result(client, &id, &method, params).await {
            Ok(reply) => reply,
            Err(error) => Reply::legacy_error(&id, &error),
        }
    }

    async fn legacy_result(
        &self,
        client: &Client<H::Caller>,
        id: &RequestId,
        method: &str,
        mut params: Map<String, Value>,
    ) -> Result<Reply, RpcError> {
        let features = self.handler.features();
        let empty = || Reply::result(id, &json!({}));
        let list = match method {
            "ping" => return Ok(empty()),
            "logging/setLevel" => {
                let level = LogLevel::of_name(&text_param(&params, "level")?);
                let level = level.ok_or_else(|| RpcError::invalid_params("the parameter `level` is not a level"))?;
                client.session.iter().for_each(|session| session.set_log_level(level));
                return Ok(empty());
            }
            "completion/complete" if features.completions => {
                params.remove("_meta");
                let members = self.handler.complete(&context(client, Map::new(), None), params).await?;
                return Ok(Reply::result(id, &Value::Object(members)));
            }
            "resources/subscribe" | "resources/unsubscribe" if features.resource_changes => {
                // Without a session nothing remembers it, and nothing could tell the client.
                let Some(session) = &client.session else { return Err(RpcError::method_not_found(method)) };
                session.subscribe(text_param(&params, "uri")?, method == "resources/subscribe")?;
                return Ok(empty());
            }
            "tools/list" if features.tools => List::Tools,
            "prompts/list" if features.prompts => List::Prompts,
            "resources/list" if features.resources => List::Resources,
            "resources/templates/list" if features.resources => List::Templates,
            _ => return Err(RpcError::method_not_found(method)),
        };
        let meta = match params.remove("_meta") {
            Some(Value::Object(meta)) => meta,
            _ => Map::new(),
        };
        let (page, next) = self.list(&context(client, meta, None), list, &params).await?;
        let rest = next.map(|next| ("nextCursor".to_owned(), Value::String(next))).into_iter().collect();
        Ok(Reply::page(id, list.member(), &page, &rest))
    }

    /// Answers a batch. Its requests run at the same time, and tell nothing before their responses.
    async fn batch(
        self: &Arc<Self>,
        client: &Client<H::Caller>,
        messages: Vec<Result<Incoming, Unreadable>>,
    ) -> McpResponse {
        let quiet = Client { accepts: Accepts { json: true, events: false }, ..client.clone() };
        let replies = messages.into_iter().map(|message| {
            let quiet = quiet.clone();
            async move {
                match message {
                    Err(Unreadable { id, error }) => {
                        let response = McpResponse::error(StatusCode::OK, id.as_ref(), &error);
                        parts_of(response)
                    }
                    Ok(Incoming::Notification { method, params }) => {
                        self.notified(&quiet, &method, &params);
                        Vec::new()
                    }
                    Ok(Incoming::Response { id, outcome }) => {
                        quiet.session.iter().for_each(|session| session.respond(&id, outcome.clone()));
                        Vec::new()
                    }
                    Ok(Incoming::Request(request)) if request.method == "initialize" => {
                        let error = RpcError::new(RpcError::INVALID_REQUEST, "`initialize` is not part of a batch");
                        Reply::legacy_error(&request.id, &error).parts
                    }
                    Ok(Incoming::Request(request)) => parts_of(self.legacy_request(quiet, request).await),
                }
            }
        });
        let replies = join_all(replies).await.into_iter().filter(|parts| !parts.is_empty()).collect::<Vec<_>>();
        if replies.is_empty() {
            return McpResponse::empty(StatusCode::ACCEPTED);
        }
        let mut parts = vec![Bytes::from_static(b"[")];
        for (at, reply) in replies.into_iter().enumerate() {
            if at > 0 {
                parts.push(Bytes::from_static(b","));
            }
            parts.extend(reply);
        }
        parts.push(Bytes::from_static(b"]"));
        Reply { status: StatusCode::OK, parts }.into_response(client.accepts)
    }

    fn offers(&self, kind: Named) -> bool {
        let features = self.handler.features();
        match kind {
            Named::Tool => features.tools,
            Named::Prompt => features.prompts,
            Named::Resource => features.resources,
        }
    }
}

/// Returns what a method asks for, if that has a name.
fn named(method: &str) -> Option<Named> {
    [Named::Tool, Named::Prompt, Named::Resource].into_iter().find(|named| named.method() == method)
}

fn call_key<C: McpCaller>(caller: &C, id: RequestId) -> CallKey {
    CallKey { principal: caller.principal().into(), client: caller.client().into(), id }
}

/// Returns the result for a client that cannot be asked: for a tool an error that a model can read.
fn otherwise(ask: Ask, kind: Named) -> Result<Map<String, Value>, RpcError> {
    if let Some(members) = ask.otherwise {
        return Ok(members);
    }
    let asked = ask.questions.iter().map(|(_, question)| match question {
        InputRequest::Form { message, .. } => message.clone(),
        InputRequest::Url { message, url, .. } => format!("{message}: {url}"),
        InputRequest::Sampling { .. } => "a message of a language model".to_owned(),
        InputRequest::Roots => "the folders of the client".to_owned(),
    });
    let text = format!("This needs an answer that the client cannot give: {}", asked.collect::<Vec<_>>().join("; "));
    match kind {
        Named::Tool => Ok(Map::from_iter([
            ("content".to_owned(), json!([{ "type": "text", "text": text }])),
            ("isError".to_owned(), Value::Bool(true)),
        ])),
        Named::Prompt | Named::Resource => Err(RpcError::new(RpcError::INVALID_REQUEST, text)),
    }
}

/// Returns the message of a response that is not a stream.
fn parts_of(response: McpResponse) -> Vec<Bytes> {
    match response.body {
        McpBody::Parts(parts) => parts,
        McpBody::Events(_) => Vec::new(),
    }
}

//! The modern era (revision 2026-07-28): every request says its revision and what its client can do, and its headers repeat what
//! programs on the way need.

use std::sync::Arc;

use http::{HeaderMap, HeaderValue, StatusCode, header};
use serde_json::{Map, Value, json};

use super::{
    accept::Accepts,
    calls::{List, Named, Subject, progress_token, text_param},
    capabilities::{ClientCapabilities, ClientInfo, Features},
    context::{Context, LogLevel, Notices},
    exchange::{Exchange, Progress, notices},
    form::check_answer,
    handler::{McpCaller, McpHandler},
    incoming::{Body, Incoming, Request},
    inner::Inner,
    input::{InputRequest, InputResponses},
    list::CacheScope,
    listen::ListenFilter,
    listen_stream::{ListenStream, StreamEnd},
    outcome::{Ask, Outcome},
    request_state::{MAX_ROUNDS, Resumed, StateKeeper, digest},
    response::{McpResponse, Reply},
    tasks::{TaskDetail, TaskStore},
    tasks_json,
};
use crate::{
    RequestId, RpcError,
    headers::{METHOD, NAME, VERSION, decode_value, says},
    meta::{CLIENT_CAPABILITIES, CLIENT_INFO, LOG_LEVEL, PROTOCOL_VERSION},
    param_headers::check_arguments,
    version::{Era, MODERN},
};

/// For how long clients may keep what the server says about itself, in milliseconds.
const DISCOVER_TTL_MS: u64 = 300_000;
/// The largest number of resources or tasks in a filter.
const MAX_LISTENED: usize = 100;

/// What a request is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Method {
    Discover,
    List(List),
    Named(Named),
    Complete,
    Listen,
    Task(TaskMethod),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum TaskMethod {
    Get,
    Update,
    Cancel,
}

impl Method {
    /// Returns the method of a name, if it is offered.
    fn of(name: &str, features: Features, has_tasks: bool) -> Option<Self> {
        let can_listen = features.list_changes || features.resource_changes || has_tasks;
        let (method, is_offered) = match name {
            "server/discover" => (Self::Discover, true),
            "tools/list" => (Self::List(List::Tools), features.tools),
            "tools/call" => (Self::Named(Named::Tool), features.tools),
            "prompts/list" => (Self::List(List::Prompts), features.prompts),
            "prompts/get" => (Self::Named(Named::Prompt), features.prompts),
            "resources/list" => (Self::List(List::Resources), features.resources),
            "resources/templates/list" => (Self::List(List::Templates), features.resources),
            "resources/read" => (Self::Named(Named::Resource), features.resources),
            "completion/complete" => (Self::Complete, features.completions),
            "subscriptions/listen" => (Self::Listen, can_listen),
            "tasks/get" => (Self::Task(TaskMethod::Get), has_tasks),
            "tasks/update" => (Self::Task(TaskMethod::Update), has_tasks),
            "tasks/cancel" => (Self::Task(TaskMethod::Cancel), has_tasks),
            _ => return None,
        };
        is_offered.then_some(method)
    }

    /// Returns the parameter that the header `Mcp-Name` repeats.
    fn name_parameter(self) -> Option<&'static str> {
        match self {
            Self::Named(named) => Some(named.parameter()),
            Self::Task(_) => Some("taskId"),
            Self::Discover | Self::List(_) | Self::Complete | Self::Listen => None,
        }
    }
}

/// What `_meta` says.
struct Meta {
    capabilities: ClientCapabilities,
    client: ClientInfo,
    log_level: Option<LogLevel>,
    progress_token: Option<Value>,
    members: Map<String, Value>,
}

/// Answers a body.
pub(crate) async fn post<H: McpHandler>(
    inner: &Arc<Inner<H>>,
    caller: Arc<H::Caller>,
    headers: &HeaderMap,
    accepts: Accepts,
    body: Body,
) -> McpResponse {
    let refuse = |message: &str| {
        let error = RpcError::new(RpcError::INVALID_REQUEST, message);
        McpResponse::error(StatusCode::BAD_REQUEST, None, &error)
    };
    match body {
        Body::Batch(_) => refuse("a batch is not allowed; send each message in a request of its own"),
        Body::One(Incoming::Response { .. }) => {
            refuse("this server sends no requests, so there is nothing to respond to")
        }
        Body::One(Incoming::Notification { method, .. }) => match check_method(headers, &method) {
            Ok(()) => McpResponse::empty(StatusCode::ACCEPTED),
            Err(error) => McpResponse::error(StatusCode::BAD_REQUEST, None, &error),
        },
        Body::One(Incoming::Request(request)) => {
            let id = request.id.clone();
            match answer(inner, caller, headers, accepts, request).await {
                Ok(response) => response,
                Err(Refused::Checked(error)) => McpResponse::error(StatusCode::BAD_REQUEST, Some(&id), &error),
                Err(Refused::Handled(error)) => Reply::modern_error(&id, &error).into_response(accepts),
            }
        }
    }
}

/// Why a request was refused.
enum Refused {
    /// The request is not valid: 400.
    Checked(RpcError),
    /// What it asks for is not there: the status depends on the code.
    Handled(RpcError),
}

impl From<RpcError> for Refused {
    fn from(error: RpcError) -> Self {
        Self::Handled(error)
    }
}

async fn answer<H: McpHandler>(
    inner: &Arc<Inner<H>>,
    caller: Arc<H::Caller>,
    headers: &HeaderMap,
    accepts: Accepts,
    request: Request,
) -> Result<McpResponse, Refused> {
    let Request { id, method: name, mut params } = request;
    check_method(headers, &name).map_err(Refused::Checked)?;
    let meta = check_meta(headers, &mut params).map_err(Refused::Checked)?;
    let method = Method::of(&name, inner.handler.features(), inner.handler.tasks().is_some());
    let method = method.ok_or_else(|| RpcError::method_not_found(&name))?;
    if let Some(parameter) = method.name_parameter() {
        let text = text_param(&params, parameter)?;
        if !says(headers, &NAME, &text) {
            return Err(Refused::Checked(mismatch(&NAME, &format!("the parameter `{parameter}`"))));
        }
    }
    let context = Context {
        caller,
        era: Era::Modern,
        version: MODERN,
        capabilities: Arc::new(meta.capabilities),
        client: Arc::new(meta.client),
        meta: meta.members,
        log_level: meta.log_level,
        has_progress: meta.progress_token.is_some(),
        can_be_asked: true,
        responses: InputResponses::default(),
        state: None,
        notices: Notices::default(),
    };
    let reply = match method {
        Method::Discover => inner.discover(&id, &context).await?,
        Method::List(list) => inner.modern_page(&id, &context, list, &params).await?,
        Method::Complete => {
            let members = inner.handler.complete(&context, params).await?;
            inner.complete_result(&id, members)
        }
        Method::Task(task) => {
            let store = inner.handler.tasks().ok_or_else(|| RpcError::method_not_found(&name))?;
            inner.task(&id, &context, store, task, &mut params).await?
        }
        Method::Listen => return inner.listen(id, &context, accepts, &params).await,
        Method::Named(named) => {
            let exchange = inner.begin(id, context, meta.progress_token, named, params, headers)?;
            return Ok(exchange.respond(accepts).await);
        }
    };
    Ok(reply.into_response(accepts))
}

/// Returns the error of a header that is missing, cannot be decoded, or says something else.
fn mismatch(header: &http::HeaderName, what: &str) -> RpcError {
    let message = format!("the header `{header}` is missing, cannot be decoded, or does not repeat {what}");
    RpcError::new(RpcError::HEADER_MISMATCH, message)
}

/// Checks the headers that every message has.
fn check_method(headers: &HeaderMap, method: &str) -> Result<(), RpcError> {
    if !headers.contains_key(VERSION) {
        return Err(mismatch(&VERSION, &format!("`{PROTOCOL_VERSION}` of `_meta`")));
    }
    if says(headers, &METHOD, method) { Ok(()) } else { Err(mismatch(&METHOD, "the method of the body")) }
}

/// Checks `_meta` and the revision.
fn check_meta(headers: &HeaderMap, params: &mut Map<String, Value>) -> Result<Meta, RpcError> {
    let invalid = |name: &str, what: &str| RpcError::invalid_params(format!("`{name}` of `_meta` is {what}"));
    let mut members = match params.remove("_meta") {
        Some(Value::Object(members)) => members,
        _ => Map::new(),
    };
    let version = match members.get(PROTOCOL_VERSION) {
        Some(Value::String(version)) => version.clone(),
        Some(_) => return Err(invalid(PROTOCOL_VERSION, "not text")),
        None => {
            // A revision that is not spoken has its own rules for what a request contains.
            let named = headers.get(VERSION).and_then(decode_value);
            return Err(match named.filter(|named| named != MODERN) {
                Some(named) => unsupported(&named),
                None => invalid(PROTOCOL_VERSION, "missing"),
            });
        }
    };
    if !says(headers, &VERSION, &version) {
        return Err(mismatch(&VERSION, &format!("`{PROTOCOL_VERSION}` of `_meta`")));
    }
    if version != MODERN {
        return Err(unsupported(&version));
    }
    let capabilities = match members.remove(CLIENT_CAPABILITIES) {
        Some(Value::Object(capabilities)) => ClientCapabilities(capabilities),
        Some(_) => return Err(invalid(CLIENT_CAPABILITIES, "not an object")),
        None => return Err(invalid(CLIENT_CAPABILITIES, "missing")),
    };
    let log_level = match members.get(LOG_LEVEL) {
        None => None,
        Some(level) => {
            let level = level.as_str().and_then(LogLevel::of_name);
            Some(level.ok_or_else(|| invalid(LOG_LEVEL, "not a level"))?)
        }
    };
    let progress_token = progress_token(&members)?;
    let client = ClientInfo::of_json(members.get(CLIENT_INFO));
    Ok(Meta { capabilities, client, log_level, progress_token, members })
}

fn unsupported(version: &str) -> RpcError {
    let requested = version.chars().take(100).collect::<String>();
    let message = format!("this server does not speak the revision `{requested}`");
    RpcError::new(RpcError::UNSUPPORTED_VERSION, message)
        .with_data(json!({ "supported": [MODERN], "requested": version }))
}

impl<H: McpHandler> Inner<H> {
    async fn discover(&self, id: &RequestId, context: &Context<H::Caller>) -> Result<Reply, RpcError> {
        let instructions = self.handler.instructions(&context.caller).await?;
        let has_tasks = self.handler.tasks().is_some();
        let mut result = Map::from_iter([
            ("supportedVersions".to_owned(), json!([MODERN])),
            ("capabilities".to_owned(), self.handler.features().modern(has_tasks)),
            ("ttlMs".to_owned(), json!(DISCOVER_TTL_MS)),
            ("cacheScope".to_owned(), json!(CacheScope::Private.as_str())),
        ]);
        result.extend(instructions.map(|text| ("instructions".to_owned(), Value::String(text))));
        Ok(self.complete_result(id, result))
    }

    /// Returns the message of a whole result.
    fn complete_result(&self, id: &RequestId, mut members: Map<String, Value>) -> Reply {
        members.insert("resultType".to_owned(), json!("complete"));
        self.identify(&mut members);
        Reply::result(id, &Value::Object(members))
    }

    async fn modern_page(
        &self,
        id: &RequestId,
        context: &Context<H::Caller>,
        list: List,
        params: &Map<String, Value>,
    ) -> Result<Reply, RpcError> {
        let (page, next) = self.list(context, list, params).await?;
        let mut rest = Map::from_iter([
            ("resultType".to_owned(), json!("complete")),
            ("ttlMs".to_owned(), json!(page.ttl_ms)),
            ("cacheScope".to_owned(), json!(page.scope.as_str())),
        ]);
        rest.extend(next.map(|next| ("nextCursor".to_owned(), Value::String(next))));
        self.identify(&mut rest);
        Ok(Reply::page(id, list.member(), &page, &rest))
    }

    async fn task(
        &self,
        id: &RequestId,
        context: &Context<H::Caller>,
        store: &dyn TaskStore<H::Caller>,
        method: TaskMethod,
        params: &mut Map<String, Value>,
    ) -> Result<Reply, RpcError> {
        if !context.has_tasks() {
            return Err(RpcError::tasks_required());
        }
        let task_id = text_param(params, "taskId")?;
        let caller = &*context.caller;
        let missing = || RpcError::invalid_params("the task does not exist, or has expired");
        let mut result = Map::new();
        let exists = match method {
            TaskMethod::Get => {
                let task = store.get(caller, &task_id).await?.ok_or_else(missing)?;
                tasks_json::write(&task, &mut result);
                true
            }
            TaskMethod::Update => {
                let answers = match params.remove("inputResponses") {
                    Some(Value::Object(answers)) if answers.values().all(Value::is_object) => answers,
                    _ => return Err(RpcError::invalid_params("`inputResponses` is not an object of answers")),
                };
                let task = store.get(caller, &task_id).await?.ok_or_else(missing)?;
                if let TaskDetail::Questions(questions) = &task.detail {
                    for (name, question) in questions {
                        let checked = answers.get(name).map_or(Ok(()), |answer| check_answer(question, answer));
                        checked.map_err(|reason| {
                            RpcError::invalid_params(format!("the answer `{name}` is not valid: {reason}"))
                        })?;
                    }
                }
                store.answer(caller, &task_id, InputResponses(answers)).await?
            }
            TaskMethod::Cancel => store.cancel(caller, &task_id).await?,
        };
        if exists { Ok(self.complete_result(id, result)) } else { Err(missing()) }
    }

    async fn listen(
        &self,
        id: RequestId,
        context: &Context<H::Caller>,
        accepts: Accepts,
        params: &Map<String, Value>,
    ) -> Result<McpResponse, Refused> {
        let filter = read_filter(params, self.handler.features())?;
        if !filter.task_ids.is_empty() && !context.has_tasks() {
            return Err(RpcError::tasks_required().into());
        }
        if !accepts.events {
            let error = RpcError::new(RpcError::INVALID_REQUEST, "the response is a stream: accept text/event-stream");
            return Ok(McpResponse::error(StatusCode::NOT_ACCEPTABLE, Some(&id), &error));
        }
        let Some(place) = self.places.open(context.caller.principal()) else {
            let error = RpcError::internal("too many streams are open; close one, or try again later");
            let mut response = McpResponse::error(StatusCode::TOO_MANY_REQUESTS, Some(&id), &error);
            response.headers.insert(header::RETRY_AFTER, HeaderValue::from_static("60"));
            return Ok(response);
        };
        let subscription = self.handler.listen(context, filter).await?;
        let end =
            StreamEnd { stop: self.settings.stop.clone(), session: None, expires_at: context.caller.expires_at() };
        let (keep_alive, clock) = (self.settings.keep_alive, &*self.settings.clock);
        let stream = ListenStream::new(Some(id), subscription, place, keep_alive, end, clock);
        Ok(McpResponse::events(stream.into_events()))
    }
}

/// Reads which changes a client wants to know about, of those that are offered.
fn read_filter(params: &Map<String, Value>, features: Features) -> Result<ListenFilter, RpcError> {
    let invalid = |name: &str| RpcError::invalid_params(format!("`{name}` of `notifications` is not valid"));
    let Some(Value::Object(wanted)) = params.get("notifications") else {
        return Err(RpcError::invalid_params("the parameter `notifications` is not an object"));
    };
    let flag = |name: &str| match wanted.get(name) {
        None | Some(Value::Null) => Ok(false),
        Some(Value::Bool(flag)) => Ok(*flag),
        Some(_) => Err(invalid(name)),
    };
    let texts = |name: &str| match wanted.get(name) {
        None | Some(Value::Null) => Ok(Vec::new()),
        Some(Value::Array(texts)) if texts.len() <= MAX_LISTENED => {
            let texts = texts.iter().map(|text| text.as_str().map(str::to_owned)).collect::<Option<Vec<_>>>();
            texts.ok_or_else(|| invalid(name))
        }
        Some(_) => Err(invalid(name)),
    };
    let lists = features.list_changes;
    Ok(ListenFilter {
        tools: flag("toolsListChanged")? && lists && features.tools,
        prompts: flag("promptsListChanged")? && lists && features.prompts,
        resources: flag("resourcesListChanged")? && lists && features.resources,
        resource_uris: Some(texts("resourceSubscriptions")?).filter(|_| features.resource_changes).unwrap_or_default(),
        task_ids: texts("taskIds")?,
    })
}

/// What is needed to write the outcome of a named request.
struct Asked {
    id: RequestId,
    kind: Named,
    digest: String,
    round: u32,
}

impl<H: McpHandler> Inner<H> {
    fn keeper<'a>(&'a self, caller: &'a H::Caller, kind: Named) -> StateKeeper<'a> {
        StateKeeper {
            sealer: &*self.settings.sealer,
            clock: &*self.settings.clock,
            entropy: &*self.settings.entropy,
            principal: caller.principal(),
            method: kind.method(),
        }
    }

    /// Begins a request for something that has a name.
    fn begin(
        self: &Arc<Self>,
        id: RequestId,
        mut context: Context<H::Caller>,
        progress_token: Option<Value>,
        kind: Named,
        mut params: Map<String, Value>,
        headers: &HeaderMap,
    ) -> Result<Exchange, Refused> {
        let Resumed { round, responses, state } = self.keeper(&context.caller, kind).resume(&mut params)?;
        let asked = Asked { id, kind, digest: digest(&params), round };
        let subject = Subject::read(kind, &mut params)?;
        if kind == Named::Tool
            && let Some(marked) = self.handler.param_headers(&context.caller, &subject.name)
        {
            check_arguments(&marked, headers, &subject.arguments)
                .map_err(|header| Refused::Checked(mismatch(header, "its argument")))?;
        }
        let (sender, receiver) = notices();
        let progress = Progress::new(progress_token, &sender);
        (context.responses, context.state, context.notices) = (responses, state, sender);
        let inner = self.clone();
        let work = self.handler.run(Box::pin(async move {
            let outcome = inner.call(&context, subject).await;
            let members = outcome.and_then(|outcome| inner.modern_outcome(&asked, &context, outcome));
            members.map_or_else(
                |error| Reply::modern_error(&asked.id, &error),
                |members| Reply::result(&asked.id, &Value::Object(members)),
            )
        }));
        Ok(Exchange::new(work, receiver, progress, self.settings.keep_alive, None))
    }

    /// Returns the members of a result.
    fn modern_outcome(
        &self,
        asked: &Asked,
        context: &Context<H::Caller>,
        outcome: Outcome,
    ) -> Result<Map<String, Value>, RpcError> {
        let (kind, mut members) = match outcome {
            Outcome::Done(members) => ("complete", members),
            Outcome::Ask(ask) => match self.ask(asked, context, ask)? {
                (true, members) => ("input_required", members),
                (false, members) => ("complete", members),
            },
            Outcome::Task(task) => {
                if asked.kind != Named::Tool || !context.has_tasks() {
                    return Err(RpcError::tasks_required());
                }
                let mut members = Map::new();
                tasks_json::write_task(&task, &mut members);
                ("task", members)
            }
        };
        if asked.kind == Named::Resource && kind == "complete" {
            members.entry("ttlMs").or_insert_with(|| json!(0));
            members.entry("cacheScope").or_insert_with(|| json!(CacheScope::Private.as_str()));
        }
        members.insert("resultType".to_owned(), json!(kind));
        self.identify(&mut members);
        Ok(members)
    }

    /// Returns the questions of an outcome and true; or its other result and false, if the client cannot answer one of them.
    fn ask(
        &self,
        asked: &Asked,
        context: &Context<H::Caller>,
        mut ask: Ask,
    ) -> Result<(bool, Map<String, Value>), RpcError> {
        let checked = ask.questions.iter().try_for_each(|(_, question)| context.capabilities.check(question));
        if let Err(missing) = checked {
            return ask.otherwise.take().map(|members| (false, members)).ok_or(missing);
        }
        if asked.round >= MAX_ROUNDS {
            return Err(RpcError::internal(format!("the request has asked {MAX_ROUNDS} times without an end")));
        }
        let state = self.keeper(&context.caller, asked.kind).seal(&asked.digest, asked.round + 1, &ask);
        let mut members = Map::from_iter([("requestState".to_owned(), Value::String(state))]);
        if !ask.questions.is_empty() {
            members.insert("inputRequests".to_owned(), InputRequest::to_json(&ask.questions));
        }
        Ok((true, members))
    }
}

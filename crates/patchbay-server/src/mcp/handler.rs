//! The tools of linked accounts, as the transport of MCP asks for them.

use std::sync::Arc;

use async_trait::async_trait;
use axum::http::{header, request::Parts};
use futures_util::future::BoxFuture;
use patchbay_engine::{AgentRequest, AgentTools, CallOrigin, CallSource, Caller, Engine, Error, movable};
use patchbay_mcp::{
    RpcError,
    server::{
        CacheScope, Context, Features, ListPage, ListenFilter, McpCaller, McpHandler, Outcome, ServerInfo, Subscription,
    },
};
use serde_json::{Map, Value};

use super::{changes::changes, request::agent_request};
use crate::{
    extract::{QueryMap, Standing, mcp_origin},
    state::AppState,
};

/// For how long a client may use a list of tools, in milliseconds.
const LIST_TTL_MS: u64 = 60_000;

/// An authenticated caller with the tools that its request selects.
pub(crate) struct AgentCaller {
    pub(crate) caller: Arc<Caller>,
    pub(crate) tools: AgentTools,
    /// What selected the tools.
    pub(crate) request: AgentRequest,
    /// What authenticated it.
    standing: Standing,
    principal: String,
    client: String,
}

impl AgentCaller {
    /// Finds the accounts and the tools that a request selects.
    ///
    /// # Errors
    ///
    /// 400 `ValidationError` without an account, or for an unknown mode, style or selection; 403 `MissingScopeError` for a key that cannot
    /// run actions; 404 `AccountNotFoundError` if the project has none of the accounts.
    pub(crate) async fn open(
        state: &AppState,
        caller: Arc<Caller>,
        parts: &Parts,
        query: QueryMap,
    ) -> Result<Self, Error> {
        let headers = &parts.headers;
        let request = agent_request(headers, query)?;
        let tools = state.engine.agents.open(&caller, &request).await?;
        let key = caller.key_id.as_ref().map_or_else(|| "member".to_owned(), ToString::to_string);
        let client = header::USER_AGENT;
        let client = headers.get(client).and_then(|name| name.to_str().ok()).unwrap_or_default().to_owned();
        let origin = CallOrigin { source: CallSource::Mcp, request: Some(Arc::new(mcp_origin(parts, state))) };
        let caller = Arc::new(caller.with_origin(origin));
        let standing = Standing::of(parts, state);
        Ok(Self { principal: format!("{} {key}", caller.project_id), caller, tools, request, standing, client })
    }
}

impl McpCaller for AgentCaller {
    fn principal(&self) -> &str {
        &self.principal
    }

    fn client(&self) -> &str {
        &self.client
    }
}

/// Answers the requests of agents with the tools of linked accounts.
pub(crate) struct AgentHandler {
    engine: Engine,
}

impl AgentHandler {
    pub(crate) fn new(engine: Engine) -> Self {
        Self { engine }
    }
}

#[async_trait]
impl McpHandler for AgentHandler {
    type Caller = AgentCaller;

    fn info(&self) -> ServerInfo {
        ServerInfo { name: "patchbay", title: "Patchbay", version: env!("CARGO_PKG_VERSION") }
    }

    fn features(&self) -> Features {
        Features { tools: true, list_changes: true, ..Features::default() }
    }

    async fn instructions(&self, caller: &AgentCaller) -> Result<Option<String>, RpcError> {
        Ok(Some(caller.tools.instructions()))
    }

    async fn list_tools(&self, context: &Context<AgentCaller>, cursor: Option<&str>) -> Result<ListPage, RpcError> {
        let page = context.caller().tools.page(cursor).ok_or_else(RpcError::invalid_cursor)?;
        Ok(ListPage { items: page.tools, next: page.next, ttl_ms: LIST_TTL_MS, scope: CacheScope::Private })
    }

    fn run<T: Send + 'static>(&self, work: BoxFuture<'static, T>) -> BoxFuture<'static, T> {
        // Work on large values leaves this thread, also while the response is a stream.
        Box::pin(movable(work))
    }

    async fn call_tool(
        &self,
        context: &Context<AgentCaller>,
        name: &str,
        arguments: Map<String, Value>,
    ) -> Result<Outcome, RpcError> {
        let AgentCaller { caller, tools, .. } = context.caller();
        let answer = self.engine.agents.call(caller, tools, name, arguments).await;
        let answer = answer.map_err(|refused| RpcError::invalid_params(refused.to_string()))?;
        match answer.into_value() {
            Value::Object(members) => Ok(Outcome::Done(members)),
            _ => Err(RpcError::internal("the answer of the tool is not an object")),
        }
    }

    async fn listen(&self, context: &Context<AgentCaller>, filter: ListenFilter) -> Result<Subscription, RpcError> {
        let served = ListenFilter { tools: filter.tools, ..ListenFilter::default() };
        let AgentCaller { tools, request, standing, .. } = context.caller();
        let changes = changes(self.engine.clone(), standing.clone(), request.clone(), tools);
        Ok(Subscription { served, changes })
    }
}

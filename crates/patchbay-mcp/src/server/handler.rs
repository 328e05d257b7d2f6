//! The trait that answers requests.

use std::sync::Arc;

use async_trait::async_trait;
use futures_util::future::BoxFuture;
use patchbay_model::Timestamp;
use serde_json::{Map, Value};

use super::{
    capabilities::{Features, ServerInfo},
    context::Context,
    list::ListPage,
    listen::{ListenFilter, Subscription},
    outcome::Outcome,
    tasks::TaskStore,
};
use crate::{RpcError, param_headers::ParamHeader};

/// An authenticated caller.
pub trait McpCaller: Send + Sync + 'static {
    /// Returns who calls: what two callers have in common exactly if one may have everything of the other. Cursors, request
    /// states and sessions are bound to it.
    fn principal(&self) -> &str;

    /// Returns what tells this client from others of the same principal, such as its address. A legacy client cancels only its
    /// own calls.
    fn client(&self) -> &str;

    /// Returns true if legacy clients of this caller get sessions.
    fn has_sessions(&self) -> bool {
        false
    }

    /// Returns when the caller's authority ends; streams end then.
    fn expires_at(&self) -> Option<Timestamp> {
        None
    }
}

/// Answers the requests of MCP clients.
///
/// Only what [`McpHandler::features`] contains is called, so most methods have a default. A future is dropped when the client
/// leaves or cancels.
///
/// Errors are JSON-RPC errors: the request was wrong. What a tool comes to is a result, also if it failed (`isError`).
#[async_trait]
pub trait McpHandler: Send + Sync + 'static {
    /// Who calls, with which accounts and settings: what the endpoint read from the HTTP request.
    type Caller: McpCaller;

    /// Returns the name and version of the server.
    fn info(&self) -> ServerInfo;

    /// Returns what the handler offers.
    fn features(&self) -> Features;

    /// Returns what a model should know before it uses the server; for `server/discover` and `initialize`. It must not fail for a
    /// reason for which `tools/list` does not fail.
    ///
    /// # Errors
    ///
    /// The error for the client.
    async fn instructions(&self, caller: &Self::Caller) -> Result<Option<String>, RpcError>;

    /// Returns a page of the tools. `cursor` is [`ListPage::next`] of the page before.
    ///
    /// # Errors
    ///
    /// [`RpcError::invalid_cursor`] for a cursor of an old list, or another error for the client.
    async fn list_tools(&self, context: &Context<Self::Caller>, cursor: Option<&str>) -> Result<ListPage, RpcError>;

    /// Returns the parameters of a tool that headers repeat (`x-mcp-header`); none for a tool that does not exist.
    fn param_headers(&self, caller: &Self::Caller, tool: &str) -> Option<Arc<Vec<ParamHeader>>> {
        let _ = (caller, tool);
        None
    }

    /// Calls a tool.
    ///
    /// # Errors
    ///
    /// [`RpcError::invalid_params`] for a tool that does not exist or that the caller must not use, with the same message.
    async fn call_tool(
        &self,
        context: &Context<Self::Caller>,
        name: &str,
        arguments: Map<String, Value>,
    ) -> Result<Outcome, RpcError>;

    /// Runs the future of a call. It is polled by the request first, and by the body of the response when that has become a stream, so
    /// a handler that gives its futures anything (a thread, a budget) does it here.
    fn run<T: Send + 'static>(&self, work: BoxFuture<'static, T>) -> BoxFuture<'static, T> {
        work
    }

    /// Returns a page of the prompts.
    ///
    /// # Errors
    ///
    /// As [`McpHandler::list_tools`].
    async fn list_prompts(&self, context: &Context<Self::Caller>, cursor: Option<&str>) -> Result<ListPage, RpcError> {
        let _ = (context, cursor);
        Err(RpcError::method_not_found("prompts/list"))
    }

    /// Returns a prompt: `messages`.
    ///
    /// # Errors
    ///
    /// [`RpcError::invalid_params`] for a prompt that does not exist.
    async fn get_prompt(
        &self,
        context: &Context<Self::Caller>,
        name: &str,
        arguments: Map<String, Value>,
    ) -> Result<Outcome, RpcError> {
        let _ = (context, name, arguments);
        Err(RpcError::method_not_found("prompts/get"))
    }

    /// Returns a page of the resources.
    ///
    /// # Errors
    ///
    /// As [`McpHandler::list_tools`].
    async fn list_resources(
        &self,
        context: &Context<Self::Caller>,
        cursor: Option<&str>,
    ) -> Result<ListPage, RpcError> {
        let _ = (context, cursor);
        Err(RpcError::method_not_found("resources/list"))
    }

    /// Returns a page of the templates of resources.
    ///
    /// # Errors
    ///
    /// As [`McpHandler::list_tools`].
    async fn list_resource_templates(
        &self,
        context: &Context<Self::Caller>,
        cursor: Option<&str>,
    ) -> Result<ListPage, RpcError> {
        let _ = (context, cursor);
        Err(RpcError::method_not_found("resources/templates/list"))
    }

    /// Returns a resource: `contents`, in the modern era with `ttlMs` and `cacheScope`, which the transport adds if they are
    /// missing.
    ///
    /// # Errors
    ///
    /// [`RpcError::resource_not_found`] for one that does not exist.
    async fn read_resource(&self, context: &Context<Self::Caller>, uri: &str) -> Result<Outcome, RpcError> {
        let _ = context;
        Err(RpcError::resource_not_found(uri))
    }

    /// Returns proposals for an argument: the members of the result (`completion`).
    ///
    /// # Errors
    ///
    /// The error for the client.
    async fn complete(
        &self,
        context: &Context<Self::Caller>,
        params: Map<String, Value>,
    ) -> Result<Map<String, Value>, RpcError> {
        let _ = (context, params);
        Err(RpcError::method_not_found("completion/complete"))
    }

    /// Returns the changes that a client wants to know about, and that the caller may know about.
    ///
    /// # Errors
    ///
    /// The error for the client.
    async fn listen(&self, context: &Context<Self::Caller>, filter: ListenFilter) -> Result<Subscription, RpcError> {
        let _ = (context, filter);
        Err(RpcError::method_not_found("subscriptions/listen"))
    }

    /// Returns where tasks are kept; `None` without tasks.
    fn tasks(&self) -> Option<&dyn TaskStore<Self::Caller>> {
        None
    }
}

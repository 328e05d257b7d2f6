//! What both eras do with a request: lists, and calls that can ask something.

use serde_json::{Map, Value, json};

use super::{
    context::Context,
    handler::{McpCaller, McpHandler},
    inner::Inner,
    list::ListPage,
    outcome::Outcome,
    seal::SealPurpose,
};
use crate::{RpcError, meta::SERVER_INFO};

/// A list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum List {
    Tools,
    Prompts,
    Resources,
    Templates,
}

/// A request for something that has a name, which can ask its client something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Named {
    Tool,
    Prompt,
    Resource,
}

/// What a named request is about.
#[derive(Clone, Debug)]
pub(crate) struct Subject {
    pub(crate) kind: Named,
    pub(crate) name: String,
    pub(crate) arguments: Map<String, Value>,
}

impl List {
    /// Returns the method.
    pub(crate) fn method(self) -> &'static str {
        match self {
            Self::Tools => "tools/list",
            Self::Prompts => "prompts/list",
            Self::Resources => "resources/list",
            Self::Templates => "resources/templates/list",
        }
    }

    /// Returns the member of the items.
    pub(crate) fn member(self) -> &'static str {
        match self {
            Self::Tools => "tools",
            Self::Prompts => "prompts",
            Self::Resources => "resources",
            Self::Templates => "resourceTemplates",
        }
    }
}

impl Named {
    /// Returns the method.
    pub(crate) fn method(self) -> &'static str {
        match self {
            Self::Tool => "tools/call",
            Self::Prompt => "prompts/get",
            Self::Resource => "resources/read",
        }
    }

    /// Returns the parameter that names the subject.
    pub(crate) fn parameter(self) -> &'static str {
        match self {
            Self::Tool | Self::Prompt => "name",
            Self::Resource => "uri",
        }
    }
}

impl Subject {
    /// Reads the subject of a request.
    pub(crate) fn read(kind: Named, params: &mut Map<String, Value>) -> Result<Self, RpcError> {
        let invalid = |name: &str, what: &str| {
            RpcError::invalid_params(format!("the parameter `{name}` of {} is not {what}", kind.method()))
        };
        let parameter = kind.parameter();
        let Some(name) = params.get(parameter).and_then(Value::as_str).map(str::to_owned) else {
            return Err(invalid(parameter, "text"));
        };
        let arguments = match params.remove("arguments") {
            None | Some(Value::Null) => Map::new(),
            Some(Value::Object(arguments)) => arguments,
            Some(_) => return Err(invalid("arguments", "an object")),
        };
        Ok(Self { kind, name, arguments })
    }
}

/// Returns the text parameter of a request.
pub(crate) fn text_param(params: &Map<String, Value>, name: &str) -> Result<String, RpcError> {
    let text = params.get(name).and_then(Value::as_str).map(str::to_owned);
    text.ok_or_else(|| RpcError::invalid_params(format!("the parameter `{name}` is not text")))
}

/// Returns the token of a client that wants to know about progress.
pub(crate) fn progress_token(meta: &Map<String, Value>) -> Result<Option<Value>, RpcError> {
    match meta.get("progressToken") {
        None => Ok(None),
        Some(token @ Value::String(_)) => Ok(Some(token.clone())),
        Some(token @ Value::Number(number)) if number.is_i64() || number.is_u64() => Ok(Some(token.clone())),
        Some(_) => Err(RpcError::invalid_params("the `progressToken` is neither text nor an integer")),
    }
}

impl<H: McpHandler> Inner<H> {
    /// Calls the handler.
    pub(crate) async fn call(&self, context: &Context<H::Caller>, subject: Subject) -> Result<Outcome, RpcError> {
        let Subject { kind, name, arguments } = subject;
        match kind {
            Named::Tool => self.handler.call_tool(context, &name, arguments).await,
            Named::Prompt => self.handler.get_prompt(context, &name, arguments).await,
            Named::Resource => self.handler.read_resource(context, &name).await,
        }
    }

    /// Returns a page of a list, and the sealed cursor of the next one.
    pub(crate) async fn list(
        &self,
        context: &Context<H::Caller>,
        list: List,
        params: &Map<String, Value>,
    ) -> Result<(ListPage, Option<String>), RpcError> {
        let principal = context.caller.principal();
        let prefix = format!("{}\n", list.method());
        let cursor = match params.get("cursor") {
            None | Some(Value::Null) => None,
            Some(Value::String(sealed)) => {
                let opened = self.settings.sealer.open(SealPurpose::Cursor, principal, sealed);
                let cursor = opened.and_then(|text| text.strip_prefix(&prefix).map(str::to_owned));
                Some(cursor.ok_or_else(RpcError::invalid_cursor)?)
            }
            Some(_) => return Err(RpcError::invalid_cursor()),
        };
        let cursor = cursor.as_deref();
        let page = match list {
            List::Tools => self.handler.list_tools(context, cursor).await,
            List::Prompts => self.handler.list_prompts(context, cursor).await,
            List::Resources => self.handler.list_resources(context, cursor).await,
            List::Templates => self.handler.list_resource_templates(context, cursor).await,
        }?;
        let next = page
            .next
            .as_ref()
            .map(|next| self.settings.sealer.seal(SealPurpose::Cursor, principal, &format!("{prefix}{next}")));
        Ok((page, next))
    }

    /// Adds the name and version of the server to a result.
    pub(crate) fn identify(&self, members: &mut Map<String, Value>) {
        let meta = members.entry("_meta").or_insert_with(|| json!({}));
        if let Value::Object(meta) = meta {
            meta.insert(SERVER_INFO.to_owned(), self.handler.info().to_json());
        }
    }
}

//! Errors of JSON-RPC 2.0 (section 5.1) with the codes of MCP.

use std::fmt;

use serde_json::{Map, Value, json};

use crate::meta::TASKS_EXTENSION;

/// A JSON-RPC error.
#[derive(Clone, Debug, PartialEq)]
pub struct RpcError {
    /// The code.
    pub code: i64,
    /// What happened, and what to do.
    pub message: String,
    /// What a program needs to react; null if there is nothing.
    pub data: Value,
}

impl RpcError {
    /// The body is not JSON.
    pub const PARSE_ERROR: i64 = -32700;
    /// The body is not a request.
    pub const INVALID_REQUEST: i64 = -32600;
    /// The method does not exist.
    pub const METHOD_NOT_FOUND: i64 = -32601;
    /// The parameters are not valid. Also for tools, prompts, resources and tasks that do not exist.
    pub const INVALID_PARAMS: i64 = -32602;
    /// The server failed.
    pub const INTERNAL_ERROR: i64 = -32603;
    /// The headers do not match the body.
    pub const HEADER_MISMATCH: i64 = -32020;
    /// The request needs a capability that the client did not declare.
    pub const MISSING_CAPABILITY: i64 = -32021;
    /// The server does not support the revision.
    pub const UNSUPPORTED_VERSION: i64 = -32022;

    /// Creates an error without data.
    pub fn new(code: i64, message: impl Into<String>) -> Self {
        Self { code, message: message.into(), data: Value::Null }
    }

    /// Creates the error for parameters that are not valid, and for what does not exist.
    pub fn invalid_params(message: impl Into<String>) -> Self {
        Self::new(Self::INVALID_PARAMS, message)
    }

    /// Creates the error for a cursor that is not of this list, or is too old.
    pub fn invalid_cursor() -> Self {
        Self::invalid_params("the cursor is not valid, or too old; list again without a cursor")
    }

    /// Creates the error for a resource that does not exist, or that the caller may not read.
    pub fn resource_not_found(uri: &str) -> Self {
        Self::invalid_params("the resource does not exist; resources/list shows all").with_data(json!({ "uri": uri }))
    }

    /// Creates the error for a method that does not exist.
    pub fn method_not_found(method: &str) -> Self {
        let short = method.chars().take(100).collect::<String>();
        Self::new(Self::METHOD_NOT_FOUND, format!("the method `{short}` does not exist on this server"))
    }

    /// Creates the error for a capability that the client did not declare, such as `{"elicitation":{"url":{}}}`.
    pub fn missing_capability(required: Map<String, Value>) -> Self {
        let names = required.keys().map(String::as_str).collect::<Vec<_>>().join(", ");
        let message = format!("the request needs a capability that the client did not declare: {names}");
        let data = Map::from_iter([("requiredCapabilities".to_owned(), Value::Object(required))]);
        Self::new(Self::MISSING_CAPABILITY, message).with_data(Value::Object(data))
    }

    /// Creates the error for a request that needs the extension for tasks, which the client did not declare.
    pub fn tasks_required() -> Self {
        let extensions = json!({ TASKS_EXTENSION: {} });
        Self::missing_capability(Map::from_iter([("extensions".to_owned(), extensions)]))
    }

    /// Creates the error for a failure of the server.
    pub fn internal(message: impl Into<String>) -> Self {
        Self::new(Self::INTERNAL_ERROR, message)
    }

    /// Returns the error with data.
    #[must_use]
    pub fn with_data(mut self, data: Value) -> Self {
        self.data = data;
        self
    }

    /// Returns true if only a server of the modern era returns this error.
    pub fn is_modern(&self) -> bool {
        (Self::UNSUPPORTED_VERSION..=Self::HEADER_MISMATCH).contains(&self.code)
            || self.data.get("supported").is_some_and(Value::is_array)
    }

    /// Returns the revisions that the server supports.
    pub fn supported(&self) -> Vec<&str> {
        let list = self.data.get("supported").and_then(Value::as_array);
        list.into_iter().flatten().filter_map(Value::as_str).take(16).collect()
    }

    /// Returns the error as it is written in a response.
    pub fn to_json(&self) -> Value {
        let mut error = json!({ "code": self.code, "message": self.message });
        if let (false, Some(members)) = (self.data.is_null(), error.as_object_mut()) {
            members.insert("data".to_owned(), self.data.clone());
        }
        error
    }
}

impl fmt::Display for RpcError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} (JSON-RPC error {})", self.message, self.code)
    }
}

impl std::error::Error for RpcError {}

//! JSON-RPC 2.0 messages of MCP.

use serde_json::{Map, Value, json};

/// Revisions that open a session with `initialize`, the newest first.
pub(super) const LEGACY: [&str; 4] = ["2025-11-25", "2025-06-18", "2025-03-26", "2024-11-05"];
/// The revision without sessions.
pub(super) const MODERN: &str = "2026-07-28";

/// The code of an error: the method does not exist (JSON-RPC 2.0, section 5.1).
pub(super) const METHOD_NOT_FOUND: i64 = -32601;
/// The code of an error: the headers do not match the body.
pub(super) const HEADER_MISMATCH: i64 = -32020;
/// The code of an error: the server does not support the revision.
pub(super) const UNSUPPORTED_VERSION: i64 = -32022;
/// The codes that only servers of the modern era return.
const MODERN_ERRORS: std::ops::RangeInclusive<i64> = UNSUPPORTED_VERSION..=HEADER_MISMATCH;

/// A response to a request.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Message {
    /// The result.
    Result(Value),
    /// The error.
    Error(RpcError),
}

/// A JSON-RPC error (JSON-RPC 2.0, section 5.1).
#[derive(Clone, Debug, PartialEq)]
pub(super) struct RpcError {
    pub(super) code: i64,
    pub(super) message: String,
    pub(super) data: Value,
}

impl RpcError {
    /// Returns true if only a server of the modern era returns this error.
    pub(super) fn is_modern(&self) -> bool {
        MODERN_ERRORS.contains(&self.code) || self.data.get("supported").is_some_and(Value::is_array)
    }

    /// Returns the revisions that the server supports.
    pub(super) fn supported(&self) -> Vec<&str> {
        let list = self.data.get("supported").and_then(Value::as_array);
        list.into_iter().flatten().filter_map(Value::as_str).take(16).collect()
    }
}

/// Returns the client's name and version.
pub(super) fn client() -> Value {
    json!({ "name": "Patchbay", "version": env!("CARGO_PKG_VERSION") })
}

/// Returns a request.
pub(super) fn request(id: u64, method: &str, params: &Map<String, Value>) -> Value {
    json!({ "jsonrpc": "2.0", "id": id, "method": method, "params": params })
}

/// Adds the metadata that every request of the modern era contains.
pub(super) fn modern(mut params: Map<String, Value>) -> Map<String, Value> {
    let meta = json!({
        "io.modelcontextprotocol/protocolVersion": MODERN,
        "io.modelcontextprotocol/clientInfo": client(),
        "io.modelcontextprotocol/clientCapabilities": {},
    });
    params.insert("_meta".to_owned(), meta);
    params
}

/// Returns the response to request `id` in a message or a batch (revision 2025-03-26). Notifications and the server's
/// requests are ignored. An error without an id belongs to the only request of its exchange.
pub(super) fn response_to(id: u64, message: Value) -> Option<Message> {
    match message {
        Value::Array(batch) => batch.into_iter().find_map(|one| response_to(id, one)),
        Value::Object(mut members) => {
            let theirs = members.get("id").cloned().unwrap_or(Value::Null);
            // Some servers return the id as text.
            let is_ours = theirs.as_u64() == Some(id) || theirs.as_str() == Some(id.to_string().as_str());
            if let Some(error) = members.get("error").filter(|error| error.is_object())
                && (is_ours || theirs.is_null())
            {
                return Some(Message::Error(RpcError {
                    code: error.get("code").and_then(Value::as_i64).unwrap_or_default(),
                    message: error.get("message").and_then(Value::as_str).unwrap_or_default().to_owned(),
                    data: error.get("data").cloned().unwrap_or(Value::Null),
                }));
            }
            members.remove("result").filter(|_| is_ours).map(Message::Result)
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_response_to_the_request_is_returned() {
        let result = |value: Value| Some(Message::Result(value));
        assert_eq!(response_to(3, json!({ "id": 3, "result": { "a": 1 } })), result(json!({ "a": 1 })));
        assert_eq!(response_to(3, json!({ "id": "3", "result": null })), result(Value::Null));
        assert_eq!(response_to(3, json!([{ "method": "x" }, { "id": 3, "result": 1 }])), result(json!(1)));
        for other in [
            json!({ "id": 4, "result": 1 }),
            json!({ "method": "notifications/progress", "params": {} }),
            json!({ "id": 3, "method": "sampling/createMessage", "params": {} }),
            json!({ "id": 4, "error": { "code": 1, "message": "x" } }),
            json!("text"),
        ] {
            assert_eq!(response_to(3, other.clone()), None, "{other}");
        }
        let without_id =
            json!({ "id": null, "error": { "code": -32022, "message": "no", "data": { "supported": ["a", 1] } } });
        let Some(Message::Error(error)) = response_to(3, without_id) else { panic!() };
        assert!(error.is_modern());
        assert_eq!(error.supported(), ["a"]);
    }
}

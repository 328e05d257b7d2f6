//! JSON-RPC 2.0 messages of the client's side: requests, and the responses to them.

use serde::Deserialize;
use serde_json::{Map, Value, json, value::RawValue};

use crate::{
    RpcError,
    meta::{CLIENT_CAPABILITIES, CLIENT_INFO, PROTOCOL_VERSION},
    version::MODERN,
};

/// A response to a request.
#[derive(Clone, Debug, PartialEq)]
pub enum Message {
    /// The result.
    Result(Value),
    /// The error.
    Error(RpcError),
}

/// Returns the client's name and version.
pub fn client() -> Value {
    json!({ "name": "Patchbay", "version": env!("CARGO_PKG_VERSION") })
}

/// Returns a request.
pub fn request(id: u64, method: &str, params: &Map<String, Value>) -> Value {
    json!({ "jsonrpc": "2.0", "id": id, "method": method, "params": params })
}

/// Adds the metadata that every request of the modern era contains.
pub fn modern(mut params: Map<String, Value>) -> Map<String, Value> {
    let meta = json!({ PROTOCOL_VERSION: MODERN, CLIENT_INFO: client(), CLIENT_CAPABILITIES: {} });
    params.insert("_meta".to_owned(), meta);
    params
}

/// The members that tell a response, as texts.
#[derive(Deserialize)]
struct Outline<'a> {
    #[serde(borrow)]
    id: Option<&'a RawValue>,
    #[serde(borrow)]
    result: Option<&'a RawValue>,
    #[serde(borrow)]
    error: Option<&'a RawValue>,
}

/// Returns true if a text can be the response to request `id` ([`response_to`]), without building its values. A batch can
/// contain it.
pub fn may_be_response_to(id: u64, text: &str) -> bool {
    match serde_json::from_str::<Outline<'_>>(text) {
        Ok(Outline { id: theirs, result, error }) => {
            let theirs = theirs.map_or("null", RawValue::get);
            let is_ours = theirs == id.to_string() || theirs == format!("\"{id}\"");
            let has_error = error.is_some_and(|error| error.get().starts_with('{'));
            (has_error && (is_ours || theirs == "null")) || (result.is_some() && is_ours)
        }
        // A batch, or a member that is there twice.
        Err(error) => error.is_data(),
    }
}

/// Returns the response to request `id` in a message or a batch (revision 2025-03-26). Notifications and the server's
/// requests are ignored. An error without an id belongs to the only request of its exchange.
pub fn response_to(id: u64, message: Value) -> Option<Message> {
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

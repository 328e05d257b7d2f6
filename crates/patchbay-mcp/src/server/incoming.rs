//! Reads the body of a request: one JSON-RPC message, or a batch of them.

use serde::{Deserialize, Deserializer};
use serde_json::{Map, Value, value::RawValue};

use crate::{RequestId, RpcError};

/// The largest number of messages in a batch (revision 2025-03-26).
const MAX_BATCH: usize = 32;

/// A message of a client.
#[derive(Debug)]
pub(crate) enum Incoming {
    Request(Request),
    Notification {
        method: String,
        params: Map<String, Value>,
    },
    /// The response to a request of this server.
    Response {
        id: RequestId,
        outcome: Result<Value, RpcError>,
    },
}

/// A request.
#[derive(Debug)]
pub(crate) struct Request {
    pub(crate) id: RequestId,
    pub(crate) method: String,
    pub(crate) params: Map<String, Value>,
}

/// The message or the messages of a body.
#[derive(Debug)]
pub(crate) enum Body {
    One(Incoming),
    Batch(Vec<Result<Incoming, Unreadable>>),
}

/// A message that cannot be read.
#[derive(Debug)]
pub(crate) struct Unreadable {
    /// The id of the request, if that can be read.
    pub(crate) id: Option<RequestId>,
    pub(crate) error: RpcError,
}

/// The members of a message, as texts.
#[derive(Default, Deserialize)]
struct Outline<'a> {
    #[serde(borrow, default, deserialize_with = "present")]
    jsonrpc: Option<&'a RawValue>,
    #[serde(borrow, default, deserialize_with = "present")]
    id: Option<&'a RawValue>,
    #[serde(borrow, default, deserialize_with = "present")]
    method: Option<&'a RawValue>,
    #[serde(borrow, default, deserialize_with = "present")]
    params: Option<&'a RawValue>,
    #[serde(borrow, default, deserialize_with = "present")]
    result: Option<&'a RawValue>,
    #[serde(borrow, default, deserialize_with = "present")]
    error: Option<&'a RawValue>,
}

/// Reads a member that is there. `null` is not the same as a missing member.
fn present<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<&'de RawValue>, D::Error> {
    <&RawValue>::deserialize(deserializer).map(Some)
}

/// Reads a body.
pub(crate) fn read(body: &[u8]) -> Result<Body, Unreadable> {
    let is_batch = body.iter().find(|byte| !byte.is_ascii_whitespace()) == Some(&b'[');
    if !is_batch {
        return read_one(body).map(Body::One);
    }
    let messages = serde_json::from_slice::<Vec<&RawValue>>(body).map_err(|error| not_json(&error))?;
    if messages.is_empty() || messages.len() > MAX_BATCH {
        return Err(invalid(None, format!("a batch has 1 to {MAX_BATCH} messages, not {}", messages.len())));
    }
    Ok(Body::Batch(messages.into_iter().map(|message| read_one(message.get().as_bytes())).collect()))
}

fn read_one(text: &[u8]) -> Result<Incoming, Unreadable> {
    let outline = serde_json::from_slice::<Outline<'_>>(text).map_err(|error| not_json(&error))?;
    let id = match outline.id {
        None => None,
        Some(id) => match RequestId::of_json(id) {
            None => return Err(invalid(None, "the id of a request is text or a number")),
            id => id,
        },
    };
    if outline.jsonrpc.map(RawValue::get) != Some("\"2.0\"") {
        return Err(invalid(id, "the member `jsonrpc` is not \"2.0\""));
    }
    let Some(method) = outline.method else { return read_response(id, &outline) };
    let Ok(method) = serde_json::from_str::<String>(method.get()) else {
        return Err(invalid(id, "the member `method` is not text"));
    };
    let params = match outline.params.map(|params| serde_json::from_str::<Value>(params.get())) {
        None => Map::new(),
        Some(Ok(Value::Object(params))) => params,
        Some(Ok(_)) => return Err(invalid(id, "the member `params` is not an object")),
        Some(Err(error)) => {
            let message = format!("the member `params` cannot be read: {}", reason(&error));
            return Err(invalid(id, message));
        }
    };
    Ok(match id {
        Some(id) => Incoming::Request(Request { id, method, params }),
        None => Incoming::Notification { method, params },
    })
}

fn read_response(id: Option<RequestId>, outline: &Outline<'_>) -> Result<Incoming, Unreadable> {
    let outcome = match (outline.result, outline.error) {
        (Some(result), None) => serde_json::from_str(result.get()).ok().map(Ok),
        (None, Some(error)) => serde_json::from_str::<Value>(error.get()).ok().map(|error| {
            let message = error.get("message").and_then(Value::as_str).unwrap_or_default();
            Err(RpcError::new(error.get("code").and_then(Value::as_i64).unwrap_or_default(), message))
        }),
        _ => None,
    };
    match (id, outcome) {
        (Some(id), Some(outcome)) => Ok(Incoming::Response { id, outcome }),
        (id, _) => Err(invalid(id, "the body is not a JSON-RPC message: it has no `method`")),
    }
}

/// Returns the error of a body that is not a message.
fn not_json(error: &serde_json::Error) -> Unreadable {
    let (code, what) = if error.is_data() {
        (RpcError::INVALID_REQUEST, "the body is not a JSON-RPC message")
    } else {
        (RpcError::PARSE_ERROR, "the body is not JSON")
    };
    Unreadable { id: None, error: RpcError::new(code, format!("{what}: {}", reason(error))) }
}

fn invalid(id: Option<RequestId>, message: impl Into<String>) -> Unreadable {
    Unreadable { id, error: RpcError::new(RpcError::INVALID_REQUEST, message) }
}

/// Returns where and why JSON cannot be read, without its content.
fn reason(error: &serde_json::Error) -> String {
    let kind = match error.classify() {
        serde_json::error::Category::Eof => "it ends too early",
        serde_json::error::Category::Data => "a member is there twice, or is not valid",
        _ => "its syntax is wrong, or it is nested too deeply",
    };
    format!("{kind} (line {}, column {})", error.line(), error.column())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error_of(body: &str) -> (Option<String>, i64) {
        match read(body.as_bytes()) {
            Err(Unreadable { id, error }) => (id.map(|id| id.as_json().to_owned()), error.code),
            Ok(read) => panic!("{body}: {read:?}"),
        }
    }

    #[test]
    fn ids_are_kept_as_they_are_written() {
        for id in ["0", "-1", "\"\"", "\"a\\u0062\"", "123456789012345678901234567890"] {
            let body = format!("{{\"jsonrpc\":\"2.0\",\"id\":{id},\"method\":\"ping\"}}");
            let Ok(Body::One(Incoming::Request(request))) = read(body.as_bytes()) else { panic!("{body}") };
            assert_eq!((request.id.as_json(), request.method.as_str()), (id, "ping"));
        }
    }

    #[test]
    fn what_is_not_a_message_is_an_error_with_the_id_if_it_can_be_read() {
        let deep = format!("{{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"a\",\"params\":{{\"a\":{}", "[".repeat(200))
            + &"]".repeat(200)
            + "}}";
        for (body, id, code) in [
            ("", None, RpcError::PARSE_ERROR),
            ("{", None, RpcError::PARSE_ERROR),
            ("\u{feff}{}", None, RpcError::PARSE_ERROR),
            ("[1", None, RpcError::PARSE_ERROR),
            ("1", None, RpcError::INVALID_REQUEST),
            ("{}", None, RpcError::INVALID_REQUEST),
            ("[]", None, RpcError::INVALID_REQUEST),
            (r#"{"jsonrpc":"2.0","id":null,"method":"a"}"#, None, RpcError::INVALID_REQUEST),
            (r#"{"jsonrpc":"2.0","id":{},"method":"a"}"#, None, RpcError::INVALID_REQUEST),
            (r#"{"jsonrpc":"2.0","id":1,"id":2,"method":"a"}"#, None, RpcError::INVALID_REQUEST),
            (r#"{"jsonrpc":"1.0","id":1,"method":"a"}"#, Some("1"), RpcError::INVALID_REQUEST),
            (r#"{"id":"x","method":"a"}"#, Some("\"x\""), RpcError::INVALID_REQUEST),
            (r#"{"jsonrpc":"2.0","id":1,"method":5}"#, Some("1"), RpcError::INVALID_REQUEST),
            (r#"{"jsonrpc":"2.0","id":1,"method":"a","params":[]}"#, Some("1"), RpcError::INVALID_REQUEST),
            (r#"{"jsonrpc":"2.0","id":1}"#, Some("1"), RpcError::INVALID_REQUEST),
            (r#"{"jsonrpc":"2.0","id":1,"result":1,"error":{}}"#, Some("1"), RpcError::INVALID_REQUEST),
            (deep.as_str(), Some("1"), RpcError::INVALID_REQUEST),
        ] {
            assert_eq!(error_of(body), (id.map(str::to_owned), code), "{body}");
        }
    }

    #[test]
    fn batches_are_bounded() {
        let batch = |count: usize| format!("[{}]", vec!["{}"; count].join(","));
        assert!(matches!(read(batch(MAX_BATCH).as_bytes()), Ok(Body::Batch(messages)) if messages.len() == MAX_BATCH));
        assert_eq!(error_of(&batch(MAX_BATCH + 1)).1, RpcError::INVALID_REQUEST);
    }

    #[test]
    fn notifications_and_responses_are_told_apart() {
        let of = |body: &str| match read(body.as_bytes()) {
            Ok(Body::One(message)) => message,
            other => panic!("{other:?}"),
        };
        let notification = of(r#"{"jsonrpc":"2.0","method":"notifications/initialized"}"#);
        assert!(matches!(notification, Incoming::Notification { method, .. } if method == "notifications/initialized"));
        let response = of(r#"{"jsonrpc":"2.0","id":7,"result":{"action":"accept"}}"#);
        assert!(matches!(response, Incoming::Response { id, outcome: Ok(_) } if id == RequestId::of_number(7)));
        let error = of(r#"{"jsonrpc":"2.0","id":7,"error":{"code":-1,"message":"no"}}"#);
        assert!(matches!(error, Incoming::Response { outcome: Err(error), .. } if error.code == -1));
    }
}

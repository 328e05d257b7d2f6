//! Writes responses as one JSON object, or as an event stream that may be interrupted.

use axum::{
    body::{Body, Bytes},
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
};
use futures_util::{StreamExt as _, stream};
use serde_json::{Value, json};

use super::{McpRules, McpServer, text};

/// The id of the event after which an interrupted stream resumes.
const RESUME_EVENT_ID: &str = "stream-1:1";

impl McpServer {
    /// Returns a JSON-RPC message in the form that the rules select.
    pub(super) fn message_response(&self, rules: &McpRules, id: &Value, answer: &Value) -> Response {
        if !rules.streams {
            return axum::Json(answer).into_response();
        }
        let progress = json!({ "jsonrpc": "2.0", "method": "notifications/progress",
            "params": { "progressToken": id, "progress": 1 } });
        let mut text = format!(": about to answer\n\nevent: message\ndata: {progress}\n\n");
        let cuts = rules.cuts > 0 && answer["result"].get("protocolVersion").is_none();
        if !cuts {
            text.extend(["event: message\ndata: ", &answer.to_string(), "\n\n"]);
            return events(text, rules.stays_open);
        }
        self.change(|rules| rules.cuts -= 1);
        if rules.resumes {
            text += "id: stream-1:1\nretry: 1\ndata:\n\n";
            self.state().pending_event = Some((RESUME_EVENT_ID.to_owned(), answer.clone()));
            return events(text, false);
        }
        let beginning = stream::once(async move { Ok(Bytes::from(text)) });
        let cut = stream::once(async { Err(std::io::Error::from(std::io::ErrorKind::ConnectionReset)) });
        sent(Body::from_stream(beginning.chain(cut)))
    }

    /// Returns the rest of an interrupted stream.
    pub(super) fn pending_event(&self, headers: &HeaderMap) -> Response {
        match self.state().pending_event.take() {
            Some((place, answer)) if place == text(headers, "last-event-id") => {
                events(format!("id: stream-1:2\ndata: {answer}\n\n"), false)
            }
            _ => StatusCode::METHOD_NOT_ALLOWED.into_response(),
        }
    }
}

/// Returns an event stream. If it stays open, it closes when the client disconnects.
fn events(text: String, stays_open: bool) -> Response {
    let beginning = stream::once(async move { Ok::<_, std::io::Error>(Bytes::from(text)) });
    sent(if stays_open { Body::from_stream(beginning.chain(stream::pending())) } else { Body::from_stream(beginning) })
}

fn sent(body: Body) -> Response {
    ([(header::CONTENT_TYPE, "text/event-stream"), (header::CACHE_CONTROL, "no-store")], body).into_response()
}

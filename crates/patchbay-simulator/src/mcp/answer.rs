//! The forms in which an answer goes out: one JSON object, or a stream of events that may break off.

use axum::{
    body::{Body, Bytes},
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
};
use futures_util::{StreamExt as _, stream};
use serde_json::{Value, json};

use super::{McpRules, McpServer, text};

/// The id of the event after which a cut stream goes on.
const PLACE: &str = "stream-1:1";

impl McpServer {
    /// An answer by the rules.
    pub(super) fn answered(&self, rules: &McpRules, id: &Value, answer: &Value) -> Response {
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
            self.state().owed = Some((PLACE.to_owned(), answer.clone()));
            return events(text, false);
        }
        let beginning = stream::once(async move { Ok(Bytes::from(text)) });
        let cut = stream::once(async { Err(std::io::Error::from(std::io::ErrorKind::ConnectionReset)) });
        sent(Body::from_stream(beginning.chain(cut)))
    }

    /// The rest of a stream that was broken off.
    pub(super) fn owed(&self, headers: &HeaderMap) -> Response {
        match self.state().owed.take() {
            Some((place, answer)) if place == text(headers, "last-event-id") => {
                events(format!("id: stream-1:2\ndata: {answer}\n\n"), false)
            }
            _ => StatusCode::METHOD_NOT_ALLOWED.into_response(),
        }
    }
}

/// A stream; one that stays open ends when its reader goes.
fn events(text: String, stays_open: bool) -> Response {
    let beginning = stream::once(async move { Ok::<_, std::io::Error>(Bytes::from(text)) });
    sent(if stays_open { Body::from_stream(beginning.chain(stream::pending())) } else { Body::from_stream(beginning) })
}

fn sent(body: Body) -> Response {
    ([(header::CONTENT_TYPE, "text/event-stream"), (header::CACHE_CONTROL, "no-store")], body).into_response()
}

//! Runs a request until its response, and turns what its handler tells the client meanwhile into events.
//!
//! No task is spawned: the response's body owns the handler's future and polls it. A client that does not read stops it, and a
//! client that leaves drops it.

use std::{pin::Pin, time::Duration};

use bytes::Bytes;
use futures_util::{future::BoxFuture, stream};
use serde_json::{Map, Number, Value, json};
use tokio::{
    sync::mpsc,
    time::{Instant, Sleep, sleep},
};

use super::{
    accept::Accepts,
    context::{Notice, Notices},
    response::{McpResponse, Reply, notification},
    running::RunningCall,
};
use crate::sse;

/// How many notices wait for a client that reads slowly, before its handler waits.
const MAX_WAITING: usize = 16;
/// What the progress that keeps a client waiting adds to the value: too little to be in the way of the handler's own values.
const HEARTBEAT: f64 = 0.001;

/// A handler's future, with the message that it ends with.
pub(crate) type Work = BoxFuture<'static, Reply>;

/// Returns both ends of a request's notices.
pub(crate) fn notices() -> (Notices, mpsc::Receiver<Notice>) {
    let (sender, receiver) = mpsc::channel(MAX_WAITING);
    (Notices { sender: Some(sender), ..Notices::default() }, receiver)
}

/// What happened.
pub(crate) enum Step {
    /// A message for the client.
    Message(Bytes),
    /// The connection should be closed before the response.
    Disconnect(u64),
    /// Nothing, for a while.
    Idle,
    /// The response.
    Done(Reply),
    /// The client cancelled the request.
    Cancelled,
}

/// A request that runs.
pub(crate) struct Exchange {
    work: Option<Work>,
    reply: Option<Reply>,
    notices: mpsc::Receiver<Notice>,
    progress: Progress,
    idle: Pin<Box<Sleep>>,
    keep_alive: Duration,
    running: Option<RunningCall>,
}

impl Exchange {
    pub(crate) fn new(
        work: Work,
        notices: mpsc::Receiver<Notice>,
        progress: Progress,
        keep_alive: Duration,
        running: Option<RunningCall>,
    ) -> Self {
        let idle = Box::pin(sleep(keep_alive));
        Self { work: Some(work), reply: None, notices, progress, idle, keep_alive, running }
    }

    /// Waits for what happens next. Notices come before the response.
    pub(crate) async fn next(&mut self) -> Step {
        loop {
            let notice = if self.reply.is_some() {
                match self.notices.try_recv() {
                    Ok(notice) => notice,
                    Err(_) => return self.reply.take().map_or(Step::Cancelled, Step::Done),
                }
            } else {
                let Some(work) = &mut self.work else { return Step::Cancelled };
                tokio::select! {
                    biased;
                    () = cancelled(self.running.as_ref()) => {
                        self.work = None;
                        return Step::Cancelled;
                    }
                    Some(notice) = self.notices.recv() => notice,
                    reply = work => {
                        self.work = None;
                        self.reply = Some(reply);
                        continue;
                    }
                    () = self.idle.as_mut() => {
                        self.idle.as_mut().reset(Instant::now() + self.keep_alive);
                        return Step::Idle;
                    }
                }
            };
            self.idle.as_mut().reset(Instant::now() + self.keep_alive);
            match notice {
                Notice::Disconnect { retry_ms } => return Step::Disconnect(retry_ms),
                Notice::Other { method, params } => return Step::Message(notification(method, &params)),
                Notice::Progress { value, total, message } => {
                    if let Some(message) = self.progress.message(value, total, message.as_deref()) {
                        return Step::Message(message);
                    }
                }
            }
        }
    }

    /// Returns the event that keeps the client waiting: progress if it wants to know, otherwise a comment.
    pub(crate) fn heartbeat(&mut self) -> Option<Bytes> {
        self.progress.heartbeat()
    }

    /// Runs the request. The response is JSON if it comes soon and before any notice, otherwise a stream of events.
    pub(crate) async fn respond(mut self, accepts: Accepts) -> McpResponse {
        if !accepts.json {
            return McpResponse::events(self.into_events(None));
        }
        loop {
            let first = match self.next().await {
                Step::Done(reply) => return reply.into_response(accepts),
                Step::Cancelled => return McpResponse::events(Box::pin(stream::empty())),
                Step::Message(message) => sse::event(None, &[message]),
                Step::Idle => self.heartbeat().map_or(sse::PING, |message| sse::event(None, &[message])),
                Step::Disconnect(_) => continue,
            };
            if accepts.events {
                return McpResponse::events(self.into_events(Some(first)));
            }
        }
    }

    /// Returns the events until the response, which is the last one.
    fn into_events(self, first: Option<Bytes>) -> super::response::EventStream {
        Box::pin(stream::unfold((Some(self), first), |(exchange, first)| async move {
            let mut exchange = exchange?;
            if let Some(first) = first {
                return Some((first, (Some(exchange), None)));
            }
            loop {
                let event = match exchange.next().await {
                    Step::Done(reply) => return Some((sse::event(None, &reply.parts), (None, None))),
                    Step::Cancelled => return None,
                    Step::Message(message) => sse::event(None, &[message]),
                    Step::Idle => exchange.heartbeat().map_or(sse::PING, |message| sse::event(None, &[message])),
                    Step::Disconnect(_) => continue,
                };
                return Some((event, (Some(exchange), None)));
            }
        }))
    }
}

/// Waits until a call is cancelled; forever without one.
async fn cancelled(running: Option<&RunningCall>) {
    match running {
        Some(running) => running.token().cancelled().await,
        None => std::future::pending().await,
    }
}

/// The progress of a request. Its values only increase.
pub(crate) struct Progress {
    /// The client's token; `None` if it does not want to know.
    token: Option<Value>,
    last: Option<f64>,
    notices: Notices,
}

impl Progress {
    pub(crate) fn new(token: Option<Value>, notices: &Notices) -> Self {
        // Only the name of the step is read: a sender here would keep the channel open.
        Self { token, last: None, notices: Notices { sender: None, step: notices.step.clone() } }
    }

    fn message(&mut self, value: f64, total: Option<f64>, message: Option<&str>) -> Option<Bytes> {
        let token = self.token.as_ref()?;
        let number = number(value)?;
        if self.last.is_some_and(|last| value <= last) {
            return None;
        }
        self.last = Some(value);
        let mut params = Map::from_iter([("progressToken".to_owned(), token.clone()), ("progress".to_owned(), number)]);
        params.extend(total.and_then(self::number).map(|total| ("total".to_owned(), total)));
        params.extend(message.map(|message| ("message".to_owned(), json!(message))));
        Some(notification("notifications/progress", &Value::Object(params)))
    }

    fn heartbeat(&mut self) -> Option<Bytes> {
        let value = ((self.last.unwrap_or_default() + HEARTBEAT) / HEARTBEAT).round() * HEARTBEAT;
        let step = self.notices.step();
        self.message(value, None, step.as_deref())
    }
}

/// Returns a number as people write it: whole ones without a fraction. Not every float is a number of JSON.
fn number(value: f64) -> Option<Value> {
    if value.fract() == 0.0 && value.abs() < 1e15 {
        return format!("{value:.0}").parse::<i64>().ok().map(Value::from);
    }
    Number::from_f64(value).map(Value::Number)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_only_increase_and_are_numbers() {
        let mut progress = Progress::new(Some(json!("t")), &Notices::default());
        let mut text =
            |value| progress.message(value, Some(100.0), None).map(|text| String::from_utf8(text.into()).unwrap());
        assert_eq!(
            text(0.0).as_deref(),
            Some(
                r#"{"jsonrpc":"2.0","method":"notifications/progress","params":{"progressToken":"t","progress":0,"total":100}}"#
            )
        );
        assert!(
            text(0.0).is_none() && text(-1.0).is_none() && text(f64::NAN).is_none() && text(f64::INFINITY).is_none()
        );
        assert!(text(50.5).unwrap().contains("\"progress\":50.5"));
        let beat = progress.heartbeat().unwrap();
        assert!(String::from_utf8_lossy(&beat).contains("\"progress\":50.501"), "{beat:?}");
        assert!(progress.message(51.0, None, Some("next")).is_some());
    }

    #[test]
    fn without_a_token_nothing_is_told() {
        let mut progress = Progress::new(None, &Notices::default());
        assert!(progress.message(1.0, None, None).is_none() && progress.heartbeat().is_none());
    }
}

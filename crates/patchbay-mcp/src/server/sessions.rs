//! Sessions of the legacy era, in the memory of this process: after a restart a client gets 404 and begins anew.
//!
//! A session is only needed to ask a client something and to tell it about changes outside of a request. A call of a session goes
//! on when its connection breaks, and its events are kept for a client that resumes the stream.

use std::{
    collections::{BTreeSet, HashMap, VecDeque},
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Duration,
};

use bytes::Bytes;
use futures_util::stream;
use patchbay_model::{Clock, Entropy};
use serde_json::Value;
use tokio::{
    sync::{Notify, oneshot},
    time::{Instant, timeout, timeout_at},
};
use tokio_util::sync::CancellationToken;

use super::{
    accept::Accepts,
    capabilities::{ClientCapabilities, ClientInfo},
    context::LogLevel,
    exchange::{Exchange, Step},
    input::{InputRequest, InputResponses},
    response::{EventStream, McpResponse, Reply},
};
use crate::{RequestId, RpcError, sse, version::Era};

/// After how long without a request a session ends.
const IDLE: Duration = Duration::from_hours(1);
/// The largest number of sessions. The one that was idle for the longest time ends for a new one.
const MAX_SESSIONS: usize = 4096;
/// The largest number of sessions of a principal.
const MAX_OF_PRINCIPAL: usize = 256;
/// The largest number of calls of a session that run or can be resumed.
const MAX_LOGS: usize = 64;
/// The largest number of events of a call that wait for the client. Further notices are dropped; questions and responses are not.
const MAX_EVENTS: usize = 256;
/// For how long a client can take to answer a question.
const ANSWER_TIMEOUT: Duration = Duration::from_mins(10);
/// The largest number of resources that a session subscribes to.
const MAX_SUBSCRIBED: usize = 100;

/// The sessions of all callers.
#[derive(Debug, Default)]
pub(crate) struct Sessions(Mutex<HashMap<String, Arc<Session>>>);

/// A session.
#[derive(Debug)]
pub(crate) struct Session {
    pub(crate) id: String,
    principal: String,
    pub(crate) version: &'static str,
    pub(crate) capabilities: Arc<ClientCapabilities>,
    pub(crate) client: Arc<ClientInfo>,
    /// Cancelled when the session ends.
    pub(crate) ended: CancellationToken,
    /// Whether the stream outside of requests is open.
    pub(crate) is_listening: AtomicBool,
    next_number: AtomicU64,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    last_used: Duration,
    log_level: Option<LogLevel>,
    subscribed: BTreeSet<String>,
    /// The questions that wait for an answer, by the number that is their id.
    waiting: HashMap<u64, oneshot::Sender<Result<Value, RpcError>>>,
    /// The calls that run, by id.
    running: HashMap<RequestId, CancellationToken>,
    /// The events of calls, by the number of their stream, the oldest first.
    logs: VecDeque<(u64, Arc<EventLog>)>,
}

/// Who begins a session.
pub(crate) struct NewSession {
    pub(crate) principal: String,
    pub(crate) version: &'static str,
    pub(crate) capabilities: ClientCapabilities,
    pub(crate) client: ClientInfo,
}

impl Sessions {
    /// Begins a session.
    pub(crate) fn begin(&self, new: NewSession, clock: &dyn Clock, entropy: &dyn Entropy) -> Arc<Session> {
        let now = clock.monotonic();
        let session = Arc::new(Session {
            id: entropy.token(),
            principal: new.principal,
            version: new.version,
            capabilities: Arc::new(new.capabilities),
            client: Arc::new(new.client),
            ended: CancellationToken::new(),
            is_listening: AtomicBool::new(false),
            next_number: AtomicU64::new(1),
            state: Mutex::new(State {
                last_used: now,
                log_level: None,
                subscribed: BTreeSet::new(),
                waiting: HashMap::new(),
                running: HashMap::new(),
                logs: VecDeque::new(),
            }),
        });
        let mut sessions = self.lock();
        sessions.retain(|_, session| !session.is_idle(now));
        let of_principal = sessions.values().filter(|other| other.principal == session.principal).count();
        if of_principal >= MAX_OF_PRINCIPAL {
            evict(&mut sessions, |other| other.principal == session.principal);
        } else if sessions.len() >= MAX_SESSIONS {
            evict(&mut sessions, |_| true);
        }
        sessions.insert(session.id.clone(), session.clone());
        session
    }

    /// Returns a session of a principal; `None` if it does not exist or has ended.
    pub(crate) fn find(&self, id: &str, principal: &str, clock: &dyn Clock) -> Option<Arc<Session>> {
        let now = clock.monotonic();
        let mut sessions = self.lock();
        let session = sessions.get(id).filter(|session| session.principal == principal).cloned()?;
        if session.is_idle(now) {
            sessions.remove(id);
            session.ended.cancel();
            return None;
        }
        drop(sessions);
        session.lock().last_used = now;
        Some(session)
    }

    /// Ends a session of a principal. Returns false if it does not exist.
    pub(crate) fn end(&self, id: &str, principal: &str) -> bool {
        let mut sessions = self.lock();
        if sessions.get(id).is_none_or(|session| session.principal != principal) {
            return false;
        }
        if let Some(session) = sessions.remove(id) {
            session.ended.cancel();
        }
        true
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<String, Arc<Session>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Ends the session that was idle for the longest time.
fn evict(sessions: &mut HashMap<String, Arc<Session>>, is_candidate: impl Fn(&Session) -> bool) {
    let candidates = sessions.values().filter(|session| is_candidate(session));
    let oldest = candidates.min_by_key(|session| session.lock().last_used).map(|session| session.id.clone());
    if let Some(session) = oldest.and_then(|id| sessions.remove(&id)) {
        session.ended.cancel();
    }
}

impl Session {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn is_idle(&self, now: Duration) -> bool {
        let state = self.lock();
        state.running.is_empty() && now.saturating_sub(state.last_used) > IDLE
    }

    fn take_number(&self) -> u64 {
        self.next_number.fetch_add(1, Ordering::Relaxed)
    }

    pub(crate) fn log_level(&self) -> Option<LogLevel> {
        self.lock().log_level
    }

    pub(crate) fn set_log_level(&self, level: LogLevel) {
        self.lock().log_level = Some(level);
    }

    /// Returns the resources that the client wants to know about.
    pub(crate) fn subscribed(&self) -> Vec<String> {
        self.lock().subscribed.iter().cloned().collect()
    }

    /// Adds or removes a resource that the client wants to know about.
    ///
    /// # Errors
    ///
    /// [`RpcError::INVALID_PARAMS`] for too many resources.
    pub(crate) fn subscribe(&self, uri: String, is_wanted: bool) -> Result<(), RpcError> {
        let mut state = self.lock();
        if !is_wanted {
            state.subscribed.remove(&uri);
        } else if state.subscribed.len() < MAX_SUBSCRIBED || state.subscribed.contains(&uri) {
            state.subscribed.insert(uri);
        } else {
            let message = format!("a session subscribes to at most {MAX_SUBSCRIBED} resources");
            return Err(RpcError::invalid_params(message));
        }
        Ok(())
    }

    /// Gives the response to a question to the call that waits for it.
    pub(crate) fn respond(&self, id: &RequestId, outcome: Result<Value, RpcError>) {
        let waiting = id.as_json().parse::<u64>().ok().and_then(|number| self.lock().waiting.remove(&number));
        if let Some(waiting) = waiting {
            // The call may have ended.
            let _ = waiting.send(outcome);
        }
    }

    /// Cancels a call.
    pub(crate) fn cancel(&self, id: &RequestId) {
        if let Some(token) = self.lock().running.get(id) {
            token.cancel();
        }
    }

    /// Begins the events of a call.
    pub(crate) fn open_log(&self) -> Arc<EventLog> {
        let number = self.take_number();
        let log = Arc::new(EventLog { number, events: Mutex::default(), changed: Notify::new() });
        let mut state = self.lock();
        if state.logs.len() >= MAX_LOGS {
            let ended = state.logs.iter().position(|(_, log)| log.lock().has_ended);
            state.logs.remove(ended.unwrap_or_default());
        }
        state.logs.push_back((number, log.clone()));
        log
    }

    /// Returns the events of a call after the one with this id.
    pub(crate) fn resume(&self, last_event_id: &str) -> Option<(Arc<EventLog>, u64)> {
        let (number, sequence) = last_event_id.split_once('-')?;
        let (number, sequence) = (number.parse::<u64>().ok()?, sequence.parse::<u64>().ok()?);
        let state = self.lock();
        let log = state.logs.iter().find(|(known, _)| *known == number).map(|(_, log)| log.clone())?;
        Some((log, sequence))
    }

    /// Asks the client, and waits for all answers. A user who does not answer has left.
    ///
    /// # Errors
    ///
    /// The error that the client returned for a question that has no form of refusal.
    pub(crate) async fn ask(
        &self,
        log: &EventLog,
        questions: &[(String, InputRequest)],
    ) -> Result<InputResponses, RpcError> {
        /// Removes the questions of a call that has ended.
        struct Waiting<'a>(&'a Session, Vec<u64>);

        impl Drop for Waiting<'_> {
            fn drop(&mut self) {
                let mut state = self.0.lock();
                self.1.iter().for_each(|number| drop(state.waiting.remove(number)));
            }
        }

        let mut waiting = Waiting(self, Vec::new());
        let mut receivers = Vec::new();
        for (name, question) in questions {
            let number = self.take_number();
            let (sender, receiver) = oneshot::channel();
            self.lock().waiting.insert(number, sender);
            waiting.1.push(number);
            receivers.push((name, question, receiver));
            let params = question.params(Era::Legacy);
            let text = format!(
                "{{\"jsonrpc\":\"2.0\",\"id\":{number},\"method\":\"{}\",\"params\":{params}}}",
                question.method()
            );
            log.push(text.into(), true);
        }
        let mut responses = InputResponses::default();
        let until = Instant::now() + ANSWER_TIMEOUT;
        for (name, question, receiver) in receivers {
            let outcome = timeout_at(until, receiver).await.ok().and_then(Result::ok);
            let answer = match (outcome, question) {
                (Some(Ok(answer)), _) => answer,
                (_, InputRequest::Form { .. } | InputRequest::Url { .. }) => serde_json::json!({ "action": "cancel" }),
                (Some(Err(error)), _) => return Err(error),
                (None, _) => return Err(RpcError::internal("the client did not answer in time")),
            };
            responses.0.insert(name.clone(), answer);
        }
        Ok(responses)
    }

    /// Runs a call, whether its client stays or not, and responds with its events. The response is JSON if it comes before anything
    /// else.
    pub(crate) async fn run(
        self: &Arc<Self>,
        id: RequestId,
        mut exchange: Exchange,
        log: Arc<EventLog>,
        accepts: Accepts,
        keep_alive: Duration,
    ) -> McpResponse {
        let token = self.ended.child_token();
        self.lock().running.insert(id.clone(), token.clone());
        let (session, events) = (self.clone(), log.clone());
        tokio::spawn(async move {
            let work = async {
                loop {
                    match exchange.next().await {
                        Step::Message(message) => events.push(message, false),
                        Step::Idle => exchange.heartbeat().into_iter().for_each(|message| events.push(message, false)),
                        Step::Disconnect(millis) => events.disconnect(millis),
                        Step::Done(reply) => return Some(reply),
                        Step::Cancelled => return None,
                    }
                }
            };
            let reply = tokio::select! {
                biased;
                () = token.cancelled() => None,
                reply = work => reply,
            };
            session.lock().running.remove(&id);
            events.end(reply);
        });
        let is_alone = !accepts.events || timeout(keep_alive, log.first()).await == Ok(true);
        if is_alone && accepts.json {
            log.ended().await;
            return match log.take_reply() {
                Some(reply) => reply.into_response(accepts),
                None => McpResponse::events(Box::pin(stream::empty())),
            };
        }
        // Before revision 2025-11-25 clients could not read an event without data.
        let first = (self.version == "2025-11-25").then(|| sse::first_event(&log.event_id(0)));
        McpResponse::events(log.into_events(0, first, keep_alive))
    }
}

/// The events of a call, for a client that reads them now or later.
#[derive(Debug)]
pub(crate) struct EventLog {
    number: u64,
    events: Mutex<Events>,
    changed: Notify,
}

#[derive(Debug, Default)]
struct Events {
    messages: Vec<Bytes>,
    /// The response, which is also the last message.
    reply: Option<Reply>,
    has_ended: bool,
    /// The number of the reader. A new one ends the one before it.
    reader: u64,
    /// The call wants the connection to be closed: when the client should resume the stream, in milliseconds.
    retry: Option<u64>,
}

impl EventLog {
    fn lock(&self) -> MutexGuard<'_, Events> {
        self.events.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn event_id(&self, sequence: u64) -> String {
        format!("{}-{sequence}", self.number)
    }

    fn push(&self, message: Bytes, is_needed: bool) {
        let mut events = self.lock();
        if is_needed || events.messages.len() < MAX_EVENTS {
            events.messages.push(message);
        }
        drop(events);
        self.changed.notify_waiters();
    }

    fn disconnect(&self, millis: u64) {
        let mut events = self.lock();
        events.retry = Some(millis);
        drop(events);
        self.changed.notify_waiters();
    }

    fn end(&self, reply: Option<Reply>) {
        let mut events = self.lock();
        events.reply = reply;
        events.has_ended = true;
        drop(events);
        self.changed.notify_waiters();
    }

    fn take_reply(&self) -> Option<Reply> {
        self.lock().reply.take()
    }

    /// Waits until something happened. Returns true if it is only the end of the call.
    async fn first(&self) -> bool {
        self.wait(|events| {
            let has_message = !events.messages.is_empty() || events.retry.is_some();
            (has_message || events.has_ended).then_some(!has_message)
        })
        .await
    }

    async fn ended(&self) {
        self.wait(|events| events.has_ended.then_some(())).await;
    }

    async fn wait<T>(&self, mut ready: impl FnMut(&mut Events) -> Option<T>) -> T {
        loop {
            let changed = self.changed.notified();
            tokio::pin!(changed);
            changed.as_mut().enable();
            if let Some(found) = ready(&mut self.lock()) {
                return found;
            }
            changed.await;
        }
    }

    /// Returns the events after the one with this number, for a client that resumes the stream.
    pub(crate) fn resume(self: Arc<Self>, after: u64, keep_alive: Duration) -> EventStream {
        self.lock().retry = None;
        self.into_events(after, None, keep_alive)
    }

    /// Returns the events after the one with this number. Another reader ends.
    fn into_events(self: Arc<Self>, after: u64, first: Option<Bytes>, keep_alive: Duration) -> EventStream {
        /// What a reader finds.
        enum Found {
            Message(Bytes),
            Reply(Vec<Bytes>),
            Retry(u64),
            End,
        }

        let reader = {
            let mut events = self.lock();
            events.reader += 1;
            events.reader
        };
        self.changed.notify_waiters();
        let start = (self, after, first, false);
        Box::pin(stream::unfold(start, move |(log, read, first, is_over)| async move {
            if let Some(first) = first {
                return Some((first, (log, read, None, is_over)));
            }
            if is_over {
                return None;
            }
            let found = log.wait(|events| {
                if events.reader != reader {
                    return Some(Found::End);
                }
                let at = usize::try_from(read).unwrap_or(usize::MAX);
                if let Some(message) = events.messages.get(at) {
                    return Some(Found::Message(message.clone()));
                }
                if events.has_ended {
                    return Some(events.reply.as_ref().map_or(Found::End, |reply| Found::Reply(reply.parts.clone())));
                }
                events.retry.take().map(Found::Retry)
            });
            let sequence = read + 1;
            match timeout(keep_alive, found).await {
                Err(_) => Some((sse::PING, (log, read, None, false))),
                Ok(Found::Message(message)) => {
                    let event = sse::event(Some(&log.event_id(sequence)), &[message]);
                    Some((event, (log, sequence, None, false)))
                }
                Ok(Found::Reply(parts)) => {
                    let event = sse::event(Some(&log.event_id(sequence)), &parts);
                    Some((event, (log, sequence, None, true)))
                }
                Ok(Found::Retry(millis)) => Some((sse::retry(millis), (log, read, None, true))),
                Ok(Found::End) => None,
            }
        }))
    }
}

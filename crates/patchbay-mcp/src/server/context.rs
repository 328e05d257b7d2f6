//! What a handler knows about a request, and what it can tell its client meanwhile.

use std::sync::{Arc, Mutex, PoisonError};

use serde_json::{Map, Value, json};
use tokio::sync::mpsc;

use super::{
    capabilities::{ClientCapabilities, ClientInfo},
    input::InputResponses,
};
use crate::version::Era;

/// The severity of a log message (RFC 5424, section 6.2.1), the least severe first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum LogLevel {
    /// For developers.
    Debug,
    /// What happens.
    Info,
    /// What is unusual.
    Notice,
    /// What could become an error.
    Warning,
    /// What failed.
    Error,
    /// What failed for more than this request.
    Critical,
    /// What somebody must do something about.
    Alert,
    /// What makes the server unusable.
    Emergency,
}

impl LogLevel {
    const ALL: [(Self, &'static str); 8] = [
        (Self::Debug, "debug"),
        (Self::Info, "info"),
        (Self::Notice, "notice"),
        (Self::Warning, "warning"),
        (Self::Error, "error"),
        (Self::Critical, "critical"),
        (Self::Alert, "alert"),
        (Self::Emergency, "emergency"),
    ];

    /// Returns the name.
    pub fn as_str(self) -> &'static str {
        Self::ALL.into_iter().find(|(level, _)| *level == self).map_or("info", |(_, name)| name)
    }

    /// Returns the level of a name.
    pub fn of_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|(_, known)| *known == name).map(|(level, _)| level)
    }
}

/// What is sent to a client before the response.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Notice {
    /// `notifications/progress`.
    Progress { value: f64, total: Option<f64>, message: Option<String> },
    /// Any other notification.
    Other { method: &'static str, params: Value },
    /// The end of the connection, before the response. A client of a session resumes the stream.
    Disconnect { retry_ms: u64 },
}

/// Sends notices of one request, or of nothing if its response has no room for them.
#[derive(Clone, Debug, Default)]
pub(crate) struct Notices {
    pub(crate) sender: Option<mpsc::Sender<Notice>>,
    /// The name of what the request does now, for the progress that the transport reports.
    pub(crate) step: Arc<Mutex<Option<Arc<str>>>>,
}

/// A request: its caller, what the client declares, and the way back to it.
#[derive(Debug)]
pub struct Context<C> {
    pub(crate) caller: Arc<C>,
    pub(crate) era: Era,
    pub(crate) version: &'static str,
    pub(crate) capabilities: Arc<ClientCapabilities>,
    pub(crate) client: Arc<ClientInfo>,
    pub(crate) meta: Map<String, Value>,
    pub(crate) log_level: Option<LogLevel>,
    pub(crate) has_progress: bool,
    pub(crate) can_be_asked: bool,
    pub(crate) responses: InputResponses,
    pub(crate) state: Option<Value>,
    pub(crate) notices: Notices,
}

impl<C> Context<C> {
    /// Returns the caller.
    pub fn caller(&self) -> &C {
        &self.caller
    }

    /// Returns the caller, for values that outlive the request.
    pub fn shared_caller(&self) -> Arc<C> {
        self.caller.clone()
    }

    /// Returns the era of the request.
    pub fn era(&self) -> Era {
        self.era
    }

    /// Returns the revision of the request.
    pub fn version(&self) -> &'static str {
        self.version
    }

    /// Returns what the client declares that it can do.
    pub fn capabilities(&self) -> &ClientCapabilities {
        &self.capabilities
    }

    /// Returns true if the client can be asked something now: in the modern era, and in a legacy session. What it can be asked
    /// is in its capabilities.
    pub fn can_be_asked(&self) -> bool {
        self.can_be_asked
    }

    /// Returns true if the call may become a task.
    pub fn has_tasks(&self) -> bool {
        self.era == Era::Modern && self.capabilities.has_tasks()
    }

    /// Returns the name and version of the client; empty if it did not say them.
    pub fn client(&self) -> &ClientInfo {
        &self.client
    }

    /// Returns the request's `_meta`, for example with `traceparent`.
    pub fn meta(&self) -> &Map<String, Value> {
        &self.meta
    }

    /// Returns the answers to the questions of the request's last outcome ([`super::Ask`]).
    pub fn responses(&self) -> &InputResponses {
        &self.responses
    }

    /// Returns the state of the request's last outcome ([`super::Ask`]). Nobody but this server can have made it.
    pub fn state(&self) -> Option<&Value> {
        self.state.as_ref()
    }

    /// Returns true if the client wants to know about progress.
    pub fn has_progress(&self) -> bool {
        self.has_progress
    }

    /// Says what the request does now, for people: for example the name of a step. The transport reports it with the progress
    /// that it sends every ten seconds to clients that want it.
    pub fn set_step(&self, step: &str) {
        *self.notices.step.lock().unwrap_or_else(PoisonError::into_inner) = Some(step.into());
    }

    /// Reports progress, if the client wants to know. A value that is not larger than the last one is not sent. Waits while
    /// the client does not read.
    pub async fn progress(&self, value: f64, total: Option<f64>, message: Option<&str>) {
        if self.has_progress {
            let message = message.map(str::to_owned);
            self.notices.send(Notice::Progress { value, total, message }).await;
        }
    }

    /// Sends a log message, if the client wants messages of this level. Waits while the client does not read.
    pub async fn log(&self, level: LogLevel, logger: &str, data: Value) {
        if self.log_level.is_some_and(|wanted| level >= wanted) {
            let params = json!({ "level": level.as_str(), "logger": logger, "data": data });
            self.notices.send(Notice::Other { method: "notifications/message", params }).await;
        }
    }

    /// Closes the connection of a legacy session before the response, which the client gets when it resumes the stream. Other
    /// clients notice nothing.
    pub async fn disconnect(&self, retry_ms: u64) {
        self.notices.send(Notice::Disconnect { retry_ms }).await;
    }
}

impl Notices {
    /// Sends a notice. One that has no way to the client is dropped.
    pub(crate) async fn send(&self, notice: Notice) {
        if let Some(sender) = &self.sender {
            let _ = sender.send(notice).await;
        }
    }

    /// Returns the name of what the request does now.
    pub(crate) fn step(&self) -> Option<Arc<str>> {
        self.step.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

//! The rows of the log: a run, its steps, and the attempts to reach the provider within each step.

use std::fmt;

use patchbay_model::{CallId, Timestamp};
use serde::{Deserialize, Serialize};

/// The id of a run: the 16 bytes of its UUID. A UUID of version 7 begins with the millisecond in which the run began.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RunId(pub [u8; 16]);

impl RunId {
    /// Reads an id; none if the text is not a UUID.
    pub fn parse(text: &str) -> Option<Self> {
        uuid::Uuid::parse_str(text).ok().map(|id| Self(id.into_bytes()))
    }

    /// Returns the id of a call. An id that is not a UUID keeps its last bytes.
    pub fn of_call(id: &CallId) -> Self {
        Self::parse(id.as_str()).unwrap_or_else(|| {
            let mut bytes = [0; 16];
            for (place, byte) in bytes.iter_mut().rev().zip(id.as_str().bytes().rev()) {
                *place = byte;
            }
            Self(bytes)
        })
    }

    /// Returns the first microsecond of the millisecond that the id begins with; none if it has another version.
    pub(crate) fn first_micros(self) -> Option<i64> {
        let is_timed = self.0[6] >> 4 == 7;
        let millis = self.0[..6].iter().fold(0_i64, |millis, byte| millis << 8 | i64::from(*byte));
        is_timed.then_some(millis * 1_000)
    }
}

impl fmt::Display for RunId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        uuid::Uuid::from_bytes(self.0).fmt(f)
    }
}

/// What a row is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum LogKind {
    /// A run of an action.
    Action,
    /// A raw request through the proxy.
    Unified,
    /// A call of this server's own API that is neither.
    Platform,
}

impl LogKind {
    /// Every kind.
    pub const ALL: [Self; 3] = [Self::Action, Self::Unified, Self::Platform];

    /// Returns the name on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Action => "action",
            Self::Unified => "unified",
            Self::Platform => "platform",
        }
    }

    /// Returns the number in the store.
    pub(crate) const fn number(self) -> i64 {
        match self {
            Self::Action => 0,
            Self::Unified => 1,
            Self::Platform => 2,
        }
    }

    /// Returns the kind of a number; the first one for a number that no version writes.
    pub(crate) fn of_number(number: i64) -> Self {
        Self::ALL.into_iter().find(|kind| kind.number() == number).unwrap_or(Self::Action)
    }
}

/// The connector and the action that a run used.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Target {
    /// The connector's key.
    pub connector: Option<String>,
    /// The connector's version.
    pub version: Option<String>,
    /// Who provides the connector.
    pub owner: Option<String>,
    /// The connector profile's id.
    pub profile: Option<String>,
    /// The action's public id; none for the proxy.
    pub action: Option<String>,
    /// The action's type.
    pub action_type: Option<String>,
    /// The category of the action, or of a call of the API.
    pub category: Option<String>,
    /// `production`, or `test` for a run that tests credentials.
    pub mode: Option<String>,
}

/// The account that a run acted with.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Party {
    /// The account's id.
    pub account: Option<String>,
    /// The id of the customer that owns it.
    pub owner_id: Option<String>,
    /// The name of the customer that owns it.
    pub owner_name: Option<String>,
}

/// Who started a run, and over which way.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Source {
    /// `api`, `dashboard`, `mcp`, `connection_test` or `revocation`.
    pub kind: Option<String>,
    /// The id of the API key.
    pub id: Option<String>,
    /// A name of the source.
    pub value: Option<String>,
    /// How the caller authenticated.
    pub auth_type: Option<String>,
    /// With what it authenticated.
    pub auth_id: Option<String>,
    /// The header `User-Agent`, shortened.
    pub user_agent: Option<String>,
    /// The client's address.
    pub ip_address: Option<String>,
    /// The agent's id.
    pub agent_id: Option<String>,
    /// The transport of a call by MCP.
    pub transport: Option<String>,
    /// The kind of a streamed response.
    pub stream_type: Option<String>,
    /// Whether nobody waited for the run.
    pub is_background: bool,
}

/// A run of an action, a raw request, or another call.
#[derive(Clone, Debug, PartialEq)]
pub struct RunRow {
    /// Its id.
    pub id: RunId,
    /// The project's id.
    pub project: String,
    /// What it is.
    pub kind: LogKind,
    /// When it began.
    pub started_at: Timestamp,
    /// How long it took, in microseconds.
    pub duration_micros: i64,
    /// The HTTP status of the response to the caller.
    pub status: u16,
    /// The stable error code if it failed.
    pub error_code: Option<String>,
    /// The error's message, secrets redacted.
    pub message: Option<String>,
    /// The method of the last request to the provider.
    pub method: Option<String>,
    /// The URL of the last request to the provider, without its query.
    pub url: Option<String>,
    /// The id of the caller's HTTP request.
    pub request_id: Option<String>,
    /// The session of a call by MCP.
    pub session_id: Option<String>,
    /// The connector and the action.
    pub target: Target,
    /// The account; none while one is linked.
    pub party: Party,
    /// Who started it.
    pub source: Source,
    /// Its steps, in order. Empty in lists.
    pub steps: Vec<StepRow>,
    /// The number of steps in the store.
    pub step_count: u32,
    /// The number of steps that were left out.
    pub steps_left_out: u32,
}

impl RunRow {
    /// Returns whether the caller got a response without an error.
    pub fn is_success(&self) -> bool {
        self.status < 400
    }
}

/// The definition of a step.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct StepKind {
    /// The step's id in the connector file.
    pub id: Option<String>,
    /// The name of its function.
    pub function: Option<String>,
    /// The version of its function.
    pub function_version: Option<String>,
}

/// A step of a run.
#[derive(Clone, Debug, PartialEq)]
pub struct StepRow {
    /// Its place in the action, from 0.
    pub index: u32,
    /// Its definition.
    pub kind: StepKind,
    /// The number of items of its iterator; 1 without one.
    pub iterations: u32,
    /// When it began.
    pub started_at: Timestamp,
    /// How long it took, in microseconds.
    pub duration_micros: i64,
    /// Whether its condition skipped it.
    pub skipped: bool,
    /// Whether it succeeded.
    pub success: bool,
    /// The status of its last response, or of its error.
    pub status: u16,
    /// The error's message, secrets redacted.
    pub message: Option<String>,
    /// The requests to the provider, retries and pages included, in order.
    pub attempts: Vec<AttemptRow>,
}

/// One request to a provider.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AttemptRow {
    /// The method.
    #[serde(rename = "m")]
    pub method: String,
    /// The URL without its query, secrets redacted.
    #[serde(rename = "u")]
    pub url: String,
    /// The status of the response; none without a response.
    #[serde(rename = "s", skip_serializing_if = "Option::is_none", default)]
    pub status: Option<u16>,
    /// Why the provider did not respond, secrets redacted.
    #[serde(rename = "e", skip_serializing_if = "Option::is_none", default)]
    pub error: Option<String>,
    /// When it was sent, in microseconds after its step began.
    #[serde(rename = "t")]
    pub offset_micros: i64,
    /// How long it took, in microseconds.
    #[serde(rename = "d")]
    pub duration_micros: i64,
}

/// A step in a list over all runs.
#[derive(Clone, Debug, PartialEq)]
pub struct ListedStep {
    /// The run.
    pub run: RunId,
    /// What the run is.
    pub kind: LogKind,
    /// When the run began.
    pub run_started_at: Timestamp,
    /// The account of the run.
    pub account: Option<String>,
    /// The connector of the run.
    pub connector: Option<String>,
    /// The action of the run.
    pub action: Option<String>,
    /// The step.
    pub step: StepRow,
}

#[cfg(test)]
mod tests {
    use patchbay_model::testing::SeededEntropy;

    use super::*;

    #[test]
    fn an_id_says_when_its_run_began() {
        let now = Timestamp::from_micros(1_800_000_000_123_456);
        let id = RunId::of_call(&CallId::generate(now, &SeededEntropy::new(1)));
        assert_eq!(id.first_micros(), Some(1_800_000_000_123_000));
        assert_eq!(RunId::parse(&id.to_string()), Some(id));
        assert_eq!(RunId::parse("one"), None);
        assert_ne!(RunId::of_call(&CallId::new("one")), RunId::of_call(&CallId::new("two")));
        assert_eq!(RunId::of_call(&CallId::new("one")).first_micros(), None);
    }
}

//! Tasks: calls that go on after their response (extension `io.modelcontextprotocol/tasks`).

use async_trait::async_trait;
use patchbay_model::Timestamp;
use serde_json::{Map, Value};

use super::input::{InputRequest, InputResponses};
use crate::RpcError;

/// The state of a task.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TaskStatus {
    /// It runs.
    Working,
    /// It waits for answers.
    InputRequired,
    /// It ended with a result, also if that says `isError`.
    Completed,
    /// It ended with a JSON-RPC error.
    Failed,
    /// It was cancelled.
    Cancelled,
}

impl TaskStatus {
    /// Returns the value of `status`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Working => "working",
            Self::InputRequired => "input_required",
            Self::Completed => "completed",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
        }
    }
}

/// A task. It is durable: a client that has its id can request it at once.
#[derive(Clone, Debug, PartialEq)]
pub struct Task {
    /// The id, with at least 128 random bits.
    pub id: String,
    /// The state.
    pub status: TaskStatus,
    /// What it does, for people.
    pub message: Option<String>,
    /// When it was created.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
    /// For how long it is kept after its creation, in milliseconds; `None` without a limit.
    pub ttl_ms: Option<u64>,
    /// How often a client should ask, in milliseconds.
    pub poll_interval_ms: u64,
}

/// A task with what belongs to its state.
#[derive(Clone, Debug, PartialEq)]
pub struct DetailedTask {
    /// The task.
    pub task: Task,
    /// What belongs to its state.
    pub detail: TaskDetail,
}

/// What belongs to the state of a task.
#[derive(Clone, Debug, PartialEq)]
pub enum TaskDetail {
    /// Nothing: it runs or was cancelled.
    None,
    /// The result of a completed task: the members of the tool's result.
    Result(Map<String, Value>),
    /// The error of a failed task.
    Error(RpcError),
    /// The questions that were not answered yet, by names that the task never uses again.
    Questions(Vec<(String, InputRequest)>),
}

/// Where tasks are kept. It checks on each call that the task is the caller's: a task of another principal does not exist.
#[async_trait]
pub trait TaskStore<C>: Send + Sync {
    /// Returns a task; `None` if it does not exist.
    ///
    /// # Errors
    ///
    /// The error of the store.
    async fn get(&self, caller: &C, id: &str) -> Result<Option<DetailedTask>, RpcError>;

    /// Gives answers to a task. Unknown names and repeated answers are ignored. Returns false if the task does not exist.
    ///
    /// # Errors
    ///
    /// The error of the store.
    async fn answer(&self, caller: &C, id: &str, answers: InputResponses) -> Result<bool, RpcError>;

    /// Cancels a task; one that has ended stays as it is. Returns false if it does not exist.
    ///
    /// # Errors
    ///
    /// The error of the store.
    async fn cancel(&self, caller: &C, id: &str) -> Result<bool, RpcError>;
}

//! What a request comes to.

use serde_json::{Map, Value};

use super::{input::InputRequest, tasks::Task};

/// What a call, a prompt or a resource comes to.
#[derive(Clone, Debug, PartialEq)]
pub enum Outcome {
    /// The members of the result, for example `content` and `isError` of a tool. The transport adds those of the era
    /// (`resultType`, `_meta`).
    Done(Map<String, Value>),
    /// Something must be asked first. The request comes again with the answers ([`super::Context::responses`]).
    Ask(Ask),
    /// The call goes on as a task, which is durable. Only if [`super::Context::has_tasks`].
    Task(Task),
}

impl Outcome {
    /// Creates the result of a tool from its content.
    pub fn content(content: Value, is_error: bool) -> Self {
        Self::Done(Map::from_iter([("content".to_owned(), content), ("isError".to_owned(), Value::Bool(is_error))]))
    }
}

/// Questions that must be answered before a request goes on.
///
/// Modern clients repeat the request with the answers. Legacy clients with a session are asked on the stream of the
/// request, and the handler is called again with the answers. All others get `otherwise`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Ask {
    /// The questions by name, in their order.
    pub questions: Vec<(String, InputRequest)>,
    /// What the handler wants to know again when the request comes with the answers. It is sealed for the caller, the
    /// method and the parameters, and expires after ten minutes. A client can send it more than once.
    pub state: Option<Value>,
    /// The result for a client that cannot be asked, for example an error text with a link. `None` for the error that names
    /// the missing capability.
    pub otherwise: Option<Map<String, Value>>,
}

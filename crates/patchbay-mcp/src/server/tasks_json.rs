//! Tasks as responses and notices contain them.

use serde_json::{Map, Value, json};

use super::{
    input::InputRequest,
    tasks::{DetailedTask, Task, TaskDetail},
};

/// Writes the members of a task.
pub(crate) fn write_task(task: &Task, members: &mut Map<String, Value>) {
    members.insert("taskId".to_owned(), json!(task.id));
    members.insert("status".to_owned(), json!(task.status.as_str()));
    if let Some(message) = &task.message {
        members.insert("statusMessage".to_owned(), json!(message));
    }
    members.insert("createdAt".to_owned(), json!(task.created_at.to_rfc3339()));
    members.insert("lastUpdatedAt".to_owned(), json!(task.updated_at.to_rfc3339()));
    members.insert("ttlMs".to_owned(), json!(task.ttl_ms));
    members.insert("pollIntervalMs".to_owned(), json!(task.poll_interval_ms));
}

/// Writes the members of a task and what belongs to its state.
pub(crate) fn write(task: &DetailedTask, members: &mut Map<String, Value>) {
    write_task(&task.task, members);
    match &task.detail {
        TaskDetail::None => {}
        TaskDetail::Result(result) => {
            let mut result = result.clone();
            result.entry("resultType").or_insert_with(|| json!("complete"));
            members.insert("result".to_owned(), Value::Object(result));
        }
        TaskDetail::Error(error) => {
            members.insert("error".to_owned(), error.to_json());
        }
        TaskDetail::Questions(questions) => {
            members.insert("inputRequests".to_owned(), InputRequest::to_json(questions));
        }
    }
}

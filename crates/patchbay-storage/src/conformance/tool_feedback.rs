//! What people and agents say of tools.

use patchbay_model::{AccountId, ProjectId, ToolFeedback};

use super::{at, project};
use crate::Storage;

fn message(project: &ProjectId, key: &str, tool: &str, moment: i64) -> ToolFeedback {
    ToolFeedback {
        key: key.to_owned(),
        project_id: project.clone(),
        account_id: (moment % 2 == 0).then(|| AccountId::new("a")),
        tool: tool.to_owned(),
        text: format!("said at {moment}: it's \"good\" ☃"),
        created_at: at(moment),
    }
}

pub async fn feedback_is_kept_by_tool(storage: &dyn Storage) {
    let (a, b) = (project(storage, "a").await, project(storage, "b").await);
    let both = [message(&a, "k1", "x", 1), message(&a, "k1", "y", 1)];
    storage.tool_feedback().append(&both).await.unwrap();
    storage.tool_feedback().append(&[message(&a, "k2", "x", 2)]).await.unwrap();
    storage.tool_feedback().append(&[message(&b, "k3", "x", 3)]).await.unwrap();
    let newest = async |tool, limit| storage.tool_feedback().newest(&a, tool, limit).await.unwrap();
    assert_eq!(newest(Some("x"), 10).await, [message(&a, "k2", "x", 2), message(&a, "k1", "x", 1)]);
    assert_eq!(newest(None, 2).await, [message(&a, "k2", "x", 2), message(&a, "k1", "x", 1)]);
    assert_eq!(newest(Some("z"), 10).await, []);
    // A message that exists is not stored, and neither are those with it.
    let again = [message(&a, "k4", "x", 4), message(&a, "k1", "y", 1)];
    assert!(storage.tool_feedback().append(&again).await.is_err());
    assert_eq!(newest(None, 10).await.len(), 3);
    assert_eq!(storage.tool_feedback().delete_older(at(2), 1).await.unwrap(), 1);
    assert_eq!(storage.tool_feedback().delete_older(at(2), 10).await.unwrap(), 1);
    assert_eq!(newest(None, 10).await, [message(&a, "k2", "x", 2)]);
}

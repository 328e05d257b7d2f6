//! What people and agents say of tools.

use async_trait::async_trait;
use patchbay_model::{AccountId, ProjectId, Timestamp, ToolFeedback};

use super::SqliteStorage;
use crate::{Result, ToolFeedbackStore, rows::tool_feedback};

#[async_trait]
impl ToolFeedbackStore for SqliteStorage {
    async fn append(&self, messages: &[ToolFeedback]) -> Result<()> {
        let mut transaction = self.write().await?;
        for message in messages {
            sqlx::query(
                "INSERT INTO tool_feedback (key, project_id, account_id, tool, text, created_at) VALUES (?, ?, ?, ?, ?, ?)",
            )
            .bind(message.key.as_str())
            .bind(message.project_id.as_str())
            .bind(message.account_id.as_ref().map(AccountId::as_str))
            .bind(message.tool.as_str())
            .bind(message.text.as_str())
            .bind(message.created_at.as_micros())
            .execute(&mut *transaction)
            .await?;
        }
        Ok(transaction.commit().await?)
    }

    async fn newest(&self, project: &ProjectId, tool: Option<&str>, limit: u32) -> Result<Vec<ToolFeedback>> {
        let query = sqlx::query(
            "SELECT * FROM tool_feedback WHERE project_id = ? AND (? IS NULL OR tool = ?) \
             ORDER BY created_at DESC, key, tool LIMIT ?",
        );
        let query = query.bind(project.as_str()).bind(tool).bind(tool).bind(limit);
        query.fetch_all(&self.readers).await?.iter().map(tool_feedback).collect()
    }

    async fn delete_older(&self, moment: Timestamp, limit: u32) -> Result<u64> {
        let mut transaction = self.write().await?;
        let done = sqlx::query(
            "DELETE FROM tool_feedback WHERE rowid IN \
             (SELECT rowid FROM tool_feedback WHERE created_at < ? ORDER BY created_at LIMIT ?)",
        )
        .bind(moment.as_micros())
        .bind(limit)
        .execute(&mut *transaction)
        .await?;
        transaction.commit().await?;
        Ok(done.rows_affected())
    }
}

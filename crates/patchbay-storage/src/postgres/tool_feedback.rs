//! What people and agents say of tools.

use async_trait::async_trait;
use patchbay_model::{AccountId, ProjectId, Timestamp, ToolFeedback};

use super::PostgresStorage;
use crate::{Result, ToolFeedbackStore, rows::tool_feedback};

#[async_trait]
impl ToolFeedbackStore for PostgresStorage {
    async fn append(&self, messages: &[ToolFeedback]) -> Result<()> {
        self.write(messages.to_vec(), |connection, messages| {
            Box::pin(async move {
                for message in messages {
                    sqlx::query(
                        "INSERT INTO tool_feedback (key, project_id, account_id, tool, text, created_at) \
                         VALUES ($1, $2, $3, $4, $5, $6)",
                    )
                    .bind(message.key.as_str())
                    .bind(message.project_id.as_str())
                    .bind(message.account_id.as_ref().map(AccountId::as_str))
                    .bind(message.tool.as_str())
                    .bind(message.text.as_str())
                    .bind(message.created_at.as_micros())
                    .execute(&mut *connection)
                    .await?;
                }
                Ok(())
            })
        })
        .await
    }

    async fn newest(&self, project: &ProjectId, tool: Option<&str>, limit: u32) -> Result<Vec<ToolFeedback>> {
        self.read((project.clone(), tool.map(str::to_owned), limit), |connection, (project, tool, limit)| {
            Box::pin(async move {
                let query = sqlx::query(
                    "SELECT key, project_id, account_id, tool, text, created_at FROM tool_feedback \
                     WHERE project_id = $1 AND ($2::text IS NULL OR tool = $2) ORDER BY created_at DESC, key, tool LIMIT $3",
                );
                let query = query.bind(project.as_str()).bind(tool.as_deref()).bind(i64::from(*limit));
                Ok(query.fetch_all(connection).await?.iter().map(tool_feedback).collect::<Result<_>>()?)
            })
        })
        .await
    }

    async fn delete_older(&self, moment: Timestamp, limit: u32) -> Result<u64> {
        self.write((moment, limit), |connection, (moment, limit)| {
            Box::pin(async move {
                let done = sqlx::query(
                    "DELETE FROM tool_feedback WHERE (key, tool) IN \
                     (SELECT key, tool FROM tool_feedback WHERE created_at < $1 ORDER BY created_at LIMIT $2 \
                     FOR UPDATE SKIP LOCKED)",
                )
                .bind(moment.as_micros())
                .bind(i64::from(*limit))
                .execute(connection)
                .await?;
                Ok(done.rows_affected())
            })
        })
        .await
    }
}

//! Connection attempts.

use async_trait::async_trait;
use patchbay_model::{
    AccountId, AttemptError, AttemptId, AttemptStatus, ConnectionAttempt, FailureReason, ProjectId, SessionId,
};

use super::SqliteStorage;
use crate::{AttemptStore, MAX_ATTEMPTS_PER_SESSION, Result, rows::attempt};

#[async_trait]
impl AttemptStore for SqliteStorage {
    async fn create(&self, new: &ConnectionAttempt) -> Result<()> {
        let mut transaction = self.write().await?;
        sqlx::query(
            "INSERT INTO connection_attempts (id, session_id, project_id, status, account_id, error_code, \
             error_description, error_reason, created_at, expires_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        )
        .bind(new.id.as_str())
        .bind(new.session_id.0)
        .bind(new.project_id.as_str())
        .bind(new.status.as_str())
        .bind(new.account_id.as_ref().map(AccountId::as_str))
        .bind(new.error.as_ref().map(|error| &error.code))
        .bind(new.error.as_ref().map(|error| &error.description))
        .bind(new.error.as_ref().and_then(|error| error.reason).map(FailureReason::as_str))
        .bind(new.created_at.as_micros())
        .bind(new.expires_at.as_micros())
        .execute(&mut *transaction)
        .await?;
        sqlx::query(
            "DELETE FROM connection_attempts WHERE rowid IN (SELECT rowid FROM connection_attempts \
             WHERE project_id = ? AND session_id = ? ORDER BY rowid DESC LIMIT -1 OFFSET ?)",
        )
        .bind(new.project_id.as_str())
        .bind(new.session_id.0)
        .bind(MAX_ATTEMPTS_PER_SESSION)
        .execute(&mut *transaction)
        .await?;
        Ok(transaction.commit().await?)
    }

    async fn get(&self, project: &ProjectId, session: SessionId, id: &AttemptId) -> Result<Option<ConnectionAttempt>> {
        let query = sqlx::query("SELECT * FROM connection_attempts WHERE project_id = ? AND session_id = ? AND id = ?");
        let query = query.bind(project.as_str()).bind(session.0).bind(id.as_str());
        self.found(query.fetch_optional(&self.readers).await?.as_ref().map(attempt).transpose()?)
    }

    async fn finish(
        &self,
        project: &ProjectId,
        session: SessionId,
        id: &AttemptId,
        status: AttemptStatus,
        account: Option<&AccountId>,
        error: Option<&AttemptError>,
    ) -> Result<bool> {
        let mut transaction = self.write().await?;
        let done = sqlx::query(
            "UPDATE connection_attempts SET status = ?, account_id = ?, error_code = ?, error_description = ?, \
             error_reason = ? \
             WHERE project_id = ? AND session_id = ? AND id = ? AND status = 'pending'",
        )
        .bind(status.as_str())
        .bind(account.map(AccountId::as_str))
        .bind(error.map(|error| &error.code))
        .bind(error.map(|error| &error.description))
        .bind(error.and_then(|error| error.reason).map(FailureReason::as_str))
        .bind(project.as_str())
        .bind(session.0)
        .bind(id.as_str())
        .execute(&mut *transaction)
        .await?;
        transaction.commit().await?;
        Ok(done.rows_affected() > 0)
    }
}

//! Connection attempts.

use async_trait::async_trait;
use patchbay_model::{
    AccountId, AttemptError, AttemptId, AttemptStatus, ConnectionAttempt, FailureReason, ProjectId, SessionId,
};

use super::PostgresStorage;
use crate::{AttemptStore, MAX_ATTEMPTS_PER_SESSION, Result, rows::attempt};

#[async_trait]
impl AttemptStore for PostgresStorage {
    async fn create(&self, new: &ConnectionAttempt) -> Result<()> {
        self.write(new.clone(), |connection, new| {
            Box::pin(async move {
                // Attempts of one session are created one after the other, so that each counts the others.
                sqlx::query("SELECT id FROM connect_sessions WHERE project_id = $1 AND id = $2 FOR NO KEY UPDATE")
                    .bind(new.project_id.as_str())
                    .bind(new.session_id.0)
                    .execute(&mut *connection)
                    .await?;
                sqlx::query(
                    "INSERT INTO connection_attempts (id, session_id, project_id, status, account_id, error_code, \
                     error_description, error_reason, created_at, expires_at) \
                     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
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
                .execute(&mut *connection)
                .await?;
                sqlx::query(
                    "DELETE FROM connection_attempts WHERE id IN (SELECT id FROM connection_attempts \
                     WHERE project_id = $1 AND session_id = $2 ORDER BY number DESC OFFSET $3)",
                )
                .bind(new.project_id.as_str())
                .bind(new.session_id.0)
                .bind(i64::from(MAX_ATTEMPTS_PER_SESSION))
                .execute(connection)
                .await?;
                Ok(())
            })
        })
        .await
    }

    async fn get(&self, project: &ProjectId, session: SessionId, id: &AttemptId) -> Result<Option<ConnectionAttempt>> {
        self.read((project.clone(), session, id.clone()), |connection, (project, session, id)| {
            Box::pin(async move {
                let found = sqlx::query(
                    "SELECT id, session_id, project_id, status, account_id, error_code, error_description, error_reason, \
                     created_at, expires_at FROM connection_attempts WHERE project_id = $1 AND session_id = $2 AND id = $3",
                )
                .bind(project.as_str())
                .bind(session.0)
                .bind(id.as_str())
                .fetch_optional(connection)
                .await?;
                Ok(found.as_ref().map(attempt).transpose()?)
            })
        })
        .await
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
        let end = (project.clone(), session, id.clone(), status, account.cloned(), error.cloned());
        self.write(end, |connection, (project, session, id, status, account, error)| {
            Box::pin(async move {
                let done = sqlx::query(
                    "UPDATE connection_attempts SET status = $1, account_id = $2, error_code = $3, \
                     error_description = $4, error_reason = $5 \
                     WHERE project_id = $6 AND session_id = $7 AND id = $8 AND status = 'pending'",
                )
                .bind(status.as_str())
                .bind(account.as_ref().map(AccountId::as_str))
                .bind(error.as_ref().map(|error| &error.code))
                .bind(error.as_ref().map(|error| &error.description))
                .bind(error.as_ref().and_then(|error| error.reason).map(FailureReason::as_str))
                .bind(project.as_str())
                .bind(session.0)
                .bind(id.as_str())
                .execute(connection)
                .await?;
                Ok(done.rows_affected() > 0)
            })
        })
        .await
    }
}

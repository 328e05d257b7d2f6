//! Connect sessions.

use async_trait::async_trait;
use patchbay_model::{Account, AccountId, ConnectSession, KeyHash, ProfileId, ProjectId, SessionId, Timestamp};
use sqlx::{Sqlite, Transaction};

use super::SqliteStorage;
use crate::{
    Result, SessionStore, StorageError,
    rows::{session, to_json},
};

/// Records that an account was linked or changed through a session; [`StorageError::SessionUsed`] if the session does not
/// allow it.
pub(super) async fn use_for(
    transaction: &mut Transaction<'_, Sqlite>,
    session: SessionId,
    account: &Account,
    now: Timestamp,
) -> Result<()> {
    // The condition is `ConnectSession::is_used`.
    let done = sqlx::query(
        "UPDATE connect_sessions SET linked_account_id = ? WHERE project_id = ? AND id = ? AND expires_at > ? \
         AND (linked_account_id IS NULL OR multiple = 1 OR account_id IS NOT NULL)",
    )
    .bind(account.id.as_str())
    .bind(account.project_id.as_str())
    .bind(session.0)
    .bind(now.as_micros())
    .execute(&mut **transaction)
    .await?;
    if done.rows_affected() == 0 { Err(StorageError::SessionUsed) } else { Ok(()) }
}

#[async_trait]
impl SessionStore for SqliteStorage {
    async fn create(&self, new: &ConnectSession) -> Result<SessionId> {
        let mut transaction = self.write().await?;
        let done = sqlx::query(
            "INSERT INTO connect_sessions (organization_id, project_id, token_hash, owner_id, owner_name, owner_username, \
             categories, connector, profile_id, account_id, label, metadata, kind, multiple, allowed_origins, confirm_url, \
             linked_account_id, external_trigger_token, created_at, expires_at) \
             VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        )
        .bind(new.organization_id.as_str())
        .bind(new.project_id.as_str())
        .bind(new.token_hash.0.as_slice())
        .bind(&new.owner.id)
        .bind(&new.owner.name)
        .bind(&new.owner.username)
        .bind(to_json(&new.categories)?)
        .bind(&new.connector)
        .bind(new.profile_id.as_ref().map(ProfileId::as_str))
        .bind(new.account_id.as_ref().map(AccountId::as_str))
        .bind(&new.label)
        .bind(to_json(&new.metadata)?)
        .bind(new.kind.as_str())
        .bind(new.multiple)
        .bind(to_json(&new.allowed_origins)?)
        .bind(&new.confirm_url)
        .bind(new.linked_account_id.as_ref().map(AccountId::as_str))
        .bind(&new.external_trigger_token)
        .bind(new.created_at.as_micros())
        .bind(new.expires_at.as_micros())
        .execute(&mut *transaction)
        .await?;
        transaction.commit().await?;
        Ok(SessionId(done.last_insert_rowid()))
    }

    async fn by_token_hash(&self, hash: &KeyHash) -> Result<Option<ConnectSession>> {
        let query = sqlx::query("SELECT * FROM connect_sessions WHERE token_hash = ?").bind(hash.0.as_slice());
        self.found(query.fetch_optional(&self.readers).await?.as_ref().map(session).transpose()?)
    }

    async fn get(&self, project: &ProjectId, id: SessionId) -> Result<Option<ConnectSession>> {
        let query = sqlx::query("SELECT * FROM connect_sessions WHERE project_id = ? AND id = ?")
            .bind(project.as_str())
            .bind(id.0);
        self.found(query.fetch_optional(&self.readers).await?.as_ref().map(session).transpose()?)
    }

    async fn delete(&self, project: &ProjectId, id: SessionId) -> Result<bool> {
        let mut transaction = self.write().await?;
        let done = sqlx::query("DELETE FROM connect_sessions WHERE project_id = ? AND id = ?")
            .bind(project.as_str())
            .bind(id.0)
            .execute(&mut *transaction)
            .await?;
        transaction.commit().await?;
        self.hit(done.rows_affected() > 0)
    }

    async fn delete_expired(&self, moment: Timestamp) -> Result<u64> {
        let mut transaction = self.write().await?;
        let done = sqlx::query("DELETE FROM connect_sessions WHERE expires_at < ?")
            .bind(moment.as_micros())
            .execute(&mut *transaction)
            .await?;
        transaction.commit().await?;
        Ok(done.rows_affected())
    }
}

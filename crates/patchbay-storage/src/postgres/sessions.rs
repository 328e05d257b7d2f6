//! Connect sessions.

use async_trait::async_trait;
use patchbay_model::{Account, AccountId, ConnectSession, KeyHash, ProfileId, ProjectId, SessionId, Timestamp};
use sqlx::PgConnection;

use super::{
    PostgresStorage,
    error::{Failure, Outcome},
};
use crate::{
    Result, SessionStore, StorageError,
    rows::{session, to_json},
};

/// Selects sessions. `$rest` begins with the condition.
macro_rules! select {
    ($rest:literal) => {
        concat!(
            "SELECT id, organization_id, project_id, token_hash, owner_id, owner_name, owner_username, categories, connector, \
             profile_id, account_id, label, metadata, kind, multiple, allowed_origins, confirm_url, linked_account_id, \
             external_trigger_token, created_at, expires_at FROM connect_sessions ",
            $rest
        )
    };
}

/// Records that an account was linked or changed through a session; [`StorageError::SessionUsed`] if the session does not
/// allow it. The row stays locked: of several links, the first one uses the session up.
pub(super) async fn use_for(
    connection: &mut PgConnection,
    session: SessionId,
    account: &Account,
    now: Timestamp,
) -> Outcome<()> {
    // The condition is `ConnectSession::is_used`.
    let done = sqlx::query(
        "UPDATE connect_sessions SET linked_account_id = $1 WHERE project_id = $2 AND id = $3 AND expires_at > $4 \
         AND (linked_account_id IS NULL OR multiple OR account_id IS NOT NULL)",
    )
    .bind(account.id.as_str())
    .bind(account.project_id.as_str())
    .bind(session.0)
    .bind(now.as_micros())
    .execute(connection)
    .await?;
    if done.rows_affected() == 0 { Err(Failure::Storage(StorageError::SessionUsed)) } else { Ok(()) }
}

async fn create(connection: &mut PgConnection, new: &ConnectSession) -> Outcome<SessionId> {
    let id = sqlx::query_scalar(
        "INSERT INTO connect_sessions (organization_id, project_id, token_hash, owner_id, owner_name, owner_username, \
         categories, connector, profile_id, account_id, label, metadata, kind, multiple, allowed_origins, confirm_url, \
         linked_account_id, external_trigger_token, created_at, expires_at) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20) RETURNING id",
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
    .fetch_one(connection)
    .await?;
    Ok(SessionId(id))
}

#[async_trait]
impl SessionStore for PostgresStorage {
    async fn create(&self, new: &ConnectSession) -> Result<SessionId> {
        self.write(new.clone(), |connection, new| Box::pin(create(connection, new))).await
    }

    async fn by_token_hash(&self, hash: &KeyHash) -> Result<Option<ConnectSession>> {
        self.read(*hash, |connection, hash| {
            Box::pin(async move {
                let query = sqlx::query(select!("WHERE token_hash = $1")).bind(hash.0.as_slice());
                Ok(query.fetch_optional(connection).await?.as_ref().map(session).transpose()?)
            })
        })
        .await
    }

    async fn get(&self, project: &ProjectId, id: SessionId) -> Result<Option<ConnectSession>> {
        self.read((project.clone(), id), |connection, (project, id)| {
            Box::pin(async move {
                let query = sqlx::query(select!("WHERE project_id = $1 AND id = $2")).bind(project.as_str()).bind(id.0);
                Ok(query.fetch_optional(connection).await?.as_ref().map(session).transpose()?)
            })
        })
        .await
    }

    async fn delete(&self, project: &ProjectId, id: SessionId) -> Result<bool> {
        self.write((project.clone(), id), |connection, (project, id)| {
            Box::pin(async move {
                let query = sqlx::query("DELETE FROM connect_sessions WHERE project_id = $1 AND id = $2");
                Ok(query.bind(project.as_str()).bind(id.0).execute(connection).await?.rows_affected() > 0)
            })
        })
        .await
    }

    async fn delete_expired(&self, moment: Timestamp) -> Result<u64> {
        self.write(moment, |connection, moment| {
            Box::pin(async move {
                let query = sqlx::query("DELETE FROM connect_sessions WHERE expires_at < $1").bind(moment.as_micros());
                Ok(query.execute(connection).await?.rows_affected())
            })
        })
        .await
    }
}

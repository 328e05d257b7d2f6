//! Members of the organization, and their browser sessions.

use async_trait::async_trait;
use patchbay_model::{BrowserSession, KeyHash, Member, MemberId, OrganizationId, Sealed, Timestamp};

use super::PostgresStorage;
use crate::{
    BrowserSessionStore, MemberStore, Result,
    rows::{browser_session, member},
};

/// Selects members. `$rest` begins with the condition.
macro_rules! select_members {
    ($rest:literal) => {
        concat!("SELECT id, organization_id, name, password_hash, created_at, seal FROM members ", $rest)
    };
}

/// Selects browser sessions. `$rest` begins with the condition.
macro_rules! select_sessions {
    ($rest:literal) => {
        concat!("SELECT hash, member_id, created_at, expires_at, seal FROM browser_sessions ", $rest)
    };
}

#[async_trait]
impl MemberStore for PostgresStorage {
    async fn create_first(&self, new: &Member) -> Result<bool> {
        self.write(new.clone(), |connection, new| {
            Box::pin(async move {
                // Of several replicas that start at once, one creates the member.
                sqlx::query("SELECT id FROM organizations WHERE id = $1 FOR NO KEY UPDATE")
                    .bind(new.organization_id.as_str())
                    .execute(&mut *connection)
                    .await?;
                let done = sqlx::query(
                    "INSERT INTO members (id, organization_id, name, password_hash, created_at, seal) \
                     SELECT $1, $2, $3, $4, $5, $6 WHERE NOT EXISTS (SELECT 1 FROM members WHERE organization_id = $2)",
                )
                .bind(new.id.as_str())
                .bind(new.organization_id.as_str())
                .bind(&new.name)
                .bind(new.password.as_ref().map(|hash| hash.0.as_str()))
                .bind(new.created_at.as_micros())
                .bind(new.seal.as_ref().map(Sealed::as_bytes))
                .execute(connection)
                .await?;
                Ok(done.rows_affected() > 0)
            })
        })
        .await
    }

    async fn first(&self, organization: &OrganizationId) -> Result<Option<Member>> {
        self.read(organization.clone(), |connection, organization| {
            Box::pin(async move {
                let query = sqlx::query(select_members!("WHERE organization_id = $1 ORDER BY created_at, id LIMIT 1"));
                let found = query.bind(organization.as_str()).fetch_optional(connection).await?;
                Ok(found.as_ref().map(member).transpose()?)
            })
        })
        .await
    }

    async fn get(&self, id: &MemberId) -> Result<Option<Member>> {
        self.read(id.clone(), |connection, id| {
            Box::pin(async move {
                let query = sqlx::query(select_members!("WHERE id = $1")).bind(id.as_str());
                Ok(query.fetch_optional(connection).await?.as_ref().map(member).transpose()?)
            })
        })
        .await
    }

    async fn unsealed(&self) -> Result<Vec<Member>> {
        self.read((), |connection, ()| {
            Box::pin(async move {
                let query = sqlx::query(select_members!("WHERE seal IS NULL ORDER BY id"));
                Ok(query.fetch_all(connection).await?.iter().map(member).collect::<Result<_>>()?)
            })
        })
        .await
    }

    async fn set_password(&self, changed: &Member) -> Result<bool> {
        self.write(changed.clone(), |connection, changed| {
            Box::pin(async move {
                let done = sqlx::query("UPDATE members SET password_hash = $1, seal = $2 WHERE id = $3")
                    .bind(changed.password.as_ref().map(|hash| hash.0.as_str()))
                    .bind(changed.seal.as_ref().map(Sealed::as_bytes))
                    .bind(changed.id.as_str())
                    .execute(connection)
                    .await?;
                Ok(done.rows_affected() > 0)
            })
        })
        .await
    }
}

#[async_trait]
impl BrowserSessionStore for PostgresStorage {
    async fn create(&self, new: &BrowserSession) -> Result<()> {
        self.write(new.clone(), |connection, new| {
            Box::pin(async move {
                sqlx::query(
                    "INSERT INTO browser_sessions (hash, member_id, created_at, expires_at, seal) \
                     VALUES ($1, $2, $3, $4, $5)",
                )
                .bind(new.hash.0.as_slice())
                .bind(new.member_id.as_str())
                .bind(new.created_at.as_micros())
                .bind(new.expires_at.as_micros())
                .bind(new.seal.as_ref().map(Sealed::as_bytes))
                .execute(connection)
                .await?;
                Ok(())
            })
        })
        .await
    }

    async fn by_hash(&self, hash: &KeyHash, now: Timestamp) -> Result<Option<BrowserSession>> {
        self.read((*hash, now), |connection, (hash, now)| {
            Box::pin(async move {
                let query = sqlx::query(select_sessions!("WHERE hash = $1 AND expires_at > $2"));
                let found = query.bind(hash.0.as_slice()).bind(now.as_micros()).fetch_optional(connection).await?;
                Ok(found.as_ref().map(browser_session).transpose()?)
            })
        })
        .await
    }

    async fn delete(&self, hash: &KeyHash) -> Result<bool> {
        self.write(*hash, |connection, hash| {
            Box::pin(async move {
                let query = sqlx::query("DELETE FROM browser_sessions WHERE hash = $1").bind(hash.0.as_slice());
                Ok(query.execute(connection).await?.rows_affected() > 0)
            })
        })
        .await
    }

    async fn delete_others(&self, member: &MemberId, keep: &KeyHash) -> Result<u64> {
        self.write((member.clone(), *keep), |connection, (member, keep)| {
            Box::pin(async move {
                let query = sqlx::query("DELETE FROM browser_sessions WHERE member_id = $1 AND hash <> $2");
                let query = query.bind(member.as_str()).bind(keep.0.as_slice());
                Ok(query.execute(connection).await?.rows_affected())
            })
        })
        .await
    }

    async fn unsealed(&self) -> Result<Vec<BrowserSession>> {
        self.read((), |connection, ()| {
            Box::pin(async move {
                let query = sqlx::query(select_sessions!("WHERE seal IS NULL ORDER BY hash"));
                Ok(query.fetch_all(connection).await?.iter().map(browser_session).collect::<Result<_>>()?)
            })
        })
        .await
    }

    async fn delete_expired(&self, before: Timestamp) -> Result<u64> {
        self.write(before, |connection, before| {
            Box::pin(async move {
                let query = sqlx::query("DELETE FROM browser_sessions WHERE expires_at < $1").bind(before.as_micros());
                Ok(query.execute(connection).await?.rows_affected())
            })
        })
        .await
    }
}

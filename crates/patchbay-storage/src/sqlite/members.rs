//! Members of the organization, and their browser sessions.

use async_trait::async_trait;
use patchbay_model::{BrowserSession, KeyHash, Member, MemberId, OrganizationId, Sealed, Timestamp};

use super::SqliteStorage;
use crate::{
    BrowserSessionStore, MemberStore, Result,
    rows::{browser_session, member},
};

#[async_trait]
impl MemberStore for SqliteStorage {
    async fn create_first(&self, new: &Member) -> Result<bool> {
        let mut transaction = self.write().await?;
        let done = sqlx::query(
            "INSERT INTO members (id, organization_id, name, password_hash, created_at, seal) \
             SELECT ?1, ?2, ?3, ?4, ?5, ?6 WHERE NOT EXISTS (SELECT 1 FROM members WHERE organization_id = ?2)",
        )
        .bind(new.id.as_str())
        .bind(new.organization_id.as_str())
        .bind(&new.name)
        .bind(new.password.as_ref().map(|hash| hash.0.as_str()))
        .bind(new.created_at.as_micros())
        .bind(new.seal.as_ref().map(Sealed::as_bytes))
        .execute(&mut *transaction)
        .await?;
        transaction.commit().await?;
        Ok(done.rows_affected() > 0)
    }

    async fn first(&self, organization: &OrganizationId) -> Result<Option<Member>> {
        let query = sqlx::query("SELECT * FROM members WHERE organization_id = ? ORDER BY created_at, id LIMIT 1");
        let found = query.bind(organization.as_str()).fetch_optional(&self.readers).await?;
        self.found(found.as_ref().map(member).transpose()?)
    }

    async fn get(&self, id: &MemberId) -> Result<Option<Member>> {
        let query = sqlx::query("SELECT * FROM members WHERE id = ?").bind(id.as_str());
        self.found(query.fetch_optional(&self.readers).await?.as_ref().map(member).transpose()?)
    }

    async fn unsealed(&self) -> Result<Vec<Member>> {
        let query = sqlx::query("SELECT * FROM members WHERE seal IS NULL ORDER BY id");
        query.fetch_all(&self.readers).await?.iter().map(member).collect()
    }

    async fn set_password(&self, changed: &Member) -> Result<bool> {
        let mut transaction = self.write().await?;
        let done = sqlx::query("UPDATE members SET password_hash = ?, seal = ? WHERE id = ?")
            .bind(changed.password.as_ref().map(|hash| hash.0.as_str()))
            .bind(changed.seal.as_ref().map(Sealed::as_bytes))
            .bind(changed.id.as_str())
            .execute(&mut *transaction)
            .await?;
        transaction.commit().await?;
        self.hit(done.rows_affected() > 0)
    }
}

#[async_trait]
impl BrowserSessionStore for SqliteStorage {
    async fn create(&self, new: &BrowserSession) -> Result<()> {
        let mut transaction = self.write().await?;
        sqlx::query(
            "INSERT INTO browser_sessions (hash, member_id, created_at, expires_at, seal) VALUES (?, ?, ?, ?, ?)",
        )
        .bind(new.hash.0.as_slice())
        .bind(new.member_id.as_str())
        .bind(new.created_at.as_micros())
        .bind(new.expires_at.as_micros())
        .bind(new.seal.as_ref().map(Sealed::as_bytes))
        .execute(&mut *transaction)
        .await?;
        Ok(transaction.commit().await?)
    }

    async fn by_hash(&self, hash: &KeyHash, now: Timestamp) -> Result<Option<BrowserSession>> {
        let query = sqlx::query("SELECT * FROM browser_sessions WHERE hash = ? AND expires_at > ?");
        let found = query.bind(hash.0.as_slice()).bind(now.as_micros()).fetch_optional(&self.readers).await?;
        self.found(found.as_ref().map(browser_session).transpose()?)
    }

    async fn delete(&self, hash: &KeyHash) -> Result<bool> {
        let mut transaction = self.write().await?;
        let done = sqlx::query("DELETE FROM browser_sessions WHERE hash = ?")
            .bind(hash.0.as_slice())
            .execute(&mut *transaction)
            .await?;
        transaction.commit().await?;
        Ok(done.rows_affected() > 0)
    }

    async fn delete_others(&self, member: &MemberId, keep: &KeyHash) -> Result<u64> {
        let mut transaction = self.write().await?;
        let done = sqlx::query("DELETE FROM browser_sessions WHERE member_id = ? AND hash <> ?")
            .bind(member.as_str())
            .bind(keep.0.as_slice())
            .execute(&mut *transaction)
            .await?;
        transaction.commit().await?;
        Ok(done.rows_affected())
    }

    async fn unsealed(&self) -> Result<Vec<BrowserSession>> {
        let query = sqlx::query("SELECT * FROM browser_sessions WHERE seal IS NULL ORDER BY hash");
        query.fetch_all(&self.readers).await?.iter().map(browser_session).collect()
    }

    async fn delete_expired(&self, before: Timestamp) -> Result<u64> {
        let mut transaction = self.write().await?;
        let done = sqlx::query("DELETE FROM browser_sessions WHERE expires_at < ?")
            .bind(before.as_micros())
            .execute(&mut *transaction)
            .await?;
        transaction.commit().await?;
        Ok(done.rows_affected())
    }
}

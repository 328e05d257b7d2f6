//! Named records of the database itself.

use async_trait::async_trait;
use patchbay_model::Timestamp;

use super::SqliteStorage;
use crate::{MetaStore, Result};

#[async_trait]
impl MetaStore for SqliteStorage {
    async fn get(&self, name: &str) -> Result<Option<Vec<u8>>> {
        let query = sqlx::query_scalar("SELECT value FROM meta WHERE name = ?").bind(name);
        Ok(query.fetch_optional(&self.readers).await?)
    }

    async fn set_once(&self, name: &str, value: &[u8]) -> Result<bool> {
        let mut transaction = self.write().await?;
        let done = sqlx::query("INSERT INTO meta (name, value) VALUES (?, ?) ON CONFLICT (name) DO NOTHING")
            .bind(name)
            .bind(value)
            .execute(&mut *transaction)
            .await?;
        transaction.commit().await?;
        Ok(done.rows_affected() > 0)
    }

    async fn set(&self, name: &str, value: &[u8]) -> Result<()> {
        let mut transaction = self.write().await?;
        sqlx::query(
            "INSERT INTO meta (name, value) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value",
        )
        .bind(name)
        .bind(value)
        .execute(&mut *transaction)
        .await?;
        Ok(transaction.commit().await?)
    }

    async fn newest_time(&self) -> Result<Option<Timestamp>> {
        let query = sqlx::query_scalar(
            "SELECT max(time) FROM (SELECT max(started_at) AS time FROM calls \
             UNION ALL SELECT max(created_at) FROM connect_sessions UNION ALL SELECT max(created_at) FROM accounts \
             UNION ALL SELECT max(created_at) FROM projects)",
        );
        let newest: Option<i64> = query.fetch_one(&self.readers).await?;
        Ok(newest.map(Timestamp::from_micros))
    }

    async fn check_writable(&self, now: Timestamp) -> Result<()> {
        self.check_room(now).await
    }

    async fn verify(&self) -> Result<()> {
        self.verify_file().await
    }

    async fn ping(&self) -> Result<()> {
        sqlx::query("SELECT 1").execute(&self.readers).await?;
        Ok(())
    }
}

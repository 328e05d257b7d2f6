//! Named records of the database itself.

use async_trait::async_trait;
use patchbay_model::Timestamp;

use super::PostgresStorage;
use crate::{MetaStore, Result};

const SET: &str =
    "INSERT INTO meta (name, value) VALUES ($1, $2) ON CONFLICT (name) DO UPDATE SET value = excluded.value";

#[async_trait]
impl MetaStore for PostgresStorage {
    async fn get(&self, name: &str) -> Result<Option<Vec<u8>>> {
        self.read(name.to_owned(), |connection, name| {
            Box::pin(async move {
                let query = sqlx::query_scalar("SELECT value FROM meta WHERE name = $1").bind(name);
                Ok(query.fetch_optional(connection).await?)
            })
        })
        .await
    }

    async fn set_once(&self, name: &str, value: &[u8]) -> Result<bool> {
        self.write((name.to_owned(), value.to_vec()), |connection, (name, value)| {
            Box::pin(async move {
                let query = sqlx::query("INSERT INTO meta (name, value) VALUES ($1, $2) ON CONFLICT (name) DO NOTHING");
                Ok(query.bind(name).bind(value).execute(connection).await?.rows_affected() > 0)
            })
        })
        .await
    }

    async fn set(&self, name: &str, value: &[u8]) -> Result<()> {
        self.write((name.to_owned(), value.to_vec()), |connection, (name, value)| {
            Box::pin(async move {
                sqlx::query(SET).bind(name).bind(value).execute(connection).await?;
                Ok(())
            })
        })
        .await
    }

    async fn newest_time(&self) -> Result<Option<Timestamp>> {
        self.read((), |connection, ()| {
            Box::pin(async move {
                let query = sqlx::query_scalar(
                    "SELECT max(time) FROM (SELECT max(started_at) AS time FROM calls \
                     UNION ALL SELECT max(created_at) FROM connect_sessions UNION ALL SELECT max(created_at) FROM accounts \
                     UNION ALL SELECT max(created_at) FROM projects) times",
                );
                let newest: Option<i64> = query.fetch_one(connection).await?;
                Ok(newest.map(Timestamp::from_micros))
            })
        })
        .await
    }

    async fn check_writable(&self, now: Timestamp) -> Result<()> {
        self.set("last_write_check", &now.as_micros().to_be_bytes()).await
    }

    /// PostgreSQL is the one that knows its files: its operator checks them (`pg_amcheck`, page checksums). This looks whether
    /// the server answers.
    async fn verify(&self) -> Result<()> {
        self.ping().await
    }

    async fn ping(&self) -> Result<()> {
        self.read((), |connection, ()| {
            Box::pin(async move {
                sqlx::query("SELECT 1").execute(connection).await?;
                Ok(())
            })
        })
        .await
    }
}

//! Organizations.

use async_trait::async_trait;
use patchbay_model::{Organization, OrganizationId};

use super::PostgresStorage;
use crate::{OrganizationStore, Result, rows::organization};

#[async_trait]
impl OrganizationStore for PostgresStorage {
    async fn create(&self, new: &Organization) -> Result<()> {
        self.write(new.clone(), |connection, new| {
            Box::pin(async move {
                sqlx::query("INSERT INTO organizations (id, name, created_at) VALUES ($1, $2, $3)")
                    .bind(new.id.as_str())
                    .bind(&new.name)
                    .bind(new.created_at.as_micros())
                    .execute(connection)
                    .await?;
                Ok(())
            })
        })
        .await
    }

    async fn get(&self, id: &OrganizationId) -> Result<Option<Organization>> {
        self.read(id.clone(), |connection, id| {
            Box::pin(async move {
                let query = sqlx::query("SELECT id, name, created_at FROM organizations WHERE id = $1");
                let found = query.bind(id.as_str()).fetch_optional(connection).await?;
                Ok(found.as_ref().map(organization).transpose()?)
            })
        })
        .await
    }

    async fn first(&self) -> Result<Option<Organization>> {
        self.read((), |connection, ()| {
            Box::pin(async move {
                let query =
                    sqlx::query("SELECT id, name, created_at FROM organizations ORDER BY created_at, id LIMIT 1");
                Ok(query.fetch_optional(connection).await?.as_ref().map(organization).transpose()?)
            })
        })
        .await
    }
}

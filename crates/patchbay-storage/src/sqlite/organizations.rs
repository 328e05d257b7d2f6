//! Organizations.

use async_trait::async_trait;
use patchbay_model::{Organization, OrganizationId};

use super::SqliteStorage;
use crate::{OrganizationStore, Result, rows::organization};

#[async_trait]
impl OrganizationStore for SqliteStorage {
    async fn create(&self, new: &Organization) -> Result<()> {
        let mut transaction = self.write().await?;
        sqlx::query("INSERT INTO organizations (id, name, created_at) VALUES (?, ?, ?)")
            .bind(new.id.as_str())
            .bind(&new.name)
            .bind(new.created_at.as_micros())
            .execute(&mut *transaction)
            .await?;
        Ok(transaction.commit().await?)
    }

    async fn get(&self, id: &OrganizationId) -> Result<Option<Organization>> {
        let query = sqlx::query("SELECT * FROM organizations WHERE id = ?").bind(id.as_str());
        self.found(query.fetch_optional(&self.readers).await?.as_ref().map(organization).transpose()?)
    }

    async fn first(&self) -> Result<Option<Organization>> {
        let query = sqlx::query("SELECT * FROM organizations ORDER BY created_at, id LIMIT 1");
        self.found(query.fetch_optional(&self.readers).await?.as_ref().map(organization).transpose()?)
    }
}

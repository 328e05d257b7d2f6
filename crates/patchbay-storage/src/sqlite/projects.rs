//! Projects.

use async_trait::async_trait;
use patchbay_model::{OrganizationId, Project, ProjectId};

use super::SqliteStorage;
use crate::{ProjectStore, Result, rows::project};

#[async_trait]
impl ProjectStore for SqliteStorage {
    async fn create(&self, new: &Project) -> Result<()> {
        let mut transaction = self.write().await?;
        sqlx::query("INSERT INTO projects (id, organization_id, name, created_at) VALUES (?, ?, ?, ?)")
            .bind(new.id.as_str())
            .bind(new.organization_id.as_str())
            .bind(&new.name)
            .bind(new.created_at.as_micros())
            .execute(&mut *transaction)
            .await?;
        Ok(transaction.commit().await?)
    }

    async fn get(&self, id: &ProjectId) -> Result<Option<Project>> {
        let query = sqlx::query("SELECT * FROM projects WHERE id = ?").bind(id.as_str());
        self.found(query.fetch_optional(&self.readers).await?.as_ref().map(project).transpose()?)
    }

    async fn list(&self, organization: &OrganizationId) -> Result<Vec<Project>> {
        let query = sqlx::query("SELECT * FROM projects WHERE organization_id = ? ORDER BY created_at, id");
        let listed = query.bind(organization.as_str()).fetch_all(&self.readers).await?;
        self.complete(listed.iter().map(project).collect::<Result<_>>()?)
    }
}

//! Projects.

use async_trait::async_trait;
use patchbay_model::{OrganizationId, Project, ProjectId};

use super::PostgresStorage;
use crate::{ProjectStore, Result, rows::project};

#[async_trait]
impl ProjectStore for PostgresStorage {
    async fn create(&self, new: &Project) -> Result<()> {
        self.write(new.clone(), |connection, new| {
            Box::pin(async move {
                sqlx::query("INSERT INTO projects (id, organization_id, name, created_at) VALUES ($1, $2, $3, $4)")
                    .bind(new.id.as_str())
                    .bind(new.organization_id.as_str())
                    .bind(&new.name)
                    .bind(new.created_at.as_micros())
                    .execute(connection)
                    .await?;
                Ok(())
            })
        })
        .await
    }

    async fn get(&self, id: &ProjectId) -> Result<Option<Project>> {
        self.read(id.clone(), |connection, id| {
            Box::pin(async move {
                let query = sqlx::query("SELECT id, organization_id, name, created_at FROM projects WHERE id = $1");
                Ok(query.bind(id.as_str()).fetch_optional(connection).await?.as_ref().map(project).transpose()?)
            })
        })
        .await
    }

    async fn list(&self, organization: &OrganizationId) -> Result<Vec<Project>> {
        self.read(organization.clone(), |connection, organization| {
            Box::pin(async move {
                let listed = sqlx::query(
                    "SELECT id, organization_id, name, created_at FROM projects WHERE organization_id = $1 \
                     ORDER BY created_at, id",
                )
                .bind(organization.as_str())
                .fetch_all(connection)
                .await?;
                Ok(listed.iter().map(project).collect::<Result<_>>()?)
            })
        })
        .await
    }
}

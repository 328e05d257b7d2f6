//! Projects.

use async_trait::async_trait;
use patchbay_model::{OrganizationId, Project, ProjectId};

use crate::Result;

/// Stores projects.
#[async_trait]
pub trait ProjectStore: Send + Sync {
    /// Adds a project.
    ///
    /// # Errors
    /// [`StorageError::Conflict`](crate::StorageError::Conflict) if the id exists or the organization does not.
    async fn create(&self, project: &Project) -> Result<()>;
    /// Returns the project with this id.
    ///
    /// # Errors
    /// A [`StorageError`](crate::StorageError) if the backend fails.
    async fn get(&self, id: &ProjectId) -> Result<Option<Project>>;
    /// Returns an organization's projects, oldest first.
    ///
    /// # Errors
    /// A [`StorageError`](crate::StorageError) if the backend fails.
    async fn list(&self, organization: &OrganizationId) -> Result<Vec<Project>>;
}

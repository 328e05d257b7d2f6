//! Projects.

use async_trait::async_trait;
use patchbay_model::{OrganizationId, Project, ProjectId};

use crate::Result;

/// Keeps projects.
#[async_trait]
pub trait ProjectStore: Send + Sync {
    /// Adds one; a taken id is a conflict.
    async fn create(&self, project: &Project) -> Result<()>;
    /// The one with this id.
    async fn get(&self, id: &ProjectId) -> Result<Option<Project>>;
    /// An organisation's, oldest first.
    async fn list(&self, organization: &OrganizationId) -> Result<Vec<Project>>;
}

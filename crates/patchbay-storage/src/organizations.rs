//! Organizations.

use async_trait::async_trait;
use patchbay_model::{Organization, OrganizationId};

use crate::Result;

/// Stores organizations.
#[async_trait]
pub trait OrganizationStore: Send + Sync {
    /// Adds an organization.
    ///
    /// # Errors
    /// [`StorageError::Conflict`](crate::StorageError::Conflict) if the id exists.
    async fn create(&self, organization: &Organization) -> Result<()>;
    /// Returns the organization with this id.
    ///
    /// # Errors
    /// A [`StorageError`](crate::StorageError) if the backend fails.
    async fn get(&self, id: &OrganizationId) -> Result<Option<Organization>>;
    /// Returns the oldest organization.
    ///
    /// # Errors
    /// A [`StorageError`](crate::StorageError) if the backend fails.
    async fn first(&self) -> Result<Option<Organization>>;
}

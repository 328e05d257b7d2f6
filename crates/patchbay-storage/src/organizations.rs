//! Organisations.

use async_trait::async_trait;
use patchbay_model::{Organization, OrganizationId};

use crate::Result;

/// Keeps organisations.
#[async_trait]
pub trait OrganizationStore: Send + Sync {
    /// Adds one.
    async fn create(&self, organization: &Organization) -> Result<()>;
    /// The one with this id.
    async fn get(&self, id: &OrganizationId) -> Result<Option<Organization>>;
    /// The oldest.
    async fn first(&self) -> Result<Option<Organization>>;
}

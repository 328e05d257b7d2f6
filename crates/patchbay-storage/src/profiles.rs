//! Connector profiles.

use async_trait::async_trait;
use patchbay_model::{Profile, ProfileAlarm, ProfileId, ProjectId};

use crate::{Page, Result};

/// Which profiles to list. Pages count from 1.
#[derive(Clone, Debug)]
pub struct ProfileFilter {
    /// Only of this connector.
    pub connector: Option<String>,
    /// Only enabled or disabled ones.
    pub active: Option<bool>,
    /// The page, from 1.
    pub page: u32,
    /// Profiles on a page.
    pub page_size: u32,
}

/// Keeps connector profiles.
#[async_trait]
pub trait ProfileStore: Send + Sync {
    /// Adds one. Where it is the default, the connector's others stop being it.
    async fn create(&self, profile: &Profile) -> Result<()>;
    /// The project's profile with this id.
    async fn get(&self, project: &ProjectId, id: &ProfileId) -> Result<Option<Profile>>;
    /// A page of the project's profiles, oldest first.
    async fn list(&self, project: &ProjectId, filter: &ProfileFilter) -> Result<Page<Profile>>;
    /// Replaces one. Its connector, its authentication method and the moment it was made stay as they
    /// are. Where it is the default, the connector's others stop being it. False when the project has
    /// no such profile.
    async fn update(&self, profile: &Profile) -> Result<bool>;
    /// Raises an alarm where there is none, or takes it away (`None`). False when it was so already, or the project
    /// has no such profile. It changes nothing else, `updated_at` neither.
    async fn set_alarm(&self, project: &ProjectId, id: &ProfileId, alarm: Option<&ProfileAlarm>) -> Result<bool>;
    /// Removes one and gives it back; a conflict while accounts use it.
    async fn delete(&self, project: &ProjectId, id: &ProfileId) -> Result<Option<Profile>>;
}

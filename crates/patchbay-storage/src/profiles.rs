//! Connector profiles.

use async_trait::async_trait;
use patchbay_model::{Profile, ProfileAlarm, ProfileId, ProjectId};

use crate::{Page, Result};

/// A filter for a list of profiles. Pages count from 1.
#[derive(Clone, Debug)]
pub struct ProfileFilter {
    /// Only profiles of this connector.
    pub connector: Option<String>,
    /// Only enabled (true) or disabled (false) profiles.
    pub active: Option<bool>,
    /// The page, from 1.
    pub page: u32,
    /// The number of profiles on a page.
    pub page_size: u32,
}

/// Stores connector profiles.
#[async_trait]
pub trait ProfileStore: Send + Sync {
    /// Adds a profile with its secrets. If it is the default, the connector's other profiles are no longer the default.
    ///
    /// # Errors
    /// [`StorageError::Conflict`](crate::StorageError::Conflict) if the id exists or the project does not.
    async fn create(&self, profile: &Profile) -> Result<()>;
    /// As [`ProfileStore::create`], for a profile whose pin is the number of a version that the project pushed. Such a pin and the
    /// deletion of the version exclude each other.
    ///
    /// # Errors
    /// [`StorageError::Conflict`](crate::StorageError::Conflict) if the version no longer exists, too.
    async fn create_pinned(&self, profile: &Profile) -> Result<()>;
    /// Returns the project's profile with this id.
    ///
    /// # Errors
    /// A [`StorageError`](crate::StorageError) if the backend fails.
    async fn get(&self, project: &ProjectId, id: &ProfileId) -> Result<Option<Profile>>;
    /// Returns a page of the project's profiles, oldest first.
    ///
    /// # Errors
    /// A [`StorageError`](crate::StorageError) if the backend fails.
    async fn list(&self, project: &ProjectId, filter: &ProfileFilter) -> Result<Page<Profile>>;
    /// Replaces a profile with its secrets. Its connector, its authentication method and `created_at` do not change. If
    /// it is the default, the connector's other profiles are no longer the default. Returns false if the project does not
    /// have the profile.
    ///
    /// # Errors
    /// A [`StorageError`](crate::StorageError) if the backend fails.
    async fn update(&self, profile: &Profile) -> Result<bool>;
    /// As [`ProfileStore::update`], for a profile that is pinned as one of [`ProfileStore::create_pinned`].
    ///
    /// # Errors
    /// [`StorageError::Conflict`](crate::StorageError::Conflict) if the version no longer exists.
    async fn update_pinned(&self, profile: &Profile) -> Result<bool>;
    /// Raises an alarm if the profile has none, or clears it (`None`); nothing else, not even `updated_at`. Returns false
    /// if nothing changed, or if the project does not have the profile.
    ///
    /// # Errors
    /// A [`StorageError`](crate::StorageError) if the backend fails.
    async fn set_alarm(&self, project: &ProjectId, id: &ProfileId, alarm: Option<&ProfileAlarm>) -> Result<bool>;
    /// Deletes a profile with its secrets, and returns it.
    ///
    /// # Errors
    /// [`StorageError::Conflict`](crate::StorageError::Conflict) while accounts use it.
    async fn delete(&self, project: &ProjectId, id: &ProfileId) -> Result<Option<Profile>>;
}

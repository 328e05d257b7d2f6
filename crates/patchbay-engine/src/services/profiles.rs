//! Connector profiles: make, list, change, delete.

use std::sync::Arc;

use patchbay_model::{EnabledActions, Profile, ProfileId};
use patchbay_vault::Secret;

use super::{Caller, Engine};
use crate::{Error, Page};

/// What a profile is made from.
#[derive(Clone, Debug)]
pub struct NewProfile {
    /// The connector's key; it must exist.
    pub connector: String,
    /// Its display name; the connector's title when absent.
    pub name: Option<String>,
    /// The authentication method; the connector's first when absent.
    pub auth_config_key: Option<String>,
    /// The provider's environment; the method's first when absent.
    pub environment: Option<String>,
    /// The version pin.
    pub version_pin: Option<String>,
    /// Whether it is enabled.
    pub active: bool,
    /// Whether it becomes the connector's default.
    pub default: bool,
    /// The actions it allows; unknown ones are refused with the nearest names.
    pub enabled_actions: EnabledActions,
    /// Values of the set-up fields, secret and not.
    pub setup: Vec<(String, Secret)>,
}

/// What to change; `None` leaves a value.
#[derive(Clone, Debug, Default)]
pub struct ProfilePatch {
    /// Its display name.
    pub name: Option<String>,
    /// Whether it is enabled.
    pub active: Option<bool>,
    /// Makes it the default (`false` is refused: make another one the default).
    pub default: Option<bool>,
    /// The provider's environment.
    pub environment: Option<String>,
    /// The version pin; `Some(None)` follows the latest.
    pub version_pin: Option<Option<String>>,
    /// The actions it allows.
    pub enabled_actions: Option<EnabledActions>,
    /// Set-up values to change; omitted fields keep theirs.
    pub setup: Vec<(String, Secret)>,
}

/// Which profiles to list.
#[derive(Clone, Debug, Default)]
pub struct ProfileQuery {
    /// Only of this connector.
    pub connector: Option<String>,
    /// Only enabled or disabled ones.
    pub active: Option<bool>,
    /// The page, from 1.
    pub page: u32,
    /// Profiles on a page, 1 to 100.
    pub page_size: u32,
}

impl Engine {
    /// A page of profiles.
    pub async fn list_profiles(&self, _caller: &Caller, _query: ProfileQuery) -> Result<Page<Arc<Profile>>, Error> {
        todo!()
    }

    /// One profile. 404 `ProfileNotFoundError` also for another project's.
    pub async fn get_profile(&self, _caller: &Caller, _id: &ProfileId) -> Result<Arc<Profile>, Error> {
        todo!()
    }

    /// Makes a profile.
    pub async fn create_profile(&self, _caller: &Caller, _new: NewProfile) -> Result<Arc<Profile>, Error> {
        todo!()
    }

    /// Changes a profile.
    pub async fn patch_profile(&self, _caller: &Caller, _id: &ProfileId, _patch: ProfilePatch) -> Result<Arc<Profile>, Error> {
        todo!()
    }

    /// Deletes a profile and gives it back; 409 `ProfileInUseError` while accounts use it.
    pub async fn delete_profile(&self, _caller: &Caller, _id: &ProfileId) -> Result<Arc<Profile>, Error> {
        todo!()
    }
}

//! The alarm of a profile whose client the provider rejects: one alarm for any number of accounts.

use patchbay_model::{Profile, ProfileAlarm};

use super::Profiles;
use crate::{Error, ErrorCode};

/// The code of the alarm and of the failed calls.
const CLIENT_REFUSED: ErrorCode = ErrorCode::ProfileCredentials;

impl Profiles {
    /// Stores the alarm in the profile; logs only its start.
    pub(crate) async fn raise_alarm(&self, profile: &Profile, title: &str, error: &Error) {
        let alarm = ProfileAlarm {
            code: CLIENT_REFUSED.to_string(),
            message: format!(
                "{title} rejects this profile's client; correct the client ID and secret ({})",
                error.message
            ),
            since: self.clock.now(),
        };
        if profile.alarm.is_none() && self.set_alarm(profile, Some(alarm)).await {
            tracing::error!(
                profile = %profile.id, name = profile.name, connector = profile.connector,
                "{title} rejects the client credentials of this connector profile: {}", error.message
            );
        }
    }

    /// Removes the alarm after the provider accepted the client credentials.
    pub(crate) async fn clear_alarm(&self, profile: &Profile) {
        if profile.alarm.is_some() && self.set_alarm(profile, None).await {
            tracing::info!(profile = %profile.id, name = profile.name, "the provider accepts the client credentials again");
        }
    }

    /// Returns true if the alarm changed.
    async fn set_alarm(&self, profile: &Profile, alarm: Option<ProfileAlarm>) -> bool {
        let (storage, cache) = (self.storage.clone(), self.cache.clone());
        let (project, id) = (profile.project_id.clone(), profile.id.clone());
        let stored = self
            .changes
            .run_to_completion(async move {
                let stored = storage.profiles().set_alarm(&project, &id, alarm.as_ref()).await;
                cache.evict(&id);
                stored
            })
            .await;
        stored.unwrap_or_else(|error| {
            tracing::warn!(%error, profile = %profile.id, "could not store the profile's alarm; the next call retries");
            false
        })
    }
}

//! One alarm for a profile whose app the provider refuses, however many accounts meet it.

use patchbay_model::{Profile, ProfileAlarm};

use super::Engine;
use crate::{Error, ErrorCode};

/// The alarm's code, and that of calls which meet it.
const CLIENT_REFUSED: ErrorCode = ErrorCode::ProfileCredentials;

impl Engine {
    /// Keeps with the profile that the provider refuses its app. Told in the log when it begins, and no more.
    pub(crate) async fn raise_alarm(&self, profile: &Profile, title: &str, error: &Error) {
        let alarm = ProfileAlarm {
            code: CLIENT_REFUSED.to_string(),
            message: format!(
                "{title} refuses this profile's app: correct its client id and secret ({})",
                error.message
            ),
            since: self.clock().now(),
        };
        if profile.alarm.is_none() && self.set_alarm(profile, Some(alarm)).await {
            tracing::error!(
                profile = %profile.id, name = profile.name, connector = profile.connector,
                "{title} refuses the app's credentials of this connector profile: {}", error.message
            );
        }
    }

    /// The provider took the app's credentials.
    pub(crate) async fn clear_alarm(&self, profile: &Profile) {
        if profile.alarm.is_some() && self.set_alarm(profile, None).await {
            tracing::info!(profile = %profile.id, name = profile.name, "the provider takes the app's credentials again");
        }
    }

    /// Whether it was otherwise before.
    async fn set_alarm(&self, profile: &Profile, alarm: Option<ProfileAlarm>) -> bool {
        let (engine, project, id) = (self.clone(), profile.project_id.clone(), profile.id.clone());
        let stored = self
            .run_to_completion(async move {
                let stored = engine.storage().profiles().set_alarm(&project, &id, alarm.as_ref()).await;
                engine.0.profiles.evict(&id);
                stored
            })
            .await;
        stored.unwrap_or_else(|error| {
            tracing::warn!(%error, profile = %profile.id, "a profile's alarm could not be stored; the next call tries again");
            false
        })
    }
}

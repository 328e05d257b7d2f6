//! Connection attempts as they are followed: each end is told to who waits for it.
//!
//! A wait holds nothing but a place in a channel. What it misses (another process ended the attempt, or too much
//! happened at once) it finds when it looks again, which it does at the end of every wait.

use std::time::Duration;

use patchbay_model::{AccountId, AttemptError, AttemptId, AttemptStatus, ConnectionAttempt};
use tokio::{sync::broadcast, time::timeout};

use super::{Engine, HubSession};
use crate::Error;

/// AttemptFeed that a slow listener may lag behind before it looks for itself.
const CHANNEL_CAPACITY: usize = 64;

/// Tells of attempts that have ended.
pub(super) struct AttemptFeed(broadcast::Sender<AttemptId>);

impl Default for AttemptFeed {
    fn default() -> Self {
        Self(broadcast::channel(CHANNEL_CAPACITY).0)
    }
}

impl Engine {
    /// AttemptFeed an attempt and tells who follows it. One that has ended stays as it is.
    pub(crate) async fn settle_attempt(
        &self,
        hub: &HubSession,
        id: &AttemptId,
        status: AttemptStatus,
        account: Option<&AccountId>,
        error: Option<&AttemptError>,
    ) -> Result<(), Error> {
        let session = &hub.session;
        self.storage().attempts().finish(&session.project_id, session.id, id, status, account, error).await?;
        // Nobody follows it: that is no failure.
        let _ = self.0.attempt_ends.0.send(id.clone());
        Ok(())
    }

    /// Where an attempt of this session stands, as soon as it has ended, at the latest after `patience`.
    pub async fn follow_attempt(
        &self,
        hub: &HubSession,
        id: &AttemptId,
        patience: Duration,
    ) -> Result<ConnectionAttempt, Error> {
        // Before the first look, so that no end falls between the two.
        let mut ends = self.0.attempt_ends.0.subscribe();
        let attempt = self.get_attempt(hub, id).await?;
        if attempt.status != AttemptStatus::Pending {
            return Ok(attempt);
        }
        let ended = async {
            while let Ok(other) = ends.recv().await {
                if other == *id {
                    return;
                }
            }
        };
        let _ = timeout(patience, ended).await;
        self.get_attempt(hub, id).await
    }
}

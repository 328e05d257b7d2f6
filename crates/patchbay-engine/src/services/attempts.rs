//! Notifies the clients that follow a connection attempt when it completes.
//!
//! A wait holds only a receiver of a channel. If it misses a message (another process completed the attempt, or the
//! receiver lagged), it finds the result when it reads the attempt at the end of the wait.

use std::time::Duration;

use patchbay_model::{AccountId, AttemptError, AttemptId, AttemptStatus, ConnectionAttempt};
use tokio::{sync::broadcast, time::timeout};

use crate::{Engine, Error, HubSession};

/// The number of messages that a slow receiver may lag behind.
const CHANNEL_CAPACITY: usize = 64;

/// Publishes completed attempts.
pub(crate) struct AttemptFeed(broadcast::Sender<AttemptId>);

impl Default for AttemptFeed {
    fn default() -> Self {
        Self(broadcast::channel(CHANNEL_CAPACITY).0)
    }
}

impl Engine {
    /// Completes an attempt and notifies its followers. A completed attempt does not change.
    pub(crate) async fn close_attempt(
        &self,
        hub: &HubSession,
        id: &AttemptId,
        status: AttemptStatus,
        account: Option<&AccountId>,
        error: Option<&AttemptError>,
    ) -> Result<(), Error> {
        let session = &hub.session;
        self.storage().attempts().finish(&session.project_id, session.id, id, status, account, error).await?;
        // An error means only that no client follows the attempt.
        let _ = self.attempt_feed.0.send(id.clone());
        Ok(())
    }

    /// Returns an attempt of this session as soon as it completes, at the latest after `patience`.
    ///
    /// # Errors
    ///
    /// 404 `AttemptNotFoundError` if the session has no such attempt.
    pub async fn follow_attempt(
        &self,
        hub: &HubSession,
        id: &AttemptId,
        patience: Duration,
    ) -> Result<ConnectionAttempt, Error> {
        // Subscribes before the first read, so that no completion is missed.
        let mut ends = self.attempt_feed.0.subscribe();
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

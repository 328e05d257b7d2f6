//! Connection attempts: start, follow, complete.
//!
//! The clients that follow an attempt are notified when it completes, also on another server of the database. A wait holds only a
//! receiver of a channel. If it misses a message, it finds the result when it reads the attempt again: at the end of the wait, and
//! every two seconds if several servers share the database.

use std::{sync::Arc, time::Duration};

use patchbay_model::{AccountId, AttemptError, AttemptId, AttemptStatus, Clock, ConnectionAttempt, Entropy};
use patchbay_storage::Storage;
use tokio::{
    sync::broadcast,
    time::{interval, timeout},
};

use crate::{EngineParts, Error, ErrorCode, HubSession};

/// The number of messages that a slow receiver may lag behind.
const CHANNEL_CAPACITY: usize = 64;

/// How often an attempt that other servers may complete is read while a client follows it.
const LOOK_INTERVAL: Duration = Duration::from_secs(2);

/// The time after which a pending attempt expires; the Hub waits as long.
const ATTEMPT_TTL: Duration = Duration::from_mins(5);

/// The connection attempts of connect sessions.
pub struct Attempts {
    storage: Arc<dyn Storage>,
    clock: Arc<dyn Clock>,
    entropy: Arc<dyn Entropy>,
    /// Publishes completed attempts.
    completed: broadcast::Sender<AttemptId>,
    /// Whether other servers complete attempts too.
    is_shared: bool,
}

impl Attempts {
    pub(crate) fn new(parts: &EngineParts) -> Self {
        Self {
            storage: parts.storage.clone(),
            clock: parts.clock.clone(),
            entropy: parts.entropy.clone(),
            completed: broadcast::channel(CHANNEL_CAPACITY).0,
            is_shared: parts.storage.replicas().is_some(),
        }
    }

    /// Starts an attempt that the Hub polls. It expires after five minutes.
    ///
    /// # Errors
    ///
    /// 409 `SessionUsedError` if the session may not link an account; 503 `StorageUnavailableError` if it cannot be stored.
    pub async fn start(&self, hub: &HubSession) -> Result<ConnectionAttempt, Error> {
        hub.require_unused()?;
        let now = self.clock.now();
        let attempt = ConnectionAttempt {
            id: AttemptId::generate(&*self.entropy),
            session_id: hub.session.id,
            project_id: hub.session.project_id.clone(),
            status: AttemptStatus::Pending,
            account_id: None,
            error: None,
            created_at: now,
            expires_at: now.plus(ATTEMPT_TTL).min(hub.session.expires_at),
        };
        self.storage.attempts().create(&attempt).await?;
        Ok(attempt)
    }

    /// Returns an attempt of this session.
    ///
    /// # Errors
    ///
    /// 404 `AttemptNotFoundError` if the session has no such attempt.
    pub async fn get(&self, hub: &HubSession, id: &AttemptId) -> Result<ConnectionAttempt, Error> {
        let found = self.storage.attempts().get(&hub.session.project_id, hub.session.id, id).await?;
        let mut attempt = found.ok_or_else(|| {
            Error::new(ErrorCode::AttemptNotFound, "this connect session has no such connection attempt")
        })?;
        if attempt.status == AttemptStatus::Pending && attempt.expires_at <= self.clock.now() {
            attempt.status = AttemptStatus::Expired;
            self.close(hub, id, AttemptStatus::Expired, None, None).await?;
        }
        Ok(attempt)
    }

    /// Cancels an attempt; a completed attempt does not change.
    ///
    /// # Errors
    ///
    /// 404 `AttemptNotFoundError` if the session has no such attempt.
    pub async fn cancel(&self, hub: &HubSession, id: &AttemptId) -> Result<(), Error> {
        self.get(hub, id).await?;
        self.close(hub, id, AttemptStatus::Cancelled, None, None).await
    }

    /// Notifies the followers of an attempt that another server completed.
    pub(crate) fn announce(&self, id: &AttemptId) {
        // An error means only that no client follows the attempt.
        let _ = self.completed.send(id.clone());
    }

    /// Completes an attempt and notifies its followers. A completed attempt does not change.
    pub(crate) async fn close(
        &self,
        hub: &HubSession,
        id: &AttemptId,
        status: AttemptStatus,
        account: Option<&AccountId>,
        error: Option<&AttemptError>,
    ) -> Result<(), Error> {
        let session = &hub.session;
        self.storage.attempts().finish(&session.project_id, session.id, id, status, account, error).await?;
        self.announce(id);
        Ok(())
    }

    /// Returns an attempt of this session as soon as it completes, at the latest after `patience`.
    ///
    /// # Errors
    ///
    /// 404 `AttemptNotFoundError` if the session has no such attempt.
    pub async fn follow(
        &self,
        hub: &HubSession,
        id: &AttemptId,
        patience: Duration,
    ) -> Result<ConnectionAttempt, Error> {
        // Subscribes before the first read, so that no completion is missed.
        let mut ends = self.completed.subscribe();
        let attempt = self.get(hub, id).await?;
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
        // The message of another server may be lost with the database's connection.
        let looks = async {
            let mut looks = interval(LOOK_INTERVAL);
            looks.tick().await;
            loop {
                looks.tick().await;
                match self.get(hub, id).await {
                    Ok(attempt) if attempt.status == AttemptStatus::Pending => {}
                    _ => return,
                }
            }
        };
        let ended = async {
            if self.is_shared {
                tokio::select! { () = ended => {} () = looks => {} }
            } else {
                ended.await;
            }
        };
        let _ = timeout(patience, ended).await;
        self.get(hub, id).await
    }
}

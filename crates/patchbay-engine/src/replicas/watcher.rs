//! Hears of the changes that other servers make, and forgets what they concern.

use std::{pin::pin, sync::Arc, time::Duration};

use patchbay_model::{StoredChange, Word};
use patchbay_storage::{ChangeWatch, Storage, StorageError};
use tokio::time::{Instant, MissedTickBehavior, interval, sleep, sleep_until, timeout};
use tokio_util::sync::CancellationToken;

use super::{
    forgetting::Kept,
    freshness::{Freshness, MAX_QUIET},
};
use crate::{attempts::Attempts, background_task::BackgroundTask};

/// The longest time between two looks: half of what a caller tolerates.
const LOOK_INTERVAL: Duration = Duration::from_millis(500);
/// How long words are collected before a look, so that many changes cost one.
const COLLECTING: Duration = Duration::from_millis(5);
/// How long a look may take. Then the database is away.
const LOOK_TIMEOUT: Duration = Duration::from_secs(1);
/// The pause between two connections.
const RECONNECT_PAUSE: Duration = Duration::from_millis(200);

/// Why a connection was not opened.
enum Failed {
    Away(StorageError),
    /// This process was stopped meanwhile.
    Stopped,
}

/// What the watcher works with.
pub(crate) struct Watcher {
    pub(crate) storage: Arc<dyn Storage>,
    pub(crate) freshness: Arc<Freshness>,
    pub(crate) kept: Kept,
    pub(crate) attempts: Arc<Attempts>,
}

/// Starts the watcher. From then on, nothing that is kept is used before its first look.
pub(crate) fn start(watcher: Watcher) -> BackgroundTask {
    watcher.freshness.begin();
    BackgroundTask::start(async move |stop: CancellationToken| {
        tokio::select! { () = stop.cancelled() => {} () = watcher.run() => {} }
    })
}

impl Watcher {
    async fn run(&self) {
        let mut is_lost = false;
        loop {
            match self.connect().await {
                Ok(watch) => {
                    if is_lost {
                        tracing::info!("the database is back; what was kept is forgotten");
                    }
                    // Whether the database is away is known when another connection has failed.
                    let failed = self.follow(watch).await;
                    if let Some(replicas) = self.storage.replicas() {
                        replicas.distrust();
                    }
                    is_lost = true;
                    let cause = cause_of(&failed);
                    tracing::warn!(error = %failed, cause, "changes of other servers are not seen until the database is back");
                }
                Err(Failed::Away(failed)) => {
                    self.freshness.failed(self.freshness.moment());
                    let cause = cause_of(&failed);
                    tracing::debug!(error = %failed, cause, "the database is away");
                    is_lost = true;
                    sleep(RECONNECT_PAUSE).await;
                }
                Err(Failed::Stopped) => {}
            }
        }
    }

    /// Connects. Meanwhile it is known that the database is away, as long as this process runs. One that was stopped begins again,
    /// because the database may be back.
    ///
    /// What was kept is forgotten when it can be read again, and not when this connection works: those of the pool may be dead or used
    /// up for longer, and calls would be refused that could go on without the database.
    async fn connect(&self) -> Result<Box<dyn ChangeWatch>, Failed> {
        let Some(replicas) = self.storage.replicas() else { return std::future::pending().await };
        let mut opening = pin!(async {
            let mut watch = replicas.watch().await?;
            look(&mut *watch).await?;
            replicas.check().await?;
            let began = self.freshness.moment();
            look(&mut *watch).await?;
            // What was read before the look began may be old, and the next look does not find why.
            self.kept.forget_all();
            self.freshness.confirmed(began);
            Ok(watch)
        });
        let mut ticks = interval(LOOK_INTERVAL);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        // The first tick comes at once.
        ticks.tick().await;
        let mut last = self.freshness.moment();
        loop {
            let opened = tokio::select! {
                opened = &mut opening => Some(opened),
                _ = ticks.tick() => None,
            };
            let now = self.freshness.moment();
            let was_stopped = now.since(last) > MAX_QUIET;
            last = now;
            match opened {
                Some(Ok(watch)) => return Ok(watch),
                _ if was_stopped => return Err(Failed::Stopped),
                Some(Err(failed)) => return Err(Failed::Away(failed)),
                None => self.freshness.failed(now),
            }
        }
    }

    /// Follows the changes until the connection is lost.
    async fn follow(&self, mut watch: Box<dyn ChangeWatch>) -> StorageError {
        let mut next_look = Instant::now() + LOOK_INTERVAL;
        loop {
            let is_due = tokio::select! {
                word = watch.word() => match word {
                    Ok(Word::Changed) => {
                        next_look = next_look.min(Instant::now() + COLLECTING);
                        false
                    }
                    Ok(Word::AttemptCompleted(id)) => {
                        self.attempts.announce(&id);
                        false
                    }
                    Err(failed) => return failed,
                },
                () = sleep_until(next_look) => true,
                () = self.freshness.wanted() => true,
            };
            if !is_due {
                continue;
            }
            let began = self.freshness.moment();
            match look(&mut *watch).await {
                Ok(changes) => {
                    self.kept.forget(changes);
                    self.freshness.confirmed(began);
                }
                Err(failed) => return failed,
            }
            next_look = Instant::now() + LOOK_INTERVAL;
        }
    }
}

/// Looks, and does not wait without end for a server that is silent: the first look of a connection takes no longer than others.
async fn look(watch: &mut dyn ChangeWatch) -> Result<Vec<StoredChange>, StorageError> {
    let late = |_| StorageError::Unavailable {
        remedy: "check that PostgreSQL runs, and that this machine reaches it",
        source: "a look took too long".into(),
    };
    timeout(LOOK_TIMEOUT, watch.look()).await.map_err(late)?
}

fn cause_of(error: &StorageError) -> String {
    std::error::Error::source(error).map(ToString::to_string).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use async_trait::async_trait;

    use super::*;

    /// A database that accepts connections and says nothing.
    struct Silent;

    #[async_trait]
    impl ChangeWatch for Silent {
        async fn word(&mut self) -> Result<Word, StorageError> {
            std::future::pending().await
        }

        async fn look(&mut self) -> Result<Vec<StoredChange>, StorageError> {
            std::future::pending().await
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_look_at_a_silent_database_ends() {
        let began = Instant::now();
        let failed = look(&mut Silent).await.unwrap_err();
        assert_eq!(cause_of(&failed), "a look took too long");
        assert_eq!(began.elapsed(), LOOK_TIMEOUT);
    }
}

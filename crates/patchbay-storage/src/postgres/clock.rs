//! The database's clock. Servers that share a database compare moments that others have written: leases, back-offs, expiries of
//! tokens and sessions. The clocks of their machines may be minutes apart; this one is the same for all.

use std::{
    sync::{
        Arc, Weak,
        atomic::{AtomicI64, Ordering},
    },
    time::Duration,
};

use patchbay_model::{Clock, Timestamp};
use tokio::time::sleep;

use super::PostgresStorage;
use crate::Result;

/// The time between two comparisons with the database.
const INTERVAL: Duration = Duration::from_secs(10);
/// A comparison that took longer says too little: its error may be half of that.
const LONGEST_ANSWER: Duration = Duration::from_secs(1);

/// The machine's clock, corrected by its difference from the database's.
pub struct DatabaseClock {
    machine: Arc<dyn Clock>,
    /// How far the database's clock is ahead, in microseconds.
    ahead: AtomicI64,
}

impl DatabaseClock {
    /// Returns how far the database's clock is ahead of the machine's, in seconds; negative if it is behind.
    pub fn seconds_ahead(&self) -> i64 {
        self.ahead.load(Ordering::Relaxed) / 1_000_000
    }
}

impl Clock for DatabaseClock {
    fn now(&self) -> Timestamp {
        let ahead = self.ahead.load(Ordering::Relaxed);
        Timestamp::from_micros(self.machine.now().as_micros().saturating_add(ahead))
    }

    fn monotonic(&self) -> Duration {
        self.machine.monotonic()
    }
}

/// A comparison of the two clocks.
struct Comparison {
    /// How far the database's clock is ahead, in microseconds.
    ahead: i64,
    /// How long the database took to answer.
    took: Duration,
}

impl PostgresStorage {
    /// Returns the database's clock, which measures with the machine's and is compared with the database again and again, as long as
    /// both the storage and the clock are in use.
    ///
    /// # Errors
    /// A [`StorageError`](crate::StorageError) if the database does not answer.
    pub async fn clock(self: &Arc<Self>, machine: Arc<dyn Clock>) -> Result<Arc<DatabaseClock>> {
        let first = self.compare(&*machine).await?;
        let clock = Arc::new(DatabaseClock { machine, ahead: AtomicI64::new(first.ahead) });
        self.runtime.spawn(keep(Arc::downgrade(self), Arc::downgrade(&clock)));
        Ok(clock)
    }

    async fn compare(&self, machine: &dyn Clock) -> Result<Comparison> {
        let (before, began) = (machine.now(), machine.monotonic());
        let theirs = self.read((), |connection, ()| {
            Box::pin(async move { Ok(sqlx::query_scalar("SELECT clock_micros()").fetch_one(connection).await?) })
        });
        let theirs: i64 = theirs.await?;
        let took = machine.monotonic().saturating_sub(began);
        let ours = before.plus(took / 2).as_micros();
        Ok(Comparison { ahead: theirs.saturating_sub(ours), took })
    }
}

/// Compares the clocks until one of them, or the storage, is no longer in use.
async fn keep(storage: Weak<PostgresStorage>, clock: Weak<DatabaseClock>) {
    loop {
        sleep(INTERVAL).await;
        let (Some(storage), Some(clock)) = (storage.upgrade(), clock.upgrade()) else { return };
        if storage.pool.is_closed() {
            return;
        }
        // While the database is away, the last difference holds.
        if let Ok(comparison) = storage.compare(&*clock.machine).await
            && comparison.took <= LONGEST_ANSWER
        {
            clock.ahead.store(comparison.ahead, Ordering::Relaxed);
        }
    }
}

//! When connections were lost. Those that were opened or used before are not trusted.
//!
//! A server that restarts leaves a pool of dead connections, a network that forgets connections leaves a pool on which nobody
//! answers, and a server that becomes a standby a pool of connections that can only read. One loss therefore casts doubt on all of
//! them.

use std::{
    io,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use sqlx::{Connection as _, PgConnection, pool::PoolConnectionMetadata};
use tokio::time::{Instant, timeout};

use super::error::Failure;

/// A connection that was idle for longer is tried before it is used. Others are not: it takes a round trip.
const TRIED_AFTER: Duration = Duration::from_secs(10);
/// How long a connection that is tried may take to answer. It leaves time to open another one while a request waits.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(1);

/// The last losses.
#[derive(Default)]
pub(super) struct Losses(Mutex<Last>);

#[derive(Clone, Copy, Default)]
struct Last {
    /// When a connection was found to be gone.
    gone: Option<Instant>,
    /// When a server was found to be read-only, or silent. To try each connection of a silent server would take too long.
    distrusted: Option<Instant>,
}

/// How far a connection of the pool is trusted.
#[derive(Debug, PartialEq, Eq)]
enum Trust {
    Full,
    /// It is tried first.
    Tried,
    /// It is closed.
    None,
}

impl Losses {
    /// Notes a failure that shows that a connection was lost.
    pub(super) fn note(&self, failure: &Failure) {
        let mut last = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let now = Some(Instant::now());
        last.gone = now;
        if failure.is_read_only() {
            last.distrusted = now;
        }
    }

    /// Lets no connection be used that was opened before now.
    pub(super) fn distrust(&self) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).distrusted = Some(Instant::now());
    }

    /// `age` is the time since the connection was opened, `idle_for` since it was last used.
    fn trust(&self, age: Duration, idle_for: Duration) -> Trust {
        let last = *self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let now = Instant::now();
        // A moment before the process started is before every loss.
        let is_before = |ago, loss: Option<Instant>| {
            loss.is_some_and(|loss| now.checked_sub(ago).is_none_or(|moment| moment <= loss))
        };
        if is_before(age, last.distrusted) {
            Trust::None
        } else if idle_for > TRIED_AFTER || is_before(idle_for, last.gone) {
            Trust::Tried
        } else {
            Trust::Full
        }
    }

    /// Returns whether a connection of the pool is used.
    ///
    /// # Errors
    /// An error if the connection was tried and is gone.
    pub(super) async fn is_usable(
        &self,
        connection: &mut PgConnection,
        life: PoolConnectionMetadata,
    ) -> Result<bool, sqlx::Error> {
        match self.trust(life.age, life.idle_for) {
            Trust::Full => Ok(true),
            Trust::None => Ok(false),
            Trust::Tried => match timeout(ANSWER_TIMEOUT, connection.ping()).await {
                Ok(answer) => answer.map(|()| true),
                Err(late) => Err(io::Error::new(io::ErrorKind::TimedOut, late).into()),
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_loss_casts_doubt_on_older_connections() {
        tokio::time::advance(Duration::from_hours(1)).await;
        let losses = Losses::default();
        let trust = |age, idle_for| losses.trust(Duration::from_secs(age), Duration::from_secs(idle_for));
        assert_eq!(trust(1_000, 10), Trust::Full);
        assert_eq!(trust(1_000, 11), Trust::Tried, "it was idle");
        losses.note(&Failure::from(sqlx::Error::Io(io::ErrorKind::ConnectionReset.into())));
        tokio::time::advance(Duration::from_secs(5)).await;
        assert_eq!(trust(1_000, 6), Trust::Tried, "it was last used before the loss");
        assert_eq!(trust(1_000, 4), Trust::Full, "it was used after the loss");
        assert_eq!(trust(4, 4), Trust::Full, "it was opened after the loss");
        assert_eq!(trust(100_000, 100_000), Trust::Tried, "it is older than the process");
        losses.distrust();
        tokio::time::advance(Duration::from_secs(5)).await;
        assert_eq!(trust(6, 1), Trust::None, "it was opened before, whenever it was used");
        assert_eq!(trust(4, 1), Trust::Full);
    }
}

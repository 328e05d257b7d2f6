//! The work that one server does for all.

use std::{sync::Arc, time::Duration};

use patchbay_model::{Clock, LeaderFence};
use patchbay_storage::{LEADERSHIP, fenced};
use tokio::sync::watch;

/// Who leads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Role {
    /// This server, whose database no other one uses.
    Single,
    /// This server, until its monotonic clock shows this time.
    Leader(LeaderFence, Duration),
    /// Another one, or nobody.
    Follower,
}

/// Whether this server does the leader's work. Clones share it.
#[derive(Clone)]
pub(crate) struct Leadership {
    role: Arc<watch::Sender<Role>>,
    clock: Arc<dyn Clock>,
}

impl Leadership {
    /// Creates the leadership of a server whose database no other one uses.
    pub(crate) fn new(clock: Arc<dyn Clock>) -> Self {
        Self { role: Arc::new(watch::channel(Role::Single).0), clock }
    }

    /// Records who leads: this server under a number that was asked for at a time of the monotonic clock, or another one.
    pub(crate) fn set(&self, fence: Option<LeaderFence>, asked_at: Duration) {
        self.role.send_replace(match fence {
            Some(fence) => Role::Leader(fence, asked_at + LEADERSHIP),
            None => Role::Follower,
        });
    }

    /// Does work of the leader, unless another server leads. The storage rejects what it writes after another one has taken over.
    pub(crate) async fn perform<T>(&self, work: impl Future<Output = T>) -> Option<T> {
        let role = *self.role.borrow();
        match role {
            Role::Single => Some(work.await),
            Role::Leader(fence, until) if self.clock.monotonic() < until => Some(fenced(fence, work).await),
            Role::Leader(..) | Role::Follower => None,
        }
    }

    /// Returns whether this server leads.
    pub(crate) fn is_leader(&self) -> bool {
        match *self.role.borrow() {
            Role::Single => true,
            Role::Leader(_, until) => self.clock.monotonic() < until,
            Role::Follower => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use patchbay_model::testing::ManualClock;
    use patchbay_storage::current_fence;

    use super::*;

    #[tokio::test]
    async fn only_the_leader_works_and_only_for_its_time() {
        let clock = Arc::new(ManualClock::at(crate::testing::NOW));
        let leadership = Leadership::new(clock.clone());
        let work = async || leadership.perform(async { current_fence() }).await;
        assert_eq!(work().await, Some(None), "a server without others needs no fence");
        leadership.set(None, clock.monotonic());
        assert_eq!((work().await, leadership.is_leader()), (None, false));
        leadership.set(Some(LeaderFence(3)), clock.monotonic());
        assert_eq!((work().await, leadership.is_leader()), (Some(Some(LeaderFence(3))), true));
        clock.advance_seconds(10);
        assert_eq!((work().await, leadership.is_leader()), (None, false));
    }
}

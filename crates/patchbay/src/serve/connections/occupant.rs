//! Who has a place: the client of a connection, and the task that serves it.

use std::{
    net::IpAddr,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
};

use tokio::task::AbortHandle;

use super::connection::Client;

/// The client of a connection that has a place. The thread that accepts connections can end the task that serves it.
pub(super) struct Occupant {
    pub(super) client: Arc<Client>,
    /// What counts as one address.
    pub(super) address: IpAddr,
    task: Mutex<Option<AbortHandle>>,
    is_evicted: AtomicBool,
}

impl Occupant {
    /// Creates the occupant of a new connection from `peer`, which counts as `address`.
    pub(super) fn new(peer: IpAddr, address: IpAddr) -> Self {
        let client = Arc::new(Client::new(peer));
        Self { client, address, task: Mutex::default(), is_evicted: AtomicBool::new(false) }
    }

    #[cfg(test)]
    pub(super) fn is_evicted(&self) -> bool {
        self.is_evicted.load(Ordering::Acquire)
    }

    /// Lets the task that serves the connection be ended from outside.
    pub(super) fn is_served_by(&self, task: AbortHandle) {
        let mut own = self.task.lock().unwrap_or_else(PoisonError::into_inner);
        if self.is_evicted.load(Ordering::Acquire) {
            task.abort();
        }
        *own = Some(task);
    }

    /// Ends the task that serves the connection.
    pub(super) fn evict(&self) {
        let task = self.task.lock().unwrap_or_else(PoisonError::into_inner);
        self.is_evicted.store(true, Ordering::Release);
        if let Some(task) = &*task {
            task.abort();
        }
    }
}

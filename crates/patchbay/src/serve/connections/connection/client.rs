//! What the threads that accept and serve a connection share.

use std::{
    net::IpAddr,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
};

use tokio::task::AbortHandle;

use super::activity::Activity;

/// The connection of a client, as the threads that accept and serve it share it.
pub(crate) struct Client {
    /// The address of the connection's other end.
    pub(crate) peer: IpAddr,
    /// What counts as one address.
    pub(crate) address: IpAddr,
    pub(crate) activity: Activity,
    task: Mutex<Option<AbortHandle>>,
    is_evicted: AtomicBool,
}

impl Client {
    /// Creates the client of a new connection from `peer`, which counts as `address`.
    pub(crate) fn new(peer: IpAddr, address: IpAddr) -> Self {
        let is_evicted = AtomicBool::new(false);
        Self { peer, address, activity: Activity::new(), task: Mutex::default(), is_evicted }
    }

    #[cfg(test)]
    pub(crate) fn is_evicted(&self) -> bool {
        self.is_evicted.load(Ordering::Acquire)
    }

    /// Lets the task that serves the connection be ended from outside.
    pub(crate) fn is_served_by(&self, task: AbortHandle) {
        let mut own = self.task.lock().unwrap_or_else(PoisonError::into_inner);
        if self.is_evicted.load(Ordering::Acquire) {
            task.abort();
        }
        *own = Some(task);
    }

    /// Ends the task that serves the connection.
    pub(crate) fn evict(&self) {
        let task = self.task.lock().unwrap_or_else(PoisonError::into_inner);
        self.is_evicted.store(true, Ordering::Release);
        if let Some(task) = &*task {
            task.abort();
        }
    }
}

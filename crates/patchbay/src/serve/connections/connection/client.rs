//! What the threads that accept and serve a connection share.

use std::{
    net::IpAddr,
    sync::atomic::{AtomicBool, Ordering::Relaxed},
};

use super::{activity::Activity, backlog::Backlog};

/// The client of a connection.
pub(crate) struct Client {
    /// The address of the connection's other end.
    pub(crate) peer: IpAddr,
    pub(crate) activity: Activity,
    pub(crate) backlog: Backlog,
    /// Whether each further response of an HTTP/1.1 connection is its last.
    is_leaving: AtomicBool,
}

impl Client {
    /// Creates the client of a new connection from `peer`.
    pub(crate) fn new(peer: IpAddr) -> Self {
        Self { peer, activity: Activity::new(), backlog: Backlog::default(), is_leaving: AtomicBool::new(false) }
    }

    /// Lets the next response of an HTTP/1.1 connection be its last, and say so.
    pub(super) fn leaves_with_next_response(&self) {
        self.is_leaving.store(true, Relaxed);
    }

    pub(super) fn is_leaving(&self) -> bool {
        self.is_leaving.load(Relaxed)
    }
}

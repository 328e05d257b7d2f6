//! How long a connection may wait for its client.

use std::time::Duration;

/// The times after which a connection that waits for its client is closed.
///
/// A connection that waits for the server (a call is running) has none of these limits: the call has a budget of its
/// own. A body that arrives slowly has none either: its reader limits each part and the whole.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Clocks {
    /// From the accepted connection to the end of the first request's head, and from the first byte of each later head
    /// to its end.
    pub(crate) head: Duration,
    /// The time in which a client that has a response to read must read some of it.
    pub(crate) write: Duration,
    /// The time between two requests. HTTP/2 pings do not extend it. Longer than the idle time of common load
    /// balancers (60 seconds), which must close first, so that they never send a request on a closing connection.
    pub(crate) idle: Duration,
    /// The time in which a client must react to the end of a connection, before the server cuts it off.
    pub(crate) leave: Duration,
}

impl Clocks {
    /// The times that the documentation promises.
    pub(crate) const DOCUMENTED: Self = Self {
        head: Duration::from_secs(15),
        write: Duration::from_secs(30),
        idle: Duration::from_secs(75),
        leave: Duration::from_secs(5),
    };

    /// Returns the longest time between two looks at a connection, which is how late a clock may be noticed.
    pub(crate) fn tick(&self) -> Duration {
        self.head.min(self.write).min(self.idle) / 3
    }
}

//! Times of the database.

use std::time::Duration;

use crate::{Histogram, Label as _, label::label};

label! {
    /// What the server waits for. SQLite has one writer, so the wait for it is what grows; on PostgreSQL, whole transactions are
    /// measured, with the way over the network.
    DbOperation {
        /// The begin of a transaction of SQLite that reads.
        SqliteReadWait = "read_wait",
        /// The begin of a transaction of SQLite that writes.
        SqliteWriteWait = "write_wait",
        /// A statement of PostgreSQL that reads.
        PostgresRead = "read",
        /// Several statements of PostgreSQL that read one snapshot.
        PostgresSnapshot = "snapshot",
        /// A transaction of PostgreSQL that writes.
        PostgresWrite = "write",
    }
}

impl DbOperation {
    pub(crate) fn backend(self) -> &'static str {
        match self {
            Self::SqliteReadWait | Self::SqliteWriteWait => "sqlite",
            Self::PostgresRead | Self::PostgresSnapshot | Self::PostgresWrite => "postgres",
        }
    }
}

/// The times of each operation.
#[derive(Debug)]
pub struct DbTimes(Box<[Histogram]>);

impl Default for DbTimes {
    fn default() -> Self {
        Self(DbOperation::ALL.iter().map(|_| Histogram::default()).collect())
    }
}

impl DbTimes {
    /// Counts an operation.
    pub fn observe(&self, operation: DbOperation, duration: Duration) {
        self.0[operation.index()].observe(duration);
    }

    pub(crate) fn of(&self, operation: DbOperation) -> &Histogram {
        &self.0[operation.index()]
    }
}

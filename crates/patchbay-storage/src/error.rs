//! The errors of storage. Each message says what to do; the cause is the error's `source`.

use std::error::Error;

use patchbay_model::{CodedError, ErrorCode};

/// The error that a backend reported, kept as the `source` of a [`StorageError`].
pub type Cause = Box<dyn Error + Send + Sync>;

/// The conflicts of a pin with the deletion of the version that it names, on every backend.
pub(crate) const VERSION_GONE: StorageError =
    StorageError::Conflict("the connector version of the pin was deleted in the meantime; choose another one");
pub(crate) const VERSION_PINNED: StorageError =
    StorageError::Conflict("a connector profile is pinned to this version; change its pin or delete the profile first");

/// The reason that a storage call failed. A failed call stores nothing.
#[derive(Debug, thiserror::Error)]
pub enum StorageError {
    /// The change contradicts stored data: a duplicate, a missing parent, or a newer revision.
    #[error("{0}")]
    Conflict(&'static str),
    /// A text contains the character NUL, which not every database can store. Requests are checked before; this is what is left.
    #[error("a text contains the character NUL; send it without")]
    NulCharacter,
    /// The connect session was used up or has ended.
    #[error("this link was already used, or has ended; ask for a new one")]
    SessionUsed,
    /// The disk is full, or the database reached its own size limit.
    #[error("the disk is full: nothing was stored; free some space and try again")]
    Full(#[source] Cause),
    /// The database cannot be written.
    #[error("the database is read-only: nothing was stored; check the data directory's owner and permissions")]
    ReadOnly(#[source] Cause),
    /// The file is damaged, or is not a Patchbay database.
    #[error("the database file is damaged or is not a Patchbay database; restore it from a backup")]
    Corrupt(#[source] Cause),
    /// A newer version of Patchbay migrated the database.
    #[error("the database was made by a newer version of Patchbay; update Patchbay, or restore an older backup")]
    Newer(#[source] Cause),
    /// The database stayed locked for longer than the busy timeout.
    #[error("the database stayed busy for too long; try again")]
    Busy(#[source] Cause),
    /// The database is being checked for damage, and the record was not found so far.
    #[error("the database is being checked after the start; try again in a few seconds")]
    Checking,
    /// The database is closed.
    #[error("the database is closed; start Patchbay again")]
    Closed(#[source] Cause),
    /// The transaction belongs to the work of a leader, and another server has become the leader.
    #[error("another server has taken over this work; nothing was stored")]
    NotLeader,
    /// The database cannot be opened or read.
    #[error("the database cannot be used; {remedy}")]
    Unavailable {
        /// What a person must do, in the imperative.
        remedy: &'static str,
        /// The cause.
        source: Cause,
    },
    /// A stored value has a form that no version of Patchbay writes.
    #[error("the database is inconsistent in {table} {row}, column {column}; restore it from a backup")]
    Inconsistent {
        /// The table.
        table: &'static str,
        /// The row's id.
        row: String,
        /// The column.
        column: String,
        /// What is wrong with the value.
        source: Cause,
    },
    /// Any other failure.
    #[error("the database failed")]
    Other(#[source] Cause),
}

impl CodedError for StorageError {
    fn code(&self) -> ErrorCode {
        match self {
            Self::Conflict(_) => ErrorCode::Conflict,
            Self::NulCharacter => ErrorCode::Validation,
            Self::SessionUsed => ErrorCode::SessionUsed,
            Self::Full(_)
            | Self::ReadOnly(_)
            | Self::Busy(_)
            | Self::Checking
            | Self::NotLeader
            | Self::Closed(_)
            | Self::Unavailable { .. } => ErrorCode::StorageUnavailable,
            Self::Newer(_) | Self::Corrupt(_) | Self::Inconsistent { .. } | Self::Other(_) => ErrorCode::Storage,
        }
    }

    fn retry_after(&self) -> Option<u64> {
        match self {
            Self::Busy(_) | Self::Checking => Some(1),
            // The database is not reached, or the server stops: another try may reach it, or another server.
            Self::Closed(_) | Self::Unavailable { .. } => Some(2),
            // A person must act first.
            Self::Full(_) | Self::ReadOnly(_) => Some(30),
            _ => None,
        }
    }

    fn public_message(&self) -> String {
        match self.code() {
            ErrorCode::Storage if matches!(self, Self::Corrupt(_)) => {
                "the database is damaged; the operator must restore it from a backup, and the server's log says what is \
                 damaged"
                    .to_owned()
            }
            ErrorCode::Storage => "the database failed; the server's log says why".to_owned(),
            _ => self.to_string(),
        }
    }
}

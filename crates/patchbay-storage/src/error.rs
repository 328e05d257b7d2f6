//! What storage fails with. Each message says what to do.

/// Why a storage call failed. Whatever it was, nothing is half-written.
#[derive(Debug, thiserror::Error)]
pub enum StorageError {
    /// It contradicts what is stored.
    #[error("{0}")]
    Conflict(&'static str),
    /// The disk (or the database's own limit) is full.
    #[error("the disk is full: nothing was stored; free some space and try again")]
    Full,
    /// The database cannot be written.
    #[error("the database is read-only: nothing was stored; check the data directory's owner and permissions")]
    ReadOnly,
    /// The file is damaged, or no database at all.
    #[error("the database file is damaged or is not a Patchbay database ({0}); restore it from a backup")]
    Corrupt(String),
    /// The database was made by a newer version.
    #[error("the database was made by a newer version of Patchbay; update Patchbay, or restore an older backup")]
    Newer,
    /// It stayed locked.
    #[error("the database stayed busy for too long; try again")]
    Busy,
    /// It cannot be opened or reached.
    #[error("the database cannot be used: {0}")]
    Unavailable(String),
    /// A row holds what no version of ours writes.
    #[error("the database is inconsistent: {table} {row}: {detail}; restore it from a backup")]
    Inconsistent {
        /// The table.
        table: &'static str,
        /// The row's id.
        row: String,
        /// What is wrong.
        detail: String,
    },
    /// Anything else.
    #[error("the database failed: {0}")]
    Other(String),
}

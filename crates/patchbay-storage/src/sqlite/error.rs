//! Maps the driver's errors and SQLite's result codes (<https://sqlite.org/rescode.html>) to [`StorageError`].

use sqlx::migrate::MigrateError;

use crate::{Cause, StorageError};

/// The remedy for a file that cannot be read or opened.
pub(super) const CHECK_PERMISSIONS: &str = "check the data directory's owner and permissions";
/// A damaged page can name a size that no memory has.
const DAMAGED_OR_NO_MEMORY: &str =
    "it is damaged, or the memory is used up: restore it from a backup, or allow the server more memory";
const CHECK_DISK: &str = "check the disk that holds the data directory";

impl From<sqlx::Error> for StorageError {
    fn from(error: sqlx::Error) -> Self {
        match error {
            sqlx::Error::Database(database) => {
                let code = database.code().and_then(|code| code.parse().ok()).unwrap_or(1);
                from_code(code, database.into_error())
            }
            sqlx::Error::PoolTimedOut => Self::Busy(error.into()),
            sqlx::Error::PoolClosed => Self::Closed(error.into()),
            // Statements ask for the types that the tables have (they are STRICT): another type is damage.
            sqlx::Error::ColumnDecode { .. } | sqlx::Error::Decode(_) => Self::Corrupt(error.into()),
            sqlx::Error::Io(_) => Self::Unavailable { remedy: CHECK_DISK, source: error.into() },
            other => Self::Other(other.into()),
        }
    }
}

impl From<MigrateError> for StorageError {
    fn from(error: MigrateError) -> Self {
        match error {
            // Only a newer version has a migration that this version does not have.
            MigrateError::VersionMissing(_) => Self::Newer(error.into()),
            MigrateError::VersionMismatch(_) => Self::Unavailable {
                remedy: "its schema was made by another build of Patchbay: use that build, or restore a backup",
                source: error.into(),
            },
            MigrateError::Execute(error) | MigrateError::ExecuteMigration(error, _) => error.into(),
            other => Self::Other(other.into()),
        }
    }
}

/// Maps an extended result code. Its lowest byte is the primary code.
fn from_code(code: u32, source: Cause) -> StorageError {
    const FOREIGN_KEY: u32 = 787;
    const PRIMARY_KEY: u32 = 1555;
    const UNIQUE: u32 = 2067;
    // The shared-memory file of the write-ahead log could not grow.
    const SHARED_MEMORY_SIZE: u32 = 4874;
    match (code, code & 0xFF) {
        (SHARED_MEMORY_SIZE, _) => StorageError::Full(source),
        (FOREIGN_KEY, _) => StorageError::Conflict("it belongs to something that does not exist, or is still in use"),
        (PRIMARY_KEY | UNIQUE, _) => StorageError::Conflict("it exists already"),
        (_, 5 | 6) => StorageError::Busy(source),
        (_, 7) => StorageError::Unavailable { remedy: DAMAGED_OR_NO_MEMORY, source },
        (_, 8) => StorageError::ReadOnly(source),
        (_, 10) => StorageError::Unavailable { remedy: CHECK_DISK, source },
        (_, 11 | 26) => StorageError::Corrupt(source),
        (_, 13) => StorageError::Full(source),
        (_, 14) => StorageError::Unavailable { remedy: CHECK_PERMISSIONS, source },
        (_, 19) => StorageError::Conflict("it contradicts what is stored"),
        _ => StorageError::Other(source),
    }
}

#[cfg(test)]
mod tests {
    use std::error::Error as _;

    use super::*;

    #[test]
    fn each_result_code_has_its_message() {
        for (code, words) in [
            (5, "busy for too long"),
            (6, "busy for too long"),
            (261, "busy for too long"),
            (7, "damaged, or the memory is used up"),
            (8, "read-only"),
            (776, "read-only"),
            (10, "check the disk"),
            (778, "check the disk"),
            (11, "restore it from a backup"),
            (267, "restore it from a backup"),
            (26, "is not a Patchbay database"),
            (13, "the disk is full"),
            (4874, "the disk is full"),
            (14, "owner and permissions"),
            (19, "contradicts"),
            (787, "does not exist, or is still in use"),
            (1555, "exists already"),
            (2067, "exists already"),
            (1, "the database failed"),
        ] {
            let error = from_code(code, "the cause".into());
            assert!(error.to_string().contains(words), "{code}: {error}");
            let cause = error.source().map(ToString::to_string);
            let is_conflict = matches!(error, StorageError::Conflict(_));
            assert_eq!(cause.as_deref(), (!is_conflict).then_some("the cause"), "{code}");
        }
    }

    #[test]
    fn a_schema_of_another_build_differs_from_a_newer_one() {
        assert!(matches!(MigrateError::VersionMissing(2).into(), StorageError::Newer(_)));
        let changed = StorageError::from(MigrateError::VersionMismatch(1));
        assert!(changed.to_string().contains("another build"), "{changed}");
        let busy = MigrateError::ExecuteMigration(sqlx::Error::PoolTimedOut, 1);
        assert!(matches!(busy.into(), StorageError::Busy(_)));
    }
}

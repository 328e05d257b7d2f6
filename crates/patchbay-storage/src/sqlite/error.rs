//! SQLite's result codes (<https://sqlite.org/rescode.html>) in our words.

use sqlx::migrate::MigrateError;

use crate::StorageError;

impl From<sqlx::Error> for StorageError {
    fn from(error: sqlx::Error) -> Self {
        match error {
            sqlx::Error::Database(database) => {
                let code = database.code().and_then(|code| code.parse().ok()).unwrap_or(1);
                from_code(code, database.message().to_owned())
            }
            sqlx::Error::PoolTimedOut => Self::Busy,
            sqlx::Error::PoolClosed => Self::Unavailable("it is closed".to_owned()),
            // A statement asks for the types that its table has: what is not of them was damaged.
            sqlx::Error::ColumnDecode { .. } | sqlx::Error::Decode(_) => Self::Corrupt(error.to_string()),
            sqlx::Error::Io(error) => Self::Unavailable(error.to_string()),
            other => Self::Other(other.to_string()),
        }
    }
}

impl From<MigrateError> for StorageError {
    fn from(error: MigrateError) -> Self {
        match error {
            // Only a version after ours knows a migration that we do not.
            MigrateError::VersionMissing(_) => Self::Newer,
            MigrateError::VersionMismatch(_) => Self::Unavailable(
                "its schema was made by another build of Patchbay; use that build, or restore a backup".to_owned(),
            ),
            MigrateError::Execute(error) | MigrateError::ExecuteMigration(error, _) => error.into(),
            other => Self::Other(other.to_string()),
        }
    }
}

/// From an extended result code, which carries its primary code in the lowest byte.
fn from_code(code: u32, message: String) -> StorageError {
    const FOREIGN_KEY: u32 = 787;
    const PRIMARY_KEY: u32 = 1555;
    const UNIQUE: u32 = 2067;
    match (code, code & 0xFF) {
        (FOREIGN_KEY, _) => StorageError::Conflict("it belongs to something that is not there, or is still in use"),
        (PRIMARY_KEY | UNIQUE, _) => StorageError::Conflict("one like it is there already"),
        (_, 5 | 6) => StorageError::Busy,
        (_, 8) => StorageError::ReadOnly,
        (_, 10) => StorageError::Unavailable(format!("{message}; check the disk that holds the data directory")),
        (_, 11 | 26) => StorageError::Corrupt(message),
        (_, 13) => StorageError::Full,
        (_, 14) => StorageError::Unavailable(format!("{message}; check the data directory's owner and permissions")),
        (_, 19) => StorageError::Conflict("it contradicts what is stored"),
        _ => StorageError::Other(message),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_code_has_its_words() {
        for (code, words) in [
            (5, "busy for too long"),
            (6, "busy for too long"),
            (261, "busy for too long"),
            (8, "read-only"),
            (776, "read-only"),
            (10, "check the disk"),
            (778, "check the disk"),
            (11, "restore it from a backup"),
            (267, "restore it from a backup"),
            (26, "is not a Patchbay database"),
            (13, "the disk is full"),
            (14, "owner and permissions"),
            (19, "contradicts"),
            (787, "not there, or is still in use"),
            (1555, "there already"),
            (2067, "there already"),
            (1, "the database failed: why"),
        ] {
            let message = from_code(code, "why".to_owned()).to_string();
            assert!(message.contains(words), "{code}: {message}");
        }
    }

    #[test]
    fn a_schema_of_another_build_is_told_from_a_newer_one() {
        assert!(matches!(MigrateError::VersionMissing(2).into(), StorageError::Newer));
        let changed = StorageError::from(MigrateError::VersionMismatch(1));
        assert!(changed.to_string().contains("another build"), "{changed}");
        let full = MigrateError::ExecuteMigration(sqlx::Error::PoolTimedOut, 1);
        assert!(matches!(full.into(), StorageError::Busy));
    }
}

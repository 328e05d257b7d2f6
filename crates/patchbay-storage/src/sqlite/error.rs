//! SQLite's result codes (<https://sqlite.org/rescode.html>) in our words.

use crate::StorageError;

impl From<sqlx::Error> for StorageError {
    fn from(error: sqlx::Error) -> Self {
        let sqlx::Error::Database(database) = &error else {
            return match error {
                sqlx::Error::PoolTimedOut => Self::Busy,
                sqlx::Error::PoolClosed => Self::Unavailable("it is closed".to_owned()),
                sqlx::Error::Io(error) => Self::Unavailable(error.to_string()),
                other => Self::Other(other.to_string()),
            };
        };
        let message = database.message().to_owned();
        // An extended code carries its primary code in the lowest byte.
        let code = database.code().and_then(|code| code.parse::<u32>().ok()).unwrap_or(1) & 0xFF;
        match code {
            5 | 6 => Self::Busy,
            8 => Self::ReadOnly,
            11 | 26 => Self::Corrupt(message),
            13 => Self::Full,
            14 => Self::Unavailable(message),
            19 => Self::Conflict("it contradicts what is stored"),
            _ => Self::Other(message),
        }
    }
}

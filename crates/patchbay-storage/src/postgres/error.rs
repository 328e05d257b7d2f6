//! Maps the driver's errors and PostgreSQL's SQLSTATE codes (<https://www.postgresql.org/docs/current/errcodes-appendix.html>)
//! to [`StorageError`], and says which failures are worth another try.

use sqlx::migrate::MigrateError;

use crate::{Cause, StorageError};

const CHECK_REACHABLE: &str =
    "check that PostgreSQL runs, that this machine reaches it, and that it has connections to spare";
const CHECK_CREDENTIALS: &str = "check the user and the password in the database URL, and pg_hba.conf of the server";
const CHECK_TLS: &str = "check the certificate of the database server, and sslmode and sslrootcert in the database URL";
const CHECK_URL: &str = "check the database URL: postgres://USER:PASSWORD@HOST:PORT/DATABASE";
const CREATE_DATABASE: &str = "create the database that the URL names";
const GRANT_RIGHTS: &str = "make the user of the database URL the owner of the database";
const USE_PRIMARY: &str = "it is read-only, as a standby is: point the database URL to the primary server";
const READ_SERVER_LOG: &str = "the database server has a fault: its log says more";
const GIVE_MEMORY: &str = "the memory of the database server is used up: allow it more";

/// Why a transaction failed.
#[derive(Debug)]
pub(crate) enum Failure {
    /// The driver or the server failed.
    Database(sqlx::Error),
    /// The stored data does not allow the change, or is inconsistent.
    Storage(StorageError),
}

/// The result of work inside a transaction.
pub(super) type Outcome<T> = std::result::Result<T, Failure>;

impl From<sqlx::Error> for Failure {
    fn from(error: sqlx::Error) -> Self {
        Self::Database(error)
    }
}

impl From<StorageError> for Failure {
    fn from(error: StorageError) -> Self {
        Self::Storage(error)
    }
}

impl From<MigrateError> for Failure {
    fn from(error: MigrateError) -> Self {
        match error {
            MigrateError::Execute(error) | MigrateError::ExecuteMigration(error, _) => Self::Database(error),
            MigrateError::VersionMismatch(_) => Self::Storage(StorageError::Unavailable {
                remedy: "its schema was made by another build of Patchbay, or by another program: use that build, or give \
                         Patchbay a database of its own",
                source: error.into(),
            }),
            other => Self::Storage(StorageError::Other(other.into())),
        }
    }
}

impl Failure {
    /// Returns the SQLSTATE that the server reported.
    fn state(&self) -> Option<String> {
        match self {
            Self::Database(sqlx::Error::Database(error)) => error.code().map(std::borrow::Cow::into_owned),
            _ => None,
        }
    }

    /// Returns whether the connection is of no further use: it is gone, or it leads to a server that is shutting down or has
    /// become a standby. Another connection may work.
    pub(super) fn is_lost(&self) -> bool {
        match self {
            Self::Database(sqlx::Error::Io(_) | sqlx::Error::Protocol(_) | sqlx::Error::Tls(_)) => true,
            _ => self.state().is_some_and(|state| is_lost_state(&state)),
        }
    }

    /// Returns whether the server cannot write, as a standby after a fail-over.
    pub(super) fn is_read_only(&self) -> bool {
        self.state().is_some_and(|state| state == "25006")
    }

    /// Returns whether the statement waited for a lock for too long.
    pub(super) fn waited_for_a_lock(&self) -> bool {
        self.state().is_some_and(|state| state == "55P03")
    }

    /// Returns whether the transaction clashed with another one and was rolled back for it: serialization failure or deadlock.
    pub(super) fn is_clash(&self) -> bool {
        self.state().is_some_and(|state| state == "40001" || state == "40P01")
    }
}

/// The server has ended the session after 25P03 and 25P04 (a transaction that was idle, or took too long) and 57P05 (an idle session).
fn is_lost_state(state: &str) -> bool {
    state.starts_with("08") || matches!(state, "25006" | "25P03" | "25P04" | "57P01" | "57P02" | "57P03" | "57P05")
}

impl From<Failure> for StorageError {
    fn from(failure: Failure) -> Self {
        let unavailable = |remedy, source: sqlx::Error| Self::Unavailable { remedy, source: source.into() };
        match failure {
            Failure::Storage(error) => error,
            Failure::Database(error) => match error {
                sqlx::Error::Database(database) => {
                    let state = database.code().unwrap_or_default().into_owned();
                    from_state(&state, database.into_error())
                }
                // So the TLS library reports a certificate that it does not accept.
                sqlx::Error::Io(ref io) if io.kind() == std::io::ErrorKind::InvalidData => {
                    unavailable(CHECK_TLS, error)
                }
                sqlx::Error::PoolTimedOut | sqlx::Error::Io(_) | sqlx::Error::Protocol(_) => {
                    unavailable(CHECK_REACHABLE, error)
                }
                sqlx::Error::Tls(_) => unavailable(CHECK_TLS, error),
                sqlx::Error::Configuration(_) => unavailable(CHECK_URL, error),
                sqlx::Error::PoolClosed => Self::Closed(error.into()),
                other => Self::Other(other.into()),
            },
        }
    }
}

/// Maps a SQLSTATE. Its first two characters are the class.
fn from_state(state: &str, source: Cause) -> StorageError {
    let unavailable = |remedy, source| StorageError::Unavailable { remedy, source };
    match state {
        "23503" => StorageError::Conflict("it belongs to something that does not exist, or is still in use"),
        "23505" => StorageError::Conflict("it exists already"),
        "22021" | "22P05" => StorageError::NulCharacter,
        "40001" | "40P01" | "55P03" | "57014" => StorageError::Busy(source),
        "53100" => StorageError::Full(source),
        "53200" => unavailable(GIVE_MEMORY, source),
        "25006" => unavailable(USE_PRIMARY, source),
        "3D000" | "57P04" => unavailable(CREATE_DATABASE, source),
        "42501" => unavailable(GRANT_RIGHTS, source),
        "25P03" | "25P04" | "53300" | "57P01" | "57P02" | "57P03" | "57P05" => unavailable(CHECK_REACHABLE, source),
        "XX001" | "XX002" => StorageError::Corrupt(source),
        _ => match state.get(..2) {
            Some("08") => unavailable(CHECK_REACHABLE, source),
            Some("23") => StorageError::Conflict("it contradicts what is stored"),
            Some("28") => unavailable(CHECK_CREDENTIALS, source),
            // Lack of resources; errors of the server's system.
            Some("53" | "58") => unavailable(READ_SERVER_LOG, source),
            _ => StorageError::Other(source),
        },
    }
}

#[cfg(test)]
mod tests {
    use std::error::Error as _;

    use super::*;

    #[test]
    fn each_state_has_its_message() {
        for (state, words) in [
            ("23503", "does not exist, or is still in use"),
            ("23505", "exists already"),
            ("23514", "contradicts"),
            ("22021", "character NUL"),
            ("40001", "busy for too long"),
            ("40P01", "busy for too long"),
            ("55P03", "busy for too long"),
            ("57014", "busy for too long"),
            ("53100", "the disk is full"),
            ("53200", "allow it more"),
            ("53300", "connections to spare"),
            ("25006", "the primary server"),
            ("3D000", "create the database"),
            ("42501", "the owner of the database"),
            ("57P01", "check that PostgreSQL runs"),
            ("57P03", "check that PostgreSQL runs"),
            ("25P03", "check that PostgreSQL runs"),
            ("57P04", "create the database"),
            ("53400", "its log says more"),
            ("58030", "its log says more"),
            ("08006", "check that PostgreSQL runs"),
            ("28P01", "the user and the password"),
            ("28000", "the user and the password"),
            ("XX001", "damaged"),
            ("42P01", "the database failed"),
            ("", "the database failed"),
        ] {
            let error = from_state(state, "the cause".into());
            assert!(error.to_string().contains(words), "{state}: {error}");
            let cause = error.source().map(ToString::to_string);
            let is_callers = matches!(error, StorageError::Conflict(_) | StorageError::NulCharacter);
            assert_eq!(cause.as_deref(), (!is_callers).then_some("the cause"), "{state}");
        }
    }

    #[test]
    fn errors_of_the_driver_have_their_messages() {
        for (error, words) in [
            (sqlx::Error::PoolTimedOut, "check that PostgreSQL runs"),
            (sqlx::Error::Io(std::io::ErrorKind::ConnectionReset.into()), "check that PostgreSQL runs"),
            (sqlx::Error::Tls("no".into()), "sslrootcert"),
            (sqlx::Error::Io(std::io::ErrorKind::InvalidData.into()), "sslrootcert"),
            (sqlx::Error::Configuration("no".into()), "postgres://USER"),
            (sqlx::Error::PoolClosed, "the database is closed"),
            (sqlx::Error::RowNotFound, "the database failed"),
        ] {
            let error = StorageError::from(Failure::from(error));
            assert!(error.to_string().contains(words), "{error}");
        }
    }

    #[test]
    fn a_lost_connection_is_recognized() {
        for state in ["08000", "08003", "08006", "25006", "25P03", "25P04", "57P01", "57P02", "57P03", "57P05"] {
            assert!(is_lost_state(state), "{state}");
        }
        for state in ["23505", "40001", "57014", "53300", "55P03", "25001"] {
            assert!(!is_lost_state(state), "{state}");
        }
        assert!(Failure::from(sqlx::Error::Io(std::io::ErrorKind::BrokenPipe.into())).is_lost());
        assert!(!Failure::from(sqlx::Error::PoolTimedOut).is_lost());
        assert!(!Failure::from(StorageError::SessionUsed).is_lost());
    }
}

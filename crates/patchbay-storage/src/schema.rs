//! The version of a database's schema.

use sqlx::migrate::Migrator;

/// Returns the version of the schema that these migrations make.
pub(crate) fn newest_version(migrations: &Migrator) -> i64 {
    migrations.iter().map(|migration| migration.version).max().unwrap_or(0)
}

/// The version of a schema, which is the number of its newest migration.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SchemaVersions {
    /// The version that the database has; 0 if it is empty.
    pub stored: i64,
    /// The version that this build of Patchbay brings.
    pub own: i64,
}

impl SchemaVersions {
    /// Returns whether a migration is pending. A database may be newer: servers of two versions run during an upgrade.
    #[must_use]
    pub fn is_pending(&self) -> bool {
        self.stored < self.own
    }
}

//! The SQLite backend: a write-ahead log, one writing connection and a small pool of readers.
//!
//! A read transaction that becomes a write transaction can fail with `SQLITE_BUSY` at once, without the busy timeout
//! (<https://sqlite.org/lang_transaction.html>, section 2.1). Therefore one connection writes, with `BEGIN IMMEDIATE`. Readers see a
//! snapshot and do not wait for the writer (sqlite.org/wal.html, section 2.2).

mod accounts;
mod api_keys;
mod attempts;
mod calls;
mod connectors;
mod error;
#[cfg(test)]
mod failing_disk;
mod idempotency_keys;
mod inbox;
mod login_tokens;
mod members;
mod meta;
mod open;
mod organizations;
mod pending_authorizations;
mod profiles;
mod projects;
mod refresh_leases;
mod row_seals;
mod sealed_records;
mod secrets;
mod sessions;
mod soundness;
mod tool_feedback;
mod webhooks;

use std::{path::PathBuf, sync::Arc, time::Instant};

use patchbay_metrics::{DbOperation, metrics};
use sqlx::{Sqlite, SqlitePool, Transaction, sqlite::SqliteConnectOptions};

use crate::{
    AccountStore, ApiKeyStore, AttemptStore, BrowserSessionStore, CallStore, ConnectorStore, IdempotencyKeyStore,
    InboxStore, LoginTokenStore, MemberStore, MetaStore, OrganizationStore, PendingAuthorizationStore, ProfileStore,
    ProjectStore, RefreshLeaseStore, ReplicaStore, Result, SealedRecordStore, SessionStore, Storage, ToolFeedbackStore,
    WebhookStore,
};

/// A SQLite database file.
pub struct SqliteStorage {
    writer: SqlitePool,
    readers: SqlitePool,
    /// The directory of the file.
    directory: PathBuf,
    /// Opens a further connection that only reads.
    read_only: SqliteConnectOptions,
    soundness: Arc<soundness::Soundness>,
}

impl SqliteStorage {
    /// Begins a write transaction. It is rolled back if it is dropped without a commit.
    pub(crate) async fn write(&self) -> Result<Transaction<'static, Sqlite>> {
        let began = Instant::now();
        let begun = self.writer.begin_with("BEGIN IMMEDIATE").await;
        metrics().db.observe(DbOperation::SqliteWriteWait, began.elapsed());
        Ok(begun?)
    }

    /// Begins a read transaction, which sees one snapshot.
    pub(crate) async fn read(&self) -> Result<Transaction<'static, Sqlite>> {
        let began = Instant::now();
        let begun = self.readers.begin().await;
        metrics().db.observe(DbOperation::SqliteReadWait, began.elapsed());
        Ok(begun?)
    }
}

impl Storage for SqliteStorage {
    fn organizations(&self) -> &dyn OrganizationStore {
        self
    }
    fn projects(&self) -> &dyn ProjectStore {
        self
    }
    fn api_keys(&self) -> &dyn ApiKeyStore {
        self
    }
    fn login_tokens(&self) -> &dyn LoginTokenStore {
        self
    }
    fn members(&self) -> &dyn MemberStore {
        self
    }
    fn browser_sessions(&self) -> &dyn BrowserSessionStore {
        self
    }
    fn profiles(&self) -> &dyn ProfileStore {
        self
    }
    fn connectors(&self) -> &dyn ConnectorStore {
        self
    }
    fn accounts(&self) -> &dyn AccountStore {
        self
    }
    fn refresh_leases(&self) -> &dyn RefreshLeaseStore {
        self
    }
    fn pending_authorizations(&self) -> &dyn PendingAuthorizationStore {
        self
    }
    fn sessions(&self) -> &dyn SessionStore {
        self
    }
    fn attempts(&self) -> &dyn AttemptStore {
        self
    }
    fn idempotency_keys(&self) -> &dyn IdempotencyKeyStore {
        self
    }
    fn webhooks(&self) -> &dyn WebhookStore {
        self
    }
    fn inbox(&self) -> &dyn InboxStore {
        self
    }
    fn calls(&self) -> &dyn CallStore {
        self
    }
    fn tool_feedback(&self) -> &dyn ToolFeedbackStore {
        self
    }
    fn sealed_records(&self) -> &dyn SealedRecordStore {
        self
    }
    fn meta(&self) -> &dyn MetaStore {
        self
    }
    /// One process owns the file.
    fn replicas(&self) -> Option<&dyn ReplicaStore> {
        None
    }
}

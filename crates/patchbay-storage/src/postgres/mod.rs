//! The PostgreSQL backend: a pool of connections that belong to one runtime, row locks and advisory locks.
//!
//! - The stores read and write in `transaction`, which sends all work to the runtime that opened the storage.
//! - Columns are named, never `*`: a statement that another version of the server has prepared stays valid when a migration adds a
//!   column.
//! - SQLite's one writer makes each transaction serial. Here, work that reads and then writes takes a lock first: on the row, if
//!   there is one (`SELECT ... FOR UPDATE`), else on a name (`locks`), or it leans on a unique index.
//! - Behind a pooler in transaction mode, each transaction has another server. Then every statement runs in a transaction, which sets
//!   its limits itself and prepares its statements anew (`LOCAL_LIMITS`).
//! - In a transaction that writes, each statement sees what was committed before it began (READ COMMITTED). A lock is therefore
//!   taken by a statement of its own, before the statement that reads.

mod accounts;
mod api_keys;
mod attempts;
mod calls;
mod clock;
mod connectors;
mod error;
mod idempotency_keys;
mod inbox;
mod locks;
mod login_tokens;
mod losses;
mod members;
mod meta;
mod migrate;
mod open;
mod organizations;
mod pending_authorizations;
mod profiles;
mod projects;
mod refresh_leases;
mod replicas;
mod row_seals;
mod sealed_records;
mod secrets;
mod sessions;
mod shared_limits;
mod tool_feedback;
mod transaction;
mod watch;
mod webhooks;
mod write_marks;

use std::sync::Arc;

use sqlx::{PgPool, postgres::PgConnectOptions};
use tokio::runtime::Handle;

pub use clock::DatabaseClock;
pub(crate) use error::Failure;
use losses::Losses;
pub use open::{ConnectionSettings, DEFAULT_MAX_CONNECTIONS, Findings, connect_options};
use write_marks::WriteMarks;

use crate::{
    AccountStore, ApiKeyStore, AttemptStore, BrowserSessionStore, CallStore, ConnectorStore, IdempotencyKeyStore,
    InboxStore, LoginTokenStore, MemberStore, MetaStore, OrganizationStore, PendingAuthorizationStore, ProfileStore,
    ProjectStore, RefreshLeaseStore, ReplicaStore, SealedRecordStore, SessionStore, Storage, ToolFeedbackStore,
    WebhookStore,
};

/// A PostgreSQL database.
pub struct PostgresStorage {
    pub(crate) pool: PgPool,
    losses: Arc<Losses>,
    marks: Arc<WriteMarks>,
    /// Whether a pooler in transaction mode is in front of the server.
    is_pooled: bool,
    /// How to reach the server itself for what needs a session, if that is not how the pool does.
    direct: Option<PgConnectOptions>,
    /// The runtime to which the connections belong.
    runtime: Handle,
}

impl Storage for PostgresStorage {
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
    fn replicas(&self) -> Option<&dyn ReplicaStore> {
        Some(self)
    }
}

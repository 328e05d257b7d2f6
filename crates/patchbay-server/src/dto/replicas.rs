//! The servers that share a database.

use patchbay_model::{LiveReplica, Timestamp};
use serde::Serialize;
use utoipa::ToSchema;

/// A running server.
#[derive(Serialize, ToSchema)]
#[schema(as = Replica)]
pub(crate) struct ReplicaOut {
    /// The server's ID, which is new at each start.
    #[schema(format = "uuid")]
    id: String,
    /// The version of Patchbay.
    version: String,
    /// The address on which it listens.
    #[schema(example = "10.0.0.7:8080")]
    address: String,
    /// Whether it does the work of which one server is enough, such as the deletion of old records.
    leader: bool,
    /// Whether it is the server that responds.
    this: bool,
    /// The IDs of the keys in its key ring.
    key_ids: Vec<String>,
    /// A hash of its instance's connectors. Servers whose directories of connectors differ have different ones.
    connectors: String,
    #[schema(value_type = String, format = DateTime)]
    started_at: Timestamp,
    /// When it announced itself last. The times are those of the database's clock.
    #[schema(value_type = String, format = DateTime)]
    seen_at: Timestamp,
}

impl ReplicaOut {
    pub(crate) fn new(replica: LiveReplica, this: &str) -> Self {
        Self {
            this: replica.id.as_str() == this,
            id: replica.id.into(),
            version: replica.version,
            address: replica.address,
            leader: replica.is_leader,
            key_ids: replica.key_ids.iter().map(ToString::to_string).collect(),
            connectors: replica.connectors,
            started_at: replica.started_at,
            seen_at: replica.seen_at,
        }
    }
}

/// The running servers.
#[derive(Serialize, ToSchema)]
#[schema(as = ReplicaList)]
pub(crate) struct ReplicaListOut {
    pub(crate) data: Vec<ReplicaOut>,
}

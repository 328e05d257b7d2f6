//! The servers that share one database.

use std::time::Duration;

use crate::{AttemptId, Entropy, KeyId, ProjectId, ReplicaId, Timestamp};

/// What a server says of itself to the other servers of its database.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Replica {
    /// Its id, which is new at each start.
    pub id: ReplicaId,
    /// The version of Patchbay.
    pub version: String,
    /// The address on which it listens.
    pub address: String,
    /// The wrapping keys that it can open.
    pub key_ids: Vec<KeyId>,
    /// A hash of the connectors of its instance: servers with different directories differ in it.
    pub connectors: String,
    /// How long it has run.
    pub uptime: Duration,
}

/// A server that announced itself within the last seconds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LiveReplica {
    /// Its id.
    pub id: ReplicaId,
    /// The version of Patchbay.
    pub version: String,
    /// The address on which it listens.
    pub address: String,
    /// The wrapping keys that it can open.
    pub key_ids: Vec<KeyId>,
    /// A hash of the connectors of its instance.
    pub connectors: String,
    /// When it started, by the clock of the database.
    pub started_at: Timestamp,
    /// When it announced itself last, by the clock of the database.
    pub seen_at: Timestamp,
    /// Whether it is the leader.
    pub is_leader: bool,
}

/// The number of a leadership, which is higher than those of all leaders before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LeaderFence(pub i64);

/// A change of something that servers keep in memory.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct StoredChange {
    /// What changed.
    pub kind: ChangeKind,
    /// Its project; none if it belongs to no project.
    pub project: Option<ProjectId>,
    /// Its id. For an API key: the hash of the key, in hexadecimal digits. For connectors: the connector's key.
    pub key: String,
}

/// A kind of thing that servers keep in memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ChangeKind {
    /// An account, with its secrets.
    Account,
    /// An API key.
    ApiKey,
    /// The versions of a pushed connector.
    Connector,
    /// A time in which a provider accepts no requests of an account.
    Limit,
    /// A connector profile, with its secrets.
    Profile,
    /// A project.
    Project,
    /// A server that came or went.
    Replica,
}

impl ChangeKind {
    /// All kinds.
    pub const ALL: [Self; 7] =
        [Self::Account, Self::ApiKey, Self::Connector, Self::Limit, Self::Profile, Self::Project, Self::Replica];

    /// Returns the name under which the kind is stored.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Account => "account",
            Self::ApiKey => "api_key",
            Self::Connector => "connector",
            Self::Limit => "limit",
            Self::Profile => "profile",
            Self::Project => "project",
            Self::Replica => "replica",
        }
    }
}

/// Word from another server, before anything is read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Word {
    /// Something that servers keep was changed.
    Changed,
    /// A connection attempt was completed.
    AttemptCompleted(AttemptId),
}

impl ReplicaId {
    /// Returns a new id: a UUID that begins with the moment, so that ids are ordered by the start of their servers.
    pub fn generate(now: Timestamp, entropy: &dyn Entropy) -> Self {
        Self::new(crate::CallId::generate(now, entropy).as_str())
    }
}

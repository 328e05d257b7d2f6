//! The wrapping keys of the ring: their use, rotation and retirement.
//!
//! Calls continue during all of them. Old keys open the values that they wrap until these are sealed again. A rotation
//! that was interrupted at any point resumes when it is run again.

mod canary;
mod error;
mod rotate;
mod samples;
mod service;
mod shared;
mod status;

use std::path::Path;

use patchbay_model::{Clock, Entropy};
use patchbay_storage::{MetaStore, ReplicaStore, SealedRecordStore};
use patchbay_vault::Vault;

pub use canary::check_key_ring;
pub use error::RotationError;
pub use rotate::{RotationOutcome, RotationProgress, UnreadableValue};
pub use samples::open_samples;
pub use service::KeyRotation;
pub use shared::activate_shared_key;
pub use status::{KeyRingStatus, KeyUse};

/// Rotates and retires the keys of a ring. It must own the data directory, and callers run one operation at a time.
pub struct KeyRotator<'a> {
    /// The sealed values.
    pub records: &'a dyn SealedRecordStore,
    /// The vault that opens and seals them.
    pub vault: &'a Vault,
    /// The key ring's file.
    pub file: &'a Path,
    /// The time.
    pub clock: &'a dyn Clock,
    /// The source of randomness for new keys.
    pub entropy: &'a dyn Entropy,
    /// What the rotator shares with the other servers of the database; none if there can be none.
    pub shared: Option<SharedKeys<'a>>,
}

/// What servers of one database share of their key rings. Each has a file of its own.
#[derive(Clone, Copy)]
pub struct SharedKeys<'a> {
    /// Where the active key is recorded.
    pub meta: &'a dyn MetaStore,
    /// The servers, each of which says which keys it has.
    pub replicas: &'a dyn ReplicaStore,
}

//! Keys of the ring: what each still wraps, a new one for an old one, and the old one's end.
//!
//! Nothing here needs the server to stand still. Old keys open what they wrap until it is sealed again; a rotation that
//! was cut off at any point is gone on with by asking for it once more.

mod error;
mod rotate;
mod status;

use std::path::Path;

use patchbay_model::{Clock, Entropy};
use patchbay_storage::SealedRecordStore;
use patchbay_vault::Vault;

pub use error::RotationError;
pub use rotate::{RotationOutcome, RotationProgress, UnreadableValue};
pub use status::{KeyRingStatus, KeyUse};

/// What rotates keys works on. It must own the data directory, and do one thing at a time.
pub struct KeyRotator<'a> {
    /// The sealed values.
    pub records: &'a dyn SealedRecordStore,
    /// What opens and seals them.
    pub vault: &'a Vault,
    /// The key ring's file.
    pub file: &'a Path,
    /// The time.
    pub clock: &'a dyn Clock,
    /// Randomness, for new keys.
    pub entropy: &'a dyn Entropy,
}

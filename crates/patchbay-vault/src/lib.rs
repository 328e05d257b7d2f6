//! Envelope encryption, the key ring and the [`Secret`] type.
//!
//! Every sealed value has a data key of its own, wrapped by the key ring's active key, and is bound
//! to the place where it belongs ([`SealContext`]): moved to another project, account or field it
//! does not open. The format is `docs/vault-format.md`.
//!
//! Nothing here touches the network or SQL, and no error carries a plaintext.

mod context;
mod envelope;
mod error;
mod key_ring;
mod key_ring_file;
mod process;
mod random;
mod secret;
mod vault;

pub use context::SealContext;
pub use error::{KeyRingError, VaultError};
pub use key_ring::{KeyRing, WrappingKeyInfo};
pub use process::forbid_core_dumps;
pub use random::OsEntropy;
pub use secret::Secret;
pub use vault::Vault;

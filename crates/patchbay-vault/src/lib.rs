//! Envelope encryption, the key ring and the [`Secret`] type.
//!
//! Every sealed value has its own data key, which the key ring's active key wraps. A value is bound to its place
//! ([`SealContext`]): it does not open for another project, account or field. `docs/operate/vault-format.md` describes the format.
//!
//! This crate does not use the network or SQL, and no error contains a plaintext.
#![warn(clippy::missing_errors_doc)]

mod binding;
mod context;
mod envelope;
mod error;
mod key_ring;
mod key_ring_file;
mod process;
mod random;
mod secret;
mod vault;

pub use binding::{AddressBinding, BoundSecret};
pub use context::SealContext;
pub use error::{KeyRingError, VaultError};
pub use key_ring::{KeyRing, WrappingKeyInfo};
pub use process::forbid_core_dumps;
pub use random::OsEntropy;
pub use secret::Secret;
pub use vault::Vault;

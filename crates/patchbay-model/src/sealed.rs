//! Ciphertext as an opaque value.

use std::fmt;

/// An envelope made by the vault: safe to store, useless without the key ring.
///
/// Its bytes begin with the format's version and the wrapping key's id; only the vault reads them.
#[derive(Clone, PartialEq, Eq)]
pub struct Sealed(Vec<u8>);

impl Sealed {
    /// Bytes that the vault made or storage kept.
    pub fn from_bytes(bytes: Vec<u8>) -> Self {
        Self(bytes)
    }

    /// The envelope's bytes.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Debug for Sealed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Sealed({} bytes)", self.0.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn its_debug_form_shows_no_bytes() {
        assert_eq!(format!("{:?}", Sealed::from_bytes(vec![65; 3])), "Sealed(3 bytes)");
    }
}

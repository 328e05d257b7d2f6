//! The reasons for which a delivery is not accepted.

use std::fmt;

/// The reason for which a delivery is not accepted. If several verifications are declared, it is that of the one that came
/// furthest: the order of the variants.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Refusal {
    /// The connector declares no verification.
    NotReceiving,
    /// The header, parameter or value with the signature or token is absent.
    SignatureMissing,
    /// The signature, its time or the token cannot be read.
    SignatureMalformed,
    /// The profile or account has no secret to compare with.
    SecretMissing,
    /// The signature or token is not that of the secret.
    SignatureWrong,
    /// The key set of the provider cannot be read now.
    KeysUnavailable,
    /// It was signed too long ago or in the future, or the token has expired.
    TimestampOutside,
    /// The token is for someone else.
    ClaimsWrong,
    /// The response to a handshake cannot be made.
    HandshakeFailed,
}

impl Refusal {
    /// Every reason, for counters.
    pub const ALL: [Self; 9] = [
        Self::NotReceiving,
        Self::SignatureMissing,
        Self::SignatureMalformed,
        Self::SecretMissing,
        Self::SignatureWrong,
        Self::KeysUnavailable,
        Self::TimestampOutside,
        Self::ClaimsWrong,
        Self::HandshakeFailed,
    ];

    /// Returns the name, which does not change.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::NotReceiving => "not_receiving",
            Self::SignatureMissing => "signature_missing",
            Self::SignatureMalformed => "signature_malformed",
            Self::SecretMissing => "secret_missing",
            Self::SignatureWrong => "signature_wrong",
            Self::KeysUnavailable => "keys_unavailable",
            Self::TimestampOutside => "timestamp_outside",
            Self::ClaimsWrong => "claims_wrong",
            Self::HandshakeFailed => "handshake_failed",
        }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

//! The outcome of revoking credentials at a provider.

/// The outcome of revoking an account's credentials at the provider.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Revocation {
    /// The provider confirmed the revocation.
    Confirmed,
    /// The connector cannot revoke them: they remain valid until a person revokes them at the provider.
    Unsupported,
    /// The account had no token to revoke.
    Nothing,
    /// The provider did not confirm the revocation.
    Failed {
        /// The reason, for a person.
        message: String,
    },
}

impl Revocation {
    /// Returns the name on the wire.
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::Confirmed => "confirmed",
            Self::Unsupported => "unsupported",
            Self::Nothing => "nothing",
            Self::Failed { .. } => "failed",
        }
    }

    /// Returns the outcome as a sentence for a person.
    pub fn message(&self, provider: &str) -> String {
        match self {
            Self::Confirmed => format!("{provider} confirmed the revocation"),
            Self::Unsupported => format!(
                "these credentials cannot be revoked automatically; revoke them at {provider} (delete the key, or remove the \
                 app's access)"
            ),
            Self::Nothing => "the account had no token to revoke".to_owned(),
            Self::Failed { message } => format!(
                "{provider} did not confirm the revocation: {message}; try again, or remove the app's access there"
            ),
        }
    }
}

//! The outcome of revoking credentials at a provider.

/// What came of taking an account's credentials back at the provider.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Revocation {
    /// The provider said that it honours them no more.
    Confirmed,
    /// The connector knows no way, so they are worth what they were until a person ends them at the provider.
    Unsupported,
    /// There was nothing to take back: no token.
    Nothing,
    /// It was asked for, and the provider did not confirm it.
    Failed {
        /// Why, for a person.
        message: String,
    },
}

impl Revocation {
    /// Its name on the wire.
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::Confirmed => "confirmed",
            Self::Unsupported => "unsupported",
            Self::Nothing => "nothing",
            Self::Failed { .. } => "failed",
        }
    }

    /// What it means, for a person.
    pub fn message(&self, provider: &str) -> String {
        match self {
            Self::Confirmed => format!("{provider} confirmed that it honours the credentials no more"),
            Self::Unsupported => format!(
                "there is no way to take these credentials back by program: end them at {provider} (delete the key, or \
                 remove the app's access)"
            ),
            Self::Nothing => "the account held no token that could be taken back".to_owned(),
            Self::Failed { message } => format!(
                "{provider} did not confirm that it honours the credentials no more: {message}; try again, or remove the \
                 app's access there"
            ),
        }
    }
}

//! API keys and one-time login tokens. Only their hashes are stored.

use std::{collections::BTreeSet, fmt, str::FromStr};

use crate::{ApiKeyId, ProjectId, Sealed, Timestamp};

/// A permission of an API key. Its names are part of the wire contract.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum ApiScope {
    /// Read accounts, sessions, profiles.
    PlatformRead,
    /// Create, change and delete them.
    PlatformWrite,
    /// Run actions and the proxy.
    ActionsExecute,
    /// Read connectors and their actions.
    ConnectorsRead,
    /// Push and remove connectors.
    ConnectorsWrite,
    /// Export credentials. Not part of the default scopes.
    CredentialsRead,
}

impl ApiScope {
    /// Every scope.
    pub const ALL: [Self; 6] = [
        Self::PlatformRead,
        Self::PlatformWrite,
        Self::ActionsExecute,
        Self::ConnectorsRead,
        Self::ConnectorsWrite,
        Self::CredentialsRead,
    ];

    /// Returns every scope.
    pub fn all() -> BTreeSet<Self> {
        BTreeSet::from(Self::ALL)
    }

    /// Returns the scopes of a key that is created without a list of scopes.
    pub fn defaults() -> BTreeSet<Self> {
        BTreeSet::from([Self::PlatformRead, Self::PlatformWrite, Self::ActionsExecute, Self::ConnectorsRead])
    }

    /// Returns the scope's name on the wire and in storage.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::PlatformRead => "platform:read",
            Self::PlatformWrite => "platform:write",
            Self::ActionsExecute => "actions:execute",
            Self::ConnectorsRead => "connectors:read",
            Self::ConnectorsWrite => "connectors:write",
            Self::CredentialsRead => "credentials:read",
        }
    }
}

impl fmt::Display for ApiScope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for ApiScope {
    type Err = UnknownApiScope;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::ALL.into_iter().find(|scope| scope.as_str() == text).ok_or_else(|| UnknownApiScope(text.to_owned()))
    }
}

/// The error of an unknown scope name.
#[derive(Debug, thiserror::Error)]
#[error(
    "`{0}` is not a scope; the scopes are platform:read, platform:write, actions:execute, connectors:read, connectors:write, credentials:read"
)]
pub struct UnknownApiScope(String);

/// The SHA-256 hash of a key or token. Keys have 256 random bits, so a fast hash is enough.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct KeyHash(pub [u8; 32]);

impl KeyHash {
    /// Returns the hash as 64 hexadecimal digits.
    pub fn hex(&self) -> String {
        self.0.iter().map(|byte| format!("{byte:02x}")).collect()
    }
}

impl fmt::Debug for KeyHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("KeyHash(…)")
    }
}

/// A stored API key. The key itself is shown once, when it is created.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApiKey {
    /// Its public id.
    pub id: ApiKeyId,
    /// The project that it gives access to.
    pub project_id: ProjectId,
    /// Its label.
    pub name: String,
    /// The hash of the key.
    pub hash: KeyHash,
    /// Its permissions.
    pub scopes: BTreeSet<ApiScope>,
    /// Whether it is accepted.
    pub enabled: bool,
    /// When it was created.
    pub created_at: Timestamp,
    /// The seal of the row; none in a row of an earlier version.
    pub seal: Option<Sealed>,
}

/// A one-time login link for the dashboard.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LoginToken {
    /// The hash of the token.
    pub hash: KeyHash,
    /// The project whose dashboard it opens.
    pub project_id: ProjectId,
    /// When it expires.
    pub expires_at: Timestamp,
    /// The seal of the row; none in a row of an earlier version.
    pub seal: Option<Sealed>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_scope_parses_from_its_name() {
        for scope in ApiScope::ALL {
            assert_eq!(scope.as_str().parse::<ApiScope>().unwrap(), scope);
        }
        assert!("admin".parse::<ApiScope>().is_err());
        assert!(!ApiScope::defaults().contains(&ApiScope::CredentialsRead));
    }
}

//! Rows with a seal: those that give access, or that decide where secrets are sent.

/// The type of a row with a seal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum RowKind {
    /// An API key with its scopes.
    ApiKey,
    /// A one-time login token.
    LoginToken,
    /// A member with the hash of the password.
    Member,
    /// A browser in which a member is logged in.
    BrowserSession,
    /// A pushed version of a connector.
    ConnectorVersion,
}

impl RowKind {
    /// Every type, in the order in which a rotation of keys seals them again.
    pub const ALL: [Self; 5] =
        [Self::ApiKey, Self::LoginToken, Self::Member, Self::BrowserSession, Self::ConnectorVersion];

    /// Returns its name in seals. It never changes.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::ApiKey => "api_key",
            Self::LoginToken => "login_token",
            Self::Member => "member",
            Self::BrowserSession => "browser_session",
            Self::ConnectorVersion => "connector_version",
        }
    }
}

/// A row with a seal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RowId {
    /// Its type.
    pub kind: RowKind,
    /// What identifies it among the rows of its type: an id, a hash in hexadecimal digits, or `project/key/version`.
    pub key: String,
}

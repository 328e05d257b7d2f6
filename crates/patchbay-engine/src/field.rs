//! The fields of requests, in the engine's terms.

/// A field of a request that a problem concerns.
///
/// The engine does not know the names of the API: each surface (the HTTP API, a command) maps a field to the name that its
/// caller used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Field {
    /// The id of the owner.
    OwnerId,
    /// The name of the owner.
    OwnerName,
    /// The connector.
    Connector,
    /// The connector's version.
    Version,
    /// The pin of the connector's version.
    VersionPin,
    /// The authentication method.
    AuthMethod,
    /// The connector profile.
    Profile,
    /// The connection attempt.
    Attempt,
    /// The provider's environment.
    Environment,
    /// The values of the setup fields, by the field's key.
    Setup,
    /// The values of the fields that a customer fills in, by the field's key.
    Credentials,
    /// The allowed actions.
    EnabledActions,
    /// Whether a profile is the default.
    Default,
    /// The name of an object.
    Name,
    /// The status of an account.
    Status,
    /// The text to search for.
    Search,
    /// The number of the page.
    Page,
    /// The size of the page.
    PageSize,
    /// The cursor of the page.
    Next,
    /// The end of a period.
    Until,
    /// The lifetime of a connect session.
    ExpiresIn,
    /// The origins that may embed the Hub.
    AllowedOrigins,
    /// The URL at which an authorization is confirmed.
    ConfirmUrl,
    /// The text of an API key.
    Key,
    /// The new password.
    Password,
    /// The current password.
    CurrentPassword,
}

impl Field {
    /// Every field.
    pub const ALL: [Self; 26] = [
        Self::OwnerId,
        Self::OwnerName,
        Self::Connector,
        Self::Version,
        Self::VersionPin,
        Self::AuthMethod,
        Self::Profile,
        Self::Attempt,
        Self::Environment,
        Self::Setup,
        Self::Credentials,
        Self::EnabledActions,
        Self::Default,
        Self::Name,
        Self::Status,
        Self::Search,
        Self::Page,
        Self::PageSize,
        Self::Next,
        Self::Until,
        Self::ExpiresIn,
        Self::AllowedOrigins,
        Self::ConfirmUrl,
        Self::Key,
        Self::Password,
        Self::CurrentPassword,
    ];

    /// Returns the field's name in the path of a problem.
    ///
    /// A name that differs from the API's contains a space, so that the path of an action's input, which has none, is
    /// never taken for the field.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::OwnerId => "owner id",
            Self::OwnerName => "owner name",
            Self::Connector => "connector",
            Self::Version => "version",
            Self::VersionPin => "version pin",
            Self::AuthMethod => "auth method",
            Self::Profile => "connector profile",
            Self::Attempt => "connection attempt",
            Self::Environment => "environment",
            Self::Setup => "setup values",
            Self::Credentials => "credentials",
            Self::EnabledActions => "enabled_actions",
            Self::Default => "default",
            Self::Name => "name",
            Self::Status => "status",
            Self::Search => "search",
            Self::Page => "page",
            Self::PageSize => "page_size",
            Self::Next => "next",
            Self::Until => "until",
            Self::ExpiresIn => "expires_in",
            Self::AllowedOrigins => "allowed_origins",
            Self::ConfirmUrl => "confirm_url",
            Self::Key => "key",
            Self::Password => "password",
            Self::CurrentPassword => "current_password",
        }
    }
}

impl From<Field> for String {
    fn from(field: Field) -> Self {
        field.as_str().to_owned()
    }
}

//! The fields of requests, in the product's terms.

/// A field of a request that a problem concerns.
///
/// The names of the API are not known here: each surface (the HTTP API, a command) maps a field to the name that its caller
/// used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Field {
    /// The id of the owner.
    OwnerId,
    /// The name of the owner.
    OwnerName,
    /// The owner's username.
    OwnerUsername,
    /// The label of an account.
    Label,
    /// The metadata of an account.
    Metadata,
    /// The categories of a connect session.
    Categories,
    /// The URL that the window of an authorization returns to.
    ReturnUrl,
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
    /// The URL of a webhook.
    Url,
    /// The events of Patchbay that a webhook receives.
    Events,
    /// The events of connectors that a webhook receives.
    ConnectorEvents,
    /// The fixed headers of a webhook.
    Headers,
    /// How long the previous secret of a webhook signs too.
    Overlap,
    /// The number of deliveries to replay.
    Limit,
    /// The text of an API key.
    Key,
    /// The new password.
    Password,
    /// The current password.
    CurrentPassword,
}

impl Field {
    /// Returns the field's name for a person.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::OwnerId => "owner id",
            Self::OwnerName => "owner name",
            Self::OwnerUsername => "owner username",
            Self::Label => "label",
            Self::Metadata => "metadata",
            Self::Categories => "categories",
            Self::ReturnUrl => "return URL",
            Self::Connector => "connector",
            Self::Version => "version",
            Self::VersionPin => "version pin",
            Self::AuthMethod => "auth method",
            Self::Profile => "connector profile",
            Self::Attempt => "connection attempt",
            Self::Environment => "environment",
            Self::Setup => "setup values",
            Self::Credentials => "credentials",
            Self::EnabledActions => "enabled actions",
            Self::Default => "default",
            Self::Name => "name",
            Self::Status => "status",
            Self::Search => "search",
            Self::Page => "page",
            Self::PageSize => "page size",
            Self::Next => "cursor",
            Self::Until => "until",
            Self::ExpiresIn => "lifetime",
            Self::AllowedOrigins => "allowed origins",
            Self::ConfirmUrl => "confirm URL",
            Self::Url => "URL",
            Self::Events => "events",
            Self::ConnectorEvents => "connector events",
            Self::Headers => "headers",
            Self::Overlap => "overlap",
            Self::Limit => "limit",
            Self::Key => "key",
            Self::Password => "password",
            Self::CurrentPassword => "current password",
        }
    }
}

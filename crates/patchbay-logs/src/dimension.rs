//! The properties of a run that filters and aggregates name, and the place of each in the store.

/// A dictionary of entries with several columns.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Star {
    /// Connectors and actions.
    Targets,
    /// Accounts.
    Parties,
    /// Sources.
    Sources,
}

impl Star {
    /// Every dictionary.
    pub(crate) const ALL: [Self; 3] = [Self::Targets, Self::Parties, Self::Sources];

    /// Returns its table.
    pub(crate) const fn table(self) -> &'static str {
        match self {
            Self::Targets => "log_targets",
            Self::Parties => "log_parties",
            Self::Sources => "log_sources",
        }
    }

    /// Returns the column of runs that refers to it.
    pub(crate) const fn column(self) -> &'static str {
        match self {
            Self::Targets => "target",
            Self::Parties => "party",
            Self::Sources => "source",
        }
    }

    /// Returns the name of its table in a join.
    pub(crate) const fn alias(self) -> &'static str {
        match self {
            Self::Targets => "t",
            Self::Parties => "p",
            Self::Sources => "s",
        }
    }
}

/// Where a property is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    /// A column of a dictionary.
    Star(Star, &'static str),
    /// A column of runs that is the number of a name.
    Name(&'static str),
    /// The status.
    Status,
    /// What the run is.
    Kind,
    /// The run's id.
    Id,
    /// The id of the run, or of the caller's request.
    Request,
    /// A text column of runs.
    Text(&'static str),
    /// Whether the run succeeded.
    Success,
    /// Whether nobody waited for the run.
    Background,
    /// A property that no run here has.
    Nowhere,
}

macro_rules! dimensions {
    ($($name:ident = $wire:literal => $place:expr,)+) => {
        /// A property of a run that a filter, a group or a list of values can name.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum Dimension {
            $(#[doc = concat!("`", $wire, "`.")] $name,)+
        }

        impl Dimension {
            /// Every property.
            pub const ALL: &'static [Self] = &[$(Self::$name,)+];

            /// Returns the name on the wire.
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$name => $wire,)+
                }
            }

            /// Returns its place in the store.
            pub(crate) const fn place(self) -> Place {
                match self {
                    $(Self::$name => $place,)+
                }
            }
        }
    };
}

dimensions! {
    AccountSecureId = "account_secure_id" => Place::Star(Star::Parties, "account"),
    Action = "action" => Place::Star(Star::Targets, "action"),
    ActionId = "action_id" => Place::Star(Star::Targets, "action"),
    ActionRunId = "action_run_id" => Place::Id,
    ActionType = "action_type" => Place::Star(Star::Targets, "action_type"),
    AgentId = "agent_id" => Place::Star(Star::Sources, "agent_id"),
    AuthId = "auth_id" => Place::Star(Star::Sources, "auth_id"),
    AuthType = "auth_type" => Place::Star(Star::Sources, "auth_type"),
    Category = "category" => Place::Star(Star::Targets, "category"),
    ChildResource = "child_resource" => Place::Nowhere,
    ConnectorKey = "connector_key" => Place::Star(Star::Targets, "connector"),
    ConnectorOwner = "connector_owner" => Place::Star(Star::Targets, "owner"),
    ConnectorProfileId = "connector_profile_id" => Place::Star(Star::Targets, "profile"),
    ConnectorVersion = "connector_version" => Place::Star(Star::Targets, "version"),
    ErrorCode = "error_code" => Place::Name("error"),
    HttpMethod = "http_method" => Place::Name("method"),
    IpAddress = "ip_address" => Place::Star(Star::Sources, "ip_address"),
    IsBackground = "is_background" => Place::Background,
    LogId = "log_id" => Place::Id,
    LogType = "log_type" => Place::Kind,
    Mode = "mode" => Place::Star(Star::Targets, "mode"),
    OriginOwnerId = "origin_owner_id" => Place::Star(Star::Parties, "owner_id"),
    OriginOwnerName = "origin_owner_name" => Place::Star(Star::Parties, "owner_name"),
    Provider = "provider" => Place::Star(Star::Targets, "connector"),
    RequestId = "request_id" => Place::Request,
    Resource = "resource" => Place::Nowhere,
    Service = "service" => Place::Nowhere,
    SessionId = "session_id" => Place::Text("session"),
    SourceId = "source_id" => Place::Star(Star::Sources, "source_id"),
    SourceType = "source_type" => Place::Star(Star::Sources, "source_type"),
    SourceValue = "source_value" => Place::Star(Star::Sources, "source_value"),
    StatusCode = "status_code" => Place::Status,
    StreamType = "stream_type" => Place::Star(Star::Sources, "stream_type"),
    SubResource = "sub_resource" => Place::Nowhere,
    Success = "success" => Place::Success,
    TransportType = "transport_type" => Place::Star(Star::Sources, "transport"),
    UserAgent = "user_agent" => Place::Star(Star::Sources, "user_agent"),
}

impl Dimension {
    /// Returns the property with this name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|dimension| dimension.as_str() == name)
    }

    /// Returns whether runs can be grouped by it.
    pub fn is_group(self) -> bool {
        use Dimension as D;
        matches!(
            self,
            D::ConnectorKey
                | D::Success
                | D::ActionType
                | D::Mode
                | D::Service
                | D::Resource
                | D::ActionId
                | D::HttpMethod
                | D::AccountSecureId
                | D::SourceType
                | D::StatusCode
                | D::OriginOwnerId
                | D::SourceId
                | D::IsBackground
                | D::LogType
                | D::ErrorCode
        )
    }

    /// Returns whether the roll-ups count by it.
    pub(crate) fn is_rolled_up(self) -> bool {
        match self.place() {
            Place::Star(Star::Targets, _) | Place::Status | Place::Success | Place::Kind | Place::Nowhere => true,
            _ => self == Self::SourceType,
        }
    }
}

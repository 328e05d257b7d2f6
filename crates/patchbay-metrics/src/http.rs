//! Requests to the server, and its requests to providers.

use std::time::Duration;

use crate::{Family, Histogram, Places, label::label};

/// The number of routes that are labels.
const MAX_ROUTES: usize = 300;
/// The number of pairs of method and status of a route.
const MAX_RESPONSES: usize = 60;
/// The number of connectors that are labels.
const MAX_CONNECTORS: usize = 500;
/// The number of statuses and failures of a connector.
const MAX_OUTCOMES: usize = 60;

label! {
    /// The method of a request.
    HttpMethod {
        /// GET.
        Get = "GET",
        /// HEAD.
        Head = "HEAD",
        /// POST.
        Post = "POST",
        /// PUT.
        Put = "PUT",
        /// PATCH.
        Patch = "PATCH",
        /// DELETE.
        Delete = "DELETE",
        /// OPTIONS.
        Options = "OPTIONS",
        /// Any other, as the semantic conventions name it.
        Other = "_OTHER",
    }
}

impl HttpMethod {
    /// Returns the method of a name.
    pub fn of(name: &str) -> Self {
        match name {
            "GET" => Self::Get,
            "HEAD" => Self::Head,
            "POST" => Self::Post,
            "PUT" => Self::Put,
            "PATCH" => Self::Patch,
            "DELETE" => Self::Delete,
            "OPTIONS" => Self::Options,
            _ => Self::Other,
        }
    }
}

impl PartialOrd for HttpMethod {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for HttpMethod {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        (*self as u8).cmp(&(*other as u8))
    }
}

type Responses = Family<(HttpMethod, u16), Histogram>;

/// The requests to the server.
#[derive(Debug)]
pub struct ServerRequests(pub(crate) Family<String, Responses>);

impl Default for ServerRequests {
    fn default() -> Self {
        let responses = || Family::new(Places::new(MAX_RESPONSES), Histogram::default);
        Self(Family::new(Places::new(MAX_ROUTES), responses))
    }
}

impl ServerRequests {
    /// Counts a request. The route is its pattern, not its path.
    pub fn observe(&self, method: HttpMethod, route: &str, status: u16, duration: Duration) {
        self.0.with(route, |responses| responses.with(&(method, status), |times| times.observe(duration)));
    }
}

label! {
    /// Why a provider gave no usable response.
    RequestFailureKind {
        /// The time was over.
        Timeout = "timeout",
        /// No connection could be made.
        Connect = "connect",
        /// The connection was lost.
        ConnectionLost = "connection_lost",
        /// The egress policy refused the request.
        Refused = "refused",
        /// A rate limit would have delayed the request for too long.
        RateLimited = "rate_limited",
        /// The response cannot be used: too large, not readable, a redirect that is not followed.
        Response = "response",
        /// Any other failure.
        Other = "other",
    }
}

/// What came of a request to a provider.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ClientOutcome {
    /// A response with this status.
    Status(u16),
    /// No usable response.
    Failed(RequestFailureKind),
}

impl PartialOrd for ClientOutcome {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for ClientOutcome {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        let key = |outcome: &Self| match outcome {
            Self::Status(status) => (0, *status),
            Self::Failed(kind) => (1, *kind as u16),
        };
        key(self).cmp(&key(other))
    }
}

type Outcomes = Family<ClientOutcome, Histogram>;

/// The requests to providers.
#[derive(Debug)]
pub struct ProviderRequests(pub(crate) Family<String, Outcomes>);

impl Default for ProviderRequests {
    fn default() -> Self {
        let outcomes = || Family::new(Places::new(MAX_OUTCOMES), Histogram::default);
        Self(Family::new(Places::new(MAX_CONNECTORS), outcomes))
    }
}

impl ProviderRequests {
    /// Counts a request.
    pub fn observe(&self, connector: &str, outcome: ClientOutcome, duration: Duration) {
        self.0.with(connector, |outcomes| outcomes.with(&outcome, |times| times.observe(duration)));
    }
}

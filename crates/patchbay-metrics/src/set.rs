//! Everything that is counted.

use std::sync::LazyLock;

use crate::{
    ActionRuns, Counter, Counters, DbTimes, McpTimes, ProviderRequests, Refreshes, ServerRequests, label::label,
};

label! {
    /// Whose limit refused a call or a request.
    LimitOf {
        /// The requests that an API key may send in a minute.
        Key = "key",
        /// The limits that a connector declares, or that the provider reported before.
        Account = "account",
        /// The provider answered 429.
        Provider = "provider",
        /// The server has too many calls under way.
        Server = "server",
    }
}

label! {
    /// A cache of what is stored.
    CacheName {
        /// Callers by the hash of their API key.
        Keys = "api_keys",
        /// Accounts.
        Accounts = "accounts",
        /// Connector profiles.
        Profiles = "profiles",
    }
}

label! {
    /// What the egress policy refused.
    EgressRefusal {
        /// The URL shows that it may not be called.
        Url = "url",
        /// An address behind the name is not allowed.
        Address = "address",
    }
}

label! {
    /// What came of an attempt of a delivery to a webhook.
    Delivery {
        /// The receiver accepted it.
        Delivered = "delivered",
        /// It failed, and is attempted again.
        Retried = "retried",
        /// It failed, and is not attempted again.
        Dead = "dead",
    }
}

/// Everything that is counted.
#[derive(Debug, Default)]
pub struct Metrics {
    /// Requests to the server.
    pub server_requests: ServerRequests,
    /// Requests to providers.
    pub provider_requests: ProviderRequests,
    /// Requests that were sent again.
    pub provider_retries: Counter,
    /// Calls and requests that a limit refused.
    pub rate_limited: Counters<LimitOf>,
    /// Requests that the egress policy refused.
    pub egress_refused: Counters<EgressRefusal>,
    /// Runs of actions.
    pub actions: ActionRuns,
    /// Refreshes of tokens.
    pub refreshes: Refreshes,
    /// Attempts of deliveries.
    pub deliveries: Counters<Delivery>,
    /// Look-ups in caches.
    pub cache_lookups: Counters<CacheName>,
    /// Look-ups in caches that found nothing.
    pub cache_misses: Counters<CacheName>,
    /// Times of the database.
    pub db: DbTimes,
    /// Requests of agents.
    pub mcp: McpTimes,
}

static METRICS: LazyLock<Metrics> = LazyLock::new(Metrics::default);

/// Returns the counts of this process.
pub fn metrics() -> &'static Metrics {
    &METRICS
}

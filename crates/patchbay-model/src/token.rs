//! The metadata of an account's token, and the lease on its refresh.

use serde::{Deserialize, Serialize};

use crate::{AccountId, ProfileId, ProjectId, Timestamp};

/// The metadata of an account's access token (RFC 6749 section 5.1). The token itself is one of the account's sealed
/// secrets.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TokenMetadata {
    /// When the provider issued it, by this server's clock.
    pub issued_at: Timestamp,
    /// When it expires; none if the provider gave no lifetime.
    pub expires_at: Option<Timestamp>,
    /// When the refresh token expires; none if the provider gave no lifetime.
    pub refresh_expires_at: Option<Timestamp>,
    /// The scopes that the provider granted; empty if the response had none.
    pub scopes: Vec<String>,
    /// The profile whose OAuth client the token was issued to.
    pub profile_id: ProfileId,
    /// The `updated_at` of that profile when the token was issued. It identifies the version of the client's credentials.
    pub profile_changed_at: Timestamp,
    /// The id of the client that a customer authorized: no other client can refresh the token (RFC 6749 section 6). None
    /// if the client belongs to the account itself.
    #[serde(default)]
    pub client_id: Option<String>,
}

/// The exclusive right to refresh one account's token. Only the newest lease of an account is valid: an older one cannot
/// commit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lease {
    /// The account's project.
    pub project_id: ProjectId,
    /// The account.
    pub account_id: AccountId,
    /// The fencing token: counts the leases of this account.
    pub fence: i64,
    /// The account's revision for which a token request was sent whose outcome is unknown, because the process ended or
    /// the provider did not respond.
    pub unresolved_revision: Option<i64>,
    /// The number of failed refreshes since the last successful one.
    pub failures: u32,
}

/// Whether a lease waits for the back-off that follows a failed refresh.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LeasePriority {
    /// The lease waits.
    Normal,
    /// The lease does not wait.
    Urgent,
}

/// The outcome of acquiring a lease.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LeaseOutcome {
    /// The lease was acquired.
    Granted(Lease),
    /// Another holder has the lease, at most until this moment.
    Held(Timestamp),
    /// The last refresh failed. The next one may start at this moment.
    BackingOff(Timestamp),
}

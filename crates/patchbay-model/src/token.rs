//! What is known of a token that a provider minted for an account, and who may renew it.

use serde::{Deserialize, Serialize};

use crate::{AccountId, ProfileId, ProjectId, Timestamp};

/// What is known of an account's token. The token itself is among the account's sealed secrets.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TokenMetadata {
    /// When the provider minted it, by our clock.
    pub issued_at: Timestamp,
    /// When it ends; none when the provider names no end.
    pub expires_at: Option<Timestamp>,
    /// When what renews it ends, where the provider says so.
    pub refresh_expires_at: Option<Timestamp>,
    /// The scopes that the provider granted; empty when it did not say.
    pub scopes: Vec<String>,
    /// The profile whose app minted it.
    pub profile_id: ProfileId,
    /// When that profile had last changed by then: tells which version of the app's credentials it was.
    pub profile_changed_at: Timestamp,
    /// The app's client id, where a customer signed in: no other app can renew the token. None where the app is the
    /// account's own.
    #[serde(default)]
    pub client_id: Option<String>,
}

/// The right to renew one account's token. Only the newest holds: an older one commits nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lease {
    /// The account's project.
    pub project_id: ProjectId,
    /// The account.
    pub account_id: AccountId,
    /// Counts the leases of this account.
    pub fence: i64,
    /// The credential version for which a token call was sent whose outcome nobody knows: the process ended,
    /// or the provider did not answer.
    pub unresolved_revision: Option<i64>,
    /// Renewals that failed since the last one that did not.
    pub failures: u32,
}

/// Whether a lease waits for the back-off after a failed refresh.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LeasePriority {
    /// It waits.
    Normal,
    /// It does not wait.
    Urgent,
}

/// The outcome of acquiring a lease.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LeaseOutcome {
    /// The lease.
    Granted(Lease),
    /// Someone else holds it, until this moment at most.
    Held(Timestamp),
    /// The last renewal failed; the next may be tried at this moment.
    BackingOff(Timestamp),
}

//! Connection attempts: what the Hub polls while the customer is at the provider.

use crate::account::wire_enum;
use crate::{AccountId, AttemptId, ProjectId, SessionId, Timestamp};

/// Where an attempt stands. All but `Pending` are final.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AttemptStatus {
    /// The customer is at the provider.
    Pending,
    /// The account is linked.
    Authenticated,
    /// It failed.
    Error,
    /// The customer gave up.
    Cancelled,
    /// It took too long.
    Expired,
}

wire_enum!(AttemptStatus {
    Pending = "pending",
    Authenticated = "authenticated",
    Error = "error",
    Cancelled = "cancelled",
    Expired = "expired",
});

/// Why an attempt failed, in words the Hub shows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AttemptError {
    /// A stable code.
    pub code: String,
    /// A sentence for a person.
    pub description: String,
}

/// One try to connect an account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConnectionAttempt {
    /// Its id.
    pub id: AttemptId,
    /// The session it belongs to; another session cannot see it.
    pub session_id: SessionId,
    /// The session's project.
    pub project_id: ProjectId,
    /// Where it stands.
    pub status: AttemptStatus,
    /// The account, once linked.
    pub account_id: Option<AccountId>,
    /// Why it failed.
    pub error: Option<AttemptError>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it ends by itself.
    pub expires_at: Timestamp,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_state_reads_back() {
        use AttemptStatus::{Authenticated, Cancelled, Error, Expired, Pending};
        for status in [Pending, Authenticated, Error, Cancelled, Expired] {
            assert_eq!(status.as_str().parse::<AttemptStatus>().unwrap(), status);
        }
        assert!("PENDING".parse::<AttemptStatus>().is_err());
    }
}

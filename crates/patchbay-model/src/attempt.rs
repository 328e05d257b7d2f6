//! Connection attempts. The Hub polls them while the customer is at the provider.

use crate::names::wire_enum;
use crate::{AccountId, AttemptId, FailureReason, ProjectId, SessionId, Timestamp};

/// The state of an attempt. All states except `Pending` are final.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AttemptStatus {
    /// The customer is at the provider.
    Pending,
    /// The account is linked.
    Authenticated,
    /// The attempt failed.
    Error,
    /// The customer cancelled.
    Cancelled,
    /// The attempt reached its expiry before it finished.
    Expired,
}

wire_enum!(AttemptStatus {
    Pending = "pending",
    Authenticated = "authenticated",
    Error = "error",
    Cancelled = "cancelled",
    Expired = "expired",
});

/// The error of a failed attempt, which the Hub shows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AttemptError {
    /// A stable code.
    pub code: String,
    /// A sentence for people.
    pub description: String,
    /// The reason if the provider failed.
    pub reason: Option<FailureReason>,
}

/// One attempt to link an account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConnectionAttempt {
    /// Its id.
    pub id: AttemptId,
    /// The session that it belongs to. Another session cannot read it.
    pub session_id: SessionId,
    /// The session's project.
    pub project_id: ProjectId,
    /// Its state.
    pub status: AttemptStatus,
    /// The account; none until it is linked.
    pub account_id: Option<AccountId>,
    /// The error if it failed.
    pub error: Option<AttemptError>,
    /// When it was created.
    pub created_at: Timestamp,
    /// When it expires.
    pub expires_at: Timestamp,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_state_parses_from_its_name() {
        use AttemptStatus::{Authenticated, Cancelled, Error, Expired, Pending};
        for status in [Pending, Authenticated, Error, Cancelled, Expired] {
            assert_eq!(status.as_str().parse::<AttemptStatus>().unwrap(), status);
        }
        assert!("PENDING".parse::<AttemptStatus>().is_err());
    }
}

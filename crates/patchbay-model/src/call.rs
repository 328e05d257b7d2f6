//! Call records: one for each run of an action or of the proxy. They are written in the background.

use crate::names::wire_enum;
use crate::{AccountId, CallId, ProfileId, ProjectId, Timestamp};

/// The origin of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CallKind {
    /// A run of an action.
    Action,
    /// A request through the raw proxy.
    Proxy,
    /// A test action while an account is linked.
    ConnectionTest,
    /// A request to the provider to revoke an account's credentials.
    Revocation,
}

wire_enum!(CallKind { Action = "action", Proxy = "proxy", ConnectionTest = "connection_test", Revocation = "revocation" });

/// A record of a call. It contains no inputs, outputs or headers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CallRecord {
    /// The call's id.
    pub id: CallId,
    /// The project it ran in.
    pub project_id: ProjectId,
    /// The account that it used; none while an account is linked.
    pub account_id: Option<AccountId>,
    /// The profile that it used.
    pub profile_id: ProfileId,
    /// The connector's key.
    pub connector: String,
    /// The connector's version.
    pub connector_version: String,
    /// The action's public id; none for the proxy.
    pub action: Option<String>,
    /// Its origin.
    pub kind: CallKind,
    /// The HTTP status of the response to the caller.
    pub status_code: u16,
    /// The stable error code if it failed.
    pub error_code: Option<String>,
    /// When it started.
    pub started_at: Timestamp,
    /// Its duration in microseconds.
    pub duration_micros: i64,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_parses_from_its_name() {
        for kind in [CallKind::Action, CallKind::Proxy, CallKind::ConnectionTest, CallKind::Revocation] {
            assert_eq!(kind.as_str().parse::<CallKind>().unwrap(), kind);
        }
        let error = "rpc".parse::<CallKind>().unwrap_err();
        assert_eq!(error.to_string(), "`rpc` is not one of: action proxy connection_test revocation");
    }
}

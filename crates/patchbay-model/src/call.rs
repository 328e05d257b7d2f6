//! Records of calls: one row for each run of an action or of the proxy, written off the path.

use crate::account::wire_enum;
use crate::{AccountId, CallId, ProfileId, ProjectId, Timestamp};

/// How a call came in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CallKind {
    /// An action by RPC.
    Action,
    /// The raw proxy.
    Proxy,
    /// A test action while linking.
    ConnectionTest,
    /// Taking an account's credentials back at the provider.
    Revocation,
}

wire_enum!(CallKind { Action = "action", Proxy = "proxy", ConnectionTest = "connection_test", Revocation = "revocation" });

/// What is kept of a call. It holds no input, no output and no header.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CallRecord {
    /// The run's id.
    pub id: CallId,
    /// The project it ran in.
    pub project_id: ProjectId,
    /// The account it acted on; none while linking.
    pub account_id: Option<AccountId>,
    /// The profile it ran under.
    pub profile_id: ProfileId,
    /// The connector's key.
    pub connector: String,
    /// The connector's version.
    pub connector_version: String,
    /// The action's public id; none for the proxy.
    pub action: Option<String>,
    /// How it came in.
    pub kind: CallKind,
    /// The status we answered with.
    pub status_code: u16,
    /// The stable code of the error, when it failed.
    pub error_code: Option<String>,
    /// When it began.
    pub started_at: Timestamp,
    /// How long it took, in microseconds.
    pub duration_micros: i64,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_reads_back() {
        for kind in [CallKind::Action, CallKind::Proxy, CallKind::ConnectionTest, CallKind::Revocation] {
            assert_eq!(kind.as_str().parse::<CallKind>().unwrap(), kind);
        }
        let error = "rpc".parse::<CallKind>().unwrap_err();
        assert_eq!(error.to_string(), "`rpc` is none of: action proxy connection_test revocation");
    }
}

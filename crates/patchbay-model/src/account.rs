//! Linked accounts and their states.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::{
    AccountId, CredentialExpiry, ExpiryCause, Metadata, ProfileId, ProjectId, Sealed, Timestamp, TokenMetadata,
    names::wire_enum,
};

/// The end customer that owns an account, as the operator's own system identifies it.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Owner {
    /// The customer's id in the operator's system.
    pub id: String,
    /// The customer's name.
    pub name: String,
    /// The person at the customer who linked the account, for example an e-mail address.
    pub username: Option<String>,
}

/// Whether an account counts as a real or as a test account.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum AccountKind {
    /// A real account.
    #[default]
    Production,
    /// A test account.
    Test,
}

/// The stored state of an account.
///
/// The state `inactive` of the wire (the account's profile is disabled) is derived and never stored: the account is
/// active again when its profile is enabled again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AccountStatus {
    /// Calls run.
    Active,
    /// The operator paused calls. Tokens are still refreshed.
    Suspended,
    /// The provider no longer accepts the credentials. A person must reconnect the account.
    ReconnectRequired,
    /// The operator revoked the account: its credentials are deleted. A person can reconnect it.
    Revoked,
    /// The credentials have expired.
    Expired,
    /// The account is stored for reference and never used.
    Archived,
}

impl AccountStatus {
    /// Every state.
    pub const ALL: [Self; 6] =
        [Self::Active, Self::Suspended, Self::ReconnectRequired, Self::Revoked, Self::Expired, Self::Archived];
}

wire_enum!(AccountKind { Production = "production", Test = "test" });
wire_enum!(AccountStatus {
    Active = "active",
    Suspended = "suspended",
    ReconnectRequired = "reconnect_required",
    Revoked = "revoked",
    Expired = "expired",
    Archived = "archived",
});

/// An explanation of an account's state, for people. [`AccountStatus`] is the state itself: code must not branch on
/// a reason.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StatusReason {
    /// A stable code, such as `AccountInvalidCredentialsError`.
    pub code: Option<String>,
    /// A sentence for people.
    pub description: Option<String>,
    /// When it happened.
    pub timestamp: Timestamp,
}

/// A linked account: one end customer's connection to a provider.
#[derive(Clone, Debug, PartialEq)]
pub struct Account {
    /// Its id.
    pub id: AccountId,
    /// The project that it belongs to.
    pub project_id: ProjectId,
    /// The connector profile that it was linked with.
    pub profile_id: ProfileId,
    /// The connector's key, such as `spotdraft`.
    pub connector: String,
    /// The connector's version when the account was linked.
    pub connector_version: String,
    /// The authentication method's key in the connector file.
    pub auth_config_key: String,
    /// The provider's environment, such as `production`.
    pub environment: String,
    /// The customer that owns it.
    pub owner: Owner,
    /// A label for people.
    pub label: Option<String>,
    /// Whether it is a real or a test account.
    pub kind: AccountKind,
    /// Whether it may be shared among the owner's users.
    pub shared: bool,
    /// Its state.
    pub status: AccountStatus,
    /// The reasons for that state, newest last.
    pub status_reasons: Vec<StatusReason>,
    /// The values of its fields that are not secret, by field key.
    pub setup_information: Metadata,
    /// The values of its secret fields, each sealed for this project, account and field.
    pub secrets: BTreeMap<String, Sealed>,
    /// The metadata of the token that the provider issued; none if the account uses no token.
    pub token: Option<TokenMetadata>,
    /// The scopes that the provider required when it rejected an action (`insufficient_scope`, RFC 6750 section 3.1), by
    /// the action's public id. The next authorization requests them. New credentials clear them.
    pub missing_scopes: BTreeMap<String, Vec<String>>,
    /// When the token is to be refreshed in the background. If it cannot be refreshed, when it expires: the account then
    /// needs to be reconnected.
    pub refresh_at: Option<Timestamp>,
    /// The credentials that expire unless a person reconnects the account, at most one of each cause.
    pub expiries: Vec<CredentialExpiry>,
    /// The operator's own metadata.
    pub metadata: Metadata,
    /// Counts the changes of the account. A writer passes the revision that it read; if the stored one differs, the
    /// write is a conflict.
    pub revision: i64,
    /// When it was first linked.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
}

impl Account {
    /// Returns whether a field has a value, secret or not.
    pub fn holds(&self, field: &str) -> bool {
        self.secrets.contains_key(field) || self.setup_information.contains_key(field)
    }

    /// Returns the earliest expiry.
    pub fn next_expiry(&self) -> Option<&CredentialExpiry> {
        self.expiries.iter().min_by_key(|expiry| expiry.at)
    }

    /// Returns when the next expiry notice is due; none if all notices were sent.
    pub fn next_notice_at(&self) -> Option<Timestamp> {
        self.expiries.iter().filter(|expiry| !expiry.notified).map(|expiry| expiry.notify_from).min()
    }

    /// Replaces the expiries of these causes. An expiry that is reported again ([`CredentialExpiry::is_same`]) stays
    /// unchanged, with its `notified` flag.
    pub fn set_expiries(&mut self, causes: &[ExpiryCause], expiries: impl IntoIterator<Item = CredentialExpiry>) {
        let before = std::mem::take(&mut self.expiries);
        let known =
            |expiry: CredentialExpiry| before.iter().find(|before| before.is_same(&expiry)).cloned().unwrap_or(expiry);
        let expiries = expiries.into_iter().map(known).collect::<Vec<_>>();
        self.expiries = before.into_iter().filter(|expiry| !causes.contains(&expiry.cause)).collect();
        self.expiries.extend(expiries);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stored_and_serialized_names_are_equal() {
        for status in AccountStatus::ALL {
            assert_eq!(status.as_str().parse::<AccountStatus>().unwrap(), status);
        }
        for kind in [AccountKind::Production, AccountKind::Test] {
            assert_eq!(kind.as_str().parse::<AccountKind>().unwrap(), kind);
            assert_eq!(serde_json::to_value(kind).unwrap(), kind.as_str());
        }
    }

    #[test]
    fn an_unknown_state_is_an_error_that_lists_the_known_ones() {
        let error = "asleep".parse::<AccountStatus>().unwrap_err();
        assert_eq!(
            error.to_string(),
            "`asleep` is not one of: active suspended reconnect_required revoked expired archived"
        );
    }
}

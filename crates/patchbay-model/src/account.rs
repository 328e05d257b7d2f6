//! Linked accounts and the states they pass through.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::{
    AccountId, CredentialExpiry, ExpiryCause, Metadata, ProfileId, ProjectId, Sealed, Timestamp, TokenMetadata,
};

/// The end customer that an account belongs to, in the words of the operator's own system.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Owner {
    /// The customer's id in the operator's system.
    pub id: String,
    /// The customer's name.
    pub name: String,
    /// Who at the customer linked the account, such as an e-mail address.
    pub username: Option<String>,
}

/// Whether an account counts as a real or as a test account.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum AccountKind {
    /// A real account.
    #[default]
    Production,
    /// For trying things out.
    Test,
}

/// A stored account's own state. That its profile is disabled (`inactive` on the wire) is derived,
/// never stored, so that enabling the profile again brings the account back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum AccountStatus {
    /// Calls run.
    Active,
    /// The operator paused calls; tokens are still refreshed.
    Suspended,
    /// The provider refuses the credentials; a human must link again.
    Error,
    /// The credentials have run out.
    Expired,
    /// Kept for the record, never used.
    Archived,
}

macro_rules! wire_enum {
    ($type:ty { $($variant:ident = $text:literal),* $(,)? }) => {
        impl $type {
            /// The name on the wire and in storage.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $text),* }
            }
        }

        impl std::str::FromStr for $type {
            type Err = crate::account::UnknownName;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                match text {
                    $($text => Ok(Self::$variant),)*
                    other => Err(crate::account::UnknownName {
                        found: other.to_owned(),
                        known: concat!($($text, " "),*),
                    }),
                }
            }
        }
    };
}
pub(crate) use wire_enum;

/// A name outside a closed set.
#[derive(Debug, thiserror::Error)]
#[error("`{found}` is none of: {}", known.trim_end())]
pub struct UnknownName {
    pub(crate) found: String,
    pub(crate) known: &'static str,
}

wire_enum!(AccountKind { Production = "production", Test = "test" });
wire_enum!(AccountStatus {
    Active = "active",
    Suspended = "suspended",
    Error = "error",
    Expired = "expired",
    Archived = "archived",
});

/// Why an account is in its state.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StatusReason {
    /// A stable code, such as `AccountInvalidCredentialsError`.
    pub code: Option<String>,
    /// A sentence for a person.
    pub description: Option<String>,
    /// When it happened.
    pub timestamp: Timestamp,
}

/// One end customer's connection to a provider.
#[derive(Clone, Debug, PartialEq)]
pub struct Account {
    /// Its id.
    pub id: AccountId,
    /// The project it lives in.
    pub project_id: ProjectId,
    /// The connector profile that it was linked with.
    pub profile_id: ProfileId,
    /// The connector's key, such as `spotdraft`.
    pub connector: String,
    /// The connector's version at linking.
    pub connector_version: String,
    /// The authentication method's key in the connector file.
    pub auth_config_key: String,
    /// The provider's environment, such as `production`.
    pub environment: String,
    /// Whose it is.
    pub owner: Owner,
    /// A label for people.
    pub label: Option<String>,
    /// Real or test.
    pub kind: AccountKind,
    /// Whether it may be shared among the owner's users.
    pub shared: bool,
    /// Its state.
    pub status: AccountStatus,
    /// Why it is in that state, newest last.
    pub status_reasons: Vec<StatusReason>,
    /// The values of its fields that are not secret, by field key.
    pub setup_information: Metadata,
    /// The values of its secret fields, each sealed for this project, account and field.
    pub secrets: BTreeMap<String, Sealed>,
    /// What is known of the token that the provider minted for it, where it works by one.
    pub token: Option<TokenMetadata>,
    /// Scopes that the provider asked for when it refused an action for want of them, by the action's public id. The next
    /// sign-in asks for them; new credentials end them.
    pub missing_scopes: BTreeMap<String, Vec<String>>,
    /// When that token should be renewed in the background; where nothing can renew it, when it ends, and with it the
    /// account's use.
    pub refresh_at: Option<Timestamp>,
    /// The moments after which it stops working unless a person does something, at most one of each cause.
    pub expiries: Vec<CredentialExpiry>,
    /// What the operator attached to it.
    pub metadata: Metadata,
    /// Counts the changes of the account. A writer names the revision that it read; another one is a conflict.
    pub revision: i64,
    /// When it was first linked.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
}

impl Account {
    /// Whether a field has a value, secret or not.
    pub fn holds(&self, field: &str) -> bool {
        self.secrets.contains_key(field) || self.setup_information.contains_key(field)
    }

    /// The end that comes first.
    pub fn next_expiry(&self) -> Option<&CredentialExpiry> {
        self.expiries.iter().min_by_key(|expiry| expiry.at)
    }

    /// When people are to be told of the next end; none when they were told of all.
    pub fn next_notice_at(&self) -> Option<Timestamp> {
        self.expiries.iter().filter(|expiry| !expiry.notified).map(|expiry| expiry.notify_from).min()
    }

    /// Replaces the ends of these causes. An end that is said again stays as it was, and so does who was told.
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
    fn stored_and_serialised_names_are_the_same() {
        use AccountStatus::{Active, Archived, Error, Expired, Suspended};
        for status in [Active, Suspended, Error, Expired, Archived] {
            assert_eq!(status.as_str().parse::<AccountStatus>().unwrap(), status);
            assert_eq!(serde_json::to_value(status).unwrap(), status.as_str());
        }
        for kind in [AccountKind::Production, AccountKind::Test] {
            assert_eq!(kind.as_str().parse::<AccountKind>().unwrap(), kind);
            assert_eq!(serde_json::to_value(kind).unwrap(), kind.as_str());
        }
    }

    #[test]
    fn states_read_back_and_strangers_are_named() {
        assert_eq!("suspended".parse::<AccountStatus>().unwrap(), AccountStatus::Suspended);
        let error = "asleep".parse::<AccountStatus>().unwrap_err();
        assert_eq!(error.to_string(), "`asleep` is none of: active suspended error expired archived");
    }
}

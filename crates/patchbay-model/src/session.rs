//! Connect sessions.

use crate::{
    AccountId, AccountKind, KeyHash, Metadata, OrganizationId, Owner, ProfileId, ProjectId, SessionId, Timestamp,
};

/// A connect session: the short-lived right to link one account of one owner in the Hub. The first successful link uses it
/// up, see [`ConnectSession::is_used`].
#[derive(Clone, Debug, PartialEq)]
pub struct ConnectSession {
    /// Its id.
    pub id: SessionId,
    /// The organization of its project.
    pub organization_id: OrganizationId,
    /// The project that the account will belong to.
    pub project_id: ProjectId,
    /// The hash of its token. The token itself is not stored.
    pub token_hash: KeyHash,
    /// The customer that will own the account.
    pub owner: Owner,
    /// The categories of the connectors that the Hub shows; empty means all.
    pub categories: Vec<String>,
    /// The only connector that the Hub shows.
    pub connector: Option<String>,
    /// The only profile that the Hub shows.
    pub profile_id: Option<ProfileId>,
    /// The account to reconnect, instead of linking a new one.
    pub account_id: Option<AccountId>,
    /// The label of the linked account.
    pub label: Option<String>,
    /// The metadata of the linked account.
    pub metadata: Metadata,
    /// The kind of the linked account.
    pub kind: AccountKind,
    /// Whether the owner may link another account when it already has one with this connector.
    pub multiple: bool,
    /// The origins of pages that may embed the Hub in a frame, in addition to the server's own (CSP `frame-ancestors`).
    pub allowed_origins: Vec<String>,
    /// The URL of the operator's product to which the browser is redirected after the authorization, so that the product
    /// confirms whose browser it is.
    pub confirm_url: Option<String>,
    /// The account that was linked or changed last through this session.
    pub linked_account_id: Option<AccountId>,
    /// An id that a provider can include in webhooks.
    pub external_trigger_token: String,
    /// When it was created.
    pub created_at: Timestamp,
    /// When it expires.
    pub expires_at: Timestamp,
}

impl ConnectSession {
    /// Returns true if the session links or changes no further account: it has linked one, and was created neither with
    /// `multiple` nor to reconnect an account. Its token still reads.
    pub fn is_used(&self) -> bool {
        self.linked_account_id.is_some() && !self.multiple && self.account_id.is_none()
    }
}

//! Connect sessions: the short-lived, owner-scoped right to link one account.

use crate::{
    AccountId, AccountKind, KeyHash, Metadata, OrganizationId, Owner, ProfileId, ProjectId, SessionId, Timestamp,
};

/// A short-lived token that opens the Hub for one owner.
#[derive(Clone, Debug, PartialEq)]
pub struct ConnectSession {
    /// Its number.
    pub id: SessionId,
    /// The organisation of its project.
    pub organization_id: OrganizationId,
    /// The project it links into.
    pub project_id: ProjectId,
    /// The hash of its token; the token itself is never stored.
    pub token_hash: KeyHash,
    /// Whose account will be linked.
    pub owner: Owner,
    /// Shows only connectors of these categories; empty shows all.
    pub categories: Vec<String>,
    /// Shows only this connector.
    pub connector: Option<String>,
    /// Shows only this profile.
    pub profile_id: Option<ProfileId>,
    /// Edits this account in place of linking a new one.
    pub account_id: Option<AccountId>,
    /// The label that the linked account gets.
    pub label: Option<String>,
    /// The metadata that the linked account gets.
    pub metadata: Metadata,
    /// The kind that the linked account gets.
    pub kind: AccountKind,
    /// Links another account even where the owner has one with this connector.
    pub multiple: bool,
    /// Origins of pages that may frame the Hub with this session, beside the server's own.
    pub allowed_origins: Vec<String>,
    /// Where a browser that has signed in at a provider is sent, for the operator's product to say who it is.
    pub confirm_url: Option<String>,
    /// An id that the provider's side can carry in webhooks.
    pub external_trigger_token: String,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it stops working.
    pub expires_at: Timestamp,
}

//! Linked accounts, with their sealed secrets.

use async_trait::async_trait;
use patchbay_model::{Account, AccountId, AccountKind, AccountStatus, Owner, ProfileId, ProjectId, Timestamp};

use crate::{Page, Result};

/// Whether an owner may have several accounts with one connector.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InsertRule {
    /// A second account of the same owner (id and name) and connector is a conflict.
    OnePerOwner,
    /// Any number.
    Multiple,
}

/// Which accounts to list. Empty lists do not filter. Pages count from 1.
#[derive(Clone, Debug, Default)]
pub struct AccountFilter {
    /// Only these.
    pub ids: Vec<AccountId>,
    /// Only of these connectors.
    pub connectors: Vec<String>,
    /// Only of these owners.
    pub owner_ids: Vec<String>,
    /// Only in these stored states.
    pub statuses: Vec<AccountStatus>,
    /// Of the active ones, only those whose profile is enabled (true) or disabled (false); accounts in
    /// other states are as they are, whatever their profile.
    pub profile_active: Option<bool>,
    /// Only of this kind.
    pub kind: Option<AccountKind>,
    /// Only those whose id, label, connector, or owner's id, name or user name holds this text, in any
    /// case of ASCII letters. Empty does not filter.
    pub search: String,
    /// Only of these profiles.
    pub profile_ids: Vec<ProfileId>,
    /// Only those that work, or are suspended, and of whose end people are told by this moment.
    pub reconnect_due_by: Option<Timestamp>,
    /// Only those linked at or after this moment.
    pub created_since: Option<Timestamp>,
    /// Only those linked before this moment.
    pub created_before: Option<Timestamp>,
    /// The page, from 1.
    pub page: u32,
    /// Accounts on a page.
    pub page_size: u32,
}

/// Keeps linked accounts.
#[async_trait]
pub trait AccountStore: Send + Sync {
    /// Adds one with its secrets. A taken id, or a profile that the project does not have, is a conflict.
    async fn insert(&self, account: &Account, rule: InsertRule) -> Result<()>;
    /// The project's account with this id.
    async fn get(&self, project: &ProjectId, id: &AccountId) -> Result<Option<Account>>;
    /// The owner's oldest account with this connector; owners are the same by id and name.
    async fn find_by_owner(&self, project: &ProjectId, owner: &Owner, connector: &str) -> Result<Option<Account>>;
    /// A page of the project's accounts, newest first.
    async fn list(&self, project: &ProjectId, filter: &AccountFilter) -> Result<Page<Account>>;
    /// The client ids of the apps that minted the tokens of a profile's accounts.
    async fn minting_clients(&self, project: &ProjectId, profile: &ProfileId) -> Result<Vec<String>>;
    /// Replaces one with its secrets, when its credentials still have the version that the caller
    /// read; else a conflict. Its connector and the moment it was linked stay as they are. False when
    /// the project has no such account.
    async fn update(&self, account: &Account, read_revision: i64) -> Result<bool>;
    /// Removes one with its secrets and gives it back as it was.
    async fn delete(&self, project: &ProjectId, id: &AccountId) -> Result<Option<Account>>;
}

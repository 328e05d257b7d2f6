//! Linked accounts, with their sealed secrets.

use async_trait::async_trait;
use patchbay_model::{
    Account, AccountId, AccountKind, AccountStatus, OutboxEvent, Owner, ProfileId, ProjectId, SessionId, Timestamp,
};

use crate::{Page, Result};

/// Whether an owner may have several accounts with one connector.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InsertRule {
    /// A second account with the same owner (id and name) and connector is a conflict.
    OnePerOwner,
    /// An owner may have any number.
    Multiple,
}

/// A filter for a list of accounts. An empty list does not filter. Pages count from 1.
#[derive(Clone, Debug, Default)]
pub struct AccountFilter {
    /// Only accounts with these ids.
    pub ids: Vec<AccountId>,
    /// Only accounts of these connectors.
    pub connectors: Vec<String>,
    /// Only accounts of these owners.
    pub owner_ids: Vec<String>,
    /// Only accounts with these stored statuses.
    pub statuses: Vec<AccountStatus>,
    /// Of the active accounts, only those whose profile is enabled (true) or disabled (false). Accounts with another
    /// status are not filtered.
    pub profile_active: Option<bool>,
    /// Only accounts of this kind.
    pub kind: Option<AccountKind>,
    /// Only accounts whose id, label, connector, owner id, owner name or owner username contains this string. Case of
    /// ASCII letters is ignored. An empty string does not filter.
    pub search: String,
    /// Only accounts of these profiles.
    pub profile_ids: Vec<ProfileId>,
    /// Only active or suspended accounts that have a credential whose expiry notice is due at this moment, sent or not.
    pub reconnect_due_by: Option<Timestamp>,
    /// Only accounts that were linked at or after this moment.
    pub created_since: Option<Timestamp>,
    /// Only accounts that were linked before this moment.
    pub created_before: Option<Timestamp>,
    /// The page, from 1.
    pub page: u32,
    /// The number of accounts on a page.
    pub page_size: u32,
}

/// Stores linked accounts. The `events` of a method report its change: they are stored in its transaction, with a delivery for each
/// webhook that is subscribed to them, or not at all if the account is not changed.
#[async_trait]
pub trait AccountStore: Send + Sync {
    /// Adds an account with its secrets.
    ///
    /// # Errors
    /// [`StorageError::Conflict`](crate::StorageError::Conflict) if the id exists, if the project does not have the profile, or if `rule` forbids
    /// a second account.
    async fn insert(&self, account: &Account, rule: InsertRule) -> Result<()>;
    /// Adds an account as [`AccountStore::insert`], linked through a connect session, which is used up unless it may be
    /// used again: both or neither.
    ///
    /// # Errors
    /// Those of [`AccountStore::insert`]; [`StorageError::SessionUsed`](crate::StorageError::SessionUsed) if the session was
    /// used up before, has expired at `now` or does not exist.
    async fn link(
        &self,
        account: &Account,
        rule: InsertRule,
        session: SessionId,
        now: Timestamp,
        events: &[OutboxEvent],
    ) -> Result<()>;
    /// Returns the project's account with this id.
    ///
    /// # Errors
    /// A [`StorageError`](crate::StorageError) if the backend fails.
    async fn get(&self, project: &ProjectId, id: &AccountId) -> Result<Option<Account>>;
    /// Returns the owner's oldest account with this connector. Two owners are equal if their ids and names are.
    ///
    /// # Errors
    /// A [`StorageError`](crate::StorageError) if the backend fails.
    async fn find_by_owner(&self, project: &ProjectId, owner: &Owner, connector: &str) -> Result<Option<Account>>;
    /// Returns a page of the project's accounts, newest first.
    ///
    /// # Errors
    /// A [`StorageError`](crate::StorageError) if the backend fails.
    async fn list(&self, project: &ProjectId, filter: &AccountFilter) -> Result<Page<Account>>;
    /// Counts the accounts of all projects by connector and status: the first `limit` connectors, in order.
    ///
    /// # Errors
    /// A [`StorageError`](crate::StorageError) if the backend fails.
    async fn count(&self, limit: u32) -> Result<Vec<(String, AccountStatus, u64)>>;
    /// Returns the ids of the OAuth clients that the tokens of a profile's accounts were issued to, sorted.
    ///
    /// # Errors
    /// A [`StorageError`](crate::StorageError) if the backend fails.
    async fn token_client_ids(&self, project: &ProjectId, profile: &ProfileId) -> Result<Vec<String>>;
    /// Replaces an account with its secrets. Its connector and `created_at` do not change. Returns false if the project
    /// does not have the account.
    ///
    /// # Errors
    /// [`StorageError::Conflict`](crate::StorageError::Conflict) if the stored revision is not `read_revision`.
    async fn update(&self, account: &Account, read_revision: i64, events: &[OutboxEvent]) -> Result<bool>;
    /// Replaces an account as [`AccountStore::update`], changed through a connect session, which is used up unless it may be
    /// used again: both or neither.
    ///
    /// # Errors
    /// Those of [`AccountStore::update`]; [`StorageError::SessionUsed`](crate::StorageError::SessionUsed) if the session was
    /// used up before, has expired at `now` or does not exist.
    async fn relink(
        &self,
        account: &Account,
        read_revision: i64,
        session: SessionId,
        now: Timestamp,
        events: &[OutboxEvent],
    ) -> Result<bool>;
    /// Deletes an account with its secrets, and returns it. The connect sessions that linked or reconnect it are deleted
    /// with it, and those of its owner if the owner has no other account in the project: nothing keeps the owner's id,
    /// except deliveries to webhooks.
    ///
    /// # Errors
    /// A [`StorageError`](crate::StorageError) if the backend fails.
    async fn delete(&self, project: &ProjectId, id: &AccountId, events: &[OutboxEvent]) -> Result<Option<Account>>;
}

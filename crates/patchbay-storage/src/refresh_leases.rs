//! Leases on the refresh of tokens.
//!
//! A refresh acquires the lease, records that it is about to send a token request, sends it, and commits the new secrets.
//! After a crash, the next holder sees from that record that the provider may have processed a request.

use async_trait::async_trait;
use patchbay_model::{Account, AccountId, Lease, LeaseOutcome, LeasePriority, OutboxEvent, ProjectId, Timestamp};

use crate::Result;

/// The lease of an account whose refresh is due.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DueLease {
    /// The lease.
    pub lease: Lease,
    /// The account's `refresh_at`.
    pub due_at: Timestamp,
}

/// Stores the leases.
#[async_trait]
pub trait RefreshLeaseStore: Send + Sync {
    /// Acquires the account's lease until `until`, unless another holder has it at `now`, or `now` is in the back-off that
    /// follows a failed refresh. [`LeasePriority::Urgent`] ignores the back-off.
    ///
    /// # Errors
    /// [`StorageError::Conflict`](crate::StorageError::Conflict) if the project does not have the account.
    async fn acquire(
        &self,
        project: &ProjectId,
        account: &AccountId,
        now: Timestamp,
        until: Timestamp,
        priority: LeasePriority,
    ) -> Result<LeaseOutcome>;
    /// Records that a token request is about to be sent with the credentials of this revision, and holds the lease until `until`.
    /// Returns false if the lease is not the newest: the request must not be sent.
    ///
    /// # Errors
    /// A [`StorageError`](crate::StorageError) if the backend fails.
    async fn mark_sent(&self, lease: &Lease, revision: i64, until: Timestamp) -> Result<bool>;
    /// Holds the lease until `until`, also if it has expired and nobody has acquired it since. Returns false if it is not the
    /// newest, or was released.
    ///
    /// # Errors
    /// A [`StorageError`](crate::StorageError) if the backend fails.
    async fn extend(&self, lease: &Lease, until: Timestamp) -> Result<bool>;
    /// Replaces the account with its secrets and releases the lease, in one transaction. Returns false if the lease is not
    /// the newest, or if the account no longer exists.
    ///
    /// # Errors
    /// [`StorageError::Conflict`](crate::StorageError::Conflict) if the stored revision is not `read_revision`; the lease is
    /// then still held.
    async fn commit(
        &self,
        lease: &Lease,
        account: &Account,
        read_revision: i64,
        events: &[OutboxEvent],
    ) -> Result<bool>;
    /// Releases the lease after a failure: the next refresh backs off until `retry_at`. `outcome_known` means that the
    /// provider rejected the request, so that no request with an unknown outcome remains.
    ///
    /// # Errors
    /// A [`StorageError`](crate::StorageError) if the backend fails.
    async fn fail(&self, lease: &Lease, retry_at: Timestamp, outcome_known: bool) -> Result<()>;
    /// Releases the lease without a change.
    ///
    /// # Errors
    /// A [`StorageError`](crate::StorageError) if the backend fails.
    async fn release(&self, lease: &Lease) -> Result<()>;
    /// Acquires the leases of up to `limit` active and suspended accounts whose `refresh_at` is due at `now`, whose back-off is
    /// over, and whose lease nobody has, until `until`. They are the longest due ones after `after`, the moment and the account of the
    /// last one of the batch before. Of several callers at once, no two get one account.
    ///
    /// # Errors
    /// A [`StorageError`](crate::StorageError) if the backend fails.
    async fn claim_due(
        &self,
        now: Timestamp,
        until: Timestamp,
        after: Option<&(Timestamp, AccountId)>,
        limit: u32,
    ) -> Result<Vec<DueLease>>;
    /// Returns the active and suspended accounts whose next expiry notice is due, the longest due first.
    ///
    /// # Errors
    /// A [`StorageError`](crate::StorageError) if the backend fails.
    async fn due_notices(&self, now: Timestamp, limit: u32) -> Result<Vec<(ProjectId, AccountId)>>;
    /// Releases the leases of a process that ended, and returns their number. A process that starts calls it. A backend that several
    /// processes may use at once releases none: their leases end by themselves.
    ///
    /// # Errors
    /// A [`StorageError`](crate::StorageError) if the backend fails.
    async fn release_all(&self) -> Result<u64>;
}

//! Leases on the renewal of tokens.
//!
//! A renewal takes the lease, writes down that it is about to call the provider, calls, then commits the new
//! secrets. Whoever comes after a crash sees from what was written down that a call may have been made.

use async_trait::async_trait;
use patchbay_model::{Account, AccountId, Lease, LeaseOutcome, LeasePriority, ProjectId, Timestamp};

use crate::Result;

/// Keeps the leases.
#[async_trait]
pub trait RefreshLeaseStore: Send + Sync {
    /// Takes the lease until `until`, unless someone holds it at `now` or the last renewal's rest is not over;
    /// [`LeasePriority::Urgent`] does not wait for the rest. An account that is not there is a conflict.
    async fn acquire(
        &self,
        project: &ProjectId,
        account: &AccountId,
        now: Timestamp,
        until: Timestamp,
        priority: LeasePriority,
    ) -> Result<LeaseOutcome>;
    /// Writes down that a token call is about to be made with the credentials of this version. False when the
    /// lease is not the newest: the call must not be made.
    async fn mark_sent(&self, lease: &Lease, version: i64) -> Result<bool>;
    /// Replaces the account with its secrets and ends the lease, in one go. False when the lease is not the
    /// newest or the account is gone; a conflict, with the lease kept, when the credentials do not have the
    /// version that was read.
    async fn commit(&self, lease: &Lease, account: &Account, read_revision: i64) -> Result<bool>;
    /// Ends the lease after a failure; the next renewal rests until `retry_at`. `outcome_known` says that the
    /// provider refused: no call is under way whose outcome is unknown.
    async fn fail(&self, lease: &Lease, retry_at: Timestamp, outcome_known: bool) -> Result<()>;
    /// Ends the lease, as nothing was to be done.
    async fn release(&self, lease: &Lease) -> Result<()>;
    /// The accounts whose `refresh_at` has come and whose rest is over, the longest due first. Suspended ones
    /// are renewed too; those in other states are not.
    async fn due_refreshes(&self, now: Timestamp, limit: u32) -> Result<Vec<(ProjectId, AccountId)>>;
    /// The accounts of which people are to be told by `now` that they will stop working, the most urgent first; only
    /// those that are used, or suspended.
    async fn due_notices(&self, now: Timestamp, limit: u32) -> Result<Vec<(ProjectId, AccountId)>>;
    /// Ends the leases that a process held which is no more. Called at the start by a process that owns the
    /// database alone.
    async fn release_all(&self) -> Result<u64>;
}

//! The inbox: endpoints at which providers deliver events, and the events.

use async_trait::async_trait;
use patchbay_model::{
    AccountId, ClaimedInboxEvent, InboxEndpoint, InboxEvent, InboxOutcome, InboxRefusals, InboxState, KeyHash,
    NewInboxEvent, ProfileId, ProjectId, SealedInboxEvent, Timestamp,
};

use crate::Result;

/// A filter for the events of a project, newest first.
#[derive(Clone, Debug, Default)]
pub struct InboxFilter {
    /// Only events in these states; an empty list does not filter.
    pub states: Vec<InboxState>,
    /// Only events of this profile.
    pub profile_id: Option<ProfileId>,
    /// Only events of this account.
    pub account_id: Option<AccountId>,
    /// Only events of this type.
    pub event_type: Option<String>,
    /// Only events that arrived at or after this moment.
    pub since: Option<Timestamp>,
    /// Only events that arrived before this moment.
    pub until: Option<Timestamp>,
    /// Only events before this one: the next page.
    pub before: Option<String>,
    /// The number of events at most.
    pub limit: u32,
}

/// Which events a server claims.
#[derive(Clone, Debug)]
pub struct InboxClaim {
    /// The endpoint after which to begin.
    pub after: String,
    /// The number of events of one endpoint at most.
    pub per_endpoint: u32,
    /// The number of events at most.
    pub limit: u32,
    /// The number of bytes of their bodies, of which at most the last event exceeds it.
    pub max_bytes: u64,
}

/// Stores endpoints and the events that arrive at them.
///
/// The methods without a project are for the route, which finds the project by the token, and for the tasks.
#[async_trait]
pub trait InboxStore: Send + Sync {
    /// Adds an endpoint. Returns false if the profile, or the account, has one already.
    ///
    /// # Errors
    /// [`StorageError::Conflict`](crate::StorageError::Conflict) if the project has no such profile or account, or if a retired key
    /// wraps the sealed value.
    async fn create_endpoint(&self, endpoint: &InboxEndpoint) -> Result<bool>;
    /// Returns the endpoint whose token has this hash.
    ///
    /// # Errors
    /// A [`StorageError`](crate::StorageError) if the backend fails.
    async fn endpoint_by_hash(&self, hash: &KeyHash) -> Result<Option<InboxEndpoint>>;
    /// Returns the project's endpoint with this id.
    ///
    /// # Errors
    /// A [`StorageError`](crate::StorageError) if the backend fails.
    async fn endpoint(&self, project: &ProjectId, id: &str) -> Result<Option<InboxEndpoint>>;
    /// Returns up to `limit` endpoints of the project with ids after `after`, in the order of their ids; of one profile or of all.
    ///
    /// # Errors
    /// A [`StorageError`](crate::StorageError) if the backend fails.
    async fn endpoints(
        &self,
        project: &ProjectId,
        profile: Option<&ProfileId>,
        after: &str,
        limit: u32,
    ) -> Result<Vec<InboxEndpoint>>;
    /// Returns the endpoint of the profile itself, or of an account.
    ///
    /// # Errors
    /// A [`StorageError`](crate::StorageError) if the backend fails.
    async fn endpoint_of(
        &self,
        project: &ProjectId,
        profile: &ProfileId,
        account: Option<&AccountId>,
    ) -> Result<Option<InboxEndpoint>>;
    /// Replaces what can change of an endpoint, and ends the lease on it. Returns false if the project does not have it.
    ///
    /// # Errors
    /// [`StorageError::Conflict`](crate::StorageError::Conflict) if the stored revision is not that of `endpoint`, or if a retired
    /// key wraps the sealed value.
    async fn update_endpoint(&self, endpoint: &InboxEndpoint) -> Result<bool>;
    /// Deletes an endpoint with its events. Returns false if the project does not have it.
    ///
    /// # Errors
    /// A [`StorageError`](crate::StorageError) if the backend fails.
    async fn delete_endpoint(&self, project: &ProjectId, id: &str) -> Result<bool>;
    /// Leases endpoints whose subscription is to be created or renewed, at most `limit`, until a moment. No two callers lease one.
    ///
    /// # Errors
    /// A [`StorageError`](crate::StorageError) if the backend fails.
    async fn lease_endpoints(&self, now: Timestamp, until: Timestamp, limit: u32) -> Result<Vec<InboxEndpoint>>;

    /// Stores events that arrived, and returns the ids of those that were stored: the others are repeats, or their endpoint is gone.
    ///
    /// # Errors
    /// [`StorageError::Conflict`](crate::StorageError::Conflict) if a retired key wraps a body.
    async fn receive(&self, events: &[NewInboxEvent]) -> Result<Vec<String>>;
    /// Claims events that are due, of one endpoint after the other, until a moment. No two callers claim one event.
    ///
    /// # Errors
    /// A [`StorageError`](crate::StorageError) if the backend fails.
    async fn claim(&self, claim: &InboxClaim, now: Timestamp, until: Timestamp) -> Result<Vec<ClaimedInboxEvent>>;
    /// Records what came of a try. Returns false if the lease is not the newest: the event belongs to another server.
    ///
    /// # Errors
    /// A [`StorageError`](crate::StorageError) if the backend fails.
    async fn complete(&self, outcome: &InboxOutcome, now: Timestamp) -> Result<bool>;
    /// Gives events back that were claimed and not handled.
    ///
    /// # Errors
    /// A [`StorageError`](crate::StorageError) if the backend fails.
    async fn release(&self, claimed: &[(String, i64)]) -> Result<()>;
    /// Returns the endpoints with at least this number of events that wait.
    ///
    /// # Errors
    /// A [`StorageError`](crate::StorageError) if the backend fails.
    async fn full_endpoints(&self, events: u32) -> Result<Vec<String>>;
    /// Adds refused requests to the counters. Endpoints that are gone are left out.
    ///
    /// # Errors
    /// A [`StorageError`](crate::StorageError) if the backend fails.
    async fn count_refusals(&self, refusals: &[InboxRefusals]) -> Result<()>;

    /// Returns events of the project, newest first.
    ///
    /// # Errors
    /// A [`StorageError`](crate::StorageError) if the backend fails.
    async fn events(&self, project: &ProjectId, filter: &InboxFilter) -> Result<Vec<InboxEvent>>;
    /// Returns an event of the project with what was delivered.
    ///
    /// # Errors
    /// A [`StorageError`](crate::StorageError) if the backend fails.
    async fn event(&self, project: &ProjectId, id: &str) -> Result<Option<SealedInboxEvent>>;
    /// Makes an event due now, for an account if one is given. Returns false if the project does not have it, or if a server handles
    /// it at this moment.
    ///
    /// # Errors
    /// A [`StorageError`](crate::StorageError) if the backend fails.
    async fn requeue(&self, project: &ProjectId, id: &str, account: Option<&AccountId>, now: Timestamp)
    -> Result<bool>;
    /// Returns the number of the project's events in each state.
    ///
    /// # Errors
    /// A [`StorageError`](crate::StorageError) if the backend fails.
    async fn counts(&self, project: &ProjectId) -> Result<Vec<(InboxState, u64)>>;
    /// Returns the project's counters of refused requests, by endpoint and reason.
    ///
    /// # Errors
    /// A [`StorageError`](crate::StorageError) if the backend fails.
    async fn refusals(&self, project: &ProjectId) -> Result<Vec<InboxRefusals>>;
    /// Deletes up to `limit` events, and as many hashes of events, that arrived before a moment. Returns the number of rows.
    ///
    /// # Errors
    /// A [`StorageError`](crate::StorageError) if the backend fails.
    async fn delete_old(&self, before: Timestamp, limit: u32) -> Result<u64>;
}

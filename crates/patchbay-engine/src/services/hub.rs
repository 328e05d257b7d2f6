//! What the Hub does with a session: show connectors, link an account, edit one, follow attempts.

use std::sync::Arc;

use patchbay_connector::Connector;
use patchbay_model::{Account, AccountId, AttemptId, ConnectionAttempt, Profile, ProfileId};
use patchbay_vault::Secret;

use super::{Engine, HubSession};
use crate::Error;

/// A profile as the Hub lists it.
#[derive(Clone, Debug)]
pub struct HubProfile {
    /// The profile; disabled ones are not listed.
    pub profile: Arc<Profile>,
    /// Its connector.
    pub connector: Arc<Connector>,
}

/// An account as the Hub edits it.
#[derive(Clone, Debug)]
pub struct HubAccount {
    /// The account.
    pub account: Arc<Account>,
    /// The keys of its secret fields that hold a value; shown as the redaction placeholder.
    pub secret_keys: Vec<String>,
}

/// What the customer typed.
#[derive(Clone, Debug)]
pub struct LinkRequest {
    /// The profile to link with; when editing, the account's own when absent.
    pub profile_id: Option<ProfileId>,
    /// Field key to typed text. Redaction placeholders and empty texts count as not given.
    pub credentials: Vec<(String, Secret)>,
}

impl Engine {
    /// The active profiles that the session may see, optionally of one connector.
    pub async fn hub_profiles(&self, _hub: &HubSession, _connector: Option<&str>) -> Result<Vec<HubProfile>, Error> {
        todo!()
    }

    /// One of them. 404 for others, 412 `ProfileInactiveError` when it is disabled.
    pub async fn hub_profile(&self, _hub: &HubSession, _id: &ProfileId) -> Result<HubProfile, Error> {
        todo!()
    }

    /// Checks the fields, runs the test actions at the provider, then stores the account (or updates the
    /// owner's existing one, by the upsert rule). Nothing is stored when a required test fails: the
    /// error carries the provider's answer.
    pub async fn hub_link(&self, _hub: &HubSession, _request: LinkRequest) -> Result<Arc<Account>, Error> {
        todo!()
    }

    /// The account that the session may edit: the session's own, else one of its owner.
    pub async fn hub_account(&self, _hub: &HubSession, _id: &AccountId) -> Result<HubAccount, Error> {
        todo!()
    }

    /// Changes an account's field values; those not given are kept. Tested before they are stored.
    pub async fn hub_relink(&self, _hub: &HubSession, _id: &AccountId, _request: LinkRequest) -> Result<Arc<Account>, Error> {
        todo!()
    }

    /// Starts an attempt that the Hub polls; it expires by itself.
    pub async fn start_attempt(&self, _hub: &HubSession) -> Result<ConnectionAttempt, Error> {
        todo!()
    }

    /// Where an attempt of this session stands.
    pub async fn get_attempt(&self, _hub: &HubSession, _id: &AttemptId) -> Result<ConnectionAttempt, Error> {
        todo!()
    }

    /// Gives up an attempt; one that has ended stays as it is.
    pub async fn cancel_attempt(&self, _hub: &HubSession, _id: &AttemptId) -> Result<(), Error> {
        todo!()
    }
}

//! Confirmation by the operator's product of whose browser finished an authorization.
//!
//! The cookie proves that one browser started and finished. It does not prove whose browser that is: an attacker can
//! send the link of their own connect session to somebody else, who then links an account for the attacker (cross-user
//! OAuth session fixation, COSF). A session with a `confirm_url` prevents this. The browser that comes back from the
//! provider is redirected to that URL with a one-time `confirmation`; the product knows from its own login whose
//! browser it is, and reports it to the API. The code is not exchanged before that.

use std::sync::Arc;

use patchbay_egress::extend_query;
use patchbay_model::{ApiScope, AttemptId, ConnectionAttempt, KeyHash, ProjectId, SessionId};
use patchbay_vault::Secret;
use serde::{Deserialize, Serialize};
use url::Url;
use zeroize::Zeroize;

use super::{
    Oauth,
    callback::{AuthorizationCallback, refused, unknown},
    pending_authorization::PendingAuthorization,
    sealed_state,
};
use crate::{Caller, Error, HubSession};

/// The hash purpose of confirmations: a `state` of the same value finds nothing.
const PURPOSE: &str = "confirmation: ";
/// The query parameter of `confirm_url` that carries the confirmation.
const PARAMETER: &str = "confirmation";

/// An authorization that the operator's product confirmed.
#[derive(Debug)]
pub struct ConfirmedAuthorization {
    /// The connection attempt, which has ended.
    pub attempt: ConnectionAttempt,
    /// The URL to redirect the browser to.
    pub return_url: String,
}

/// A callback that waits for its confirmation.
#[derive(Serialize, Deserialize)]
struct PendingConfirmation {
    authorization: PendingAuthorization,
    parameters: Vec<(String, String)>,
}

impl Drop for PendingConfirmation {
    fn drop(&mut self) {
        self.parameters.iter_mut().for_each(|(_, value)| value.zeroize());
    }
}

impl Oauth {
    /// Stores a callback until it is confirmed, and returns the `confirm_url` with the confirmation in it.
    pub(super) async fn request_confirmation(
        &self,
        hub: &HubSession,
        confirm_url: &str,
        authorization: PendingAuthorization,
        callback: &AuthorizationCallback,
    ) -> Result<String, Error> {
        let confirmation = Secret::new(self.entropy.token());
        let parameters = callback.parameters.iter().map(|(name, value)| (name.clone(), value.expose().to_owned()));
        let pending = PendingConfirmation { authorization, parameters: parameters.collect() };
        sealed_state::store(self, &hub.session.project_id, &hash_of(&confirmation), &pending).await?;
        let mut url = Url::parse(confirm_url).map_err(|error| sealed_state::state_error(&error))?;
        extend_query(&mut url, [(PARAMETER, confirmation.expose())]);
        Ok(url.into())
    }

    /// Finishes an authorization whose browser belongs to the owner `owner_id`, as the operator's product confirms. It
    /// runs to completion even if the caller disconnects: a code works once.
    ///
    /// # Errors
    /// 400 `SignInUnknownError` when the confirmation is unknown in this project, expired or already used; 400
    /// `SignInRefusedError` when the authorization was started for another owner: then the attempt ends and nothing is
    /// linked. A failed exchange is in the attempt.
    pub async fn confirm(
        self: &Arc<Self>,
        caller: &Caller,
        confirmation: &Secret,
        owner_id: &str,
    ) -> Result<ConfirmedAuthorization, Error> {
        caller.require(ApiScope::PlatformWrite)?;
        let (oauth, project) = (Arc::clone(self), caller.project_id.clone());
        let (confirmation, owner_id) = (confirmation.clone(), owner_id.to_owned());
        self.changes
            .run_to_completion(async move { oauth.handle_confirmation(&project, &confirmation, &owner_id).await })
            .await
    }

    async fn handle_confirmation(
        &self,
        caller_project: &ProjectId,
        confirmation: &Secret,
        owner_id: &str,
    ) -> Result<ConfirmedAuthorization, Error> {
        let hash = hash_of(confirmation);
        let (project, _) = sealed_state::find::<PendingConfirmation>(self, &hash).await?.ok_or_else(unknown)?;
        if project != *caller_project {
            return Err(unknown());
        }
        // Of two concurrent requests, one gets it.
        let (_, pending) = sealed_state::take::<PendingConfirmation>(self, &hash).await?.ok_or_else(unknown)?;
        let authorization = &pending.authorization;
        // An expired session has no attempt to end either.
        let hub = self.sessions.for_authorization(&project, SessionId(authorization.session_id)).await;
        let hub = hub.map_err(|_| unknown())?;
        let attempt = AttemptId::new(authorization.attempt.clone());
        if hub.session.owner.id != owner_id {
            let error = refused("the authorization was started for another customer; nothing was linked");
            self.fail_attempt(&hub, &attempt, &error).await?;
            return Err(error);
        }
        let parameters = pending.parameters.iter().map(|(name, value)| (name.clone(), Secret::new(value.as_str())));
        let callback = AuthorizationCallback {
            connector: authorization.connector.clone(),
            parameters: parameters.collect(),
            cookies: Vec::new(),
        };
        let outcome = self.complete_link(&hub, &attempt, authorization, &callback).await;
        self.finish_attempt(&hub, &attempt, &outcome).await?;
        let attempt = self.attempts.get(&hub, &attempt).await?;
        Ok(ConfirmedAuthorization { attempt, return_url: authorization.return_url.clone() })
    }
}

fn hash_of(confirmation: &Secret) -> KeyHash {
    sealed_state::hash_of(PURPOSE, confirmation)
}

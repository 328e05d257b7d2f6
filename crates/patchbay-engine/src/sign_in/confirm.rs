//! Who finished a sign-in, by the word of the operator's product.
//!
//! The cookie proves that one browser began and finished. It does not prove whose browser that is: an attacker may hand
//! the link to their own connect session to someone else, who then links an account for the attacker (cross-user OAuth
//! session fixation, COSF). A session with a `confirm_url` closes this. The browser that comes back from the provider
//! goes on to that address with a one-time `confirmation`; the product knows by its own log-in whose browser it is, and
//! says so to the API. What the provider gave is not traded before.

use patchbay_model::{ApiScope, AttemptId, ConnectionAttempt, KeyHash, ProjectId};
use patchbay_vault::Secret;
use serde::{Deserialize, Serialize};
use url::Url;
use zeroize::Zeroize;

use super::{
    finish::{SignInAnswer, refused, unknown},
    kept,
    ticket::Ticket,
};
use crate::{
    Engine, Error,
    services::{Caller, HubSession},
};

/// What confirmations are hashed with, so that none is ever taken for a `state`.
const PURPOSE: &str = "confirmation: ";
/// The parameter that a confirmation is handed over in.
const PARAMETER: &str = "confirmation";

/// A sign-in that the operator's product has confirmed.
#[derive(Debug)]
pub struct ConfirmedSignIn {
    /// How it ended.
    pub attempt: ConnectionAttempt,
    /// Where the browser goes now.
    pub landing: String,
}

/// What waits to be confirmed.
#[derive(Serialize, Deserialize)]
struct Waiting {
    ticket: Ticket,
    parameters: Vec<(String, String)>,
}

impl Drop for Waiting {
    fn drop(&mut self) {
        self.parameters.iter_mut().for_each(|(_, value)| value.zeroize());
    }
}

impl Engine {
    /// Keeps what a browser brought back, and gives the address at the operator's product that it goes on to.
    pub(super) async fn ask_who(
        &self,
        hub: &HubSession,
        confirm_url: &str,
        ticket: Ticket,
        answer: &SignInAnswer,
    ) -> Result<String, Error> {
        let confirmation = Secret::new(self.parts().entropy.token());
        let parameters = answer.parameters.iter().map(|(name, value)| (name.clone(), value.expose().to_owned()));
        let waiting = Waiting { ticket, parameters: parameters.collect() };
        kept::keep(self, &hub.session.project_id, &hash_of(&confirmation), &waiting).await?;
        let mut url = Url::parse(confirm_url).map_err(|error| kept::broken(&error))?;
        url.query_pairs_mut().append_pair(PARAMETER, confirmation.expose());
        Ok(url.into())
    }

    /// Ends a sign-in by the word of the operator's product that the browser which finished it is this owner's. 400
    /// `SignInUnknownError` when nothing waits for it in this project (any more), and `SignInRefusedError` when it was
    /// begun for another owner; that ends the attempt, and nothing is linked.
    pub async fn confirm_sign_in(
        &self,
        caller: &Caller,
        confirmation: &Secret,
        owner_id: &str,
    ) -> Result<ConfirmedSignIn, Error> {
        caller.require(ApiScope::PlatformWrite)?;
        let (engine, project) = (self.clone(), caller.project_id.clone());
        let (confirmation, owner_id) = (confirmation.clone(), owner_id.to_owned());
        // A caller who leaves meanwhile stops nothing: a code is good once.
        self.run_to_completion(async move { engine.confirmed(&project, &confirmation, &owner_id).await }).await
    }

    async fn confirmed(
        &self,
        asking: &ProjectId,
        confirmation: &Secret,
        owner_id: &str,
    ) -> Result<ConfirmedSignIn, Error> {
        let hash = hash_of(confirmation);
        let (project, _) = kept::find::<Waiting>(self, &hash).await?.ok_or_else(unknown)?;
        if project != *asking {
            return Err(unknown());
        }
        // Of two that ask at once, one gets it.
        let waiting = kept::take::<Waiting>(self, &hash).await?.ok_or_else(unknown)?;
        let ticket = &waiting.ticket;
        // A session that is over by now has no attempt to end either.
        let hub = self.hub_session(&Secret::new(ticket.session.as_str())).await.map_err(|_| unknown())?;
        let attempt = AttemptId::new(ticket.attempt.clone());
        if hub.session.owner.id != owner_id {
            let error =
                refused("the sign-in was begun for another customer than the one who finished it; nothing was linked");
            self.end_attempt(&hub, &attempt, &error).await?;
            return Err(error);
        }
        let parameters = waiting.parameters.iter().map(|(name, value)| (name.clone(), Secret::new(value.as_str())));
        let answer = SignInAnswer {
            connector: ticket.connector.clone(),
            parameters: parameters.collect(),
            browsers: Vec::new(),
        };
        let outcome = self.linked_by(&hub, &attempt, ticket, &answer).await;
        self.settle_sign_in(&hub, &attempt, &outcome).await?;
        Ok(ConfirmedSignIn { attempt: self.get_attempt(&hub, &attempt).await?, landing: ticket.landing.clone() })
    }
}

fn hash_of(confirmation: &Secret) -> KeyHash {
    kept::hash_of(PURPOSE, confirmation)
}

//! A sign-in that is prepared before its window goes anywhere, so that what was typed and the session's token stand in
//! no address: addresses are kept in histories, logs and on screens.
//!
//! The protocol of existing Hubs hands them over in the window's address; ours prepares. What is prepared is sealed in
//! storage under the hash of a ticket of 256 random bits, lives ten minutes, and can be used again until its attempt
//! has ended: a customer may press a link twice.

use patchbay_model::{AttemptId, KeyHash, ProfileId};
use patchbay_vault::Secret;
use serde::{Deserialize, Serialize};
use zeroize::Zeroize;

use super::{SignInRequest, begin::check_typed, kept, way::not_by_sign_in};
use crate::{
    Engine, Error, ErrorCode,
    services::{HubSession, hub::HubProfile, invalid_at},
    tokens::signs_in,
};

/// What the tickets of prepared sign-ins are hashed with, so that none is ever taken for a `state`.
const PURPOSE: &str = "prepared sign-in: ";

/// What a customer typed before signing in at the provider.
#[derive(Debug)]
pub struct SignInDraft {
    /// The connect session's token.
    pub token: Secret,
    /// The profile to link with.
    pub profile_id: ProfileId,
    /// Where the window is to go in the end.
    pub landing: Option<String>,
    /// Field key to typed text.
    pub fields: Vec<(String, Secret)>,
}

/// A sign-in that can begin.
#[derive(Debug)]
pub struct PreparedSignIn {
    /// The attempt that the Hub follows.
    pub attempt_id: AttemptId,
    /// What the window goes out with.
    pub ticket: Secret,
}

#[derive(Serialize, Deserialize, Zeroize)]
#[zeroize(drop)]
struct Kept {
    session: String,
    attempt: String,
    profile: String,
    landing: Option<String>,
    fields: Vec<(String, String)>,
}

impl Engine {
    /// Checks what was typed, starts an attempt and keeps both. 400 for fields that are not valid, a token that is
    /// another session's, or an integration that is not linked by signing in; 404 for a profile that the session does
    /// not show.
    pub async fn prepare_sign_in(&self, hub: &HubSession, draft: SignInDraft) -> Result<PreparedSignIn, Error> {
        if self.hub_session(&draft.token).await.map(|found| found.session.id).ok() != Some(hub.session.id) {
            return Err(invalid_at("token", "session", "this is not the token of the session that asks"));
        }
        let HubProfile { profile, connector, .. } = self.hub_profile(hub, &draft.profile_id).await?;
        let Some(method) = connector.auth_method(&profile.auth_config_key).filter(|method| signs_in(method)) else {
            return Err(not_by_sign_in());
        };
        let existing = self.linked_again(hub).await?;
        check_typed(method, existing.as_deref(), &draft.fields)?;

        let attempt_id = self.start_attempt(hub).await?.id;
        let ticket = Secret::new(self.parts().entropy.token());
        let fields = draft.fields.iter().map(|(key, value)| (key.clone(), value.expose().to_owned())).collect();
        let kept = Kept {
            session: draft.token.expose().to_owned(),
            attempt: attempt_id.to_string(),
            profile: draft.profile_id.to_string(),
            landing: draft.landing,
            fields,
        };
        kept::keep(self, &hub.session.project_id, &hash_of(&ticket), &kept).await?;
        Ok(PreparedSignIn { attempt_id, ticket })
    }

    /// What was prepared, to begin with. 400 where there is nothing (any more), or at another profile's address.
    pub async fn prepared_sign_in(
        &self,
        ticket: &Secret,
        profile: &ProfileId,
        allowed_origins: Vec<String>,
    ) -> Result<SignInRequest, Error> {
        let (_, kept) = kept::find::<Kept>(self, &hash_of(ticket)).await?.ok_or_else(|| {
            Error::new(
                ErrorCode::SignInUnknown,
                "this way to the sign-in is older than ten minutes, or was never there; start again in the Hub",
            )
        })?;
        if kept.profile != profile.as_str() {
            return Err(invalid_at("integration_id", "mismatch", "this sign-in was prepared for another integration"));
        }
        Ok(SignInRequest {
            token: Secret::new(kept.session.as_str()),
            profile_id: profile.clone(),
            attempt_id: Some(AttemptId::new(kept.attempt.clone())),
            landing: kept.landing.clone(),
            fields: kept.fields.iter().map(|(key, value)| (key.clone(), Secret::new(value.as_str()))).collect(),
            allowed_origins,
        })
    }
}

fn hash_of(ticket: &Secret) -> KeyHash {
    kept::hash_of(PURPOSE, ticket)
}

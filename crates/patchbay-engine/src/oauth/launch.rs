//! Launch codes: prepare an authorization before its window opens, so that neither form values nor the session's token
//! appear in a URL. URLs are stored in histories and logs, and shown on screens.
//!
//! Existing Hubs pass them in the window's URL, as their protocol requires; our Hub prepares the authorization. The form
//! values are sealed in storage under the hash of a launch code of 256 random bits. It works for ten minutes, and can be
//! used again until its attempt has ended: a customer may click a link twice.

use patchbay_model::{AttemptId, KeyHash, ProfileId, SessionId};
use patchbay_vault::Secret;
use serde::{Deserialize, Serialize};
use zeroize::Zeroize;

use super::{
    AuthorizationRedirect, Oauth,
    authorize::{AuthorizationStart, check_form_values},
    protocol::no_authorization_flow,
    sealed_state,
};
use crate::{
    Error, ErrorCode, Field, HubSession, linking::link::HubProfile, texts::TextRule,
    tokens::token_request::needs_authorization, validation::invalid_at,
};

/// The hash purpose of launch codes: a `state` of the same value finds nothing.
const PURPOSE: &str = "prepared sign-in: ";

/// The form values of an authorization to prepare.
#[derive(Debug)]
pub struct AuthorizationDraft {
    /// The connector profile to link with.
    pub profile_id: ProfileId,
    /// The URL that the window returns to in the end.
    pub return_url: Option<String>,
    /// The form values, by field key.
    pub fields: Vec<(String, Secret)>,
}

/// An authorization that is ready to start.
#[derive(Debug)]
pub struct PreparedAuthorization {
    /// The connection attempt that the Hub follows.
    pub attempt_id: AttemptId,
    /// The code that the window's URL carries.
    pub launch_code: Secret,
}

/// The sealed state behind a launch code.
#[derive(Serialize, Deserialize, Zeroize)]
#[zeroize(drop)]
struct LaunchState {
    session_id: i64,
    attempt: String,
    profile: String,
    return_url: Option<String>,
    fields: Vec<(String, String)>,
}

impl Oauth {
    /// Prepares an authorization: checks the form values, starts a connection attempt and returns the launch code.
    ///
    /// # Errors
    /// 400 `ValidationError` for invalid form values, the token of another session, or a profile whose method has no
    /// authorization flow; 404 `ProfileNotFoundError` for a profile that the session does not show; 409 `SessionUsedError`
    /// if a link used the session up.
    pub async fn prepare(&self, hub: &HubSession, draft: AuthorizationDraft) -> Result<PreparedAuthorization, Error> {
        hub.require_unused()?;
        if let Some(url) = &draft.return_url {
            TextRule::RETURN_URL.check(url)?;
        }
        let HubProfile { profile, connector, .. } = self.linking.profile(hub, &draft.profile_id).await?;
        let Some(method) = connector.auth_method(&profile.auth_config_key).filter(|method| needs_authorization(method))
        else {
            return Err(no_authorization_flow());
        };
        let existing = self.existing_account(hub).await?;
        check_form_values(method, existing.as_deref(), draft.fields.clone())?;

        let attempt_id = self.attempts.start(hub).await?.id;
        let launch_code = Secret::new(self.entropy.token());
        let fields = draft.fields.iter().map(|(key, value)| (key.clone(), value.expose().to_owned())).collect();
        let state = LaunchState {
            session_id: hub.session.id.0,
            attempt: attempt_id.to_string(),
            profile: draft.profile_id.to_string(),
            return_url: draft.return_url,
            fields,
        };
        sealed_state::store(self, &hub.session.project_id, &hash_of(&launch_code), &state).await?;
        Ok(PreparedAuthorization { attempt_id, launch_code })
    }

    /// Starts the prepared authorization of a launch code, as [`Oauth::start`].
    ///
    /// # Errors
    /// 400 `SignInUnknownError` when the code is unknown or expired; 400 `ValidationError` when it was issued for
    /// another profile than the URL's; the errors of [`Oauth::start`].
    pub async fn launch(
        &self,
        launch_code: &Secret,
        profile: &ProfileId,
        allowed_origins: Vec<String>,
    ) -> Result<AuthorizationRedirect, Error> {
        let found = sealed_state::find::<LaunchState>(self, &hash_of(launch_code)).await?;
        let (project, state) = found.ok_or_else(|| {
            Error::new(
                ErrorCode::SignInUnknown,
                "this authorization link is invalid or expired (10 minutes); start again in the Hub",
            )
        })?;
        if state.profile != profile.as_str() {
            let message = "this authorization link was issued for another connector profile";
            return Err(invalid_at(Field::Profile, "mismatch", message));
        }
        let hub = self.sessions.for_authorization(&project, SessionId(state.session_id)).await?;
        let start = AuthorizationStart {
            profile_id: profile.clone(),
            attempt_id: Some(AttemptId::new(state.attempt.clone())),
            return_url: state.return_url.clone(),
            fields: state.fields.iter().map(|(key, value)| (key.clone(), Secret::new(value.as_str()))).collect(),
            allowed_origins,
        };
        self.start_in_session(&hub, start).await
    }
}

pub(super) fn hash_of(launch_code: &Secret) -> KeyHash {
    sealed_state::hash_of(PURPOSE, launch_code)
}

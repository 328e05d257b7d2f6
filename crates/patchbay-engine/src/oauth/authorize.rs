//! Starts an authorization: builds the authorization URL and stores the state for the callback.

use std::sync::Arc;

use patchbay_connector::definition::AuthMethod;
use patchbay_model::{Account, AttemptError, AttemptId, AttemptStatus, ProfileId};
use patchbay_vault::{Secret, Vault};
use url::Url;

use super::{
    Oauth,
    pending_authorization::PendingAuthorization,
    protocol::{AuthorizationRequest, ProtocolState, Redirect, no_authorization_flow},
    sealed_state,
};
use crate::{
    Error, Field, HubSession,
    accounts::{credentials::CredentialSet, manage::moved_secrets},
    form_values::{FormValues, check_fields},
    linking::link::HubProfile,
    texts::is_header_url,
    tokens::{token_context::TokenContext, token_request::needs_authorization},
    validation::{invalid, invalid_at},
};

/// An authorization to start.
#[derive(Debug)]
pub struct NewAuthorization {
    /// The connect session's token.
    pub token: Secret,
    /// The connector profile to link with.
    pub profile_id: ProfileId,
    /// The connection attempt that the Hub follows; a new one is created when absent.
    pub attempt_id: Option<AttemptId>,
    /// The URL that the window returns to in the end. It is used only if its origin is this server's or one of those
    /// that may frame the session's Hub.
    pub return_url: Option<String>,
    /// The form values, by field key.
    pub fields: Vec<(String, Secret)>,
    /// Allowed origins of `return_url`, in addition to the session's own.
    pub allowed_origins: Vec<String>,
}

/// An authorization to start in a session, as [`NewAuthorization`].
pub(super) struct AuthorizationStart {
    pub(super) profile_id: ProfileId,
    pub(super) attempt_id: Option<AttemptId>,
    pub(super) return_url: Option<String>,
    pub(super) fields: Vec<(String, Secret)>,
    pub(super) allowed_origins: Vec<String>,
}

/// The redirect of a browser to the provider, and the cookie that binds the flow to this browser.
#[derive(Debug)]
pub struct AuthorizationRedirect {
    /// The authorization URL.
    pub location: Secret,
    /// The end of the cookie's name. It is public, and tells the cookies of several windows apart.
    pub cookie_suffix: String,
    /// The cookie's value: only the browser that has it may finish.
    pub browser_secret: Secret,
    /// The cookie's lifetime in seconds.
    pub cookie_max_age_secs: u64,
}

/// Checks form values against a method's fields, and completes them with the fields' defaults. A reconnected account keeps
/// the values that are not given.
///
/// # Errors
/// 400 `ValidationError` with every problem.
pub(super) fn check_form_values(
    method: &AuthMethod,
    existing: Option<&Account>,
    fields: Vec<(String, Secret)>,
) -> Result<FormValues, Error> {
    let is_stored = |key: &str| existing.is_some_and(|account| account.holds(key));
    check_fields(&method.config_fields, fields, Field::Credentials, is_stored).map_err(invalid)
}

/// Returns the end of the name of an authorization's cookie, derived from its `state`.
pub(super) fn cookie_suffix_of(state: &Secret) -> String {
    Vault::hash_token(state.expose()).hex().chars().take(16).collect()
}

impl Oauth {
    /// Starts an authorization: stores its state and returns the authorization URL. An error also ends the connection
    /// attempt, so that the Hub shows it.
    ///
    /// # Errors
    /// 401 `SessionExpiredError`; 404 `ProfileNotFoundError` for a profile that the session does not show; 400
    /// `ValidationError` for invalid form values or an attempt that has ended; 409 `SessionUsedError` when a link used the
    /// session up; 502 when the provider does not answer.
    pub async fn start(&self, new: NewAuthorization) -> Result<AuthorizationRedirect, Error> {
        let NewAuthorization { token, profile_id, attempt_id, return_url, fields, allowed_origins } = new;
        let hub = self.sessions.for_hub(&token).await?;
        let start = AuthorizationStart { profile_id, attempt_id, return_url, fields, allowed_origins };
        self.start_in_session(&hub, start).await
    }

    /// Starts an authorization in a session.
    pub(super) async fn start_in_session(
        &self,
        hub: &HubSession,
        new: AuthorizationStart,
    ) -> Result<AuthorizationRedirect, Error> {
        let attempt = match &new.attempt_id {
            Some(id) => self.attempts.get(hub, id).await?,
            None => self.attempts.start(hub).await?,
        };
        if attempt.status != AttemptStatus::Pending {
            return Err(invalid_at(Field::Attempt, "ended", "this attempt has ended; start again in the Hub"));
        }
        let outcome = self.authorization_redirect(hub, &attempt.id, new).await;
        if let Err(error) = &outcome {
            self.fail_attempt(hub, &attempt.id, error).await?;
        }
        outcome
    }

    /// Ends a connection attempt with an error.
    pub(super) async fn fail_attempt(&self, hub: &HubSession, id: &AttemptId, error: &Error) -> Result<(), Error> {
        // A provider's words may contain the character NUL, which not every database can store.
        let description = error.message.replace('\0', "\u{fffd}");
        let error = AttemptError { code: error.code.to_string(), description, reason: error.reason() };
        self.attempts.close(hub, id, AttemptStatus::Error, None, Some(&error)).await
    }

    async fn authorization_redirect(
        &self,
        hub: &HubSession,
        attempt: &AttemptId,
        new: AuthorizationStart,
    ) -> Result<AuthorizationRedirect, Error> {
        hub.require_unused()?;
        let HubProfile { profile, connector, .. } = self.linking.profile(hub, &new.profile_id).await?;
        let Some(method) = connector.auth_method(&profile.auth_config_key).filter(|method| needs_authorization(method))
        else {
            return Err(no_authorization_flow());
        };
        let existing = self.existing_account(hub).await?;
        let form = check_form_values(method, existing.as_deref(), new.fields.clone())?;
        // The authorization replaces the account's token.
        let candidate = CredentialSet::candidate(&profile, existing.as_deref(), &form).only_fields_of(method);
        if let Some(existing) = &existing {
            let former_profile = self.profiles.load(&existing.project_id, &existing.profile_id).await?;
            let before = CredentialSet::stored(existing, &former_profile);
            let moved = moved_secrets(&self.vault, &connector, &method.key, before, candidate)?;
            let problems = moved.problems(&method.config_fields, Field::Credentials, |_| true);
            if !problems.is_empty() {
                return Err(invalid(problems));
            }
        }
        let credentials = candidate.open(&self.vault)?;

        let entropy = &*self.entropy;
        let (state, browser_secret) = (Secret::new(entropy.token()), Secret::new(entropy.token()));
        let redirect_uri = self.urls.callback(&connector.key);
        let token_context = TokenContext::of_session(&connector, method, &profile, &hub.session, &credentials)?;
        let request = AuthorizationRequest {
            oauth: self,
            token_context,
            existing: existing.as_deref(),
            state: &state,
            redirect_uri: &redirect_uri,
        };
        let Redirect { location, protocol } = ProtocolState::start(&request).await?;
        let pending = PendingAuthorization {
            session_id: hub.session.id.0,
            attempt: attempt.to_string(),
            profile: profile.id.to_string(),
            connector: connector.key.clone(),
            fields: new.fields.iter().map(|(key, value)| (key.clone(), value.expose().to_owned())).collect(),
            return_url: self.return_url(hub, new.return_url.as_deref(), &new.allowed_origins),
            browser_hash: Vault::hash_token(browser_secret.expose()).hex(),
            protocol,
        };
        pending.store(self, &hub.session.project_id, &state).await?;
        Ok(AuthorizationRedirect {
            location: Secret::new(location.as_str()),
            cookie_suffix: cookie_suffix_of(&state),
            browser_secret,
            cookie_max_age_secs: sealed_state::STATE_TTL_SECS.unsigned_abs(),
        })
    }

    /// Returns the account that the session reconnects; none when the session links a new one.
    pub(super) async fn existing_account(&self, hub: &HubSession) -> Result<Option<Arc<Account>>, Error> {
        match &hub.session.account_id {
            Some(id) => Ok(Some(self.linking.account(hub, id).await?.account)),
            None => Ok(None),
        }
    }

    /// Returns the URL that the window returns to: `requested` if its origin is allowed, this server's own page
    /// otherwise. It becomes a response header.
    fn return_url(&self, hub: &HubSession, requested: Option<&str>, more_origins: &[String]) -> String {
        let own = self.urls.return_page();
        let origin = |url: &str| Url::parse(url).ok().map(|url| url.origin().ascii_serialization());
        let is_allowed = |requested: &str| {
            let is_web =
                is_header_url(requested) && (requested.starts_with("https://") || requested.starts_with("http://"));
            let wanted = origin(requested);
            let mut allowed = hub.session.allowed_origins.iter().chain(more_origins);
            is_web && wanted.is_some() && (allowed.any(|one| wanted == origin(one)) || wanted == origin(&own))
        };
        requested.filter(|requested| is_allowed(requested)).map_or(own, str::to_owned)
    }
}

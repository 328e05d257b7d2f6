//! Handles the callback from the provider: checks it, exchanges the code and links the account.

use std::sync::Arc;

use patchbay_model::{AccountId, AttemptId, AttemptStatus, ProfileId, SessionId};
use patchbay_vault::{Secret, Vault};

use super::{
    Oauth,
    authorize::{check_form_values, cookie_suffix_of},
    oauth1,
    pending_authorization::PendingAuthorization,
    protocol::CallbackContext,
};
use crate::{
    Error, ErrorCode, HubSession,
    accounts::credentials::CredentialSet,
    linking::{
        link::{HubProfile, LinkRequest},
        verify::no_token,
    },
    tokens::{token_context::TokenContext, token_request::needs_authorization, token_response::TokenSet},
};
use patchbay_runtime::{Redactor, redact_secrets, shortened};

/// A callback from the provider (RFC 6749, section 4.1.2; RFC 5849, section 2.2).
#[derive(Debug)]
pub struct AuthorizationCallback {
    /// The connector whose redirect URI was called.
    pub connector: String,
    /// Every parameter.
    pub parameters: Vec<(String, Secret)>,
    /// The browser's cookies of authorizations: the end of the name, and the value.
    pub cookies: Vec<(String, Secret)>,
}

impl AuthorizationCallback {
    /// Returns the first parameter of a name.
    pub(super) fn get(&self, name: &str) -> Option<&Secret> {
        self.parameters.iter().find(|(known, _)| known == name).map(|(_, value)| value)
    }

    /// Checks whether there is something to exchange: a code, or the verifier of OAuth 1.0a.
    fn is_granted(&self) -> bool {
        ["code", "oauth_verifier"].iter().any(|name| self.get(name).is_some_and(|value| !value.is_empty()))
    }
}

/// The outcome of a callback.
#[derive(Debug)]
pub struct CallbackOutcome {
    /// The URL that the window goes to.
    pub return_url: String,
    /// The end of the name of the cookie to delete.
    pub cookie_suffix: String,
    /// The account, or the error that the connection attempt shows too. None while the session's `confirm_url` has to
    /// confirm whose browser it is.
    pub outcome: Result<Option<AccountId>, Error>,
}

impl Oauth {
    /// Finishes an authorization: checks the callback, exchanges the code, verifies the credentials and links the
    /// account. It runs to completion even if the browser disconnects: a code works once, and the token that it was
    /// exchanged for must not be lost.
    ///
    /// # Errors
    /// 400 `SignInUnknownError` when the `state` is unknown, expired or already used; the return URL is unknown then.
    /// Every other failure is in [`CallbackOutcome::outcome`].
    pub async fn finish(self: &Arc<Self>, callback: AuthorizationCallback) -> Result<CallbackOutcome, Error> {
        let oauth = Arc::clone(self);
        self.changes.run_to_completion(async move { oauth.handle_callback(callback).await }).await
    }

    async fn handle_callback(&self, callback: AuthorizationCallback) -> Result<CallbackOutcome, Error> {
        let state = match callback.get("state").filter(|state| !state.is_empty()) {
            Some(state) => state.clone(),
            None => oauth1::find_state(self, &callback).await?.ok_or_else(unknown)?,
        };
        let cookie_suffix = cookie_suffix_of(&state);
        let (project, pending) = PendingAuthorization::take(self, &state).await?.ok_or_else(unknown)?;
        let (return_url, attempt) = (pending.return_url.clone(), AttemptId::new(pending.attempt.clone()));
        let hub = self.sessions.for_authorization(&project, SessionId(pending.session_id)).await?;
        let checked = check_origin(&pending, &callback, &cookie_suffix).and_then(|()| hub.require_unused());
        let outcome = match checked {
            Err(error) => Err(error),
            Ok(()) => match hub.session.confirm_url.as_deref().filter(|_| callback.is_granted()) {
                Some(confirm_url) => {
                    let return_url = self.request_confirmation(&hub, confirm_url, pending, &callback).await?;
                    return Ok(CallbackOutcome { return_url, cookie_suffix, outcome: Ok(None) });
                }
                None => self.complete_link(&hub, &attempt, &pending, &callback).await,
            },
        };
        self.finish_attempt(&hub, &attempt, &outcome).await?;
        Ok(CallbackOutcome { return_url, cookie_suffix, outcome: outcome.map(Some) })
    }

    /// Ends the connection attempt with the outcome of the authorization.
    pub(super) async fn finish_attempt(
        &self,
        hub: &HubSession,
        attempt: &AttemptId,
        outcome: &Result<AccountId, Error>,
    ) -> Result<(), Error> {
        match outcome {
            Ok(account) => self.attempts.close(hub, attempt, AttemptStatus::Authenticated, Some(account), None).await,
            Err(error) => self.fail_attempt(hub, attempt, error).await,
        }
    }

    /// Exchanges the code, verifies the credentials and links the account.
    pub(super) async fn complete_link(
        &self,
        hub: &HubSession,
        attempt: &AttemptId,
        pending: &PendingAuthorization,
        callback: &AuthorizationCallback,
    ) -> Result<AccountId, Error> {
        if self.attempts.get(hub, attempt).await?.status != AttemptStatus::Pending {
            return Err(refused("the authorization was canceled; start again in the Hub"));
        }
        // Before the code is exchanged: another window of the session may have linked an account.
        hub.require_unused()?;
        let profile_id = ProfileId::new(pending.profile.clone());
        let token_set = self.exchange_code(hub, &profile_id, pending, callback).await?;
        let request = LinkRequest { profile_id: Some(profile_id), credentials: pending.form_values() };
        Ok(self.linking.link_with(hub, request, Some(&token_set)).await?.id.clone())
    }

    /// Exchanges the code for a token, and fetches what the connector's `refreshAuthentication` adds to it.
    async fn exchange_code(
        &self,
        hub: &HubSession,
        profile: &ProfileId,
        pending: &PendingAuthorization,
        callback: &AuthorizationCallback,
    ) -> Result<TokenSet, Error> {
        let HubProfile { profile, connector, .. } = self.linking.profile(hub, profile).await?;
        let Some(method) = connector.auth_method(&profile.auth_config_key).filter(|method| needs_authorization(method))
        else {
            return Err(profile_changed());
        };
        let existing = self.existing_account(hub).await?;
        let mut form = check_form_values(method, existing.as_deref(), pending.form_values())?;
        form.secrets.extend(pending.protocol.discovered_credentials());
        let candidate = CredentialSet::candidate(&profile, existing.as_deref(), &form).only_fields_of(method);
        let credentials = candidate.open(&self.vault)?;
        let token_context = TokenContext::of_session(&connector, method, &profile, &hub.session, &credentials)?;
        let context = CallbackContext { oauth: self, token_context: &token_context, pending, callback };
        let token_set = context.exchange_code().await?;
        let credentials = candidate.with_token_set(&token_set, method).open(&self.vault)?;
        let token_context = TokenContext { credentials: &credentials, ..token_context };
        let completed = self.tokens.complete_authorization(&token_context).await;
        match completed.map_err(|failure| no_token(failure, &profile, method))? {
            Some(later) => Ok(token_set.merged_with(later)),
            None => Ok(token_set),
        }
    }
}

/// Checks that the callback arrived at the right connector's redirect URI, in the browser that started.
fn check_origin(
    pending: &PendingAuthorization,
    callback: &AuthorizationCallback,
    cookie_suffix: &str,
) -> Result<(), Error> {
    // Mix-up attack (RFC 9207, section 1): a code of one provider is never sent to another.
    if callback.connector != pending.connector {
        return Err(refused("the callback arrived at the redirect URI of another connector"));
    }
    // A browser may have another cookie of the same name that somebody planted; it must not hide the real one.
    let own_hash = Secret::new(pending.browser_hash.as_str());
    let mut values = callback.cookies.iter().filter(|(known, _)| known == cookie_suffix).map(|(_, value)| value);
    if !values.any(|value| Secret::new(Vault::hash_token(value.expose()).hex()) == own_hash) {
        return Err(refused(
            "the authorization must be completed in the browser that started it, with cookies enabled",
        ));
    }
    Ok(())
}

/// Returns 400 `SignInRefusedError`: the profile has another authentication method than when the flow started.
pub(super) fn profile_changed() -> Error {
    refused("the connector profile was changed during the authorization; start again in the Hub")
}

/// Returns 400 `SignInRefusedError`.
pub(super) fn refused(why: &str) -> Error {
    Error::new(ErrorCode::SignInRefused, why)
}

/// Returns 400 `SignInUnknownError`.
pub(super) fn unknown() -> Error {
    Error::new(
        ErrorCode::SignInUnknown,
        "unknown authorization: it was already completed, has expired (10 minutes), or was not started here; start again",
    )
}

/// Returns 400 `SignInDeniedError`: the provider reported an error (RFC 6749, section 4.1.2.1).
pub(super) fn denied(code: &str, description: Option<&str>) -> Error {
    let printable = |text: &str| {
        let text = text.chars().filter(|c| !c.is_control()).collect::<String>();
        shortened(&redact_secrets(&text), 300, &Redactor::default())
    };
    let message = match (code, description) {
        ("access_denied", _) => "access was not granted at the provider; start again and allow it".to_owned(),
        (code, Some(text)) => {
            format!("the provider rejected the authorization: {} ({})", printable(text), printable(code))
        }
        (code, None) => format!("the provider rejected the authorization: {}", printable(code)),
    };
    Error::new(ErrorCode::SignInDenied, message)
}

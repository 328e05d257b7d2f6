//! Requests tokens, and shows in the profile's alarm whether the provider accepts the profile's client.

use std::sync::Arc;

use patchbay_runtime::{Host, RuntimeConfig};

use super::{
    token_context::TokenContext,
    token_error::TokenError,
    token_request::{Grant, TokenClient, TokenFailure, request_by_method, token_from_action},
    token_response::TokenSet,
};
use crate::{EngineParts, PublicUrls, profiles::Profiles};

/// Requests tokens.
pub(crate) struct TokenRequests {
    host: Arc<Host>,
    config: RuntimeConfig,
    urls: Arc<dyn PublicUrls>,
    profiles: Arc<Profiles>,
}

impl TokenRequests {
    pub(crate) fn new(parts: &EngineParts, host: Arc<Host>, profiles: Arc<Profiles>) -> Self {
        Self { host, config: parts.config.runtime(), urls: parts.config.urls.clone(), profiles }
    }

    /// Returns the HTTP client and the limits of token requests.
    pub(crate) fn client(&self) -> TokenClient<'_> {
        TokenClient { host: &self.host, config: self.config, urls: &*self.urls }
    }

    /// Requests a token. The profile's alarm shows whether the provider accepts the client's credentials.
    ///
    /// # Errors
    ///
    /// The classified failure; for a previous client, an invalid grant.
    pub(crate) async fn request(
        &self,
        token_context: &TokenContext<'_>,
        grant: &Grant,
    ) -> Result<TokenSet, TokenFailure> {
        // Boxed, because the type of the nested futures exceeds the compiler's depth limit otherwise.
        let outcome = Box::pin(request_by_method(self.client(), token_context, grant)).await;
        if let Some(app) = token_context.credentials.previous_client() {
            return outcome.map_err(|failure| for_previous_client(failure, app));
        }
        self.report_client_outcome(token_context, &outcome).await;
        outcome
    }

    /// Raises the profile's alarm when the provider rejected the client's credentials, and ends it when it accepted them.
    pub(crate) async fn report_client_outcome<T>(
        &self,
        token_context: &TokenContext<'_>,
        outcome: &Result<T, TokenFailure>,
    ) {
        match outcome {
            Ok(_) => self.profiles.clear_alarm(token_context.profile).await,
            Err(TokenFailure { cause: TokenError::InvalidClient, error }) => {
                self.profiles.raise_alarm(token_context.profile, &token_context.connector.title, error).await;
            }
            Err(_) => {}
        }
    }

    /// Runs `refreshAuthentication` once after an authorization, with the new token. It returns what belongs to the token
    /// (a site, an organization), or a token that replaces it if the provider has a second kind. Returns none when the
    /// method has no such action.
    ///
    /// # Errors
    ///
    /// The classified failure.
    pub(crate) async fn complete_authorization(
        &self,
        token_context: &TokenContext<'_>,
    ) -> Result<Option<TokenSet>, TokenFailure> {
        let Some(refresh) = &token_context.method.refresh else { return Ok(None) };
        let deadline = self.config.deadline();
        token_from_action(self.client(), token_context, &refresh.action, deadline).await.map(Some)
    }
}

/// Turns the rejection of a previous client into an invalid grant: the client belongs to this account only, not to the
/// profile. The account must be reconnected with the profile's current client.
fn for_previous_client(TokenFailure { cause, mut error }: TokenFailure, client_id: &str) -> TokenFailure {
    let cause = match cause {
        TokenError::InvalidRequest | TokenError::Unexplained | TokenError::Transient => cause,
        TokenError::InvalidGrant | TokenError::InvalidClient => {
            error.message =
                format!("{}; the token was issued to the profile's previous client `{client_id}`", error.message);
            TokenError::InvalidGrant
        }
    };
    TokenFailure { cause, error }
}

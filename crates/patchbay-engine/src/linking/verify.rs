//! Verifies new credentials at the provider before they are stored: requests their token, then runs the test actions.

use std::sync::Arc;

use patchbay_connector::{Connector, definition::AuthMethod};
use patchbay_model::{Account, Profile, StatusReason};

use super::test_actions::run_test_actions;
use crate::{
    Engine, Error, ErrorCode,
    profiles::profile_client_id,
    services::{credentials_of, error_hints},
    tokens::{
        self, Grant, TokenContext, TokenError, TokenFailure, TokenSet, gets_token_at_link, needs_authorization,
        request_token,
    },
};
use patchbay_runtime::Credentials;

/// The inputs of the verification of new credentials.
pub(crate) struct Verification<'a> {
    /// Its connector.
    pub(crate) connector: &'a Arc<Connector>,
    /// Its profile.
    pub(crate) profile: &'a Profile,
    /// True if it is not stored yet.
    pub(crate) is_new: bool,
    /// The token set of a completed authorization.
    pub(crate) token_set: Option<&'a TokenSet>,
}

/// Verifies the credentials of an account at the provider, and puts the token that they gave into the account. Returns
/// the reasons of test actions that failed and are not required.
///
/// # Errors
/// 400 `SignInRequiredError` when the method needs an authorization and no token was passed; 401
/// `AccountAuthenticationFailedError` when the provider rejects the credentials; 412 `ProfileCredentialsError` when it
/// rejects the client's; 412 `AuthMethodMissingError`; the provider's errors otherwise.
pub(crate) async fn verify(
    engine: &Engine,
    account: &mut Account,
    verification: &Verification<'_>,
) -> Result<Vec<StatusReason>, Error> {
    let Verification { connector, profile, is_new, token_set } = verification;
    let now = engine.clock().now();
    let method = connector.auth_method(&profile.auth_config_key).ok_or_else(|| method_missing(connector, profile))?;
    let requested;
    let token_set = match token_set {
        Some(token_set) => Some(*token_set),
        None if gets_token_at_link(method) => {
            let credentials = credentials_of(engine.vault(), account, profile)?;
            let context = context(connector, method, profile, account, &credentials, *is_new);
            let outcome = request_token(engine, &context, &Grant::ClientCredentials).await;
            requested = outcome.map_err(|failure| no_token(failure, profile))?;
            Some(&requested)
        }
        None if needs_authorization(method) && !is_of_client(engine, account, profile) => {
            return Err(sign_in_required(connector, profile));
        }
        None => None,
    };
    if let Some(token_set) = token_set {
        // The new token replaces everything of the former one.
        account.token = None;
        account.expiries.clear();
        account.missing_scopes.clear();
        account.secrets.remove(tokens::REFRESH_TOKEN);
        tokens::apply_token_set(engine.vault(), account, token_set, method, profile, now);
    }
    tokens::record_certificate_expiry(engine, account, connector, method, profile)?;
    let credentials = credentials_of(engine.vault(), account, profile)?;
    run_test_actions(engine, &context(connector, method, profile, account, &credentials, *is_new)).await
}

fn context<'a>(
    connector: &'a Connector,
    method: &'a AuthMethod,
    profile: &'a Profile,
    account: &'a Account,
    credentials: &'a Credentials,
    is_new: bool,
) -> TokenContext<'a> {
    let context = TokenContext::of_account(connector, method, profile, account, credentials);
    if is_new { TokenContext { account_id: None, ..context } } else { context }
}

fn method_missing(connector: &Connector, profile: &Profile) -> Error {
    Error::new(
        ErrorCode::AuthMethodMissing,
        format!(
            "the connector {} no longer has the authentication method `{}`; create another connector profile",
            connector.title, profile.auth_config_key
        ),
    )
}

fn sign_in_required(connector: &Connector, profile: &Profile) -> Error {
    Error::new(
        ErrorCode::SignInRequired,
        format!(
            "{} uses OAuth sign-in: open `/connect/oauth2/{}` in a window, as the Hub does",
            connector.title, profile.id
        ),
    )
}

/// Checks whether the account's token was issued to the profile's client: to this profile, or to another one with the same
/// client ID. Another client cannot refresh it.
fn is_of_client(engine: &Engine, account: &Account, profile: &Profile) -> bool {
    let Some(token) = &account.token else { return false };
    if token.profile_id == profile.id {
        return true;
    }
    let client = profile_client_id(engine.vault(), profile).unwrap_or_default();
    token.client_id.is_some() && token.client_id == client
}

/// Returns the error of a failed token request for the person at the form.
pub(crate) fn no_token(failure: TokenFailure, profile: &Profile) -> Error {
    match failure.cause {
        TokenError::InvalidGrant => {
            let mut error = failure.error;
            error.message = format!("{}; check the values and try again", error.message);
            error.set_code(ErrorCode::AccountAuthenticationFailed);
            error
        }
        TokenError::InvalidClient => {
            let mut error = failure.error;
            error.message = format!(
                "the provider rejects the client credentials of the connector profile `{}`; ask the operator of this server \
                 to correct them ({})",
                profile.name, error.message
            );
            error.set_code(ErrorCode::ProfileCredentials);
            error
        }
        TokenError::Transient => error_hints::at_link(failure.error),
    }
}

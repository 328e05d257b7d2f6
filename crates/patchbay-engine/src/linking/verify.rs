//! Verifies new credentials before they are stored: requests the token if the method has one, then runs the test actions.

use std::sync::Arc;

use patchbay_connector::Connector;
use patchbay_model::{Account, Profile, StatusReason};

use super::test_actions::{UnverifiedAccount, run_test_actions};
use crate::{
    Engine, Error, ErrorCode,
    services::{credentials_of, error_hints},
    tokens::{
        self, Grant, TokenContext, TokenError, TokenFailure, TokenSet, gets_token_at_link, needs_authorization,
        request_token,
    },
};

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

/// Verifies the credentials of an account and adds the token that they yield. Returns the status reasons of optional
/// test actions that failed.
pub(crate) async fn verify(
    engine: &Engine,
    account: &mut Account,
    verification: &Verification<'_>,
) -> Result<Vec<StatusReason>, Error> {
    let Verification { connector, profile, is_new, token_set } = verification;
    let now = engine.clock().now();
    if let Some(method) = connector.auth_method(&profile.auth_config_key) {
        let own;
        let token_set = match token_set {
            Some(token_set) => Some(*token_set),
            None if gets_token_at_link(method) => {
                let credentials = credentials_of(engine.vault(), account, profile)?;
                let token_context = TokenContext {
                    connector,
                    method,
                    profile,
                    environment: &account.environment,
                    owner: &account.owner,
                    account_id: (!is_new).then_some(&account.id),
                    credentials: &credentials,
                };
                own = request_token(engine, &token_context, &Grant::ClientCredentials)
                    .await
                    .map_err(|failure| no_token(failure, profile))?;
                Some(&own)
            }
            None if needs_authorization(method) && !is_of_app(engine, account, profile) => {
                return Err(Error::new(
                    ErrorCode::SignInRequired,
                    format!(
                        "{} accounts are linked by authorization: open `/connect/oauth2/{}` in a window, as the Hub does",
                        connector.title, profile.id
                    ),
                ));
            }
            None => None,
        };
        if let Some(token_set) = token_set {
            // The new token set replaces all of the previous one.
            account.token = None;
            account.expiries.clear();
            account.missing_scopes.clear();
            account.secrets.remove(tokens::REFRESH_TOKEN);
            tokens::apply_token_set(engine.vault(), account, token_set, method, profile, now);
        }
    }
    if let Some(method) = connector.auth_method(&profile.auth_config_key) {
        tokens::record_certificate_expiry(engine, account, connector, method, profile)?;
    }
    let account = UnverifiedAccount {
        connector,
        profile,
        environment: &account.environment,
        owner: &account.owner,
        account_id: (!is_new).then_some(&account.id),
        credentials: credentials_of(engine.vault(), account, profile)?,
    };
    run_test_actions(engine, &account).await
}

/// Returns true if the profile's client received the account's token: through the profile itself or another one with the
/// same client ID. Another client cannot refresh it.
fn is_of_app(engine: &Engine, account: &Account, profile: &Profile) -> bool {
    let Some(token) = &account.token else { return false };
    if token.profile_id == profile.id {
        return true;
    }
    let client = tokens::profile_client_id(engine.vault(), profile).unwrap_or_default();
    token.client_id.is_some() && token.client_id == client
}

/// Converts the error of a token request for the person at the form.
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
                "the provider rejects the client credentials of the connector profile `{}`; ask the operator of this server to correct them ({})",
                profile.name, error.message
            );
            error.set_code(ErrorCode::ProfileCredentials);
            error
        }
        TokenError::Transient => error_hints::at_link(failure.error),
    }
}

//! New credentials are proven before they are stored: the token that they give is got, then they are tried.

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

/// What an account's new credentials are proven with.
pub(crate) struct Verification<'a> {
    /// Its connector.
    pub(crate) connector: &'a Arc<Connector>,
    /// Its profile.
    pub(crate) profile: &'a Profile,
    /// Whether it is not stored yet.
    pub(crate) is_new: bool,
    /// What the customer brought back from the provider.
    pub(crate) token_set: Option<&'a TokenSet>,
}

/// Proves the credentials of an account, and puts the token that they gave among them. Gives what the account is
/// to remember of tests that failed and need not pass.
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
                        "{} is linked by signing in there: open `/connect/oauth2/{}` in a window, as the Hub does",
                        connector.title, profile.id
                    ),
                ));
            }
            None => None,
        };
        if let Some(token_set) = token_set {
            // Nothing of an earlier token is worth anything beside the new one.
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

/// Whether the account's token was minted by the profile's app: by the profile itself, or by another one of the same
/// client id. Another app cannot renew it.
fn is_of_app(engine: &Engine, account: &Account, profile: &Profile) -> bool {
    let Some(token) = &account.token else { return false };
    if token.profile_id == profile.id {
        return true;
    }
    let client = tokens::profile_client_id(engine.vault(), profile).unwrap_or_default();
    token.client_id.is_some() && token.client_id == client
}

/// What it means to the person at the form that there is no token.
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
                "the provider refuses the app's own credentials in the connector profile `{}`; whoever runs this server must correct them ({})",
                profile.name, error.message
            );
            error.set_code(ErrorCode::ProfileCredentials);
            error
        }
        TokenError::Transient => error_hints::at_link(failure.error),
    }
}

//! Verifies new credentials at the provider before they are stored: requests their token, then runs the test actions.

use std::sync::Arc;

use patchbay_connector::{Connector, definition::AuthMethod};
use patchbay_model::{Account, Clock, CredentialExpiry, ExpiryCause, Profile, StatusReason, Timestamp};
use patchbay_runtime::{Credentials, Host};
use patchbay_vault::Vault;

use super::test_actions::TestActions;
use crate::{
    EngineParts, Error, ErrorCode,
    accounts::credentials::{CredentialSet, bind_account},
    call_log::CallLog,
    connector_catalog::ConnectorCatalog,
    error_hints,
    form_values::FormValues,
    previous_clients::profile_client_id,
    sealed_fields::seal_account,
    tokens::{
        account_token::apply_token_set,
        expiry_notices::certificate_expiry,
        token_context::TokenContext,
        token_error::TokenError,
        token_request::{Grant, TokenFailure, gets_token_at_link, needs_authorization},
        token_requests::TokenRequests,
        token_response::{REFRESH_TOKEN, TokenSet},
    },
};

/// The inputs of the verification of new credentials.
pub(crate) struct Verification<'a> {
    /// Its connector.
    pub(crate) connector: &'a Arc<Connector>,
    /// Its profile.
    pub(crate) profile: &'a Profile,
    /// The values of the form.
    pub(crate) form: &'a FormValues,
    /// True if it is not stored yet.
    pub(crate) is_new: bool,
    /// The token set of a completed authorization.
    pub(crate) token_set: Option<&'a TokenSet>,
}

/// Credentials that the provider accepted.
pub(crate) struct AcceptedCredentials<'a> {
    verification: &'a Verification<'a>,
    method: &'a AuthMethod,
    /// The token set that was requested for them.
    requested: Option<TokenSet>,
    requested_at: Timestamp,
    certificate_expiry: Option<CredentialExpiry>,
    /// The reasons of test actions that failed and are not required.
    pub(crate) reasons: Vec<StatusReason>,
}

impl AcceptedCredentials<'_> {
    /// Seals the credentials into the account, bound to the values that decide where they are sent: the provider accepted
    /// them there. A token set replaces everything of the account's token.
    ///
    /// # Errors
    /// 500 `VaultError` if a stored value does not open.
    pub(crate) fn seal_into(&self, vault: &Vault, account: &mut Account) -> Result<(), Error> {
        let Verification { connector, profile, form, token_set, .. } = self.verification;
        account.setup_information.extend(form.plain.clone());
        account.secrets.extend(seal_account(vault, &account.project_id, &account.id, &form.secrets));
        if let Some(token_set) = self.requested.as_ref().or(*token_set) {
            account.token = None;
            account.expiries.clear();
            account.missing_scopes.clear();
            account.secrets.remove(REFRESH_TOKEN);
            apply_token_set(vault, account, token_set, self.method, profile, self.requested_at);
        }
        if self.method.certificates.is_some() {
            account.set_expiries(&[ExpiryCause::ClientCertificate], self.certificate_expiry.clone());
        }
        bind_account(vault, connector.address_fields(&self.method.key), account, profile, |_| true)
    }
}

/// Verifies new credentials at the providers.
pub(crate) struct CredentialVerifier {
    vault: Arc<Vault>,
    clock: Arc<dyn Clock>,
    tokens: Arc<TokenRequests>,
    test_actions: TestActions,
}

impl CredentialVerifier {
    pub(crate) fn new(
        parts: &EngineParts,
        tokens: Arc<TokenRequests>,
        host: Arc<Host>,
        call_log: Arc<CallLog>,
        connectors: Arc<ConnectorCatalog>,
    ) -> Self {
        Self {
            vault: parts.vault.clone(),
            clock: parts.clock.clone(),
            tokens,
            test_actions: TestActions::new(parts, host, call_log, connectors),
        }
    }

    /// Verifies new credentials of an account at the provider. Nothing is sealed before the provider accepts them.
    ///
    /// # Errors
    /// 400 `SignInRequiredError` when the method needs an authorization and no token was passed; 401
    /// `AccountAuthenticationFailedError` when the provider rejects the credentials; 412 `ProfileCredentialsError` when it
    /// rejects the client's; 412 `AuthMethodMissingError`; the provider's errors otherwise.
    pub(crate) async fn verify<'a>(
        &self,
        account: &Account,
        verification: &'a Verification<'a>,
    ) -> Result<AcceptedCredentials<'a>, Error> {
        let Verification { connector, profile, form, is_new, token_set } = verification;
        let requested_at = self.clock.now();
        let method =
            connector.auth_method(&profile.auth_config_key).ok_or_else(|| method_missing(connector, profile))?;
        let candidate = CredentialSet::candidate(profile, Some(account), form);
        let requested = if token_set.is_none() && gets_token_at_link(method) {
            let credentials = candidate.open(&self.vault)?;
            let context = context(connector, method, profile, account, &credentials, *is_new)?;
            let outcome = self.tokens.request(&context, &Grant::ClientCredentials).await;
            Some(outcome.map_err(|failure| no_token(failure, profile, method))?)
        } else {
            None
        };
        let candidate = match requested.as_ref().or(*token_set) {
            Some(token_set) => candidate.with_token_set(token_set, method),
            None if needs_authorization(method) && !is_of_client(&self.vault, account, profile) => {
                return Err(sign_in_required(connector, profile));
            }
            None => candidate.keeping_token(),
        };
        let certificate_expiry = match &method.certificates {
            Some(_) => {
                let own = candidate.without_profile().open_unproven(&self.vault)?.unsent();
                let own = context(connector, method, profile, account, &own, *is_new)?;
                certificate_expiry(self.tokens.client(), &own)
            }
            None => None,
        };
        let credentials = candidate.open(&self.vault)?;
        let context = context(connector, method, profile, account, &credentials, *is_new)?;
        let reasons = self.test_actions.run(&context).await?;
        Ok(AcceptedCredentials { verification, method, requested, requested_at, certificate_expiry, reasons })
    }
}

fn context<'a>(
    connector: &'a Connector,
    method: &'a AuthMethod,
    profile: &'a Profile,
    account: &'a Account,
    credentials: &'a Credentials,
    is_new: bool,
) -> Result<TokenContext<'a>, Error> {
    let context = TokenContext::of_account(connector, method, profile, account, credentials)?;
    Ok(if is_new { TokenContext { account_id: None, ..context } } else { context })
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
            "{} needs an authorization at the provider: open `/connect/oauth2/{}` in a window, as the Hub does",
            connector.title, profile.id
        ),
    )
}

/// Checks whether the account's token was issued to the profile's client: to this profile, or to another one with the same
/// client ID. Another client cannot refresh it.
fn is_of_client(vault: &Vault, account: &Account, profile: &Profile) -> bool {
    let Some(token) = &account.token else { return false };
    if token.profile_id == profile.id {
        return true;
    }
    let client = profile_client_id(vault, profile).unwrap_or_default();
    token.client_id.is_some() && token.client_id == client
}

/// Returns the error of a failed token request for the person at the form.
pub(crate) fn no_token(failure: TokenFailure, profile: &Profile, method: &AuthMethod) -> Error {
    let cause = match failure.cause {
        TokenError::Unexplained => probable_cause(&failure.error, method),
        cause => cause,
    };
    match cause {
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
        TokenError::InvalidRequest => {
            let mut error = failure.error;
            error.message = format!(
                "the request for a token is not correct, so the values were not checked; ask the operator of this server to \
                 correct the connector or the app at the provider ({})",
                error.message
            );
            error.set_code(ErrorCode::TokenRequest);
            error
        }
        TokenError::Unexplained => {
            let mut error = failure.error;
            error.message = format!(
                "{}, and not as a token endpoint does, so the values were not checked; try again later",
                error.message.trim_end_matches('.')
            );
            error.set_code(ErrorCode::TokenAnswer);
            error
        }
        TokenError::Transient => error_hints::at_link(failure.error),
    }
}

/// Returns the probable cause of a refusal without an error word. Nothing is stored yet that a wrong guess could end: a JSON
/// object is the provider's own response to the typed values, and an empty 401 rejects them too. A page comes from
/// something else.
fn probable_cause(error: &Error, method: &AuthMethod) -> TokenError {
    let Some(provider) = &error.provider else { return TokenError::Unexplained };
    let is_answer = provider.body.is_object() || (provider.status == Some(401) && provider.body.is_null());
    match provider.status {
        Some(401) if is_answer && !method.setup_fields.is_empty() => TokenError::InvalidClient,
        _ if is_answer => TokenError::InvalidGrant,
        _ => TokenError::Unexplained,
    }
}

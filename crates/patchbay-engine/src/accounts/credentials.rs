//! Assembles the credentials of an account from the profile's values, its own, and those of a form and a token response.
//!
//! Only what is needed is opened: the profile's secrets that are not fields (previous clients, a client registration) stay
//! sealed, and so does a value that a newer one replaces.

use std::borrow::Cow;

use patchbay_connector::definition::AuthMethod;
use patchbay_model::{Account, Metadata, Profile};
use patchbay_runtime::Credentials;
use patchbay_vault::{SealContext, Secret, Vault};

use crate::{
    Error,
    form_values::FormValues,
    profiles::{previous_client, previous_client_id},
    sealed_fields::{is_field, open_secrets},
    tokens::token_response::{REFRESH_TOKEN, TokenSet},
};

/// The sources of an account's credentials. Later ones replace earlier ones: the profile, the account, the form, the token
/// set.
#[derive(Clone, Copy)]
pub(crate) struct CredentialSet<'a> {
    profile: Option<&'a Profile>,
    account: Option<&'a Account>,
    form: Option<&'a FormValues>,
    token_set: Option<(&'a TokenSet, &'a AuthMethod)>,
    /// Whether the account's token stays in use. No other client than the one that it was issued to can use it.
    keeps_token: bool,
}

impl<'a> CredentialSet<'a> {
    /// Returns the credentials of an account as it is stored. If its token was issued to a client that the profile had
    /// before, the profile's values are those of that client.
    pub(crate) fn stored(account: &'a Account, profile: &'a Profile) -> Self {
        Self { profile: Some(profile), account: Some(account), form: None, token_set: None, keeps_token: true }
    }

    /// Returns the credentials that an account will have with the values of a form and a new token, which is requested by
    /// the profile's current client. `existing` is the account that is reconnected; none when a new one is linked.
    pub(crate) fn candidate(profile: &'a Profile, existing: Option<&'a Account>, form: &'a FormValues) -> Self {
        Self { profile: Some(profile), account: existing, form: Some(form), token_set: None, keeps_token: false }
    }

    /// Adds the token set that replaces the account's token.
    pub(crate) fn with_token_set(self, token_set: &'a TokenSet, method: &'a AuthMethod) -> Self {
        Self { token_set: Some((token_set, method)), keeps_token: false, ..self }
    }

    /// Keeps the account's token in use.
    pub(crate) fn keeping_token(self) -> Self {
        Self { keeps_token: true, ..self }
    }

    /// Leaves out the profile's values.
    pub(crate) fn without_profile(self) -> Self {
        Self { profile: None, ..self }
    }

    /// Opens the credentials for one call. Plaintexts are never cached.
    ///
    /// # Errors
    /// 500 `VaultError` if a value does not open.
    pub(crate) fn open(&self, vault: &Vault) -> Result<Credentials, Error> {
        let previous = match (self.profile, self.account) {
            (Some(profile), Some(account)) if self.keeps_token => previous_client(vault, account, profile)?,
            _ => None,
        };
        let mut secrets = match (&previous, self.profile) {
            (Some(previous), _) => previous.secrets().collect(),
            (None, Some(profile)) => self.profile_secrets(vault, profile)?,
            (None, None) => Vec::new(),
        };
        if let Some(account) = self.account {
            secrets.extend(self.account_secrets(vault, account)?);
        }
        secrets.extend(self.new_secrets().map(|(key, value)| (key, value.clone())));
        let shared = previous.as_ref().map(|previous| &previous.plain);
        let shared = shared.or_else(|| self.profile.map(|profile| &profile.setup_information));
        let credentials = Credentials::from_parts(&self.plain(shared), secrets.into_iter());
        Ok(match (&previous, self.account, self.profile) {
            (Some(_), Some(account), Some(profile)) => {
                credentials.with_previous_client(previous_client_id(account, profile))
            }
            _ => credentials,
        })
    }

    fn profile_secrets(&self, vault: &Vault, profile: &'a Profile) -> Result<Vec<(&'a str, Secret)>, Error> {
        let project = &profile.project_id;
        let wanted = profile.secrets.iter().filter(|(key, _)| is_field(key) && !self.is_replaced(key));
        open_secrets(vault, wanted, |field| SealContext::Profile { project, profile: &profile.id, field })
    }

    fn account_secrets(&self, vault: &Vault, account: &'a Account) -> Result<Vec<(&'a str, Secret)>, Error> {
        let project = &account.project_id;
        // A new token replaces everything of the former one.
        let is_former = |key: &str| self.token_set.is_some() && key == REFRESH_TOKEN;
        let wanted = account.secrets.iter().filter(|(key, _)| !is_former(key) && !self.is_replaced(key));
        open_secrets(vault, wanted, |field| SealContext::Account { project, account: &account.id, field })
    }

    /// Returns the secret values that are not sealed yet.
    fn new_secrets(&self) -> impl Iterator<Item = (&'a str, &'a Secret)> {
        let typed = self.form.into_iter().flat_map(|form| &form.secrets);
        let issued = self
            .token_set
            .into_iter()
            .flat_map(|(token_set, method)| token_set.secrets.iter().filter(move |(key, _)| !is_plain(method, key)));
        typed.chain(issued).map(|(key, value)| (key.as_str(), value))
    }

    fn is_replaced(&self, key: &str) -> bool {
        self.new_secrets().any(|(replaced, _)| replaced == key)
    }

    /// Returns the values that are not secret.
    fn plain<'s>(&'s self, shared: Option<&'s Metadata>) -> Cow<'s, Metadata> {
        let typed = self.form.map(|form| &form.plain);
        let mut sources = [shared, self.account.map(|account| &account.setup_information), typed]
            .into_iter()
            .flatten()
            .filter(|values| !values.is_empty());
        let mut plain = sources.next().map_or_else(Cow::default, Cow::Borrowed);
        for values in sources {
            plain.to_mut().extend(values.clone());
        }
        let (token_set, method) = match self.token_set {
            Some((token_set, method)) => (token_set.secrets.as_slice(), Some(method)),
            None => (&[][..], None),
        };
        for (key, value) in token_set.iter().filter(|(key, _)| method.is_some_and(|method| is_plain(method, key))) {
            plain.to_mut().insert(key.clone(), value.expose().into());
        }
        plain
    }
}

/// Checks whether a connector declares a value of a token response as a field that is not secret, for example an id.
pub(crate) fn is_plain(method: &AuthMethod, key: &str) -> bool {
    method.config_fields.iter().any(|field| field.key == key && !field.secret)
}

#[cfg(test)]
mod tests;

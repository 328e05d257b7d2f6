//! Assembles the credentials of an account from the profile's values, its own, and those of a form and a token response.
//!
//! Only what is needed is opened: the profile's secrets that are not fields (previous clients, a client registration) stay
//! sealed, and so does a value that a newer one replaces.

use std::borrow::Cow;

use patchbay_connector::definition::AuthMethod;
use patchbay_model::{Account, Metadata, Profile};
use patchbay_runtime::Credentials;
use patchbay_vault::{AddressBinding, BoundSecret, SealContext, Secret, Vault};
use zeroize::Zeroizing;

use crate::{
    Error,
    address_binding::{
        MovedSecrets, ProfileSecrets, address_changed, binding_to, comparable, of_connector, of_owner, rebound,
    },
    form_values::FormValues,
    previous_clients::{previous_client, previous_client_id},
    sealed_fields::open_bound,
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
    /// The method whose fields are opened; none opens everything, tokens among it.
    fields_of: Option<&'a AuthMethod>,
}

/// Opened credentials, before the secrets were compared with what they were entered for.
pub(crate) struct UnprovenCredentials<'a> {
    credentials: Credentials,
    /// The values that decide where the secrets are sent, if they are others than those of the credentials.
    addresses: Option<Credentials>,
    account: Option<&'a Account>,
    /// The account's secrets with what they are bound to.
    bindings: Vec<(&'a str, Option<AddressBinding>)>,
}

impl UnprovenCredentials<'_> {
    /// Returns the credentials if every secret was entered for today's values.
    ///
    /// # Errors
    /// 412 `AddressChangedError` with the value that is another one.
    pub(crate) fn proven(self) -> Result<Credentials, Error> {
        let mut bindings = self.bindings.iter().filter_map(|(_, binding)| binding.as_ref());
        match bindings.find_map(|binding| binding.changed(|name| self.value(name))) {
            Some(name) => Err(address_changed(name)),
            None => Ok(self.credentials),
        }
    }

    /// Returns the credentials for a use that sends nothing.
    pub(crate) fn unsent(self) -> Credentials {
        self.credentials
    }

    /// Returns the binding to today's values of these names.
    pub(crate) fn binding_to(&self, names: &[String]) -> AddressBinding {
        binding_to(names, |name| self.value(name))
    }

    /// Returns the account's secrets that were entered for other values. A value that a secret is not bound to must be
    /// the one of `before`.
    pub(crate) fn moved_since(&self, names: &[String], before: &UnprovenCredentials<'_>) -> MovedSecrets {
        let mut moved = MovedSecrets::default();
        for (key, binding) in &self.bindings {
            moved.check(key, binding.as_ref(), names, &|name| before.value(name), &|name| self.value(name));
        }
        moved
    }

    /// Returns a value as it is compared.
    fn value(&self, name: &str) -> Option<Zeroizing<String>> {
        let values = self.addresses.as_ref().unwrap_or(&self.credentials).values();
        values.get(name).and_then(comparable).or_else(|| {
            let account = self.account?;
            of_owner(&account.owner, name).or_else(|| of_connector(name, &account.connector, &account.auth_config_key))
        })
    }
}

impl<'a> CredentialSet<'a> {
    /// Returns the credentials of an account as it is stored. If its token was issued to a client that the profile had
    /// before, the profile's values are those of that client.
    pub(crate) fn stored(account: &'a Account, profile: &'a Profile) -> Self {
        Self {
            profile: Some(profile),
            account: Some(account),
            form: None,
            token_set: None,
            keeps_token: true,
            fields_of: None,
        }
    }

    /// Returns the credentials that an account will have with the values of a form and a new token, which is requested by
    /// the profile's current client. `existing` is the account that is reconnected; none when a new one is linked.
    pub(crate) fn candidate(profile: &'a Profile, existing: Option<&'a Account>, form: &'a FormValues) -> Self {
        Self {
            profile: Some(profile),
            account: existing,
            form: Some(form),
            token_set: None,
            keeps_token: false,
            fields_of: None,
        }
    }

    /// Adds the token set that replaces the account's token.
    pub(crate) fn with_token_set(self, token_set: &'a TokenSet, method: &'a AuthMethod) -> Self {
        Self { token_set: Some((token_set, method)), keeps_token: false, ..self }
    }

    /// Keeps the account's token in use.
    pub(crate) fn keeping_token(self) -> Self {
        Self { keeps_token: true, ..self }
    }

    /// Leaves out the profile's values. The secrets that are bound to them are then only read, and not sent
    /// ([`UnprovenCredentials::unsent`]).
    pub(crate) fn without_profile(self) -> Self {
        Self { profile: None, ..self }
    }

    /// Leaves out everything of the account that is not the value of a field, such as its token.
    pub(crate) fn only_fields_of(self, method: &'a AuthMethod) -> Self {
        Self { fields_of: Some(method), ..self }
    }

    /// Opens the credentials for one call. Plaintexts are never cached.
    ///
    /// # Errors
    /// 412 `AddressChangedError` if a secret was entered for another address; 500 `VaultError` if a value does not open.
    pub(crate) fn open(&self, vault: &Vault) -> Result<Credentials, Error> {
        self.open_unproven(vault)?.proven()
    }

    /// Opens the credentials, which must not be sent before [`UnprovenCredentials::proven`].
    ///
    /// # Errors
    /// 412 `AddressChangedError` if a secret of the profile was entered for another address; 500 `VaultError` if a value
    /// does not open.
    pub(crate) fn open_unproven(&self, vault: &Vault) -> Result<UnprovenCredentials<'a>, Error> {
        let previous = match (self.profile, self.account) {
            (Some(profile), Some(account)) if self.keeps_token => previous_client(vault, account, profile)?,
            _ => None,
        };
        let shared_secrets: Vec<(&str, Secret)> = match (&previous, self.profile) {
            (Some(previous), _) => previous.secrets().collect(),
            (None, Some(profile)) => profile_secrets(vault, profile)?,
            (None, None) => Vec::new(),
        };
        let (mut own_secrets, mut bindings) = (Vec::new(), Vec::new());
        for (key, bound) in self.account_secrets(vault)? {
            own_secrets.push((key, bound.secret));
            bindings.push((key, bound.binding));
        }
        own_secrets.extend(self.typed_secrets().map(|(key, value)| (key, value.clone())));
        let shared = previous.as_ref().map(|previous| &previous.plain);
        let shared = shared.or_else(|| self.profile.map(|profile| &profile.setup_information));
        // What a new token brings does not decide what the stored secrets were entered for: the provider chose it.
        let addresses = self.token_set.is_some().then(|| {
            let secrets = shared_secrets.iter().chain(&own_secrets).map(|(key, value)| (*key, value.clone()));
            Credentials::from_parts(&self.plain(shared, false), secrets)
        });
        own_secrets.extend(self.issued_secrets().map(|(key, value)| (key, value.clone())));
        let secrets = shared_secrets.into_iter().chain(own_secrets);
        let credentials = Credentials::from_parts(&self.plain(shared, true), secrets);
        let credentials = match (&previous, self.account, self.profile) {
            (Some(_), Some(account), Some(profile)) => {
                credentials.with_previous_client(previous_client_id(account, profile))
            }
            _ => credentials,
        };
        Ok(UnprovenCredentials { credentials, addresses, account: self.account, bindings })
    }

    fn account_secrets(&self, vault: &Vault) -> Result<Vec<(&'a str, BoundSecret)>, Error> {
        let Some(account) = self.account else { return Ok(Vec::new()) };
        let project = &account.project_id;
        // A new token replaces everything of the former one.
        let is_former = |key: &str| self.token_set.is_some() && key == REFRESH_TOKEN;
        let is_left_out =
            |key: &str| self.fields_of.is_some_and(|method| method.config_fields.iter().all(|field| field.key != key));
        let open = |(field, sealed): (&'a String, _)| {
            let context = SealContext::Account { project, account: &account.id, field };
            Ok((field.as_str(), open_bound(vault, &context, sealed)?))
        };
        let wanted =
            account.secrets.iter().filter(|(key, _)| !is_former(key) && !self.is_replaced(key) && !is_left_out(key));
        wanted.map(open).collect()
    }

    /// Returns the secret values of the form.
    fn typed_secrets(&self) -> impl Iterator<Item = (&'a str, &'a Secret)> {
        self.form.into_iter().flat_map(|form| &form.secrets).map(|(key, value)| (key.as_str(), value))
    }

    /// Returns the secret values of the new token.
    fn issued_secrets(&self) -> impl Iterator<Item = (&'a str, &'a Secret)> {
        let issued = self
            .token_set
            .into_iter()
            .flat_map(|(token_set, method)| token_set.secrets.iter().filter(move |(key, _)| !is_plain(method, key)));
        issued.map(|(key, value)| (key.as_str(), value))
    }

    fn is_replaced(&self, key: &str) -> bool {
        self.typed_secrets().chain(self.issued_secrets()).any(|(replaced, _)| replaced == key)
    }

    /// Returns the values that are not secret, with or without those of the new token.
    fn plain<'s>(&'s self, shared: Option<&'s Metadata>, with_token: bool) -> Cow<'s, Metadata> {
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
            Some((token_set, method)) if with_token => (token_set.secrets.as_slice(), Some(method)),
            _ => (&[][..], None),
        };
        for (key, value) in token_set.iter().filter(|(key, _)| method.is_some_and(|method| is_plain(method, key))) {
            plain.to_mut().insert(key.clone(), value.expose().into());
        }
        plain
    }
}

/// Binds each secret of an account to the values of today. A secret that is not proven keeps what it is bound to, and is
/// bound to the other values in addition.
///
/// # Errors
/// 500 `VaultError` if a value does not open.
pub(crate) fn bind_account(
    vault: &Vault,
    names: &[String],
    account: &mut Account,
    profile: &Profile,
    is_proven: impl Fn(&str) -> bool,
) -> Result<(), Error> {
    let wanted = CredentialSet::stored(account, profile).open_unproven(vault)?.binding_to(names);
    let (project, id) = (&account.project_id, &account.id);
    for (field, sealed) in &mut account.secrets {
        let context = SealContext::Account { project, account: id, field };
        let bound = open_bound(vault, &context, sealed)?;
        if let Some(new) = rebound(&bound, &wanted, is_proven(field)) {
            *sealed = vault.seal_bound(&context, &new, &bound.secret);
        }
    }
    Ok(())
}

/// Opens the secrets of a profile.
///
/// # Errors
/// 412 `AddressChangedError` if they were entered for another address; 500 `VaultError` if a value does not open.
fn profile_secrets<'a>(vault: &Vault, profile: &'a Profile) -> Result<Vec<(&'a str, Secret)>, Error> {
    let opened = ProfileSecrets::open(vault, profile)?;
    match opened.moved() {
        Some(name) => Err(address_changed(name)),
        None => Ok(opened.into_secrets().collect()),
    }
}

/// Checks whether a connector declares a value of a token response as a field that is not secret, for example an id.
pub(crate) fn is_plain(method: &AuthMethod, key: &str) -> bool {
    method.config_fields.iter().any(|field| field.key == key && !field.secret)
}

#[cfg(test)]
mod tests;

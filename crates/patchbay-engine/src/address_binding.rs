//! Binds secrets to the values that decide where they are sent.
//!
//! A secret is entered for an address. Its envelope contains the hashes of the values that shape the connector's
//! addresses ([`Connector::address_fields`]): the account's own and those of its profile. A secret is used only while
//! they are the same, no matter who changes them and how; it is sealed for other values only when a person enters
//! it again. What the connector's file fixes is trusted: a new version of the file does not ask for the secrets again. For
//! the same reason, a secret is bound to the connector and the authentication method that it was entered for
//! ([`CONNECTOR_AND_METHOD`]): those of another one would send it to their own address.
//!
//! Two kinds of values shape addresses without being bound, because no form can change them to another address: those that the
//! file lists, and those that a token response sets. [`check_listed`] refuses them if the database was changed.
//!
//! [`Connector::address_fields`]: patchbay_connector::Connector::address_fields

use patchbay_connector::{
    Connector,
    definition::{AuthMethod, FormField},
};
use patchbay_model::{Owner, Profile};
use patchbay_runtime::Credentials;
use patchbay_vault::{AddressBinding, BoundSecret, SealContext, Secret, Vault};
use serde_json::Value;
use url::Url;
use zeroize::Zeroizing;

use crate::{
    Error, ErrorCode, Field, Problem, ProblemPath,
    form_values::FormValues,
    sealed_fields::{is_field, open_bound},
};

/// The code of the problem of a secret that must be entered again.
const ENTER_AGAIN: &str = "address_changed";

/// The name of the connector and the authentication method among the values that a secret is bound to. No field has a dot.
const CONNECTOR_AND_METHOD: &str = "connector.method";

/// Returns the connector and the method as they are compared, if `name` is their name.
pub(crate) fn of_connector(name: &str, connector: &str, method: &str) -> Option<Zeroizing<String>> {
    (name == CONNECTOR_AND_METHOD).then(|| Zeroizing::new(format!("{connector}/{method}")))
}

/// Returns a value as it is compared: two spellings of one address are equal.
pub(crate) fn comparable(value: &Value) -> Option<Zeroizing<String>> {
    let text = match value {
        Value::Null => return None,
        Value::String(text) => Zeroizing::new(text.trim().to_owned()),
        other => Zeroizing::new(other.to_string()),
    };
    let is_host = text.contains('.') && text.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '.' | '_'));
    Some(if is_host {
        let host = text.strip_suffix('.').unwrap_or(&text);
        Zeroizing::new(host.to_ascii_lowercase())
    } else if text.contains("://")
        && let Ok(url) = Url::parse(&text)
    {
        Zeroizing::new(url.as_str().trim_end_matches('/').to_owned())
    } else {
        text
    })
}

/// Returns the binding to the values of these names, and to the connector and the method.
pub(crate) fn binding_to(names: &[String], value_of: impl Fn(&str) -> Option<Zeroizing<String>>) -> AddressBinding {
    let names = names.iter().map(String::as_str).chain([CONNECTOR_AND_METHOD]);
    let values = names.map(|name| (name, value_of(name))).collect::<Vec<_>>();
    AddressBinding::of(values.iter().map(|(name, value)| (*name, value.as_ref().map(|value| value.as_str()))))
}

/// Returns the part of the call's context that shapes addresses, by its name among the address fields.
pub(crate) fn of_owner(owner: &Owner, name: &str) -> Option<Zeroizing<String>> {
    match name {
        "context.originOwnerId" => Some(Zeroizing::new(owner.id.clone())),
        "context.originOwnerName" => Some(Zeroizing::new(owner.name.clone())),
        _ => None,
    }
}

/// Returns 412 `AddressChangedError` for a secret that was entered for another value of `name`.
pub(crate) fn address_changed(name: &str) -> Error {
    Error::new(
        ErrorCode::AddressChanged,
        format!(
            "`{name}` is not the one that the secrets were entered for, and it decides to which address they are sent, so \
             nothing was sent. Reconnect the account and enter its secrets again (or those of the connector profile), or \
             restore `{name}`"
        ),
    )
}

/// Checks that each choice that shapes an address has a value that the file lists, and that each value of a token response
/// that does so, or that names the servers of an authorization, was stored sealed. No form can violate this, so that someone
/// else changed the database.
///
/// # Errors
/// 412 `AddressChangedError` with the value.
pub(crate) fn check_listed(
    connector: &Connector,
    method: &AuthMethod,
    environment: &str,
    credentials: &Credentials,
) -> Result<(), Error> {
    let values = credentials.values();
    let is_sealed = |value: &str| credentials.has_secret(value);
    let foreign = connector.foreign_address_value(method, environment, values, is_sealed);
    let is_foreign = |key: &str, value: &Value| !is_field(key) && !value.as_str().is_some_and(is_sealed);
    let mut others = values.as_object().into_iter().flatten();
    let foreign =
        foreign.or_else(|| others.find(|(key, value)| is_foreign(key.as_str(), value)).map(|(key, _)| key.as_str()));
    foreign.map_or(Ok(()), |name| Err(address_changed(name)))
}

/// Secrets that were entered for other addresses.
#[derive(Debug, Default)]
pub(crate) struct MovedSecrets {
    /// The first value that is another one.
    pub(crate) changed: String,
    /// The keys of the secrets.
    pub(crate) keys: Vec<String>,
}

impl MovedSecrets {
    /// Adds a secret if it was entered for other values than those of `after`. A value that it is not bound to must be
    /// the same as before.
    pub(crate) fn check(
        &mut self,
        key: &str,
        binding: Option<&AddressBinding>,
        names: &[String],
        before: &dyn Fn(&str) -> Option<Zeroizing<String>>,
        after: &dyn Fn(&str) -> Option<Zeroizing<String>>,
    ) {
        let bound = binding.and_then(|binding| binding.changed(after));
        let is_unbound = |name: &&String| !binding.is_some_and(|binding| binding.covers(name));
        let unbound = || names.iter().filter(is_unbound).find(|name| before(name) != after(name)).map(String::as_str);
        if let Some(name) = bound.or_else(unbound) {
            if self.keys.is_empty() {
                name.clone_into(&mut self.changed);
            }
            self.keys.push(key.to_owned());
        }
    }

    /// Returns the problems of those fields that must be entered again.
    pub(crate) fn problems(
        &self,
        fields: &[FormField],
        place: Field,
        is_reported: impl Fn(&FormField) -> bool,
    ) -> Vec<Problem> {
        let changed = fields.iter().find(|field| field.key == self.changed);
        let changed = changed.map_or(self.changed.as_str(), |field| field.label.as_str());
        let moved = fields.iter().filter(|field| self.keys.contains(&field.key) && is_reported(field));
        moved
            .map(|field| Problem {
                path: ProblemPath::key(place, &field.key),
                code: ENTER_AGAIN,
                message: format!(
                    "enter {} again: {changed} has changed, and it decides to which address {} is sent",
                    field.label, field.label
                ),
            })
            .collect()
    }
}

/// Returns what a secret is to be bound to; none if it is bound to that.
pub(crate) fn rebound(bound: &BoundSecret, wanted: &AddressBinding, is_proven: bool) -> Option<AddressBinding> {
    let new = match &bound.binding {
        Some(binding) if !is_proven => binding.clone().extended_with(wanted),
        _ => wanted.clone(),
    };
    (bound.binding.as_ref() != Some(&new)).then_some(new)
}

/// The secret fields of a profile, opened.
pub(crate) struct ProfileSecrets<'a> {
    profile: &'a Profile,
    secrets: Vec<(&'a str, BoundSecret)>,
}

impl<'a> ProfileSecrets<'a> {
    /// Opens the secret fields of a profile. They must not be sent before [`ProfileSecrets::moved`] found that they were
    /// entered for today's values.
    ///
    /// # Errors
    /// 500 `VaultError` if a value does not open.
    pub(crate) fn open(vault: &Vault, profile: &'a Profile) -> Result<Self, Error> {
        let project = &profile.project_id;
        let open = |(field, sealed): (&'a String, _)| {
            let context = SealContext::Profile { project, profile: &profile.id, field };
            Ok((field.as_str(), open_bound(vault, &context, sealed)?))
        };
        let secrets = profile.secrets.iter().filter(|(key, _)| is_field(key)).map(open);
        Ok(Self { profile, secrets: secrets.collect::<Result<_, Error>>()? })
    }

    /// Returns the name of a value that the secrets were not entered for; none if all are the same.
    pub(crate) fn moved(&self) -> Option<&str> {
        let mut bindings = self.secrets.iter().filter_map(|(_, bound)| bound.binding.as_ref());
        bindings.find_map(|binding| binding.changed(|name| self.value(name)))
    }

    /// Returns the opened secrets.
    pub(crate) fn into_secrets(self) -> impl Iterator<Item = (&'a str, Secret)> {
        self.secrets.into_iter().map(|(field, bound)| (field, bound.secret))
    }

    /// Returns a value of the profile as it is compared.
    pub(crate) fn value(&self, name: &str) -> Option<Zeroizing<String>> {
        if let Some(value) = of_connector(name, &self.profile.connector, &self.profile.auth_config_key) {
            return Some(value);
        }
        match self.secrets.iter().find(|(field, _)| *field == name) {
            Some((_, bound)) => Some(Zeroizing::new(bound.secret.expose().to_owned())),
            None => self.profile.setup_information.get(name).and_then(comparable),
        }
    }

    /// Returns a value of the profile as it is compared, after a change.
    pub(crate) fn value_after(&self, form: &FormValues, name: &str) -> Option<Zeroizing<String>> {
        if let Some((_, secret)) = form.secrets.iter().find(|(field, _)| field == name) {
            return Some(Zeroizing::new(secret.expose().to_owned()));
        }
        match form.plain.get(name) {
            Some(value) => comparable(value),
            None => self.value(name),
        }
    }

    /// Returns the secrets that a change does not replace, and that were entered for other values than the profile has
    /// after it.
    pub(crate) fn moved_by(&self, names: &[String], form: &FormValues) -> MovedSecrets {
        let mut moved = MovedSecrets::default();
        let is_kept = |field: &str| !form.secrets.iter().any(|(typed, _)| typed == field);
        for (field, bound) in self.secrets.iter().filter(|(field, _)| is_kept(field)) {
            let (before, after) = (|name: &str| self.value(name), |name: &str| self.value_after(form, name));
            moved.check(field, bound.binding.as_ref(), names, &before, &after);
        }
        moved
    }
}

/// Binds each secret field of a profile to its values of today, as [`bind_account`](crate::accounts::credentials::bind_account).
///
/// # Errors
/// 500 `VaultError` if a value does not open.
pub(crate) fn bind_profile(
    vault: &Vault,
    names: &[String],
    profile: &mut Profile,
    is_proven: bool,
) -> Result<(), Error> {
    let opened = ProfileSecrets::open(vault, profile)?;
    let wanted = binding_to(names, |name| opened.value(name));
    let (project, id) = (&profile.project_id, &profile.id);
    for (field, sealed) in profile.secrets.iter_mut().filter(|(field, _)| is_field(field)) {
        let context = SealContext::Profile { project, profile: id, field };
        let bound = open_bound(vault, &context, sealed)?;
        if let Some(new) = rebound(&bound, &wanted, is_proven) {
            *sealed = vault.seal_bound(&context, &new, &bound.secret);
        }
    }
    Ok(())
}

/// Returns the address fields that are setup fields: those that the secrets of a profile are bound to.
pub(crate) fn setup_names(names: &[String], setup_fields: &[FormField]) -> Vec<String> {
    names.iter().filter(|name| setup_fields.iter().any(|field| field.key == **name)).cloned().collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn two_spellings_of_one_address_are_equal() {
        let same = |one: Value, other: Value| comparable(&one) == comparable(&other);
        assert!(same(json!("Crm.Example.com"), json!("crm.example.com.")));
        assert!(same(json!("https://crm.example.com/"), json!("HTTPS://CRM.example.com:443")));
        assert!(same(json!(8443), json!("8443")));
        assert!(!same(json!("https://crm.example.com"), json!("http://crm.example.com")));
        assert!(!same(json!("https://crm.example.com/A"), json!("https://crm.example.com/a")));
        assert!(!same(json!("Tenant"), json!("tenant")));
        assert!(!same(json!("crm.example.com"), json!("crm.example.org")));
        assert_eq!(comparable(&Value::Null), None);
    }
}

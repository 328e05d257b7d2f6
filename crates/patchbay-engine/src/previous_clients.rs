//! Previous OAuth clients of a profile.
//!
//! A refresh token is bound to the client that it was issued to (RFC 6749, section 6). When a profile gets another client
//! id, its previous client is stored sealed with the profile, for the accounts whose tokens were issued to it: it refreshes
//! them until their customers authorize again. A new secret of the same client ID is the same client.

use std::{collections::BTreeMap, fmt};

use patchbay_model::{Account, Metadata, Profile};
use patchbay_vault::{SealContext, Secret, Vault};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use zeroize::{Zeroize, Zeroizing};

use crate::{
    Error,
    address_binding::ProfileSecrets,
    sealed_fields::{open_bound, seal_profile},
};

/// The prefix of a previous client's key among a profile's secrets; the client ID follows. No expression can spell it.
const SECRET_PREFIX: &str = "oauth.app:";
/// The setup fields with the client ID: of OAuth 2.0, and of OAuth 1.0a.
const CLIENT_ID_FIELDS: [&str; 2] = ["clientId", "consumerKey"];

/// The former setup values of a profile.
#[derive(Serialize, Deserialize)]
pub(crate) struct PreviousClient {
    /// The values that are not secret.
    pub(crate) plain: Metadata,
    secrets: BTreeMap<String, String>,
}

impl PreviousClient {
    /// Returns the secret values.
    pub(crate) fn secrets(&self) -> impl Iterator<Item = (&str, Secret)> {
        self.secrets.iter().map(|(field, value)| (field.as_str(), Secret::new(value.as_str())))
    }
}

impl Drop for PreviousClient {
    fn drop(&mut self) {
        self.secrets.values_mut().for_each(Zeroize::zeroize);
    }
}

impl fmt::Debug for PreviousClient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PreviousClient(…)")
    }
}

/// Returns the client ID of a profile; none when its method has none.
pub(crate) fn profile_client_id(vault: &Vault, profile: &Profile) -> Result<Option<String>, Error> {
    if let Some(Value::String(id)) = CLIENT_ID_FIELDS.iter().find_map(|field| profile.setup_information.get(*field)) {
        return Ok(Some(id.clone()));
    }
    let opened = open_matching(vault, profile, |field| CLIENT_ID_FIELDS.contains(&field))?;
    Ok(opened.first().map(|(_, id)| id.expose().to_owned()))
}

/// Returns the id of the previous client that the account's token was issued to; none when it was issued to the
/// profile's current client.
pub(crate) fn previous_client_id<'a>(account: &'a Account, profile: &Profile) -> Option<&'a str> {
    let id = account.token.as_ref()?.client_id.as_deref()?;
    profile.secrets.contains_key(&secret_name(id)).then_some(id)
}

/// Returns the previous client that the account's token was issued to, as [`previous_client_id`].
pub(crate) fn previous_client(
    vault: &Vault,
    account: &Account,
    profile: &Profile,
) -> Result<Option<PreviousClient>, Error> {
    let Some(id) = previous_client_id(account, profile) else { return Ok(None) };
    let name = secret_name(id);
    let opened = open_matching(vault, profile, |field| field == name)?;
    Ok(opened.first().and_then(|(_, text)| serde_json::from_str(text.expose()).ok()))
}

/// Stores the client of `before` with the profile `now` if the profile has another one now. Removes the previous clients
/// that no account's token was issued to (`issuing_clients` are the others).
pub(crate) fn retain(
    vault: &Vault,
    before: &Profile,
    now: &mut Profile,
    issuing_clients: &[String],
) -> Result<(), Error> {
    let (former, current) = (profile_client_id(vault, before)?, profile_client_id(vault, now)?);
    let replaced = former.filter(|former| current.as_ref() != Some(former));
    let former_secrets = ProfileSecrets::open(vault, before)?;
    // Secrets that were entered for another address are not kept with this one.
    if let Some(id) = replaced.as_ref().filter(|_| former_secrets.moved().is_none()) {
        let client = PreviousClient {
            plain: before.setup_information.clone(),
            secrets: former_secrets
                .into_secrets()
                .map(|(field, value)| (field.to_owned(), value.expose().to_owned()))
                .collect(),
        };
        let text = Zeroizing::new(serde_json::to_string(&client).unwrap_or_default());
        let sealed = [(secret_name(id), Secret::new(text.as_str()))];
        now.secrets.extend(seal_profile(vault, &now.project_id, &now.id, &sealed));
    }
    now.secrets.retain(|field, _| match field.strip_prefix(SECRET_PREFIX) {
        // A pending authorization may still bring a token of the client that was replaced just now.
        Some(id) => {
            current.as_deref() != Some(id)
                && (replaced.as_deref() == Some(id) || issuing_clients.iter().any(|m| m == id))
        }
        None => true,
    });
    Ok(())
}

fn secret_name(client_id: &str) -> String {
    format!("{SECRET_PREFIX}{client_id}")
}

/// Opens secrets that are not sent: client IDs, and previous clients, which contain the addresses that they belong to.
fn open_matching<'a>(
    vault: &Vault,
    profile: &'a Profile,
    is_wanted: impl Fn(&str) -> bool,
) -> Result<Vec<(&'a str, Secret)>, Error> {
    let project = &profile.project_id;
    let open = |(field, sealed): (&'a String, _)| {
        let context = SealContext::Profile { project, profile: &profile.id, field };
        Ok((field.as_str(), open_bound(vault, &context, sealed)?.secret))
    };
    profile.secrets.iter().filter(|(field, _)| is_wanted(field)).map(open).collect()
}

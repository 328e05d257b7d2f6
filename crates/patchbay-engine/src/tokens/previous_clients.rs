//! The app that minted an account's token.
//!
//! A provider honours a refresh token from the app that it gave it to and from no other (RFC 6749, section 6). When a
//! profile gets another client id, the app before it is kept with the profile, sealed, for the accounts whose tokens it
//! minted: they go on being renewed by it until their customers sign in again. A new secret of the same client id is the
//! same app.

use std::{collections::BTreeMap, fmt};

use patchbay_model::{Account, Metadata, Profile};
use patchbay_vault::{SealContext, Secret, Vault};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use zeroize::{Zeroize, Zeroizing};

use crate::{
    Error,
    linking::{open_secrets, seal_profile},
};

/// Where a profile keeps an app that it had before, by its client id. No expression can spell it.
const SECRET_PREFIX: &str = "oauth.app:";
/// The set-up fields that tell one app from another: OAuth 2.0's, and OAuth 1.0a's.
const CLIENT_ID_FIELDS: [&str; 2] = ["clientId", "consumerKey"];

/// The set-up values of a profile as they were.
#[derive(Serialize, Deserialize)]
pub(crate) struct PreviousClient {
    /// Those that are not secret.
    pub(crate) plain: Metadata,
    secrets: BTreeMap<String, String>,
}

impl PreviousClient {
    /// Its secret values.
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

/// Whether a profile's secret is one of its own fields, or something that is kept beside them.
pub(crate) fn is_previous_client(field: &str) -> bool {
    field.starts_with(SECRET_PREFIX)
}

/// The client id of a profile's app.
pub(crate) fn profile_client_id(vault: &Vault, profile: &Profile) -> Result<Option<String>, Error> {
    if let Some(Value::String(id)) = CLIENT_ID_FIELDS.iter().find_map(|field| profile.setup_information.get(*field)) {
        return Ok(Some(id.clone()));
    }
    let opened = open_matching(vault, profile, |field| CLIENT_ID_FIELDS.contains(&field))?;
    Ok(opened.first().map(|(_, id)| id.expose().to_owned()))
}

/// The client id of the app that minted the account's token, where it is one that the profile had before and keeps.
pub(crate) fn previous_client_id<'a>(account: &'a Account, profile: &Profile) -> Option<&'a str> {
    let id = account.token.as_ref()?.client_id.as_deref()?;
    profile.secrets.contains_key(&secret_name(id)).then_some(id)
}

/// That app.
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

/// Keeps the app that a profile had before with what the profile is now, where it is another one; forgets those that
/// minted no account's token (`issuing_clients`).
pub(crate) fn retain(
    vault: &Vault,
    before: &Profile,
    now: &mut Profile,
    issuing_clients: &[String],
) -> Result<(), Error> {
    let (earlier, current) = (profile_client_id(vault, before)?, profile_client_id(vault, now)?);
    let replaced = earlier.filter(|earlier| current.as_ref() != Some(earlier));
    if let Some(id) = &replaced {
        // What is kept beside the fields has a dot in its name, which no field can have.
        let secrets = open_matching(vault, before, |field| !field.contains('.'))?;
        let app = PreviousClient {
            plain: before.setup_information.clone(),
            secrets: secrets.into_iter().map(|(field, value)| (field.to_owned(), value.expose().to_owned())).collect(),
        };
        let text = Zeroizing::new(serde_json::to_string(&app).unwrap_or_default());
        let kept = [(secret_name(id), Secret::new(text.as_str()))];
        now.secrets.extend(seal_profile(vault, &now.project_id, &now.id, &kept));
    }
    now.secrets.retain(|field, _| match field.strip_prefix(SECRET_PREFIX) {
        // A sign-in that is under way may still bring a token of the one that was replaced just now.
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

fn open_matching<'a>(
    vault: &Vault,
    profile: &'a Profile,
    is_wanted: impl Fn(&str) -> bool,
) -> Result<Vec<(&'a str, Secret)>, Error> {
    let project = &profile.project_id;
    let wanted = profile.secrets.iter().filter(|(field, _)| is_wanted(field));
    open_secrets(vault, wanted, |field| SealContext::Profile { project, profile: &profile.id, field })
}

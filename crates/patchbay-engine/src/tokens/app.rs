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
const KEPT: &str = "oauth.app:";
/// The set-up fields that tell one app from another: OAuth 2.0's, and OAuth 1.0a's.
const IDS: [&str; 2] = ["clientId", "consumerKey"];

/// The set-up values of a profile as they were.
#[derive(Serialize, Deserialize)]
pub(crate) struct EarlierApp {
    /// Those that are not secret.
    pub(crate) plain: Metadata,
    secrets: BTreeMap<String, String>,
}

impl EarlierApp {
    /// Its secret values.
    pub(crate) fn secrets(&self) -> impl Iterator<Item = (&str, Secret)> {
        self.secrets.iter().map(|(field, value)| (field.as_str(), Secret::new(value.as_str())))
    }
}

impl Drop for EarlierApp {
    fn drop(&mut self) {
        self.secrets.values_mut().for_each(Zeroize::zeroize);
    }
}

impl fmt::Debug for EarlierApp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("EarlierApp(…)")
    }
}

/// Whether a profile's secret is one of its own fields, or something that is kept beside them.
pub(crate) fn is_kept(field: &str) -> bool {
    field.starts_with(KEPT)
}

/// The client id of a profile's app.
pub(crate) fn client_id(vault: &Vault, profile: &Profile) -> Result<Option<String>, Error> {
    if let Some(Value::String(id)) = IDS.iter().find_map(|field| profile.setup_information.get(*field)) {
        return Ok(Some(id.clone()));
    }
    let opened = opened(vault, profile, |field| IDS.contains(&field))?;
    Ok(opened.first().map(|(_, id)| id.expose().to_owned()))
}

/// The client id of the app that minted the account's token, where it is one that the profile had before and keeps.
pub(crate) fn earlier_client<'a>(account: &'a Account, profile: &Profile) -> Option<&'a str> {
    let id = account.token.as_ref()?.client_id.as_deref()?;
    profile.secrets.contains_key(&place(id)).then_some(id)
}

/// That app.
pub(crate) fn earlier(vault: &Vault, account: &Account, profile: &Profile) -> Result<Option<EarlierApp>, Error> {
    let Some(id) = earlier_client(account, profile) else { return Ok(None) };
    let place = place(id);
    let opened = opened(vault, profile, |field| field == place)?;
    Ok(opened.first().and_then(|(_, text)| serde_json::from_str(text.expose()).ok()))
}

/// Keeps the app that a profile had before with what the profile is now, where it is another one; forgets those that
/// minted no account's token (`minting`).
pub(crate) fn keep(vault: &Vault, before: &Profile, now: &mut Profile, minting: &[String]) -> Result<(), Error> {
    let (earlier, current) = (client_id(vault, before)?, client_id(vault, now)?);
    let replaced = earlier.filter(|earlier| current.as_ref() != Some(earlier));
    if let Some(id) = &replaced {
        // What is kept beside the fields has a dot in its name, which no field can have.
        let secrets = opened(vault, before, |field| !field.contains('.'))?;
        let app = EarlierApp {
            plain: before.setup_information.clone(),
            secrets: secrets.into_iter().map(|(field, value)| (field.to_owned(), value.expose().to_owned())).collect(),
        };
        let text = Zeroizing::new(serde_json::to_string(&app).unwrap_or_default());
        let kept = [(place(id), Secret::new(text.as_str()))];
        now.secrets.extend(seal_profile(vault, &now.project_id, &now.id, &kept));
    }
    now.secrets.retain(|field, _| match field.strip_prefix(KEPT) {
        // A sign-in that is under way may still bring a token of the one that was replaced just now.
        Some(id) => {
            current.as_deref() != Some(id) && (replaced.as_deref() == Some(id) || minting.iter().any(|m| m == id))
        }
        None => true,
    });
    Ok(())
}

fn place(client_id: &str) -> String {
    format!("{KEPT}{client_id}")
}

fn opened<'a>(
    vault: &Vault,
    profile: &'a Profile,
    is_wanted: impl Fn(&str) -> bool,
) -> Result<Vec<(&'a str, Secret)>, Error> {
    let project = &profile.project_id;
    let wanted = profile.secrets.iter().filter(|(field, _)| is_wanted(field));
    open_secrets(vault, wanted, |field| SealContext::Profile { project, profile: &profile.id, field })
}

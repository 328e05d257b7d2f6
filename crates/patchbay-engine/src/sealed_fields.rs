//! Seals and opens the secret fields of accounts and profiles.

use std::collections::BTreeMap;

use patchbay_model::{AccountId, Profile, ProfileId, ProjectId, Sealed};
use patchbay_vault::{SealContext, Secret, Vault, VaultError};

use crate::{Error, ErrorCode};

/// Seals an account's fields.
pub(crate) fn seal_account(
    vault: &Vault,
    project: &ProjectId,
    account: &AccountId,
    secrets: &[(String, Secret)],
) -> BTreeMap<String, Sealed> {
    let seal = |(field, secret): &(String, Secret)| {
        (field.clone(), vault.seal(&SealContext::Account { project, account, field }, secret))
    };
    secrets.iter().map(seal).collect()
}

/// Seals a profile's setup fields.
pub(crate) fn seal_profile(
    vault: &Vault,
    project: &ProjectId,
    profile: &ProfileId,
    secrets: &[(String, Secret)],
) -> BTreeMap<String, Sealed> {
    let seal = |(field, secret): &(String, Secret)| {
        (field.clone(), vault.seal(&SealContext::Profile { project, profile, field }, secret))
    };
    secrets.iter().map(seal).collect()
}

/// Seals a profile's fields again if an older key wraps them, so that a write does not bring back a key that a rotation
/// has replaced.
pub(crate) fn reseal_profile(vault: &Vault, profile: &mut Profile) -> Result<(), Error> {
    let (project, id) = (&profile.project_id, &profile.id);
    for (field, sealed) in &mut profile.secrets {
        let context = SealContext::Profile { project, profile: id, field };
        if let Some(again) = vault.reseal(&context, sealed).map_err(|error| does_not_open(&error))? {
            *sealed = again;
        }
    }
    Ok(())
}

/// Checks whether a secret of a profile is the value of a field. The keys of other secrets have a dot, which no field can have.
pub(crate) fn is_field(key: &str) -> bool {
    !key.contains('.')
}

/// Opens sealed fields; `context` returns the binding of each.
pub(crate) fn open_secrets<'a, 'c>(
    vault: &Vault,
    sealed: impl IntoIterator<Item = (&'a String, &'a Sealed)>,
    context: impl Fn(&'a str) -> SealContext<'c>,
) -> Result<Vec<(&'a str, Secret)>, Error> {
    let open = |(field, sealed): (&'a String, &Sealed)| Ok((field.as_str(), vault.open(&context(field), sealed)?));
    sealed.into_iter().map(open).collect::<Result<_, VaultError>>().map_err(|error| does_not_open(&error))
}

fn does_not_open(error: &VaultError) -> Error {
    tracing::error!(%error, "could not open a sealed field");
    Error::new(ErrorCode::Vault, format!("the account's credentials cannot be opened: {error}"))
}

//! Seals and opens the secret fields of accounts and profiles.

use std::collections::BTreeMap;

use patchbay_model::{AccountId, Profile, ProfileId, ProjectId, Sealed};
use patchbay_vault::{AddressBinding, BoundSecret, SealContext, Secret, Vault, VaultError};

use crate::{Error, ErrorCode};

/// Seals an account's fields. [`bind_account`](crate::accounts::credentials::bind_account) binds them to their address.
pub(crate) fn seal_account(
    vault: &Vault,
    project: &ProjectId,
    account: &AccountId,
    secrets: &[(String, Secret)],
) -> BTreeMap<String, Sealed> {
    let seal = |(field, secret): &(String, Secret)| {
        (
            field.clone(),
            vault.seal_bound(&SealContext::Account { project, account, field }, &AddressBinding::default(), secret),
        )
    };
    secrets.iter().map(seal).collect()
}

/// Seals a profile's setup fields. [`bind_profile`](crate::address_binding::bind_profile) binds them to their address.
pub(crate) fn seal_profile(
    vault: &Vault,
    project: &ProjectId,
    profile: &ProfileId,
    secrets: &[(String, Secret)],
) -> BTreeMap<String, Sealed> {
    let seal = |(field, secret): &(String, Secret)| {
        (
            field.clone(),
            vault.seal_bound(&SealContext::Profile { project, profile, field }, &AddressBinding::default(), secret),
        )
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

/// Opens a sealed field with what it is bound to.
///
/// # Errors
/// 500 `VaultError` if it does not open.
pub(crate) fn open_bound(vault: &Vault, context: &SealContext<'_>, sealed: &Sealed) -> Result<BoundSecret, Error> {
    vault.open_bound(context, sealed).map_err(|error| does_not_open(&error))
}

fn does_not_open(error: &VaultError) -> Error {
    tracing::error!(%error, "could not open a sealed field");
    Error::new(ErrorCode::Vault, format!("the account's credentials cannot be opened: {error}"))
}

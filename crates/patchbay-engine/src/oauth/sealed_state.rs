//! Short-lived state of an authorization, sealed in storage under the hash of a secret that a browser carries.
//!
//! Each kind of state is hashed with its own purpose, so that a secret of one kind finds nothing of another.

use patchbay_model::{KeyHash, ProjectId, Sealed};
use patchbay_vault::{SealContext, Secret, Vault};
use serde::{Serialize, de::DeserializeOwned};
use zeroize::Zeroizing;

use super::Oauth;
use crate::{Error, ErrorCode};

/// The lifetime of sealed state: how long a customer may take at the provider.
pub(super) const STATE_TTL_SECS: i64 = 600;

/// Returns the storage key of a secret of one purpose.
pub(super) fn hash_of(purpose: &str, secret: &Secret) -> KeyHash {
    Vault::hash_token(&Zeroizing::new(format!("{purpose}{}", secret.expose())))
}

/// Seals and stores a value for [`STATE_TTL_SECS`].
pub(super) async fn store<T: Serialize>(
    oauth: &Oauth,
    project: &ProjectId,
    hash: &KeyHash,
    value: &T,
) -> Result<(), Error> {
    let text = Secret::new(serde_json::to_string(value).map_err(|error| state_error(&error))?);
    let sealed = oauth.vault.seal(&SealContext::PendingAuthorization { project, state: &hash.hex() }, &text);
    let expires_at = oauth.clock.now().plus_seconds(STATE_TTL_SECS);
    Ok(oauth.storage.pending_authorizations().put(hash, project, &sealed, expires_at).await?)
}

/// Reads a value and its project, and leaves it in storage. Returns none when it is missing or expired.
pub(super) async fn find<T: DeserializeOwned>(oauth: &Oauth, hash: &KeyHash) -> Result<Option<(ProjectId, T)>, Error> {
    let found = oauth.storage.pending_authorizations().find(hash, oauth.clock.now()).await?;
    let Some((project, sealed)) = found else { return Ok(None) };
    Ok(open(oauth, hash, &project, &sealed)?.map(|value| (project, value)))
}

/// Removes and returns a value and its project: one caller gets it. Returns none when it is missing, expired or already taken.
pub(super) async fn take<T: DeserializeOwned>(oauth: &Oauth, hash: &KeyHash) -> Result<Option<(ProjectId, T)>, Error> {
    let found = oauth.storage.pending_authorizations().take(hash, oauth.clock.now()).await?;
    let Some((project, sealed)) = found else { return Ok(None) };
    Ok(open(oauth, hash, &project, &sealed)?.map(|value| (project, value)))
}

/// Opens a value. Returns none when another version of this server stored it in a shape that this one cannot read:
/// the customer starts again.
fn open<T: DeserializeOwned>(
    oauth: &Oauth,
    hash: &KeyHash,
    project: &ProjectId,
    sealed: &Sealed,
) -> Result<Option<T>, Error> {
    let opened = oauth.vault.open(&SealContext::PendingAuthorization { project, state: &hash.hex() }, sealed);
    let text = opened.map_err(|error| state_error(&error))?;
    let text = Zeroizing::new(text.expose().to_owned());
    Ok(serde_json::from_str(&text)
        // The text of the error may quote a value of the state.
        .inspect_err(|error: &serde_json::Error| {
            let error = error.classify();
            tracing::warn!(?error, "rejected an authorization that another server version started");
        })
        .ok())
}

/// Returns 500 `SignInError`: the state could not be stored or read. Logs the cause.
pub(super) fn state_error(error: &dyn std::fmt::Display) -> Error {
    tracing::error!(%error, "could not store or read an authorization's state");
    Error::new(ErrorCode::SignIn, "could not store or read the authorization's state; see the server's log")
}

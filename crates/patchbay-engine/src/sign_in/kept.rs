//! What a sign-in needs later, sealed in storage under the hash of a secret that a browser carries. Each kind is hashed
//! with its own purpose, so that a secret of one kind leads to nothing of another.

use patchbay_model::{KeyHash, ProjectId, Sealed};
use patchbay_vault::{SealContext, Secret, Vault};
use serde::{Serialize, de::DeserializeOwned};
use zeroize::Zeroizing;

use crate::{Engine, Error, ErrorCode};

/// How long it is kept, in seconds: as long as a customer may take at the provider.
pub(super) const LIFE: i64 = 600;

/// Where something of this kind is kept.
pub(super) fn hash_of(purpose: &str, secret: &Secret) -> KeyHash {
    Vault::hash_token(&Zeroizing::new(format!("{purpose}{}", secret.expose())))
}

/// Keeps a value.
pub(super) async fn keep<T: Serialize>(
    engine: &Engine,
    project: &ProjectId,
    hash: &KeyHash,
    value: &T,
) -> Result<(), Error> {
    let text = Secret::new(serde_json::to_string(value).map_err(|error| broken(&error))?);
    let sealed = engine.vault().seal(&SealContext::PendingAuthorization { project, state: &hash.hex() }, &text);
    let ends = engine.clock().now().plus_seconds(LIFE);
    Ok(engine.storage().pending_authorizations().put(hash, project, &sealed, ends).await?)
}

/// The value and its project; it stays. None when there is none or it is too old.
pub(super) async fn find<T: DeserializeOwned>(
    engine: &Engine,
    hash: &KeyHash,
) -> Result<Option<(ProjectId, T)>, Error> {
    let found = engine.storage().pending_authorizations().find(hash, engine.clock().now()).await?;
    let Some((project, sealed)) = found else { return Ok(None) };
    Ok(open(engine, hash, &project, &sealed)?.map(|value| (project, value)))
}

/// The value, taken away for good; none when there is none, it was taken already, or it is too old.
pub(super) async fn take<T: DeserializeOwned>(engine: &Engine, hash: &KeyHash) -> Result<Option<T>, Error> {
    let found = engine.storage().pending_authorizations().take(hash, engine.clock().now()).await?;
    let Some((project, sealed)) = found else { return Ok(None) };
    open(engine, hash, &project, &sealed)
}

fn open<T: DeserializeOwned>(
    engine: &Engine,
    hash: &KeyHash,
    project: &ProjectId,
    sealed: &Sealed,
) -> Result<Option<T>, Error> {
    let opened = engine.vault().open(&SealContext::PendingAuthorization { project, state: &hash.hex() }, sealed);
    let text = opened.map_err(|error| broken(&error))?;
    let text = Zeroizing::new(text.expose().to_owned());
    // One that another version of this server kept is of no use: the customer starts again.
    Ok(serde_json::from_str(&text)
        .inspect_err(
            |error| tracing::warn!(%error, "a sign-in that another version of this server began is not gone on with"),
        )
        .ok())
}

/// 500: what is kept cannot be read, or not be kept.
pub(super) fn broken(error: &dyn std::fmt::Display) -> Error {
    tracing::error!(%error, "a sign-in cannot be kept or read");
    Error::new(ErrorCode::SignIn, "the sign-in cannot be kept; the server's log says why")
}

//! What a sign-in needs when the browser comes back.

use patchbay_model::ProjectId;
use patchbay_vault::{SealContext, Secret, Vault};
use serde::{Deserialize, Serialize};
use zeroize::{Zeroize, Zeroizing};

use super::way::Way;
use crate::{Engine, Error, ErrorKind};

/// How long a customer may take at the provider, in seconds.
pub(super) const LIFE: i64 = 600;

/// A sign-in under way. Sealed as a whole: the session's token and typed secrets are in it.
#[derive(Serialize, Deserialize, Zeroize)]
#[zeroize(drop)]
pub(super) struct Ticket {
    /// The connect session's token.
    pub(super) session: String,
    /// The attempt that the Hub polls.
    pub(super) attempt: String,
    /// The profile that is linked with.
    pub(super) profile: String,
    /// The connector, whose redirect address the browser must come back to.
    pub(super) connector: String,
    /// What was typed.
    pub(super) fields: Vec<(String, String)>,
    /// Where the window goes in the end.
    pub(super) landing: String,
    /// The hash of the cookie of the browser that began, as hexadecimal digits.
    pub(super) browser: String,
    /// What the answer is checked by and traded with.
    pub(super) way: Way,
}

impl Ticket {
    /// Keeps it under the hash of `state`.
    pub(super) async fn keep(&self, engine: &Engine, project: &ProjectId, state: &Secret) -> Result<(), Error> {
        let hash = Vault::hash_token(state.expose());
        let text = Secret::new(serde_json::to_string(self).map_err(|error| broken(&error))?);
        let sealed = engine.vault().seal(&SealContext::SignIn { project, state: &hash.hex() }, &text);
        let ends = engine.clock().now().plus_seconds(LIFE);
        Ok(engine.storage().sign_ins().put(&hash, project, &sealed, ends).await?)
    }

    /// Takes it away for good; none when there is none, it was taken already, or it is too old.
    pub(super) async fn take(engine: &Engine, state: &Secret) -> Result<Option<Self>, Error> {
        let hash = Vault::hash_token(state.expose());
        let found = engine.storage().sign_ins().take(&hash, engine.clock().now()).await?;
        let Some((project, sealed)) = found else { return Ok(None) };
        let opened = engine.vault().open(&SealContext::SignIn { project: &project, state: &hash.hex() }, &sealed);
        let text = opened.map_err(|error| broken(&error))?;
        let text = Zeroizing::new(text.expose().to_owned());
        // One that another version of this server kept is of no use: the customer starts again.
        let kept = serde_json::from_str(&text);
        kept.or_else(|error| {
            tracing::warn!(%error, "a sign-in that another version of this server began is not gone on with");
            Ok(None)
        })
    }
}

/// 500: what is kept cannot be read, or not be kept.
pub(super) fn broken(error: &dyn std::fmt::Display) -> Error {
    tracing::error!(%error, "a sign-in cannot be kept or read");
    Error::new(ErrorKind::Internal, "SignInError", "the sign-in cannot be kept; the server's log says why")
}

//! What a sign-in needs when the browser comes back.

use patchbay_model::ProjectId;
use patchbay_vault::{Secret, Vault};
use serde::{Deserialize, Serialize};
use zeroize::Zeroize;

use super::{kept, way::Way};
use crate::{Engine, Error};

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
        kept::keep(engine, project, &Vault::hash_token(state.expose()), self).await
    }

    /// Takes it away for good; none when there is none, it was taken already, or it is too old.
    pub(super) async fn take(engine: &Engine, state: &Secret) -> Result<Option<Self>, Error> {
        kept::take(engine, &Vault::hash_token(state.expose())).await
    }
}

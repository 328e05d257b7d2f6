//! The state between an authorization request and its callback.

use patchbay_model::ProjectId;
use patchbay_vault::{Secret, Vault};
use serde::{Deserialize, Serialize};
use zeroize::Zeroize;

use super::{Oauth, protocol::ProtocolState, sealed_state};
use crate::Error;

/// An authorization that waits for its callback. It is sealed as a whole: it contains secret form values.
#[derive(Serialize, Deserialize, Zeroize)]
#[zeroize(drop)]
pub(super) struct PendingAuthorization {
    /// The connect session. States of former versions contained its token: they cannot be read.
    pub(super) session_id: i64,
    /// The connection attempt that the Hub follows.
    pub(super) attempt: String,
    /// The connector profile to link with.
    pub(super) profile: String,
    /// The connector, whose redirect URI the callback must arrive at.
    pub(super) connector: String,
    /// The form values, by field key.
    pub(super) fields: Vec<(String, String)>,
    /// The URL that the window returns to in the end.
    pub(super) return_url: String,
    /// The hash of the cookie of the browser that started, in hexadecimal digits.
    pub(super) browser_hash: String,
    /// The protocol's own state.
    pub(super) protocol: ProtocolState,
}

impl PendingAuthorization {
    /// Stores it under the hash of `state`.
    pub(super) async fn store(&self, oauth: &Oauth, project: &ProjectId, state: &Secret) -> Result<(), Error> {
        sealed_state::store(oauth, project, &Vault::hash_token(state.expose()), self).await
    }

    /// Removes and returns the pending authorization of a `state`, and its project. Returns none when it is missing, expired or
    /// already taken.
    pub(super) async fn take(oauth: &Oauth, state: &Secret) -> Result<Option<(ProjectId, Self)>, Error> {
        sealed_state::take(oauth, &Vault::hash_token(state.expose())).await
    }

    /// Returns the form values.
    pub(super) fn form_values(&self) -> Vec<(String, Secret)> {
        self.fields.iter().map(|(key, value)| (key.clone(), Secret::new(value.as_str()))).collect()
    }
}

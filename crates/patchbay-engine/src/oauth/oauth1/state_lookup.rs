//! Finds the `state` of an authorization by its request token, for providers that drop the query of the callback URL
//! and `state` with it.
//!
//! A request token is not a secret and does not need to be: the pending authorization that it leads to is taken once, and
//! only the browser with the cookie can finish it. The lookup key contains the connector whose redirect URI was called,
//! so that a token of one provider finds nothing at another's.

use patchbay_model::KeyHash;
use patchbay_vault::Secret;

use super::RequestToken;
use crate::{
    Error,
    oauth::{Oauth, callback::AuthorizationCallback, protocol::AuthorizationRequest, sealed_state},
};

/// Stores the `state` under the hash of the request token, for as long as the pending authorization.
pub(super) async fn store(request: &AuthorizationRequest<'_>, token: &RequestToken) -> Result<(), Error> {
    let (oauth, project) = (request.oauth, &request.token_context.profile.project_id);
    let hash = hash_of(&request.token_context.connector.key, &token.token);
    // A provider may issue the same token again while it is pending: the newer authorization replaces the older.
    oauth.storage.pending_authorizations().take(&hash, oauth.clock.now()).await?;
    sealed_state::store(oauth, project, &hash, &request.state.expose()).await
}

/// Removes and returns the `state` of a callback that has none. Returns none when the request token is unknown.
pub(in crate::oauth) async fn find_state(
    oauth: &Oauth,
    callback: &AuthorizationCallback,
) -> Result<Option<Secret>, Error> {
    // X names the request token `denied` when the customer denied access.
    let mut names = ["oauth_token", "denied"].iter();
    let Some(token) = names.find_map(|name| callback.get(name).filter(|token| !token.is_empty())) else {
        return Ok(None);
    };
    let state = sealed_state::take::<String>(oauth, &hash_of(&callback.connector, token.expose())).await?;
    Ok(state.map(|(_, state)| Secret::new(state)))
}

fn hash_of(connector: &str, token: &str) -> KeyHash {
    sealed_state::hash_of(&format!("request token of {connector}: "), &Secret::new(token))
}

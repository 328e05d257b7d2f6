//! Finding a sign-in by its request token, where a provider drops the query of the callback address and `state` with it.
//!
//! The request token is no secret, and need not be one: the ticket that it leads to is taken once, and lets nobody
//! finish but the browser that has the cookie. It is looked for among those of the connector whose address was called,
//! so that a token of one provider finds nothing at another's.

use patchbay_model::KeyHash;
use patchbay_vault::Secret;

use super::RequestToken;
use crate::{
    Engine, Error,
    sign_in::{finish::SignInAnswer, kept, way::Errand},
};

/// Keeps the way from the request token to `state`, as long as the ticket.
pub(super) async fn keep(errand: &Errand<'_>, of: &RequestToken) -> Result<(), Error> {
    let (engine, project) = (errand.engine, &errand.applicant.profile.project_id);
    let hash = hash_of(&errand.applicant.connector.key, &of.token);
    // A provider that gives the same token again while it waits: the newer sign-in is the one that is gone on with.
    engine.storage().pending_authorizations().take(&hash, engine.clock().now()).await?;
    kept::keep(engine, project, &hash, &errand.state.expose()).await
}

/// The `state` of the sign-in that an answer without one belongs to; none when there is none. It is given once.
pub(in crate::sign_in) async fn state_of(engine: &Engine, answer: &SignInAnswer) -> Result<Option<Secret>, Error> {
    // X names the token of a consent that was denied by `denied`.
    let named = ["oauth_token", "denied"].iter().find_map(|name| answer.get(name).filter(|token| !token.is_empty()));
    let Some(token) = named else { return Ok(None) };
    let state = kept::take::<String>(engine, &hash_of(&answer.connector, token.expose())).await?;
    Ok(state.map(Secret::new))
}

fn hash_of(connector: &str, token: &str) -> KeyHash {
    kept::hash_of(&format!("request token of {connector}: "), &Secret::new(token))
}

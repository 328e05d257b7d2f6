//! Finding a sign-in by its request token, where a provider drops the query of the callback address and `state` with it.
//!
//! The request token is no secret, and need not be one: the ticket that it leads to is taken once, and lets nobody
//! finish but the browser that has the cookie. It is looked for among those of the connector whose address was called,
//! so that a token of one provider finds nothing at another's.

use patchbay_vault::{SealContext, Secret, Vault};

use super::RequestToken;
use crate::{
    Engine, Error,
    sign_in::{finish::SignInAnswer, ticket, way::Errand},
};

/// Keeps the way from the request token to `state`, as long as the ticket.
pub(super) async fn keep(errand: &Errand<'_>, kept: &RequestToken) -> Result<(), Error> {
    let (engine, project) = (errand.engine, &errand.applicant.profile.project_id);
    let hash = Vault::hash_token(&name(&errand.applicant.connector.key, &kept.token));
    let sealed = engine.vault().seal(&SealContext::SignIn { project, state: &hash.hex() }, errand.state);
    let ends = engine.clock().now().plus_seconds(ticket::LIFE);
    // A provider that gives the same token again while it waits: the newer sign-in is the one that is gone on with.
    engine.storage().sign_ins().take(&hash, engine.clock().now()).await?;
    Ok(engine.storage().sign_ins().put(&hash, project, &sealed, ends).await?)
}

/// The `state` of the sign-in that an answer without one belongs to; none when there is none. It is given once.
pub(in crate::sign_in) async fn state_of(engine: &Engine, answer: &SignInAnswer) -> Result<Option<Secret>, Error> {
    // X names the token of a consent that was denied by `denied`.
    let named = ["oauth_token", "denied"].iter().find_map(|name| answer.get(name).filter(|token| !token.is_empty()));
    let Some(token) = named else { return Ok(None) };
    let hash = Vault::hash_token(&name(&answer.connector, token.expose()));
    let found = engine.storage().sign_ins().take(&hash, engine.clock().now()).await?;
    let Some((project, sealed)) = found else { return Ok(None) };
    let opened = engine.vault().open(&SealContext::SignIn { project: &project, state: &hash.hex() }, &sealed);
    opened.map(Some).map_err(|error| ticket::broken(&error))
}

/// No `state` looks so: they hold no space.
fn name(connector: &str, token: &str) -> String {
    format!("request token of {connector}: {token}")
}

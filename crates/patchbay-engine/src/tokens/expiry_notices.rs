//! Ends that a person must prevent: what is known of them ahead, and when they are told.
//!
//! Three things end for good: a refresh token, an access token that nothing renews, an account's client certificate.
//! What a refresh moves it moves; the rest is told once, in the log and to whoever listens for events, two weeks ahead
//! or for the last tenth of a life ([`CredentialExpiry`]).

use std::sync::Arc;

use futures_util::{StreamExt as _, stream};
use patchbay_connector::{Connector, definition::AuthMethod, expr::Bindings};
use patchbay_model::{Account, AccountId, CallId, CredentialExpiry, ExpiryCause, Profile, ProjectId, TokenMetadata};
use patchbay_storage::StorageError;
use serde_json::json;

use super::{Grant, token_request::refresh_grant};
use crate::{
    EmittedEvent, Engine, Error,
    runtime::{self, RunFacts},
    services::own_credentials,
};

/// The type of the event that tells of an end.
const RECONNECT_DUE_EVENT: &str = "account.relink_due";
/// The causes that a token has.
pub(super) const TOKEN_CAUSES: [ExpiryCause; 2] = [ExpiryCause::RefreshToken, ExpiryCause::AccessToken];
/// The most accounts in one look, and at the same time.
const MAX_BATCH: u32 = 200;
const MAX_CONCURRENT_NOTICES: usize = 8;

/// The end that a token brings with it; none where it can always be got again, or the provider names none.
pub(super) fn token_expiry(
    token: &TokenMetadata,
    method: &AuthMethod,
    has_refresh_token: bool,
) -> Option<CredentialExpiry> {
    let (cause, at) = match refresh_grant(method, has_refresh_token) {
        None => (ExpiryCause::AccessToken, token.expires_at?),
        Some(Grant::RefreshToken) => (ExpiryCause::RefreshToken, token.refresh_expires_at?),
        Some(_) => return None,
    };
    Some(CredentialExpiry::new(cause, token.issued_at, at))
}

/// Notes when the account's own client certificate ends. One that is the profile's is the operator's to watch.
pub(crate) fn record_certificate_expiry(
    engine: &Engine,
    account: &mut Account,
    connector: &Connector,
    method: &AuthMethod,
    profile: &Profile,
) -> Result<(), Error> {
    let Some(certificates) = &method.certificates else { return Ok(()) };
    let own = own_credentials(engine.vault(), account)?;
    let facts = RunFacts {
        organization_id: None,
        project_id: account.project_id.clone(),
        account_id: Some(account.id.clone()),
        profile_id: profile.id.clone(),
        environment: account.environment.clone(),
        owner: Some(account.owner.clone()),
        call_id: CallId::generate(engine.clock().now(), &*engine.parts().entropy),
    };
    let context = facts.context(connector, method);
    let roots = [("credentials", own.values()), ("context", &context)];
    let read = runtime::read_certificates(certificates, &connector.title, &facts, &Bindings { roots: &roots });
    // What is wrong with it is told by the request that shows it.
    let validity = read.ok().flatten().and_then(|certificate| certificate.validity());
    let ending = validity.map(|(from, to)| CredentialExpiry::new(ExpiryCause::ClientCertificate, from, to));
    account.set_expiries(&[ExpiryCause::ClientCertificate], ending);
    Ok(())
}

/// What ends, and what to do about it, for a person.
pub(crate) fn expiry_message(ending: &CredentialExpiry, provider: &str) -> String {
    let what = match ending.cause {
        ExpiryCause::RefreshToken => "the refresh token that renews its access ends then",
        ExpiryCause::AccessToken => "its access token ends then, and the provider gave nothing to renew it with",
        ExpiryCause::ClientCertificate => "its client certificate ends then",
    };
    format!("the account at {provider} must be linked again before {}: {what}", ending.at)
}

/// One look: tells of the ends whose time to be told has come.
pub(crate) async fn send_expiry_notices(engine: &Engine) {
    let found = match engine.storage().refresh_leases().due_notices(engine.clock().now(), MAX_BATCH).await {
        Ok(found) => found,
        Err(error) => {
            tracing::warn!(%error, "accounts that must be linked again soon could not be read; it is tried again");
            return;
        }
    };
    stream::iter(found)
        .for_each_concurrent(MAX_CONCURRENT_NOTICES, async |(project, id)| {
            if let Err(error) = notify_account(engine, &project, &id).await {
                tracing::warn!(%error, account = %id, "of an account's end could not be told; it is tried again");
            }
        })
        .await;
}

/// Tells of one account's ends, and writes down that it was told. A listener may hear of an end twice when the process
/// stops in between: under the same event id.
async fn notify_account(engine: &Engine, project: &ProjectId, id: &AccountId) -> Result<(), Error> {
    let Some(account) = engine.storage().accounts().get(project, id).await? else { return Ok(()) };
    let title = engine.view(Arc::new(account.clone())).await?.connector_title;
    let title = title.unwrap_or_else(|| account.connector.clone());
    let now = engine.clock().now();
    let mut changed = account.clone();
    let due = changed.expiries.iter_mut().filter(|ending| !ending.notified && ending.notify_from <= now);
    let mut told = Vec::new();
    for ending in due {
        if let Some(sink) = engine.events() {
            sink.emit(event(engine, &account, ending, &title)).await?;
        }
        ending.notified = true;
        told.push(ending.clone());
    }
    changed.revision += 1;
    let stored = engine.storage().accounts().update(&changed, account.revision).await;
    engine.evict_account(id);
    match stored {
        Ok(_) => {}
        // It was changed: the next look reads it again.
        Err(StorageError::Conflict(_)) => return Ok(()),
        Err(error) => return Err(error.into()),
    }
    for ending in told {
        tracing::warn!(
            account = %id, project = %project, connector = account.connector, cause = ending.cause.as_str(),
            ends_at = %ending.at, "{}", expiry_message(&ending, &title)
        );
    }
    Ok(())
}

fn event(engine: &Engine, account: &Account, ending: &CredentialExpiry, title: &str) -> EmittedEvent {
    let now = engine.clock().now();
    EmittedEvent {
        project_id: account.project_id.clone(),
        account_id: Some(account.id.clone()),
        profile_id: account.profile_id.clone(),
        connector: account.connector.clone(),
        action: None,
        call_id: CallId::generate(now, &*engine.parts().entropy),
        event_type: RECONNECT_DUE_EVENT.to_owned(),
        event_id: Some(format!("{}:{}:{}", account.id, ending.cause.as_str(), ending.at)),
        event_date: now,
        data: json!({
            "cause": ending.cause.as_str(),
            "ends_at": ending.at,
            "message": expiry_message(ending, title),
        }),
    }
}

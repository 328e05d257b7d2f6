//! Expiry notices: warn of expiries that a person must prevent.
//!
//! Three credentials expire for good: a refresh token, an access token that cannot be refreshed, and an account's client
//! certificate. A refresh may move the expiry. Otherwise one notice goes to the log and to the event sink, two weeks
//! ahead or in the last tenth of the lifetime ([`CredentialExpiry`]).

use std::sync::Arc;

use futures_util::{StreamExt as _, stream};
use patchbay_connector::definition::AuthMethod;
use patchbay_model::{
    Account, AccountId, CallId, Clock, CredentialExpiry, Entropy, ExpiryCause, ProjectId, TokenMetadata,
};
use patchbay_storage::Storage;
use serde_json::json;

use super::{
    token_context::TokenContext,
    token_request::{Grant, TokenClient, certificate, refresh_grant},
};
use crate::{
    EmittedEvent, EngineParts, Error,
    accounts::store::{CachedAccounts, Change},
    connector_catalog::ConnectorCatalog,
    event_slot::EventSlot,
    profiles::Profiles,
};

/// The event type of a notice.
const RECONNECT_DUE_EVENT: &str = "account.relink_due";
/// The expiry causes of a token.
pub(super) const TOKEN_CAUSES: [ExpiryCause; 2] = [ExpiryCause::RefreshToken, ExpiryCause::AccessToken];
/// The most accounts of one run, and the most concurrent notices.
const MAX_BATCH: u32 = 200;
const MAX_CONCURRENT_NOTICES: usize = 8;

/// Returns the expiry of a token that no refresh can move; none when a token can always be requested again, or when the
/// provider sends no expiry.
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

/// Returns the expiry of the client certificate among an account's own credentials; none if it has no usable one. The
/// operator is responsible for a certificate of the profile.
pub(crate) fn certificate_expiry(client: TokenClient<'_>, own: &TokenContext<'_>) -> Option<CredentialExpiry> {
    // An unusable certificate is reported by the request that needs it.
    let (from, to) = certificate(client, own).ok()??.validity()?;
    Some(CredentialExpiry::new(ExpiryCause::ClientCertificate, from, to))
}

/// Returns the message of a notice, for a person.
pub(crate) fn expiry_message(expiry: &CredentialExpiry, provider: &str) -> String {
    let why = match expiry.cause {
        ExpiryCause::RefreshToken => "its refresh token expires",
        ExpiryCause::AccessToken => "its access token expires and the provider issued no refresh token",
        ExpiryCause::ClientCertificate => "its client certificate expires",
    };
    format!("reconnect the account at {provider} before {}: {why}", expiry.at)
}

/// Sends expiry notices.
pub(crate) struct ExpiryNotices {
    storage: Arc<dyn Storage>,
    clock: Arc<dyn Clock>,
    entropy: Arc<dyn Entropy>,
    connectors: Arc<ConnectorCatalog>,
    profiles: Arc<Profiles>,
    accounts: Arc<CachedAccounts>,
    event_slot: EventSlot,
}

impl ExpiryNotices {
    pub(crate) fn new(
        parts: &EngineParts,
        connectors: Arc<ConnectorCatalog>,
        profiles: Arc<Profiles>,
        accounts: Arc<CachedAccounts>,
        event_slot: EventSlot,
    ) -> Self {
        Self {
            storage: parts.storage.clone(),
            clock: parts.clock.clone(),
            entropy: parts.entropy.clone(),
            connectors,
            profiles,
            accounts,
            event_slot,
        }
    }

    /// Sends the notices that are due.
    pub(crate) async fn send_due(&self) {
        let found = match self.storage.refresh_leases().due_notices(self.clock.now(), MAX_BATCH).await {
            Ok(found) => found,
            Err(error) => {
                tracing::warn!(%error, "could not read the accounts with due expiry notices; will retry");
                return;
            }
        };
        stream::iter(found)
            .for_each_concurrent(MAX_CONCURRENT_NOTICES, async |(project, id)| {
                if let Err(error) = self.notify_account(&project, &id).await {
                    tracing::warn!(%error, account = %id, "could not send the account's expiry notice; will retry");
                }
            })
            .await;
    }

    /// Sends the due notices of one account and records that they were sent. If the process stops in between, a notice is
    /// sent twice, with the same event id.
    async fn notify_account(&self, project: &ProjectId, id: &AccountId) -> Result<(), Error> {
        let Some(account) = self.storage.accounts().get(project, id).await? else { return Ok(()) };
        let profile = self.profiles.load(project, &account.profile_id).await?;
        let installed = self.connectors.find_for_profile(&profile).await?;
        let title = installed.map_or_else(|| account.connector.clone(), |installed| installed.connector.title.clone());
        let now = self.clock.now();
        let is_due = |expiry: &CredentialExpiry| !expiry.notified && expiry.notify_from <= now;
        let due = account.expiries.iter().filter(|expiry| is_due(expiry)).collect::<Vec<_>>();
        for expiry in &due {
            if let Some(sink) = self.event_slot.get() {
                sink.emit(self.event(&account, expiry, &title)).await?;
            }
        }
        // An expiry that a concurrent change added or moved has its own notice.
        let stored = self.accounts.update(project, id, |account| {
            let sent = account.expiries.iter_mut().filter(|expiry| due.iter().any(|sent| sent.is_same(expiry)));
            sent.for_each(|expiry| expiry.notified = true);
            Change::Records
        });
        stored.await?;
        for expiry in due {
            tracing::warn!(
                account = %id, project = %project, connector = account.connector, cause = expiry.cause.as_str(),
                ends_at = %expiry.at, "{}", expiry_message(expiry, &title)
            );
        }
        Ok(())
    }

    fn event(&self, account: &Account, expiry: &CredentialExpiry, title: &str) -> EmittedEvent {
        let now = self.clock.now();
        EmittedEvent {
            project_id: account.project_id.clone(),
            account_id: Some(account.id.clone()),
            profile_id: account.profile_id.clone(),
            connector: account.connector.clone(),
            action: None,
            call_id: CallId::generate(now, &*self.entropy),
            event_type: RECONNECT_DUE_EVENT.to_owned(),
            event_id: Some(format!("{}:{}:{}", account.id, expiry.cause.as_str(), expiry.at)),
            event_date: now,
            data: json!({
                "cause": expiry.cause.as_str(),
                "ends_at": expiry.at,
                "message": expiry_message(expiry, title),
            }),
        }
    }
}

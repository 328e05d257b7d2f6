//! Events that connectors emit (`emit_event`), for the webhooks that are subscribed to them.

use std::sync::Arc;

use async_trait::async_trait;
use patchbay_model::{Account, AccountId, Audience, Clock, Entropy, OutboxEvent};
use patchbay_runtime::{EmittedEvent, EventSink};
use patchbay_storage::Storage;
use patchbay_vault::Vault;

use super::{
    outbox::{DeliveryWake, new_event_id},
    payload::connector_body,
};
use crate::{EngineParts, Error, accounts::store::CachedAccounts, event_slot::EventSlot};

/// Stores the events that connectors emit for webhooks, then hands them to the engine's own sink.
pub(crate) struct ConnectorEvents {
    storage: Arc<dyn Storage>,
    accounts: Arc<CachedAccounts>,
    clock: Arc<dyn Clock>,
    entropy: Arc<dyn Entropy>,
    wake: DeliveryWake,
    sink: EventSlot,
}

/// Returns the subscriptions that ask for an event of a connector.
pub(crate) fn subscriptions(connector: &str, event_type: &str) -> Vec<String> {
    vec!["*:*".to_owned(), format!("{connector}:*"), format!("{connector}:{event_type}")]
}

impl ConnectorEvents {
    pub(crate) fn new(parts: &EngineParts, accounts: Arc<CachedAccounts>, wake: DeliveryWake, sink: EventSlot) -> Self {
        let (storage, clock, entropy) = (parts.storage.clone(), parts.clock.clone(), parts.entropy.clone());
        Self { storage, accounts, clock, entropy, wake, sink }
    }

    /// Returns the id of an event. One that the provider delivers again has the same id, so that it is not stored again.
    fn id(&self, event: &EmittedEvent) -> String {
        let Some(event_id) = &event.event_id else { return new_event_id(&*self.entropy) };
        let account = event.account_id.as_ref().map_or("", AccountId::as_str);
        let parts = [event.project_id.as_str(), account, &event.connector, &event.event_type, event_id];
        format!("evt_{}", &Vault::hash_parts(&parts.map(str::as_bytes)).hex()[..40])
    }

    async fn account(&self, event: &EmittedEvent) -> Result<Option<Arc<Account>>, Error> {
        match &event.account_id {
            Some(id) => Ok(Some(self.accounts.get(&event.project_id, id).await?)),
            None => Ok(None),
        }
    }
}

#[async_trait]
impl EventSink for ConnectorEvents {
    async fn emit(&self, event: EmittedEvent) -> Result<(), Error> {
        let (id, now) = (self.id(&event), self.clock.now());
        let account = self.account(&event).await?;
        let stored = OutboxEvent {
            body: connector_body(&id, &event, account.as_deref(), now),
            project_id: event.project_id.clone(),
            event: event.event_type.clone(),
            matches: subscriptions(&event.connector, &event.event_type),
            account_id: event.account_id.clone(),
            record_id: event.event_id.clone().unwrap_or_else(|| id.clone()),
            created_at: now,
            id,
        };
        if self.storage.webhooks().record(&stored, Audience::Subscribed).await? > 0 {
            self.wake.wake();
        }
        match self.sink.get() {
            Some(sink) => sink.emit(event).await,
            None => Ok(()),
        }
    }
}

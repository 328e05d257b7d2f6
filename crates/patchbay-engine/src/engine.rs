//! The engine: all services, put together in one place.

use std::{
    mem::take,
    ops::Deref,
    sync::{Arc, OnceLock},
    time::Duration,
};

use patchbay_model::{ApiScope, CallId, Clock, Entropy};
use patchbay_runtime::Host;
use tokio_util::sync::CancellationToken;

use crate::{
    Caller, EngineConfig, EngineParts, Error, ErrorCode, EventSink,
    accounts::{
        binder::AddressBinder,
        manage::Accounts,
        older_secrets::{bind_older, start_binding},
        resolver::AccountResolver,
        revocations::Revocations,
        store::CachedAccounts,
    },
    action_catalog::ActionCatalog,
    action_search::ActionSearch,
    actions::{call::Calls, proxy::Proxy, run::Actions},
    agents::Agents,
    api_keys::ApiKeys,
    attempts::Attempts,
    background_task::BackgroundTask,
    call_log::CallLog,
    changes::Changes,
    client_state::ClientState,
    connector_catalog::{self, ConnectorCatalog},
    connectors::Connectors,
    event_slot::EventSlot,
    idempotency::Idempotency,
    integrity,
    key_ring::{KeyRotation, check_key_ring},
    keyed_locks::KeyedLocks,
    linking::{link::Linking, verify::CredentialVerifier},
    log_reader::LogReader,
    members::Members,
    monitoring::Monitoring,
    oauth::{Oauth, OauthServices},
    profiles::Profiles,
    projects::Projects,
    readiness::Readiness,
    replicas::{
        forgetting::Kept,
        freshness::Freshness,
        leadership::Leadership,
        limits::FleetLimits,
        membership::{self, Membership},
        watcher::{self, Watcher},
    },
    retention,
    sessions::Sessions,
    setup::Setup,
    tokens::{expiry_notices::ExpiryNotices, refresh::TokenRefresher, refresh_worker, token_requests::TokenRequests},
    tool_feedback::Feedback,
    webhooks::{
        connector_events::ConnectorEvents,
        deliveries::Deliveries,
        manage::Webhooks,
        outbox::DeliveryWake,
        worker::{self, Deliverer},
    },
};

/// The engine. Cheap to clone.
#[derive(Clone)]
pub struct Engine(Arc<Services>);

/// The services of an engine, and what they share.
pub struct Services {
    pub(crate) parts: EngineParts,
    readiness: Readiness,
    pub(crate) monitoring: Monitoring,
    /// The connectors that projects can use.
    pub connector_catalog: Arc<ConnectorCatalog>,
    /// The connector profiles.
    pub profiles: Arc<Profiles>,
    /// The projects.
    pub projects: Arc<Projects>,
    /// The connectors of a project: list, push, delete, reload.
    pub connectors: Arc<Connectors>,
    /// The linked accounts.
    pub accounts: Arc<Accounts>,
    /// The revocation of many accounts.
    pub revocations: Arc<Revocations>,
    /// The Hub's operations on accounts.
    pub linking: Arc<Linking>,
    /// The authorizations at providers.
    pub oauth: Arc<Oauth>,
    /// The connect sessions.
    pub sessions: Arc<Sessions>,
    /// The actions that a project can run.
    pub action_catalog: ActionCatalog,
    /// The search for actions.
    pub action_search: Arc<ActionSearch>,
    /// The connection attempts.
    pub attempts: Arc<Attempts>,
    /// The webhooks.
    pub webhooks: Webhooks,
    /// The deliveries to webhooks.
    pub deliveries: Deliveries,
    deliverer: Arc<Deliverer>,
    /// The API keys.
    pub api_keys: Arc<ApiKeys>,
    /// The members, who log in to the dashboard.
    pub members: Arc<Members>,
    /// The requests with an idempotency key.
    pub idempotency: Arc<Idempotency>,
    /// Runs actions.
    pub actions: Arc<Actions>,
    /// The tools of agents.
    pub agents: Agents,
    /// What people and agents say of tools.
    pub tool_feedback: Feedback,
    /// Sends raw requests with the credentials of accounts.
    pub proxy: Proxy,
    /// The logs of calls.
    pub logs: LogReader,
    token_refresher: Arc<TokenRefresher>,
    expiry_notices: Arc<ExpiryNotices>,
    binder: Arc<AddressBinder>,
    account_store: Arc<CachedAccounts>,
    /// Seals what clients keep.
    pub client_state: ClientState,
    /// The rotation of the key ring.
    pub key_rotation: KeyRotation,
    /// The first start.
    pub setup: Setup,
    host: Arc<Host>,
    call_log: Arc<CallLog>,
    /// This server among those that share the database.
    pub membership: Arc<Membership>,
    freshness: Arc<Freshness>,
    leadership: Leadership,
    limits: Arc<FleetLimits>,
    /// The background tasks, in the order in which they are stopped.
    background: OnceLock<Vec<BackgroundTask>>,
    /// Stopped last: until then, others use what is kept.
    watcher: OnceLock<BackgroundTask>,
    integrity_checks: OnceLock<BackgroundTask>,
    event_slot: EventSlot,
    changes: Changes,
}

impl Deref for Engine {
    type Target = Services;

    fn deref(&self) -> &Services {
        &self.0
    }
}

impl Engine {
    /// Opens the engine and starts its background tasks, except [`Engine::start_integrity_checks`]: token refresh, expiry
    /// notices, deliveries to webhooks, deletion of expired records, and compilation of pushed connectors.
    ///
    /// # Errors
    ///
    /// As [`Engine::open`].
    pub async fn start(parts: EngineParts) -> Result<Self, Error> {
        let engine = Self::open(parts).await?;
        let parts = &engine.parts;
        let leadership = &engine.leadership;
        // First: nothing that is kept is used before it is watched.
        let mut membership = None;
        if parts.storage.replicas().is_some() {
            membership = Some(membership::start(engine.membership.clone()));
            let _ = engine.watcher.set(watcher::start(engine.new_watcher()));
        }
        let retention = retention::start(
            parts.storage.clone(),
            parts.logs.clone(),
            parts.clock.clone(),
            parts.config.log_retention(),
            leadership.clone(),
        );
        let mut background = Vec::from([
            connector_catalog::start_warming(engine.connector_catalog.clone()),
            start_binding(
                parts.storage.clone(),
                engine.binder.clone(),
                engine.profiles.clone(),
                engine.connector_catalog.clone(),
            ),
            refresh_worker::start(
                engine.host.clone(),
                engine.token_refresher.clone(),
                engine.expiry_notices.clone(),
                leadership.clone(),
            ),
            retention,
            worker::start(engine.deliverer.clone()),
        ]);
        // The leader's work ends before another server leads.
        background.extend(membership);
        let _ = engine.background.set(background);
        Ok(engine)
    }

    fn new_watcher(&self) -> Watcher {
        let kept = Kept {
            api_keys: self.api_keys.clone(),
            accounts: self.account_store.clone(),
            profiles: self.profiles.clone(),
            catalog: self.connector_catalog.clone(),
            host: self.host.clone(),
            limits: self.limits.clone(),
            stop: CancellationToken::new(),
        };
        Watcher {
            storage: self.parts.storage.clone(),
            freshness: self.freshness.clone(),
            kept,
            attempts: self.attempts.clone(),
        }
    }

    /// Starts the checks of the database for damage: one at once, then one a day. Call it after the first start has set up the
    /// database: while the first check of a large database runs, a look-up that finds nothing is an error.
    pub fn start_integrity_checks(&self) {
        self.integrity_checks.get_or_init(|| integrity::start(self.parts.storage.clone()));
    }

    /// Checks the vault's canary and creates an engine without background tasks, for commands that change a data directory
    /// without a server. [`Engine::shutdown`] flushes the call log.
    ///
    /// # Errors
    ///
    /// `KeyRingMismatchError` if the key ring did not seal the database; invalid egress settings; errors of the storage.
    pub async fn open(mut parts: EngineParts) -> Result<Self, Error> {
        check_key_ring(&*parts.storage, &parts.vault).await?;
        let connector_catalog =
            ConnectorCatalog::open(parts.storage.clone(), parts.vault.clone(), take(&mut parts.registry)).await?;
        let connector_catalog = Arc::new(connector_catalog);
        let (locks, changes) = (Arc::<KeyedLocks>::default(), Changes::default());
        let host = Arc::new(Host::new(&parts.config.egress(), parts.clock.clone(), parts.entropy.clone())?);
        let stale_limit = Duration::from_secs(parts.config.stale_seconds.into());
        let freshness = Arc::new(Freshness::new(parts.clock.clone(), stale_limit));
        let leadership = Leadership::new(parts.clock.clone());
        let limits = FleetLimits::new(parts.storage.clone());
        host.http.share_limits(limits.clone());
        let membership =
            Arc::new(Membership::new(&parts, connector_catalog.clone(), leadership.clone(), limits.clone()));
        let delivery_wake = DeliveryWake::default();
        let account_store =
            CachedAccounts::new(&parts, host.clone(), changes.clone(), freshness.clone(), delivery_wake.clone());
        let account_store = Arc::new(account_store);
        let binder = Arc::new(AddressBinder::new(&parts, account_store.clone()));
        let profiles = Arc::new(Profiles::new(
            &parts,
            connector_catalog.clone(),
            locks.clone(),
            binder.clone(),
            changes.clone(),
            freshness.clone(),
        ));
        let projects = Arc::new(Projects::new(&parts, connector_catalog.clone(), profiles.clone()));
        let connectors = Arc::new(Connectors::new(
            &parts,
            connector_catalog.clone(),
            profiles.clone(),
            projects.clone(),
            changes.clone(),
        ));
        let attempts = Arc::new(Attempts::new(&parts));
        let api_keys = Arc::new(ApiKeys::new(
            &parts,
            projects.clone(),
            locks.clone(),
            changes.clone(),
            freshness.clone(),
            limits.clone(),
        ));
        let members = Arc::new(Members::new(&parts, projects.clone(), changes.clone()));
        let setup = Setup::new(&parts, projects.clone(), api_keys.clone(), members.clone());
        let sessions =
            Arc::new(Sessions::new(&parts, connector_catalog.clone(), profiles.clone(), account_store.clone()));
        let action_search = Arc::new(ActionSearch::new(connector_catalog.clone(), profiles.clone()));
        let action_catalog = ActionCatalog::new(
            connector_catalog.clone(),
            profiles.clone(),
            account_store.clone(),
            action_search.clone(),
        );
        let client_state = ClientState::new(parts.vault.clone());
        let key_rotation = KeyRotation::new(&parts, profiles.clone(), account_store.clone());
        let call_log = Arc::new(CallLog::start(parts.logs.clone(), parts.clock.clone()));
        let event_slot = EventSlot::default();
        let resolver =
            Arc::new(AccountResolver::new(account_store.clone(), profiles.clone(), connector_catalog.clone()));
        let token_requests = Arc::new(TokenRequests::new(&parts, host.clone(), profiles.clone()));
        let token_refresher = Arc::new(TokenRefresher::new(
            &parts,
            connector_catalog.clone(),
            profiles.clone(),
            account_store.clone(),
            resolver.clone(),
            token_requests.clone(),
            freshness.clone(),
        ));
        let expiry_notices = Arc::new(ExpiryNotices::new(
            &parts,
            connector_catalog.clone(),
            profiles.clone(),
            account_store.clone(),
            event_slot.clone(),
        ));
        let revocations = Arc::new(Revocations::new(
            &parts,
            account_store.clone(),
            profiles.clone(),
            connector_catalog.clone(),
            token_requests.clone(),
            call_log.clone(),
            changes.clone(),
        ));
        let verifier = Arc::new(CredentialVerifier::new(
            &parts,
            token_requests.clone(),
            host.clone(),
            call_log.clone(),
            connector_catalog.clone(),
        ));
        let accounts = Arc::new(Accounts::new(
            &parts,
            account_store.clone(),
            profiles.clone(),
            connector_catalog.clone(),
            verifier.clone(),
            revocations.clone(),
            changes.clone(),
        ));
        let linking = Arc::new(Linking::new(
            &parts,
            account_store.clone(),
            accounts.clone(),
            profiles.clone(),
            connector_catalog.clone(),
            verifier,
            locks,
        ));
        let oauth_services = OauthServices {
            sessions: sessions.clone(),
            attempts: attempts.clone(),
            profiles: profiles.clone(),
            connectors: connector_catalog.clone(),
            linking: linking.clone(),
            tokens: token_requests,
        };
        let oauth = Arc::new(Oauth::new(&parts, host.clone(), oauth_services, changes.clone()));
        let connector_events =
            ConnectorEvents::new(&parts, account_store.clone(), delivery_wake.clone(), event_slot.clone());
        let calls = Arc::new(Calls::new(
            &parts,
            connector_catalog.clone(),
            profiles.clone(),
            resolver,
            token_refresher.clone(),
            call_log.clone(),
            Arc::new(connector_events),
        ));
        let actions =
            Actions::new(&parts, host.clone(), connector_catalog.clone(), account_store.clone(), calls.clone());
        let actions = Arc::new(actions);
        let tool_feedback = Feedback::new(&parts, account_store.clone());
        let agents = Agents::new(
            &parts,
            account_store.clone(),
            profiles.clone(),
            connector_catalog.clone(),
            action_search.clone(),
            sessions.clone(),
            actions.clone(),
        );
        let proxy = Proxy::new(host.clone(), calls);
        let idempotency = Arc::new(Idempotency::new(&parts));
        let webhooks = Webhooks::new(&parts, host.clone(), delivery_wake.clone());
        let deliveries = Deliveries::new(&parts, account_store.clone(), delivery_wake.clone());
        let deliverer = Arc::new(Deliverer::new(&parts, host.clone(), delivery_wake));
        let readiness = Readiness::new(parts.storage.clone(), parts.clock.clone());
        let monitoring = Monitoring::new(parts.storage.clone(), parts.logs.clone(), parts.clock.clone());
        let logs = LogReader::new(parts.logs.clone());
        let engine = Self(Arc::new(Services {
            parts,
            logs,
            readiness,
            monitoring,
            connector_catalog,
            profiles,
            projects,
            connectors,
            accounts,
            revocations,
            linking,
            oauth,
            sessions,
            action_catalog,
            action_search,
            attempts,
            webhooks,
            deliveries,
            deliverer,
            api_keys,
            members,
            idempotency,
            client_state,
            key_rotation,
            setup,
            host,
            call_log,
            actions,
            agents,
            tool_feedback,
            proxy,
            token_refresher,
            expiry_notices,
            binder,
            account_store,
            membership,
            freshness,
            leadership,
            limits,
            background: OnceLock::new(),
            watcher: OnceLock::new(),
            integrity_checks: OnceLock::new(),
            event_slot,
            changes,
        }));
        // Leases of a process that ended, if only this process uses the database.
        engine.parts.storage.refresh_leases().release_all().await?;
        engine.parts.storage.webhooks().release_all().await?;
        Ok(engine)
    }

    /// Waits for requests with an idempotency key, running changes and refreshes, and stops the background tasks. Calls that
    /// did not finish may then be cut, before [`Engine::shutdown`] writes their records.
    pub async fn stop_background(&self) {
        self.call_log.stop_calls();
        self.idempotency.shutdown().await;
        for task in self.background.get().into_iter().flatten().chain(self.integrity_checks.get()) {
            task.shutdown().await;
        }
        self.changes.shutdown().await;
        self.token_refresher.shutdown().await;
        if let Some(watcher) = self.watcher.get() {
            watcher.shutdown().await;
        }
    }

    /// Stops the background tasks and flushes the call log.
    pub async fn shutdown(&self) {
        self.stop_background().await;
        self.call_log.shutdown().await;
    }

    /// Sets the sink of the events that connectors emit; returns false if one is set.
    pub fn set_event_sink(&self, sink: Arc<dyn EventSink>) -> bool {
        self.event_slot.set(sink)
    }

    /// Refreshes the tokens that are due, as the background task does again and again.
    pub async fn refresh_due_tokens(&self) {
        self.token_refresher.refresh_due().await;
    }

    /// Binds the secrets that an older version of Patchbay sealed to their addresses, as the background task does once.
    ///
    /// # Errors
    ///
    /// 503 `StorageUnavailableError` or 500 `StorageError`.
    pub async fn bind_older_secrets(&self) -> Result<(), Error> {
        bind_older(&*self.parts.storage, &self.binder, &self.profiles, &self.connector_catalog).await
    }

    /// Sends the expiry notices that are due, as the background task does.
    pub async fn send_expiry_notices(&self) {
        self.expiry_notices.send_due().await;
    }

    /// Delivers the events that are due to webhooks, as the background task does all the time, and returns the number of attempts.
    ///
    /// # Errors
    ///
    /// 503 `StorageUnavailableError` or 500 `StorageError`.
    pub async fn deliver_due_events(&self) -> Result<usize, Error> {
        Ok(self.deliverer.deliver_due().await?)
    }

    /// Waits until the running refreshes have completed.
    pub async fn settle(&self) {
        self.token_refresher.wait_until_idle().await;
    }

    /// Checks that the storage accepts writes, for `/readyz`. The result is up to three seconds old. While a database that servers
    /// share is away, the server is ready as long as it may use what it has in memory.
    ///
    /// # Errors
    ///
    /// 503 `StorageUnavailableError` or 500 `StorageError`; 500 `VaultError` if the key ring lacks a key that other servers use.
    pub async fn ready(&self) -> Result<(), Error> {
        if let Some(key) = self.key_rotation.missing_key() {
            let message = format!(
                "the key ring of this server does not have the key {key}, which the other servers use; copy it from one of them"
            );
            return Err(Error::new(ErrorCode::Vault, message));
        }
        // Calls that need no write go on: another server would do no better.
        if self.freshness.is_bridging() {
            return Ok(());
        }
        self.readiness.check().await
    }

    /// Returns the id of a request: a UUID that begins with the moment (version 7), so that the logs of several servers can be
    /// put in order. Its random part cannot be guessed.
    pub fn request_id(&self) -> String {
        CallId::generate(self.parts.clock.now(), &*self.parts.entropy).into()
    }

    /// Returns how long a database that servers share has been away; none if it is there.
    pub fn stale_age(&self) -> Option<Duration> {
        self.freshness.age()
    }

    /// Returns the metrics of the process in the text format of OpenMetrics.
    pub async fn metrics(&self) -> String {
        self.monitoring.text(self.stale_age()).await
    }

    /// Returns the metrics as [`Engine::metrics`]. Scope: `platform:read`.
    ///
    /// # Errors
    ///
    /// 403 `MissingScopeError`.
    pub async fn metrics_for(&self, caller: &Caller) -> Result<String, Error> {
        caller.require(ApiScope::PlatformRead)?;
        Ok(self.metrics().await)
    }

    /// Returns a random string for one response, such as the nonce of a content security policy.
    pub fn nonce(&self) -> String {
        self.parts.entropy.token()
    }

    /// The operator's settings.
    pub fn config(&self) -> &EngineConfig {
        &self.parts.config
    }

    /// Returns the clock.
    pub fn clock(&self) -> &dyn Clock {
        &*self.parts.clock
    }

    /// Returns the clock, for values that outlive a request.
    pub fn shared_clock(&self) -> Arc<dyn Clock> {
        self.parts.clock.clone()
    }

    /// Returns the source of randomness.
    pub fn entropy(&self) -> Arc<dyn Entropy> {
        self.parts.entropy.clone()
    }
}

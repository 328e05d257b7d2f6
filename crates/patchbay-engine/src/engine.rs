//! The engine: all services, put together in one place.

use std::{
    mem::take,
    ops::Deref,
    sync::{Arc, OnceLock},
};

use patchbay_model::Clock;
use patchbay_runtime::Host;

use crate::{
    EngineConfig, EngineParts, Error, EventSink,
    accounts::{
        binder::AddressBinder,
        manage::Accounts,
        older_secrets::{bind_older, start_binding},
        resolver::AccountResolver,
        revocations::Revocations,
        store::CachedAccounts,
    },
    action_catalog::ActionCatalog,
    actions::{call::Calls, proxy::Proxy, run::Actions},
    api_keys::ApiKeys,
    attempts::Attempts,
    background_task::BackgroundTask,
    call_log::CallLog,
    changes::Changes,
    connector_catalog::{self, ConnectorCatalog},
    connectors::Connectors,
    event_slot::EventSlot,
    idempotency::Idempotency,
    integrity,
    key_ring::{KeyRotation, check_key_ring},
    keyed_locks::KeyedLocks,
    linking::{link::Linking, verify::CredentialVerifier},
    members::Members,
    oauth::{Oauth, OauthServices},
    profiles::Profiles,
    projects::Projects,
    readiness::Readiness,
    retention,
    sessions::Sessions,
    setup::Setup,
    tokens::{expiry_notices::ExpiryNotices, refresh::TokenRefresher, refresh_worker, token_requests::TokenRequests},
};

/// The engine. Cheap to clone.
#[derive(Clone)]
pub struct Engine(Arc<Services>);

/// The services of an engine, and what they share.
pub struct Services {
    pub(crate) parts: EngineParts,
    readiness: Readiness,
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
    /// The connection attempts.
    pub attempts: Arc<Attempts>,
    /// The API keys.
    pub api_keys: Arc<ApiKeys>,
    /// The members, who log in to the dashboard.
    pub members: Arc<Members>,
    /// The requests with an idempotency key.
    pub idempotency: Arc<Idempotency>,
    /// Runs actions.
    pub actions: Actions,
    /// Sends raw requests with the credentials of accounts.
    pub proxy: Proxy,
    token_refresher: Arc<TokenRefresher>,
    expiry_notices: Arc<ExpiryNotices>,
    binder: Arc<AddressBinder>,
    /// The rotation of the key ring.
    pub key_rotation: KeyRotation,
    /// The first start.
    pub setup: Setup,
    host: Arc<Host>,
    call_log: Arc<CallLog>,
    /// The background tasks, in the order in which they are stopped.
    background: OnceLock<[BackgroundTask; 4]>,
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
    /// notices, deletion of expired records, and compilation of pushed connectors.
    ///
    /// # Errors
    ///
    /// As [`Engine::open`].
    pub async fn start(parts: EngineParts) -> Result<Self, Error> {
        let engine = Self::open(parts).await?;
        let parts = &engine.parts;
        let retention = retention::start(parts.storage.clone(), parts.clock.clone(), parts.config.call_retention_days);
        let background = [
            connector_catalog::start_warming(engine.connector_catalog.clone()),
            start_binding(
                parts.storage.clone(),
                engine.binder.clone(),
                engine.profiles.clone(),
                engine.connector_catalog.clone(),
            ),
            refresh_worker::start(engine.host.clone(), engine.token_refresher.clone(), engine.expiry_notices.clone()),
            retention,
        ];
        let _ = engine.background.set(background);
        Ok(engine)
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
        let account_store = Arc::new(CachedAccounts::new(&parts, host.clone(), changes.clone()));
        let binder = Arc::new(AddressBinder::new(&parts, account_store.clone()));
        let profiles =
            Arc::new(Profiles::new(&parts, connector_catalog.clone(), locks.clone(), binder.clone(), changes.clone()));
        let projects = Arc::new(Projects::new(&parts, connector_catalog.clone(), profiles.clone()));
        let connectors = Arc::new(Connectors::new(
            &parts,
            connector_catalog.clone(),
            profiles.clone(),
            projects.clone(),
            changes.clone(),
        ));
        let attempts = Arc::new(Attempts::new(&parts));
        let api_keys = Arc::new(ApiKeys::new(&parts, projects.clone(), locks.clone(), changes.clone()));
        let members = Arc::new(Members::new(&parts, projects.clone(), changes.clone()));
        let setup = Setup::new(&parts, projects.clone(), api_keys.clone(), members.clone());
        let sessions =
            Arc::new(Sessions::new(&parts, connector_catalog.clone(), profiles.clone(), account_store.clone()));
        let action_catalog = ActionCatalog::new(connector_catalog.clone(), profiles.clone(), account_store.clone());
        let key_rotation = KeyRotation::new(&parts, profiles.clone(), account_store.clone());
        let call_log = Arc::new(CallLog::start(parts.storage.clone()));
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
        let verifier =
            Arc::new(CredentialVerifier::new(&parts, token_requests.clone(), host.clone(), call_log.clone()));
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
        let calls = Arc::new(Calls::new(
            &parts,
            connector_catalog.clone(),
            profiles.clone(),
            resolver,
            token_refresher.clone(),
            call_log.clone(),
            event_slot.clone(),
        ));
        let actions = Actions::new(&parts, host.clone(), connector_catalog.clone(), account_store, calls.clone());
        let proxy = Proxy::new(host.clone(), calls);
        let idempotency = Arc::new(Idempotency::new(&parts));
        let readiness = Readiness::new(parts.storage.clone(), parts.clock.clone());
        let engine = Self(Arc::new(Services {
            parts,
            readiness,
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
            attempts,
            api_keys,
            members,
            idempotency,
            key_rotation,
            setup,
            host,
            call_log,
            actions,
            proxy,
            token_refresher,
            expiry_notices,
            binder,
            background: OnceLock::new(),
            integrity_checks: OnceLock::new(),
            event_slot,
            changes,
        }));
        // Leases of a process that ended: only this process owns the database.
        engine.parts.storage.refresh_leases().release_all().await?;
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

    /// Refreshes the tokens that are due, as the background task does three times a minute.
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

    /// Waits until the running refreshes have completed.
    pub async fn settle(&self) {
        self.token_refresher.wait_until_idle().await;
    }

    /// Checks that the storage accepts writes, for `/readyz`. The result is up to three seconds old.
    ///
    /// # Errors
    ///
    /// 503 `StorageUnavailableError` or 500 `StorageError`.
    pub async fn ready(&self) -> Result<(), Error> {
        self.readiness.check().await
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
}

//! The engine and its services, one noun or verb per file.

use std::{
    collections::BTreeSet,
    path::Path,
    sync::{Arc, OnceLock},
    time::Duration,
};

use patchbay_connector::Registry;
use patchbay_egress::{EgressConfig, HttpClient};
use patchbay_model::{
    Account, AccountId, ApiKeyId, ApiScope, CallRecord, Clock, ConnectSession, Entropy, KeyHash, OrganizationId,
    Profile, ProfileId, ProjectId,
};
use patchbay_storage::{Storage, StorageError, VAULT_CANARY};
use patchbay_vault::{Secret, Vault, VaultError};
use tokio::time::Instant;
use tokio_util::task::TaskTracker;

use crate::{
    Error, ErrorCode, EventSink, Field, NoRoutes, PublicUrls,
    background_task::BackgroundTask,
    call_log::CallLog,
    connector_catalog::{self, ConnectorCatalog, ConnectorSource},
    key_ring::KeyRotator,
    keyed_locks::KeyedLocks,
    login::{DashboardPasswords, LoginThrottle},
    retention,
    tokens::{self, SingleFlight},
};
use patchbay_runtime::{Cache, Host, RuntimeConfig};

pub mod accounts;
pub mod action_catalog;
pub mod actions;
pub mod api_keys;
mod attempts;
mod call;
mod connector_lookup;
pub mod connectors;
mod cursors;
pub(crate) mod error_hints;
pub mod files;
pub mod hub;
pub mod members;
mod missing_scopes;
mod profile_alarms;
pub mod profiles;
pub mod proxy;
mod resolve;
pub mod revocation;
pub mod sessions;

pub(crate) use resolve::{ResolvedAccount, credentials as credentials_of, own_credentials};

/// The maximum number of entries of each cache.
const MAX_CACHE_ENTRIES: usize = 20_000;

/// The parts of an engine.
pub struct EngineParts {
    /// The storage.
    pub storage: Arc<dyn Storage>,
    /// The vault that seals secrets.
    pub vault: Arc<Vault>,
    /// The connectors of the instance.
    pub registry: Registry,
    /// The source of the connectors, for reloads; `None` if they cannot be reloaded.
    pub source: Option<Arc<dyn ConnectorSource>>,
    /// The clock.
    pub clock: Arc<dyn Clock>,
    /// The source of randomness.
    pub entropy: Arc<dyn Entropy>,
    /// The operator's settings.
    pub config: EngineConfig,
}

/// The operator's settings of the engine.
#[derive(Clone, Debug)]
pub struct EngineConfig {
    /// The URLs of the server's routes.
    pub urls: Arc<dyn PublicUrls>,
    /// Private networks that outbound requests may reach, also over plain http.
    pub egress_allow: Vec<ipnet::IpNet>,
    /// CA certificates in PEM that are trusted in addition to the public ones.
    pub egress_ca: Option<String>,
    /// Pairs of base URLs: requests to the first go to the second (sandbox, staging). The egress policy allows exactly the
    /// host and port of the second.
    pub upstreams: Vec<(String, String)>,
    /// The time budget of a call, in milliseconds (60 000).
    pub call_budget_millis: u64,
    /// The maximum size of a provider's response, in bytes after decompression (32 MiB).
    pub max_response_bytes: usize,
    /// The retention of the call log, in days; 0 keeps records without limit.
    pub call_retention_days: u32,
}

impl Default for EngineConfig {
    /// Returns the defaults of the configuration file, for a process without routes.
    fn default() -> Self {
        let RuntimeConfig { max_response_bytes, call_budget } = RuntimeConfig::default();
        Self {
            urls: Arc::new(NoRoutes),
            egress_allow: Vec::new(),
            egress_ca: None,
            upstreams: Vec::new(),
            call_budget_millis: u64::try_from(call_budget.as_millis()).unwrap_or(u64::MAX),
            max_response_bytes,
            call_retention_days: 90,
        }
    }
}

impl EngineConfig {
    /// Returns the bounds of every run.
    pub fn runtime(&self) -> RuntimeConfig {
        RuntimeConfig {
            max_response_bytes: self.max_response_bytes,
            call_budget: Duration::from_millis(self.call_budget_millis),
        }
    }

    /// Returns the deadline of a call that starts now.
    pub(crate) fn deadline(&self) -> Instant {
        self.runtime().deadline()
    }

    /// Returns the settings of outbound requests.
    pub fn egress(&self) -> EgressConfig {
        EgressConfig {
            allowed_networks: self.egress_allow.clone(),
            ca_pem: self.egress_ca.clone(),
            upstreams: self.upstreams.clone(),
            max_response_bytes: self.max_response_bytes,
        }
    }
}

/// An authenticated caller of the API: its project and API scopes.
#[derive(Clone, Debug)]
pub struct Caller {
    /// The organization of the project.
    pub organization_id: OrganizationId,
    /// The project; every query is limited to it.
    pub project_id: ProjectId,
    /// The API key; `None` for a member in the dashboard.
    pub key_id: Option<ApiKeyId>,
    /// The API scopes.
    pub scopes: BTreeSet<ApiScope>,
}

impl Caller {
    /// Checks that the caller has an API scope.
    ///
    /// # Errors
    ///
    /// 403 `MissingScopeError`, which names the scope.
    pub fn require(&self, scope: ApiScope) -> Result<(), Error> {
        if self.scopes.contains(&scope) {
            return Ok(());
        }
        Err(Error::new(
            ErrorCode::MissingScope,
            format!("this API key lacks the scope `{scope}`; use a key that has it"),
        ))
    }

    /// Checks that the caller has each of several API scopes.
    pub(crate) fn require_all(&self, scopes: &BTreeSet<ApiScope>) -> Result<(), Error> {
        scopes.iter().try_for_each(|scope| self.require(*scope))
    }
}

/// An authenticated caller of the Hub API: a valid connect session.
#[derive(Clone, Debug)]
pub struct HubSession {
    /// The session with its project and owner.
    pub session: Arc<ConnectSession>,
}

/// The engine. Cheap to clone.
#[derive(Clone)]
pub struct Engine(Arc<Inner>);

struct Inner {
    parts: EngineParts,
    connector_catalog: ConnectorCatalog,
    host: Host,
    callers: Cache<KeyHash, Caller>,
    accounts: Cache<AccountId, Account>,
    profiles: Cache<ProfileId, Profile>,
    locks: KeyedLocks,
    call_log: CallLog,
    hasher: DashboardPasswords,
    throttle: LoginThrottle,
    single_flight: SingleFlight,
    attempt_feed: attempts::AttemptFeed,
    /// The background tasks, in the order in which they are stopped.
    background: OnceLock<[BackgroundTask; 3]>,
    events: OnceLock<Arc<dyn EventSink>>,
    /// The changes that complete even if their caller disconnects.
    changes: TaskTracker,
}

impl Engine {
    /// Opens the engine and starts its background tasks: token refresh, expiry notices, deletion of expired records, and
    /// compilation of pushed connectors.
    ///
    /// # Errors
    ///
    /// As [`Engine::open`].
    pub async fn start(parts: EngineParts) -> Result<Self, Error> {
        let engine = Self::open(parts).await?;
        let parts = engine.parts();
        let retention = retention::start(parts.storage.clone(), parts.clock.clone(), parts.config.call_retention_days);
        let background =
            [connector_catalog::start_warming(engine.clone()), tokens::start_refresh_worker(engine.clone()), retention];
        let _ = engine.0.background.set(background);
        Ok(engine)
    }

    /// Checks the vault's canary and creates an engine without background tasks, for commands that change a data directory
    /// without a server. [`Engine::shutdown`] flushes the call log.
    ///
    /// # Errors
    ///
    /// `KeyRingMismatchError` if the key ring did not seal the database; invalid egress settings; errors of the storage.
    pub async fn open(mut parts: EngineParts) -> Result<Self, Error> {
        check_key_ring(&*parts.storage, &parts.vault).await?;
        let connector_catalog = ConnectorCatalog::open(&*parts.storage, std::mem::take(&mut parts.registry)).await?;
        let host = Host::new(&parts.config.egress(), parts.clock.clone(), parts.entropy.clone())?;
        let call_log = CallLog::start(parts.storage.clone());
        let engine = Self(Arc::new(Inner {
            parts,
            connector_catalog,
            host,
            callers: Cache::new(MAX_CACHE_ENTRIES),
            accounts: Cache::new(MAX_CACHE_ENTRIES),
            profiles: Cache::new(MAX_CACHE_ENTRIES),
            locks: KeyedLocks::default(),
            call_log,
            hasher: DashboardPasswords::default(),
            throttle: LoginThrottle::default(),
            single_flight: SingleFlight::default(),
            attempt_feed: attempts::AttemptFeed::default(),
            background: OnceLock::new(),
            events: OnceLock::new(),
            changes: TaskTracker::new(),
        }));
        // Leases of a process that ended: only this process owns the database.
        engine.storage().refresh_leases().release_all().await?;
        Ok(engine)
    }

    /// Stops the background tasks and flushes the call log.
    pub async fn shutdown(&self) {
        for task in self.0.background.get().into_iter().flatten() {
            task.shutdown().await;
        }
        self.0.changes.close();
        self.0.changes.wait().await;
        self.0.single_flight.shutdown().await;
        self.0.call_log.shutdown().await;
    }

    /// Sets the sink of the events that connectors emit; returns false if one is set.
    pub fn set_event_sink(&self, sink: Arc<dyn EventSink>) -> bool {
        self.0.events.set(sink).is_ok()
    }

    pub(crate) fn events(&self) -> Option<&dyn EventSink> {
        self.0.events.get().map(|sink| &**sink)
    }

    /// Refreshes the tokens that are due, as the background task does three times a minute.
    pub async fn refresh_due_tokens(&self) {
        tokens::refresh_due_tokens(self).await;
    }

    /// Sends the expiry notices that are due, as the background task does.
    pub async fn send_expiry_notices(&self) {
        tokens::send_expiry_notices(self).await;
    }

    /// Waits until the running refreshes have completed.
    pub async fn settle(&self) {
        self.single_flight().wait_until_idle().await;
    }

    /// Checks that the storage responds, for `/readyz`.
    ///
    /// # Errors
    ///
    /// 503 `StorageUnavailableError` or 500 `StorageError`.
    pub async fn ready(&self) -> Result<(), Error> {
        Ok(self.storage().meta().ping().await?)
    }

    /// Returns the caller of an API key, from the cache if possible.
    ///
    /// # Errors
    ///
    /// 401 `UnauthorizedError` if the key is unknown or disabled.
    pub async fn authenticate(&self, key: &Secret) -> Result<Arc<Caller>, Error> {
        let unauthorized = || {
            Error::new(
                ErrorCode::Unauthorized,
                "the API key is not valid; send it as the user name of Basic authentication",
            )
        };
        let hash = Vault::hash_token(key.expose());
        if let Some(caller) = self.0.callers.get(&hash) {
            return Ok(caller);
        }
        let read_at = self.0.callers.generation();
        let found = self.storage().api_keys().by_hash(&hash).await?;
        let found = found.filter(|key| key.enabled).ok_or_else(unauthorized)?;
        let project = self.storage().projects().get(&found.project_id).await?.ok_or_else(unauthorized)?;
        let caller = Arc::new(Caller {
            organization_id: project.organization_id,
            project_id: found.project_id,
            key_id: Some(found.id),
            scopes: found.scopes,
        });
        self.0.callers.fill(read_at, hash, caller.clone());
        Ok(caller)
    }

    /// Returns the connect session of a token.
    ///
    /// # Errors
    ///
    /// 401 `SessionExpiredError` if it is unknown or expired.
    pub async fn hub_session(&self, token: &Secret) -> Result<HubSession, Error> {
        let session = self.live_session(token).await?.ok_or_else(|| {
            Error::new(ErrorCode::SessionExpired, "the connect session has expired or does not exist; create a new one")
        })?;
        Ok(HubSession { session: Arc::new(session) })
    }

    /// Returns a random string for one response, such as the nonce of a content security policy.
    pub fn nonce(&self) -> String {
        self.parts().entropy.token()
    }

    /// Returns the URLs of the server's routes.
    pub(crate) fn urls(&self) -> &dyn PublicUrls {
        &*self.config().urls
    }

    /// The operator's settings.
    pub fn config(&self) -> &EngineConfig {
        &self.0.parts.config
    }

    /// Returns the clock.
    pub fn clock(&self) -> &dyn Clock {
        &*self.0.parts.clock
    }

    pub(crate) fn parts(&self) -> &EngineParts {
        &self.0.parts
    }

    pub(crate) fn storage(&self) -> &dyn Storage {
        &*self.0.parts.storage
    }

    /// The connectors.
    pub(crate) fn connector_catalog(&self) -> &ConnectorCatalog {
        &self.0.connector_catalog
    }

    pub(crate) fn vault(&self) -> &Vault {
        &self.0.parts.vault
    }

    /// Returns the running refreshes.
    pub(crate) fn single_flight(&self) -> &SingleFlight {
        &self.0.single_flight
    }

    /// Returns the resources that runs share.
    pub(crate) fn host(&self) -> &Host {
        &self.0.host
    }

    pub(crate) fn http(&self) -> &HttpClient {
        &self.0.host.http
    }

    /// Completes a change even if the caller disconnects: a write without the following cache invalidation would leave old
    /// values in use, and a request to a provider cannot be undone.
    pub(crate) async fn run_to_completion<T: Send + 'static, E: From<StorageError> + Send + 'static>(
        &self,
        change: impl Future<Output = Result<T, E>> + Send + 'static,
    ) -> Result<T, E> {
        let stopped = || StorageError::Other("a change was interrupted".into());
        self.0.changes.spawn(change).await.unwrap_or_else(|_| Err(stopped().into()))
    }

    /// Returns the rotation of the key ring in this file.
    pub fn key_rotator<'a>(&'a self, file: &'a Path) -> KeyRotator<'a> {
        let parts = self.parts();
        KeyRotator {
            records: parts.storage.sealed_records(),
            vault: &parts.vault,
            file,
            clock: &*parts.clock,
            entropy: &*parts.entropy,
        }
    }

    /// Evicts the cached envelopes after a rotation replaced them in storage.
    pub fn evict_envelopes(&self) {
        self.0.accounts.clear();
        self.0.profiles.clear();
    }

    /// Queues a record for the call log; never waits.
    pub(crate) fn record(&self, record: CallRecord) {
        self.0.call_log.record(record);
    }
}

/// Checks that the key ring sealed this database; the first ring becomes the database's own.
///
/// # Errors
///
/// 500 `KeyRingMismatchError` for another ring; errors of the storage.
pub async fn check_key_ring(storage: &dyn Storage, vault: &Vault) -> Result<(), Error> {
    let meta = storage.meta();
    let stored = match meta.get(VAULT_CANARY).await? {
        Some(stored) => stored,
        None => {
            meta.set_once(VAULT_CANARY, vault.canary().as_bytes()).await?;
            meta.get(VAULT_CANARY).await?.unwrap_or_default()
        }
    };
    let canary = patchbay_model::Sealed::from_bytes(stored);
    vault.check_canary(&canary).map_err(|error: VaultError| Error::new(ErrorCode::KeyRingMismatch, error.to_string()))
}

/// Creates the 400 `ValidationError` with every problem.
pub(crate) fn invalid(problems: Vec<crate::Problem>) -> Error {
    let first = problems.first().map_or_else(String::new, |problem| format!(": {}", problem.message));
    let more = problems.len().saturating_sub(1);
    let rest = if more == 0 { String::new() } else { format!(" (and {more} more)") };
    Error::new(ErrorCode::Validation, format!("the request is not valid{first}{rest}")).with_problems(problems)
}

/// Creates the 400 `ValidationError` with one problem.
pub(crate) fn invalid_at(field: Field, code: &'static str, message: impl Into<String>) -> Error {
    invalid(vec![crate::Problem { path: field.into(), code, message: message.into() }])
}

//! The engine's services, one noun or verb a file.

use std::{collections::BTreeSet, sync::Arc};

use patchbay_connector::Registry;
use patchbay_model::{ApiKeyId, Clock, ConnectSession, Entropy, OrganizationId, ProjectId, Scope};
use patchbay_storage::Storage;
use patchbay_vault::{Secret, Vault};

use crate::Error;

pub mod accounts;
pub mod actions;
pub mod catalog;
pub mod hub;
pub mod keys;
pub mod profiles;
pub mod proxy;
pub mod sessions;

/// What an engine is made of.
pub struct EngineParts {
    /// Where things are kept.
    pub storage: Arc<dyn Storage>,
    /// What seals secrets.
    pub vault: Arc<Vault>,
    /// The connectors.
    pub registry: Registry,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Randomness.
    pub entropy: Arc<dyn Entropy>,
    /// The operator's choices.
    pub config: EngineConfig,
}

/// The operator's choices that concern the engine.
#[derive(Clone, Debug)]
pub struct EngineConfig {
    /// The one public URL, without a trailing slash; auth links and callbacks derive from it.
    pub public_url: String,
    /// Networks that outbound requests may reach although they are private, over plain http too.
    pub egress_allow: Vec<ipnet::IpNet>,
    /// Base URL to base URL: requests to the first go to the second (sandbox, staging). The second is
    /// trusted: exactly its host and port are admitted by the egress guard.
    pub upstreams: Vec<(String, String)>,
    /// The whole time a call may take, in milliseconds (60 000).
    pub call_budget_millis: u64,
    /// The largest answer read from a provider, in bytes after decompression (32 MiB).
    pub max_response_bytes: usize,
}

/// Who calls the API: a verified key's project and scopes.
#[derive(Clone, Debug)]
pub struct Caller {
    /// The organisation of the project.
    pub organization_id: OrganizationId,
    /// The project: every query is scoped by it.
    pub project_id: ProjectId,
    /// The key.
    pub key_id: ApiKeyId,
    /// What it may do.
    pub scopes: BTreeSet<Scope>,
}

impl Caller {
    /// Refuses (403, `MissingScopeError`, naming the scope) a key without `scope`.
    pub fn require(&self, scope: Scope) -> Result<(), Error> {
        if self.scopes.contains(&scope) {
            return Ok(());
        }
        Err(Error::new(
            crate::ErrorKind::Forbidden,
            "MissingScopeError",
            format!("this API key lacks the scope `{scope}`; use a key that has it"),
        ))
    }
}

/// Who calls the Hub API: a valid connect session.
#[derive(Clone, Debug)]
pub struct HubSession {
    /// The session; it carries project and owner.
    pub session: Arc<ConnectSession>,
}

/// The engine. Cheap to clone.
#[derive(Clone)]
pub struct Engine(Arc<Inner>);

struct Inner {
    parts: EngineParts,
}

impl Engine {
    /// Checks the vault's canary, warms the caches and starts the background writer.
    /// The calls' records are flushed by [`Engine::shutdown`].
    pub async fn start(parts: EngineParts) -> Result<Self, Error> {
        Ok(Self(Arc::new(Inner { parts })))
    }

    /// Flushes what is buffered and stops the background tasks.
    pub async fn shutdown(&self) {
        todo!()
    }

    /// Whether the storage answers; for `/readyz`.
    pub async fn ready(&self) -> Result<(), Error> {
        todo!()
    }

    /// The caller behind an API key's text, from the cache. 401 `UnauthorizedError` otherwise.
    pub async fn authenticate(&self, _key: &Secret) -> Result<Arc<Caller>, Error> {
        todo!()
    }

    /// The session behind a token. 401 `SessionExpiredError` when it is expired or unknown.
    pub async fn hub_session(&self, _token: &Secret) -> Result<HubSession, Error> {
        todo!()
    }

    /// The connectors in use now.
    pub fn registry(&self) -> Arc<Registry> {
        todo!()
    }

    /// The operator's choices.
    pub fn config(&self) -> &EngineConfig {
        &self.0.parts.config
    }

    /// The current moment.
    pub fn clock(&self) -> &dyn Clock {
        &*self.0.parts.clock
    }
}

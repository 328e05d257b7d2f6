//! The parts that an engine is built from.

use std::sync::Arc;

use patchbay_connector::Registry;
use patchbay_logs::Logs;
use patchbay_model::{Clock, Entropy};
use patchbay_storage::Storage;
use patchbay_vault::Vault;

use crate::{ConnectorSource, EngineConfig};

/// The maximum number of entries of each cache.
pub(crate) const MAX_CACHE_ENTRIES: usize = 20_000;

/// The parts of an engine.
pub struct EngineParts {
    /// The storage.
    pub storage: Arc<dyn Storage>,
    /// The logs of calls.
    pub logs: Arc<Logs>,
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

//! A connector that is compiled at its first use.

use std::{
    fmt,
    sync::{Arc, OnceLock},
};

use crate::{Connector, ConnectorHeader};

type Compile = Box<dyn Fn() -> Option<Arc<Connector>> + Send + Sync>;

/// A connector whose key and release stage are available at once, and which is compiled at its first use: an instance
/// ships many connectors, and its projects use a few. The first caller waits some milliseconds for the compilation.
pub struct LazyConnector {
    header: ConnectorHeader,
    compile: Compile,
    compiled: OnceLock<Option<Arc<Connector>>>,
}

impl LazyConnector {
    /// Creates a connector that `compile` produces; if `compile` returns `None`, it has errors and is hidden.
    pub fn new(header: ConnectorHeader, compile: impl Fn() -> Option<Arc<Connector>> + Send + Sync + 'static) -> Self {
        Self { header, compile: Box::new(compile), compiled: OnceLock::new() }
    }

    /// Returns the key and the release stage.
    pub const fn header(&self) -> &ConnectorHeader {
        &self.header
    }

    /// Returns the connector and compiles it if needed; `None` if it has errors.
    pub fn connector(&self) -> Option<&Arc<Connector>> {
        self.compiled.get_or_init(|| (self.compile)()).as_ref()
    }
}

impl fmt::Debug for LazyConnector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LazyConnector")
            .field("key", &self.header.key)
            .field("compiled", &self.compiled.get().is_some())
            .finish_non_exhaustive()
    }
}

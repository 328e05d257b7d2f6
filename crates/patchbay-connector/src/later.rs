//! Connectors that are compiled when they are first needed.

use std::{
    fmt,
    sync::{Arc, OnceLock},
};

use crate::{Connector, definition::ReleaseStage};

type Compile = Box<dyn Fn() -> Option<Arc<Connector>> + Send + Sync>;

/// A connector that is known by name, and compiled once somebody asks for it: an instance carries many, and its
/// projects use a few. Whoever asks first waits for it, some milliseconds.
pub struct Later {
    pub(crate) key: String,
    pub(crate) stage: ReleaseStage,
    compile: Compile,
    compiled: OnceLock<Option<Arc<Connector>>>,
}

impl Later {
    /// One that `compile` makes; none where it has errors, and nobody sees it then.
    pub fn new(
        key: impl Into<String>,
        stage: ReleaseStage,
        compile: impl Fn() -> Option<Arc<Connector>> + Send + Sync + 'static,
    ) -> Self {
        Self { key: key.into(), stage, compile: Box::new(compile), compiled: OnceLock::new() }
    }

    /// The connector.
    pub fn connector(&self) -> Option<&Arc<Connector>> {
        self.compiled.get_or_init(|| (self.compile)()).as_ref()
    }
}

impl fmt::Debug for Later {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Later")
            .field("key", &self.key)
            .field("compiled", &self.compiled.get().is_some())
            .finish_non_exhaustive()
    }
}

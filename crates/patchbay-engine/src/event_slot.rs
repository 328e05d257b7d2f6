//! The sink of the events that connectors emit, which is set after the engine was built.

use std::sync::{Arc, OnceLock};

use crate::EventSink;

/// A place for one event sink. Clones share it.
#[derive(Clone, Default)]
pub(crate) struct EventSlot(Arc<OnceLock<Arc<dyn EventSink>>>);

impl EventSlot {
    /// Sets the sink; returns false if one is set.
    pub(crate) fn set(&self, sink: Arc<dyn EventSink>) -> bool {
        self.0.set(sink).is_ok()
    }

    /// Returns the sink, if one is set.
    pub(crate) fn get(&self) -> Option<&dyn EventSink> {
        self.0.get().map(|sink| &**sink)
    }
}

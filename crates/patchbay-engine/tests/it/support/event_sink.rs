//! A sink that records the events of an engine.

use std::sync::{Arc, Mutex};

use patchbay_engine::{EmittedEvent, Error, ErrorCode, EventSink};

use super::{Provider, TestBed};

/// Records events, or rejects them.
#[derive(Default)]
pub struct RecordingSink {
    events: Mutex<Vec<EmittedEvent>>,
    failure: Mutex<Option<ErrorCode>>,
}

#[async_trait::async_trait]
impl EventSink for RecordingSink {
    async fn emit(&self, event: EmittedEvent) -> Result<(), Error> {
        if let Some(code) = *self.failure.lock().unwrap() {
            return Err(Error::new(code, "the sink of the test rejects every event"));
        }
        self.events.lock().unwrap().push(event);
        Ok(())
    }
}

impl RecordingSink {
    /// Adds a sink to the bed's engine.
    pub fn attach<P: Provider>(bed: &TestBed<P>) -> Arc<Self> {
        let sink = Arc::new(Self::default());
        assert!(bed.engine.set_event_sink(sink.clone()));
        sink
    }

    /// Rejects every event with an error, or with `None` records them again.
    pub fn fail_with(&self, failure: Option<ErrorCode>) {
        *self.failure.lock().unwrap() = failure;
    }

    /// Returns the events so far, oldest first.
    pub fn events(&self) -> Vec<EmittedEvent> {
        self.events.lock().unwrap().clone()
    }

    /// Returns the number of events so far.
    pub fn count(&self) -> usize {
        self.events.lock().unwrap().len()
    }
}

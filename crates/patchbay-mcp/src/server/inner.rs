//! What the transport consists of.

use std::{sync::Arc, time::Duration};

use patchbay_model::{Clock, Entropy};
use tokio_util::sync::CancellationToken;

use super::{places::StreamPlaces, running::RunningCalls, seal::Sealer, sessions::Sessions};

/// What a transport is made with.
pub struct McpSettings {
    /// Seals what clients keep.
    pub sealer: Arc<dyn Sealer>,
    /// The time of sealed states, tasks and expiry.
    pub clock: Arc<dyn Clock>,
    /// Randomness.
    pub entropy: Arc<dyn Entropy>,
    /// Cancelled when the server stops: streams end.
    pub stop: CancellationToken,
    /// After how long without a message a stream gets a comment or progress, and a call becomes a stream.
    pub keep_alive: Duration,
    /// The largest number of streams about changes.
    pub max_streams: usize,
    /// The largest number of streams about changes of one principal.
    pub max_streams_of_principal: usize,
}

/// What the requests of a transport share.
pub(crate) struct Inner<H> {
    pub(crate) handler: H,
    pub(crate) settings: McpSettings,
    pub(crate) places: Arc<StreamPlaces>,
    pub(crate) running: Arc<RunningCalls>,
    pub(crate) sessions: Sessions,
}

impl<H> Inner<H> {
    pub(crate) fn new(handler: H, settings: McpSettings) -> Self {
        let places = Arc::new(StreamPlaces::new(settings.max_streams, settings.max_streams_of_principal));
        Self { handler, settings, places, running: Arc::default(), sessions: Sessions::default() }
    }
}

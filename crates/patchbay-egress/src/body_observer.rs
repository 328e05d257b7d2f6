//! Observers of a response body while it is received.
//!
//! An event stream may stay open long after the one event that the caller needs. The observer reports when it has
//! received enough; the client then closes the connection, which ends the stream.

use std::ops::ControlFlow;

use http::{HeaderMap, StatusCode};

use crate::failure::FailureCause;

/// Observes a response body while it is received.
pub trait BodyObserver: Send {
    /// Starts the observation of a response. It is called again for each retry and resets the state.
    fn start(&mut self, status: StatusCode, headers: &HeaderMap);

    /// Receives the next bytes of the body, as the server sent them. Returns `Break` when it needs no further
    /// bytes. It is not called for a compressed body.
    ///
    /// # Errors
    ///
    /// Any cause; it ends the request.
    fn observe(&mut self, bytes: &[u8]) -> Result<ControlFlow<()>, FailureCause>;
}

/// An observer that reads the whole body.
pub struct ReadAll;

impl BodyObserver for ReadAll {
    fn start(&mut self, _: StatusCode, _: &HeaderMap) {}

    fn observe(&mut self, _: &[u8]) -> Result<ControlFlow<()>, FailureCause> {
        Ok(ControlFlow::Continue(()))
    }
}

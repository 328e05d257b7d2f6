//! Looking at an answer's body while it comes in.
//!
//! A stream of events may stay open long after the one event that was asked for. Who reads it says when it has
//! seen enough; the connection is then closed, which is how a stream is given up.

use http::{HeaderMap, StatusCode};

use crate::failure::Cause;

/// Looks at an answer's body while it comes in.
pub trait Watch: Send {
    /// An answer begins; after a repetition, another one.
    fn begin(&mut self, status: StatusCode, headers: &HeaderMap);

    /// The next bytes. True when no more are needed. Packed bodies are not shown.
    fn see(&mut self, bytes: &[u8]) -> Result<bool, Cause>;
}

/// Wants the whole body.
pub struct Whole;

impl Watch for Whole {
    fn begin(&mut self, _: StatusCode, _: &HeaderMap) {}

    fn see(&mut self, _: &[u8]) -> Result<bool, Cause> {
        Ok(false)
    }
}

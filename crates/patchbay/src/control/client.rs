//! The client of the control socket.

use std::{
    io::{BufRead, BufReader, ErrorKind, Write},
    os::unix::net::UnixStream,
    path::Path,
};

use anyhow::{Context, bail};
use serde_json::Value;

use super::{ControlEvent, ControlRequest};
use crate::data_dir::CONTROL_SOCKET;

/// A connection to the server that owns a data directory.
pub struct ControlConnection(UnixStream);

/// Connects to the server that owns a data directory. Returns `None` when no server runs on it.
///
/// # Errors
/// The socket exists and cannot be opened, for example because of its permissions.
pub fn connect(data_dir: &Path) -> anyhow::Result<Option<ControlConnection>> {
    let path = data_dir.join(CONTROL_SOCKET);
    match UnixStream::connect(&path) {
        Ok(stream) => Ok(Some(ControlConnection(stream))),
        // A server that was killed does not remove its socket.
        Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::ConnectionRefused) => Ok(None),
        // The path is too long for a socket, so that the server could not open one either.
        Err(error) if error.kind() == ErrorKind::InvalidInput => Ok(None),
        Err(error) => Err(error).with_context(|| format!("cannot reach the running server at {}", path.display())),
    }
}

impl ControlConnection {
    /// Sends a request, reports progress, and returns the response.
    ///
    /// # Errors
    /// The connection broke, or the command failed in the server; then the message is the server's.
    pub fn send(mut self, request: &ControlRequest, mut on_progress: impl FnMut(u64, u64)) -> anyhow::Result<Value> {
        let closed = "the server stopped before it responded";
        writeln!(self.0, "{}", serde_json::to_string(request)?).context(closed)?;
        for line in BufReader::new(self.0).lines() {
            match serde_json::from_str(&line.context(closed)?)? {
                ControlEvent::Progress { done, total } => on_progress(done, total),
                ControlEvent::Done { response } => return Ok(response),
                ControlEvent::Failed { message } => bail!(message),
            }
        }
        bail!(closed)
    }
}

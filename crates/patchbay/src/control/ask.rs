//! Asking the running server.

use std::{
    io::{BufRead, BufReader, ErrorKind, Write},
    os::unix::net::UnixStream,
    path::Path,
};

use anyhow::{Context, bail};
use serde_json::Value;

use super::{Event, Request};
use crate::data_dir::CONTROL_SOCKET;

/// A connection to the server that owns a data directory.
pub struct Connection(UnixStream);

/// Connects to the server that owns a data directory; none when there is none.
pub fn connect(data_dir: &Path) -> anyhow::Result<Option<Connection>> {
    let path = data_dir.join(CONTROL_SOCKET);
    match UnixStream::connect(&path) {
        Ok(stream) => Ok(Some(Connection(stream))),
        // A server that was killed leaves its socket behind.
        Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::ConnectionRefused) => Ok(None),
        // The path is too long for a socket, so the server has none there either.
        Err(error) if error.kind() == ErrorKind::InvalidInput => Ok(None),
        Err(error) => Err(error).with_context(|| format!("the running server cannot be reached at {}", path.display())),
    }
}

impl Connection {
    /// Asks, tells of progress, and gives the answer.
    pub fn ask(mut self, request: &Request, mut on_progress: impl FnMut(u64, u64)) -> anyhow::Result<Value> {
        let left = "the server ended before it had answered";
        writeln!(self.0, "{}", serde_json::to_string(request)?).context(left)?;
        for line in BufReader::new(self.0).lines() {
            match serde_json::from_str(&line.context(left)?)? {
                Event::Progress { done, total } => on_progress(done, total),
                Event::Done { answer } => return Ok(answer),
                Event::Failed { message } => bail!(message),
            }
        }
        bail!(left)
    }
}

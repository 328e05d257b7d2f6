//! Standard output that may close early (`… | head`): that is no failure.

use std::io::{ErrorKind, Write as _, stdout};

use anyhow::Context;

/// Prints a text as it is.
pub fn print(text: &str) -> anyhow::Result<()> {
    let mut out = stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(()),
        outcome => outcome.context("standard output cannot be written"),
    }
}

/// Prints a line.
pub fn line(text: &str) -> anyhow::Result<()> {
    print(&format!("{text}\n"))
}

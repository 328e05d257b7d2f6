//! Writes to standard output, which may be closed early (for example by `… | head`) without an error.

use std::io::{ErrorKind, Write as _, stdout};

use anyhow::Context;

/// Prints a string unchanged.
pub fn print(text: &str) -> anyhow::Result<()> {
    let mut out = stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(()),
        outcome => outcome.context("cannot write standard output"),
    }
}

/// Adds a line to a text. A file of somebody else must not be able to send control sequences to the terminal.
pub fn add_line(text: &mut String, line: &str) {
    text.extend(line.chars().filter(|c| !c.is_control()));
    text.push('\n');
}

/// Prints a line.
pub fn print_line(text: &str) -> anyhow::Result<()> {
    print(&format!("{text}\n"))
}

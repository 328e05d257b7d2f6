//! `patchbay connector lsp`: a language server for connector files (Language Server Protocol 3.17).
//!
//! It reports what `validate` reports, also for text that is not saved, completes keys, values and names, describes them, and
//! leads to the step, input, field, action or file that a name stands for. It speaks over standard input and output with the
//! editor that started it, and makes no request.
//!
//! The messages are read here, because the library for this protocol (`lsp-server`) reads a message of any size, and a
//! bound belongs to each input of this program.

mod frames;
mod server;

use std::{
    io::{BufRead, Write},
    process::ExitCode,
};

use clap::Args as ClapArgs;

use self::server::LanguageServer;

#[derive(ClapArgs)]
pub struct Args {}

/// Runs the command until the editor ends it. Exits with a failure if the editor ends without a shutdown.
pub fn run(_: &Args) -> anyhow::Result<ExitCode> {
    let is_clean = serve(&mut std::io::stdin().lock(), &mut std::io::stdout().lock())?;
    Ok(if is_clean { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Answers messages until `exit` or the end of the input. Returns whether a shutdown came first.
///
/// # Errors
/// If the input is not a sequence of messages, or the output cannot be written.
fn serve(input: &mut impl BufRead, output: &mut impl Write) -> anyhow::Result<bool> {
    let mut server = LanguageServer::default();
    while let Some(message) = frames::read(input)? {
        if server::method(&message) == Some("exit") {
            break;
        }
        for answer in server.handle(&message) {
            frames::write(output, &answer)?;
        }
    }
    Ok(server.is_shut_down())
}

#[cfg(test)]
mod tests;

//! `patchbay connector schema`: the format's JSON Schema, for editors and agents.

use std::process::ExitCode;

use clap::Args as ClapArgs;
use patchbay_connector::format_schema;

use super::out;

#[derive(ClapArgs)]
pub struct Args {
    /// On one line
    #[arg(long)]
    compact: bool,
}

/// Runs the command.
pub fn run(args: &Args) -> anyhow::Result<ExitCode> {
    let schema = format_schema();
    out::line(&if args.compact { schema.to_string() } else { format!("{schema:#}") })?;
    Ok(ExitCode::SUCCESS)
}

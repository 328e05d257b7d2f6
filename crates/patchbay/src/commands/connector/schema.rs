//! `patchbay connector schema`: prints the format's JSON Schema, for editors and agents.

use std::process::ExitCode;

use clap::Args as ClapArgs;
use patchbay_connector::format_schema;

use super::stdout;

#[derive(ClapArgs)]
pub struct Args {
    /// Print the schema on one line
    #[arg(long)]
    compact: bool,
}

/// Runs the command.
pub fn run(args: &Args) -> anyhow::Result<ExitCode> {
    let schema = format_schema();
    stdout::print_line(&if args.compact { schema.to_string() } else { format!("{schema:#}") })?;
    Ok(ExitCode::SUCCESS)
}

//! `patchbay connector schema`: prints the format's JSON Schema, for editors and agents.

use std::process::ExitCode;

use clap::Args as ClapArgs;
use patchbay_connector::format_schema;

use super::stdout;

/// The comment that names the format's JSON Schema to an editor with the YAML language server.
pub(super) const EDITOR_HEADER: &str = "# yaml-language-server: \
     $schema=https://raw.githubusercontent.com/patchbay/patchbay/main/schema/connector.schema.json\n";

/// Returns the text of a file with the editor's comment after its first one, which says what the file is.
pub(super) fn with_editor_header(text: &str) -> String {
    match text.split_once('\n').filter(|(first, _)| first.starts_with('#')) {
        Some((first, rest)) => format!("{first}\n{EDITOR_HEADER}{rest}"),
        None => format!("{EDITOR_HEADER}{text}"),
    }
}

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

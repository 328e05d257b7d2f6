//! `patchbay config default|check`: prints the documented configuration file, or checks a file.

use std::path::PathBuf;

use clap::{Args as ClapArgs, Subcommand};

use crate::config::{DEFAULT_FILE, Options, Settings};

#[derive(ClapArgs)]
pub struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Print the documented configuration file with every default
    Default,
    /// Check a configuration file and print every problem with its line
    Check {
        /// The configuration file
        file: PathBuf,
    },
}

/// Runs the command.
pub fn run(args: Args) -> anyhow::Result<()> {
    match args.command {
        Command::Default => print!("{DEFAULT_FILE}"),
        Command::Check { file } => {
            let name = file.display().to_string();
            Settings::resolve(Options { config: Some(file), ..Options::default() })?;
            println!("{name}: no problems found");
        }
    }
    Ok(())
}

//! `patchbay project create|list`.

use clap::{Args as ClapArgs, Subcommand};

use super::offline::OfflineArgs;

#[derive(ClapArgs)]
pub struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Create a project with a profile for each generally available connector that needs no setup
    Create {
        /// The project's display name
        name: String,
        #[command(flatten)]
        offline: OfflineArgs,
    },
    /// List the projects: id and name
    List {
        #[command(flatten)]
        offline: OfflineArgs,
    },
}

/// Runs the command.
pub fn run(args: Args) -> anyhow::Result<()> {
    match args.command {
        Command::Create { name, offline } => offline.with_engine(async |engine| {
            let project = engine.projects.create(&name).await?;
            println!("{}", project.id);
            Ok(())
        }),
        Command::List { offline } => {
            offline.require_database()?;
            offline.with_engine(async |engine| {
                for project in engine.projects.list().await? {
                    println!("{}\t{}", project.id, project.name);
                }
                Ok(())
            })
        }
    }
}

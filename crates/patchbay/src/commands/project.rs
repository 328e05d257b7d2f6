//! `patchbay project create|list`.

use clap::{Args as ClapArgs, Subcommand};

use super::offline::Target;

#[derive(ClapArgs)]
pub struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Make a project, with a profile for each connector that needs no set-up
    Create {
        /// Its display name
        name: String,
        #[command(flatten)]
        target: Target,
    },
    /// List the projects: id and name
    List {
        #[command(flatten)]
        target: Target,
    },
}

/// Runs the command.
pub fn run(args: Args) -> anyhow::Result<()> {
    match args.command {
        Command::Create { name, target } => target.with_engine(async |engine| {
            let project = engine.create_project(&name).await?;
            println!("{}", project.id);
            Ok(())
        }),
        Command::List { target } => target.with_engine(async |engine| {
            for project in engine.list_projects().await? {
                println!("{}\t{}", project.id, project.name);
            }
            Ok(())
        }),
    }
}

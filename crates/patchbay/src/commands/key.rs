//! `patchbay key create|list`.

use std::collections::BTreeSet;

use anyhow::Context;
use clap::{Args as ClapArgs, Subcommand};
use patchbay_engine::NewKey;
use patchbay_model::{ApiScope, ProjectId};

use super::offline::Target;

#[derive(ClapArgs)]
pub struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Make an API key and print it, this once
    Create {
        /// The project's id (`patchbay project list`)
        #[arg(long)]
        project: String,
        /// What the key is for
        #[arg(long)]
        name: String,
        /// What it may do, comma-separated [default: platform:read,platform:write,actions:execute,connectors:read]
        #[arg(long, value_delimiter = ',')]
        scopes: Vec<String>,
        #[command(flatten)]
        target: Target,
    },
    /// List a project's keys: id, name, scopes, whether enabled; never the keys themselves
    List {
        /// The project's id
        #[arg(long)]
        project: String,
        #[command(flatten)]
        target: Target,
    },
}

/// Runs the command.
pub fn run(args: Args) -> anyhow::Result<()> {
    match args.command {
        Command::Create { project, name, scopes, target } => {
            let scopes = scopes
                .iter()
                .map(|text| text.parse::<ApiScope>())
                .collect::<Result<BTreeSet<_>, _>>()
                .context("--scopes is wrong")?;
            target.with_engine(async |engine| {
                let created = engine.create_key(&ProjectId::new(project), NewKey { name, scopes, text: None }).await?;
                println!("{}", created.text.expose());
                Ok(())
            })
        }
        Command::List { project, target } => target.with_engine(async |engine| {
            for key in engine.list_keys(&ProjectId::new(project)).await? {
                let scopes = key.scopes.iter().map(ToString::to_string).collect::<Vec<_>>().join(",");
                let state = if key.enabled { "enabled" } else { "disabled" };
                println!("{}\t{}\t{scopes}\t{state}", key.id, key.name);
            }
            Ok(())
        }),
    }
}

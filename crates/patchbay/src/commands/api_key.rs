//! `patchbay api-key create|list`.

use std::collections::BTreeSet;

use anyhow::Context;
use clap::{Args as ClapArgs, Subcommand};
use patchbay_engine::NewKey;
use patchbay_model::{ApiScope, ProjectId};

use super::offline::OfflineArgs;

#[derive(ClapArgs)]
pub struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Create an API key and print it; it cannot be shown again
    Create {
        /// The project's id (`patchbay project list`)
        #[arg(long)]
        project: String,
        /// A name that says what the key is for
        #[arg(long)]
        name: String,
        /// The API scopes of the key, comma-separated [default: platform:read,platform:write,actions:execute,connectors:read]
        #[arg(long, value_delimiter = ',')]
        scopes: Vec<String>,
        #[command(flatten)]
        offline: OfflineArgs,
    },
    /// List the API keys of a project: id, name, scopes, state; never the keys themselves
    List {
        /// The project's id
        #[arg(long)]
        project: String,
        #[command(flatten)]
        offline: OfflineArgs,
    },
}

/// Runs the command.
pub fn run(args: Args) -> anyhow::Result<()> {
    match args.command {
        Command::Create { project, name, scopes, offline } => {
            let scopes = scopes
                .iter()
                .map(|text| text.parse::<ApiScope>())
                .collect::<Result<BTreeSet<_>, _>>()
                .context("--scopes is invalid")?;
            offline.require_database()?;
            offline.with_engine(async |engine| {
                let created =
                    engine.api_keys.create(&ProjectId::new(project), NewKey { name, scopes, text: None }).await?;
                println!("{}", created.text.expose());
                Ok(())
            })
        }
        Command::List { project, offline } => {
            offline.require_database()?;
            offline.with_engine(async |engine| {
                let operator = engine.projects.operator_caller(&ProjectId::new(project)).await?;
                for key in engine.api_keys.list(&operator).await? {
                    let scopes = key.scopes.iter().map(ToString::to_string).collect::<Vec<_>>().join(",");
                    let state = if key.enabled { "enabled" } else { "disabled" };
                    println!("{}\t{}\t{scopes}\t{state}", key.id, key.name);
                }
                Ok(())
            })
        }
    }
}

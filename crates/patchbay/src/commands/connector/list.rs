//! `patchbay connector list`: lists the built-in connectors, those of a folder, or one connector's actions.

use std::{path::Path, process::ExitCode, sync::Arc};

use clap::Args as ClapArgs;
use patchbay_connector::{Connector, definition::Action};

use super::{source, stdout};
use crate::connectors;

#[derive(ClapArgs)]
pub struct Args {
    /// A connector whose actions to list (folder, file or built-in key), or a folder of connectors [default: the built-in connectors]
    #[arg(value_name = "PATH|KEY")]
    subject: Option<String>,
}

/// Runs the command.
pub fn run(args: &Args) -> anyhow::Result<ExitCode> {
    let lines = match &args.subject {
        None => connectors::read(None)?.registry.iter().map(|connector| one_line(connector)).collect(),
        Some(path) if Path::new(path).exists() => match source::find_all(Path::new(path))?.as_slice() {
            [source] => actions(&source.connector()?),
            sources => {
                sources.iter().map(|source| Ok(one_line(&source.connector()?))).collect::<anyhow::Result<_>>()?
            }
        },
        Some(key) => actions(&source::find_one(key)?.connector()?),
    };
    stdout::print(&lines)?;
    Ok(ExitCode::SUCCESS)
}

fn one_line(connector: &Connector) -> String {
    let (key, version, count) = (&connector.key, &connector.version, connector.actions.len());
    format!("{key}\t{version}\t{}\t{count} actions\n", connector.title)
}

fn actions(connector: &Connector) -> String {
    let line = |action: &Arc<Action>| format!("{}\t{}\t{}\n", action.id, action.kind.as_str(), action.label);
    connector.actions.iter().map(line).collect()
}

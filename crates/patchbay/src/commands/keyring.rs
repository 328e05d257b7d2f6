//! `patchbay keyring status|rotate|retire`: on the running server, or on the files if no server runs.

use std::{io::IsTerminal, process::ExitCode};

use anyhow::bail;
use clap::{Args as ClapArgs, Subcommand};
use patchbay_engine::{KeyRotator, SharedKeys};
use patchbay_model::Entropy;
use patchbay_vault::OsEntropy;
use serde_json::Value;
use std::sync::Arc;
use tokio_util::sync::CancellationToken;

use super::offline::OfflineArgs;
use crate::{
    control::{self, ControlRequest, KeyRingCommand, KeyRingReport, RotationReport},
    data_dir::DataDir,
    runtime::{SystemClock, Threads, build_runtime},
};

#[derive(ClapArgs)]
pub struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// List the keys: id, age, and how many records each wraps
    Status(KeyRingArgs),
    /// Create a new active key and wrap every record with it, or resume an interrupted rotation
    Rotate(KeyRingArgs),
    /// Remove a key that wraps no record from the key ring
    Retire {
        /// The key's id (`patchbay keyring status`)
        id: String,
        #[command(flatten)]
        common: KeyRingArgs,
    },
}

#[derive(ClapArgs)]
struct KeyRingArgs {
    /// Print the report as JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    offline: OfflineArgs,
}

/// Runs the command. Exits with a failure if a rotation found records that it cannot decrypt.
pub fn run(args: &Args) -> anyhow::Result<ExitCode> {
    let (command, common) = match &args.command {
        Command::Status(common) => (KeyRingCommand::Status, common),
        Command::Rotate(common) => (KeyRingCommand::Rotate, common),
        Command::Retire { id, common } => (KeyRingCommand::Retire { id: id.clone() }, common),
    };
    let report = match control::connect(common.offline.data_dir())? {
        Some(server) => server.send(&ControlRequest::KeyRing(command.clone()), show_progress)?,
        None => run_offline(&common.offline, &command)?,
    };
    let text = match &command {
        _ if common.json => format!("{}\n", serde_json::to_string_pretty(&report)?),
        KeyRingCommand::Status => serde_json::from_value::<KeyRingReport>(report.clone())?.to_string(),
        KeyRingCommand::Rotate => serde_json::from_value::<RotationReport>(report.clone())?.to_string(),
        KeyRingCommand::Retire { id } => format!(
            "the key {id} is retired; keep older backups of the key ring as long as older backups of the database\n"
        ),
    };
    print!("{text}");
    let is_complete = report["unopened"].as_array().is_none_or(Vec::is_empty);
    Ok(if is_complete { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn show_progress(done: u64, total: u64) {
    if std::io::stderr().is_terminal() {
        eprint!("\r{done} of {total} records");
        if done == total {
            eprintln!();
        }
    } else {
        eprintln!("{done} of {total} records");
    }
}

/// Runs the command in this process, on the files of a data directory that no server uses.
fn run_offline(offline: &OfflineArgs, command: &KeyRingCommand) -> anyhow::Result<Value> {
    offline.require_database()?;
    build_runtime(Threads::Single)?.block_on(async {
        let target = offline.postgres();
        let data_dir = DataDir::open_with(offline.data_dir(), target.as_ref())?;
        let entropy: Arc<dyn Entropy> = Arc::new(OsEntropy);
        let (database, vault) = data_dir.unlock(target.as_ref(), &SystemClock, &entropy).await?;
        let storage = database.storage();
        if !matches!(command, KeyRingCommand::Status) {
            require_alone(&database.servers().await?)?;
        }
        let rotator = KeyRotator {
            records: storage.sealed_records(),
            vault: &vault,
            file: &data_dir.key_ring(),
            clock: &SystemClock,
            entropy: &OsEntropy,
            shared: storage.replicas().map(|replicas| SharedKeys { meta: storage.meta(), replicas }),
        };
        let report = control::run_key_ring_command(&rotator, command, &CancellationToken::new(), show_progress).await;
        database.close().await;
        report
    })
}

/// Checks that no other server would be left without a new key, or with a retired one.
///
/// # Errors
///
/// If there are others.
fn require_alone(others: &[String]) -> anyhow::Result<()> {
    if others.is_empty() {
        return Ok(());
    }
    bail!(
        "{} server(s) use the database ({}): run the command on one of them, with its data directory. One that was killed counts for \
         20 seconds",
        others.len(),
        others.join(", ")
    )
}

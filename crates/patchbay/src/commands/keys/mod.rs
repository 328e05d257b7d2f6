//! `patchbay keys status|rotate|retire`: on the running server where there is one, else on its files.

pub mod report;

use std::{io::IsTerminal, process::ExitCode};

use clap::{Args as ClapArgs, Subcommand};
use patchbay_engine::{KeyRotator, check_key_ring};
use patchbay_storage::Storage;
use patchbay_vault::{OsEntropy, Vault};
use serde_json::Value;
use std::sync::Arc;
use tokio_util::sync::CancellationToken;

use super::offline::Target;
use crate::{
    control::{self, KeysRequest, Request},
    data_dir::DataDir,
    system::{SystemClock, Threads, runtime},
};

#[derive(ClapArgs)]
pub struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// List the keys: id, age, and how many records each wraps
    Status(Common),
    /// Make a new active key and seal every record again by it; goes on with a rotation that was cut off
    Rotate(Common),
    /// Take a key out of the key ring, when no record uses it any more
    Retire {
        /// The key's id (`patchbay keys status`)
        id: String,
        #[command(flatten)]
        common: Common,
    },
}

#[derive(ClapArgs)]
struct Common {
    /// Print the answer as JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    target: Target,
}

/// Runs the command.
pub fn run(args: &Args) -> anyhow::Result<ExitCode> {
    let (request, common) = match &args.command {
        Command::Status(common) => (KeysRequest::Status, common),
        Command::Rotate(common) => (KeysRequest::Rotate, common),
        Command::Retire { id, common } => (KeysRequest::Retire { id: id.clone() }, common),
    };
    let answer = match control::connect(common.target.data_dir())? {
        Some(server) => server.ask(&Request::Keys(request.clone()), show_progress)?,
        None => on_files(&common.target, &request)?,
    };
    let text = match &request {
        _ if common.json => format!("{}\n", serde_json::to_string_pretty(&answer)?),
        KeysRequest::Status => serde_json::from_value::<report::Status>(answer.clone())?.to_string(),
        KeysRequest::Rotate => serde_json::from_value::<report::Rotation>(answer.clone())?.to_string(),
        KeysRequest::Retire { id } => format!(
            "the key {id} is retired; keep older backups of the key ring as long as older backups of the database\n"
        ),
    };
    print!("{text}");
    let is_whole = answer["unopened"].as_array().is_none_or(Vec::is_empty);
    Ok(if is_whole { ExitCode::SUCCESS } else { ExitCode::FAILURE })
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

fn on_files(target: &Target, request: &KeysRequest) -> anyhow::Result<Value> {
    runtime(Threads::One)?.block_on(async {
        let data_dir = DataDir::open(target.data_dir())?;
        let (storage, ring) = data_dir.unlock(&SystemClock, &OsEntropy).await?;
        let vault = Vault::new(ring, Arc::new(OsEntropy));
        check_key_ring(&storage, &vault).await?;
        let keeper = KeyRotator {
            records: storage.sealed_records(),
            vault: &vault,
            file: &data_dir.key_ring(),
            clock: &SystemClock,
            entropy: &OsEntropy,
        };
        let answer = control::perform_on_keys(&keeper, request, &CancellationToken::new(), show_progress).await;
        storage.close().await;
        answer
    })
}

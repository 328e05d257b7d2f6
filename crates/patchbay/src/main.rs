//! The `patchbay` binary: command line, configuration, wiring, lifecycle. It contains no rules of the product: it
//! assembles the other crates and shuts them down in order.

use std::process::ExitCode;

use clap::{Parser, Subcommand};

mod api_client;
mod commands;
mod config;
mod connectors;
mod control;
mod data_dir;
mod runtime;
mod serve;
mod web;

/// The self-hosted integration gateway: customers link accounts, your software acts on them through one API
#[derive(Parser)]
#[command(name = "patchbay", version, propagate_version = true)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Run the server
    Serve(Box<config::Options>),
    /// Create and list projects (stop the server of the data directory first)
    Project(commands::project::Args),
    /// Create and list API keys (stop the server of the data directory first)
    #[command(alias = "key")]
    ApiKey(commands::api_key::Args),
    /// Revoke linked accounts at their providers, through the running server
    Accounts(commands::accounts::Args),
    /// Show, rotate and retire the keys that wrap secrets, with or without a running server
    #[command(alias = "keys")]
    Keyring(commands::keyring::Args),
    /// Print the documented configuration file, or check a file
    Config(commands::config::Args),
    /// Create a one-time link to log in to the dashboard (stop the server first)
    LoginLink(commands::login_link::Args),
    /// Print the API's OpenAPI 3.1 document
    Openapi,
    /// Print the reference of the API's error codes as Markdown
    ErrorCodes,
    /// Write, check, test and run connectors
    Connector(commands::connector::Args),
    /// Evaluate an expression as a connector does
    Expr(commands::connector::ExprArgs),
}

fn main() -> ExitCode {
    patchbay_vault::forbid_core_dumps();
    let cli = Cli::parse();
    if let Some(note) = std::env::args().nth(1).as_deref().and_then(deprecation_note) {
        eprintln!("{note}");
    }
    let done = |outcome: anyhow::Result<()>| outcome.map(|()| ExitCode::SUCCESS);
    let outcome = match cli.command {
        Command::Serve(options) => done(serve::command(*options)),
        Command::Project(args) => done(commands::project::run(args)),
        Command::ApiKey(args) => done(commands::api_key::run(args)),
        Command::Accounts(args) => commands::accounts::run(&args),
        Command::Keyring(args) => commands::keyring::run(&args),
        Command::LoginLink(args) => done(commands::login_link::run(&args)),
        Command::Config(args) => done(commands::config::run(args)),
        Command::Openapi => done(commands::openapi::run()),
        Command::ErrorCodes => {
            print!("{}", patchbay_engine::ErrorCode::reference());
            Ok(ExitCode::SUCCESS)
        }
        Command::Connector(args) => commands::connector::run(args),
        Command::Expr(args) => commands::connector::run_expr(&args),
    };
    match outcome {
        Ok(code) => code,
        Err(error) => {
            // One line for one failure: each cause follows its effect after a colon.
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// Returns the note for a command that was called by its old name.
fn deprecation_note(name: &str) -> Option<String> {
    let new = match name {
        "key" => "api-key",
        "keys" => "keyring",
        _ => return None,
    };
    Some(format!("note: `patchbay {name}` is now `patchbay {new}`; the old name will be removed in the next version"))
}

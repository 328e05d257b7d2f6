//! The `patchbay` binary: command line, configuration, wiring, lifecycle. It decides nothing about
//! the product; it puts the parts together and takes them down in order.

use std::process::ExitCode;

use clap::{Parser, Subcommand};

mod commands;
mod config;
mod connectors;
mod control;
mod data_dir;
mod serve;
mod system;
mod web;

/// The self-hosted integration gateway.
#[derive(Parser)]
#[command(name = "patchbay", version, about, propagate_version = true)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Run the server.
    Serve(Box<config::Options>),
    /// Make and list projects (the server must not be running on the same data directory).
    Project(commands::project::Args),
    /// Make and list API keys (the server must not be running on the same data directory).
    Key(commands::key::Args),
    /// Take linked accounts back at their providers, on the running server
    Accounts(commands::accounts::Args),
    /// Rotate and retire the keys that wrap secrets, while the server runs or not
    Keys(commands::keys::Args),
    /// Show the documented configuration file, or check one.
    Config(commands::config::Args),
    /// Make a new one-time link to the dashboard (the server must be stopped)
    LoginLink(commands::login_link::Args),
    /// Print the API's OpenAPI 3.1 document.
    Openapi,
    /// Print the reference of the API's error codes, in Markdown
    ErrorCodes,
    /// Write, check, test and run connectors
    Connector(commands::connector::Args),
    /// Evaluate an expression as a connector would
    Expr(commands::connector::ExprArgs),
}

fn main() -> ExitCode {
    patchbay_vault::forbid_core_dumps();
    let cli = Cli::parse();
    let done = |outcome: anyhow::Result<()>| outcome.map(|()| ExitCode::SUCCESS);
    let outcome = match cli.command {
        Command::Serve(options) => done(serve::command(*options)),
        Command::Project(args) => done(commands::project::run(args)),
        Command::Key(args) => done(commands::key::run(args)),
        Command::Accounts(args) => commands::accounts::run(&args),
        Command::Keys(args) => commands::keys::run(&args),
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
            // One line for one failure: causes follow their effect after a colon.
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

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
mod database;
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
    /// Create a one-time link to log in to the dashboard, with or without a running server
    LoginLink(commands::login_link::Args),
    /// Give a program that starts its MCP servers itself the tools of a running server, over standard input and output
    Mcp(Box<commands::mcp::Args>),
    /// Look at the key ring and the database, and say what is wrong with them
    Doctor(commands::doctor::Args),
    /// Bring the schema of the database to this version, apart from a start
    Migrate(commands::migrate::Args),
    /// Move everything from the file to PostgreSQL, or back (stop the server first)
    Move(commands::relocate::Args),
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
        Command::Mcp(args) => done(commands::mcp::run(&args)),
        Command::Doctor(args) => commands::doctor::run(&args),
        Command::Migrate(args) => commands::migrate::run(&args),
        Command::Move(args) => done(commands::relocate::run(&args)),
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

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    const REFERENCE: &str = include_str!("../../../docs/operate/commands.md");
    /// The flags that the page describes once, above its sections.
    const SHARED_FLAGS: [&str; 5] =
        ["data-dir", "database-url", "database-pooled", "database-listen-url", "connectors"];

    /// Returns every command that has no subcommands, with its whole name. Those for connectors have a page of their own.
    fn commands<'a>(parent: &'a clap::Command, path: &str) -> Vec<(String, &'a clap::Command)> {
        let mut found = Vec::new();
        for command in parent.get_subcommands().filter(|command| command.get_name() != "connector") {
            let name = format!("{path} {}", command.get_name()).trim().to_owned();
            if command.has_subcommands() {
                found.extend(commands(command, &name));
            } else {
                found.push((name, command));
            }
        }
        found
    }

    /// Returns the flags in a text, without their dashes.
    fn documented_flags(text: &str) -> Vec<&str> {
        text.split("`--").skip(1).filter_map(|rest| rest.split(['`', ' ']).next()).collect()
    }

    #[test]
    fn every_command_and_every_flag_is_in_the_reference() {
        let mut sections = REFERENCE.split("\n## ");
        let shared = documented_flags(sections.next().unwrap_or_default());
        let sections = sections.filter_map(|section| section.split_once('\n')).collect::<Vec<_>>();
        let program = Cli::command();
        let commands = commands(&program, "");
        let mut wrong = Vec::new();
        for (name, command) in &commands {
            let Some((_, section)) = sections.iter().find(|(head, _)| head == name) else {
                wrong.push(format!("{name} is missing"));
                continue;
            };
            let documented = documented_flags(section);
            let known = command.get_arguments().filter_map(|argument| argument.get_long()).collect::<Vec<_>>();
            let is_shared = |flag: &str| SHARED_FLAGS.contains(&flag) && shared.contains(&flag);
            let missing = known.iter().filter(|flag| !documented.contains(flag) && !is_shared(flag));
            wrong.extend(missing.map(|flag| format!("{name} --{flag} is missing")));
            let unknown = documented.iter().filter(|flag| !known.contains(flag));
            wrong.extend(unknown.map(|flag| format!("{name} has no --{flag}")));
        }
        let is_command = |head: &str| commands.iter().any(|(name, _)| name == head);
        let unknown = sections.iter().filter(|(head, _)| !is_command(head));
        wrong.extend(unknown.map(|(head, _)| format!("{head} is not a command")));
        assert_eq!(wrong, Vec::<String>::new());
    }
}

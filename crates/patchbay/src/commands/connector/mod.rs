//! `patchbay connector …`: the commands to write a connector, from an empty folder to recorded cases. None of them needs
//! a data directory, and only `push`, `pull` and `reload` need a server.

mod bundle;
mod docs;
mod expr;
mod fmt;
mod import;
mod list;
mod lsp;
mod new;
mod placeholders;
mod prove;
mod pull;
mod push;
mod record;
mod run;
mod run_args;
mod schema;
mod server;
mod show;
mod source;
mod stdout;
mod test;
mod validate;

use std::process::ExitCode;

use clap::{Args as ClapArgs, Subcommand};

pub use expr::Args as ExprArgs;
pub use expr::run as run_expr;
pub use stdout::print_line;

#[derive(ClapArgs)]
pub struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Create a connector: a folder with a main file, an action and a recorded case
    New(new::Args),
    /// Create a connector from an OpenAPI, Swagger or Google discovery document
    Import(import::Args),
    /// Check connectors and print every problem with its line and a hint
    Validate(validate::Args),
    /// Run the recorded cases offline and show the differences
    Test(test::Args),
    /// Run every action against a simulator that is made of an API description, and show the differences
    Prove(prove::Args),
    /// Run one action against the provider and print its result as JSON
    Run(run::Args),
    /// Record a test case from a real run, without secrets
    Record(record::Args),
    /// Format connector files; comments are kept
    Fmt(fmt::Args),
    /// Write a connector's guide and action reference as Markdown
    Docs(docs::Args),
    /// List the connectors, or one connector's actions
    List(list::Args),
    /// Show a connector, or one of its actions
    Show(show::Args),
    /// Serve an editor: problems, completion, descriptions, places of names (Language Server Protocol)
    Lsp(lsp::Args),
    /// Print the format's JSON Schema
    Schema(schema::Args),
    /// Push connectors to a server, which uses them at once
    Push(push::Args),
    /// Fetch a connector's files from a server
    Pull(pull::Args),
    /// Make a server reload its connectors directory
    Reload(server::ReloadArgs),
    /// Evaluate an expression as a connector does
    Expr(expr::Args),
}

/// Runs the command.
pub fn run(args: Args) -> anyhow::Result<ExitCode> {
    match args.command {
        Command::New(args) => new::run(&args),
        Command::Import(args) => import::run(&args),
        Command::Validate(args) => validate::run(&args),
        Command::Test(args) => test::run(&args),
        Command::Prove(args) => prove::run(&args),
        Command::Run(args) => run::run(&args),
        Command::Record(args) => record::run(&args),
        Command::Fmt(args) => fmt::run(&args),
        Command::Docs(args) => docs::run(&args),
        Command::List(args) => list::run(&args),
        Command::Show(args) => show::run(&args),
        Command::Lsp(args) => lsp::run(&args),
        Command::Schema(args) => schema::run(&args),
        Command::Push(args) => push::run(&args),
        Command::Pull(args) => pull::run(&args),
        Command::Reload(args) => server::reload(&args),
        Command::Expr(args) => expr::run(&args),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const REFERENCE: &str = include_str!("../../../../../docs/build/commands.md");

    #[test]
    fn every_command_and_every_flag_is_in_the_reference() {
        let program = Command::augment_subcommands(clap::Command::new("connector"));
        let mut missing = Vec::new();
        for command in program.get_subcommands() {
            let name = command.get_name();
            let head = format!("\n## {name}\n");
            let Some((_, after)) = REFERENCE.split_once(&head) else {
                missing.push(name.to_owned());
                continue;
            };
            let section = after.split("\n## ").next().unwrap_or_default();
            let flags = command.get_arguments().filter_map(|argument| argument.get_long());
            missing.extend(
                flags.filter(|flag| !section.contains(&format!("`--{flag}"))).map(|flag| format!("{name} --{flag}")),
            );
            let documented = section.split("`--").skip(1).filter_map(|rest| rest.split(['`', ' ', '[']).next());
            let known = |flag: &&str| command.get_arguments().any(|argument| argument.get_long() == Some(flag));
            missing.extend(documented.filter(|flag| !known(flag)).map(|flag| format!("{name} has no --{flag}")));
        }
        assert_eq!(missing, Vec::<String>::new());
    }
}

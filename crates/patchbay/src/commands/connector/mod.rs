//! `patchbay connector …`: writing a connector, from an empty folder to recorded cases. Nothing here needs
//! a server or a data directory.

mod docs;
mod expr;
mod fmt;
mod list;
mod new;
mod out;
mod run;
mod source;
mod test;
mod validate;

use std::process::ExitCode;

use clap::{Args as ClapArgs, Subcommand};

pub use expr::Args as ExprArgs;
pub use expr::run as run_expr;

#[derive(ClapArgs)]
pub struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Begin a connector: a folder with a main file, an action and a recorded case
    New(new::Args),
    /// Check connectors and say what is wrong, with lines and hints
    Validate(validate::Args),
    /// Play the recorded cases offline and show what differs
    Test(test::Args),
    /// Run one action against the provider and print its result as JSON
    Run(run::Args),
    /// Bring files into the usual layout; comments stay
    Fmt(fmt::Args),
    /// Write a connector's guide and action reference as Markdown
    Docs(docs::Args),
    /// List the connectors, or one connector's actions
    List(list::Args),
    /// Evaluate an expression as a connector would
    Expr(expr::Args),
}

/// Runs the command.
pub fn run(args: Args) -> anyhow::Result<ExitCode> {
    match args.command {
        Command::New(args) => new::run(&args),
        Command::Validate(args) => validate::run(&args),
        Command::Test(args) => test::run(&args),
        Command::Run(args) => run::run(&args),
        Command::Fmt(args) => fmt::run(&args),
        Command::Docs(args) => docs::run(&args),
        Command::List(args) => list::run(&args),
        Command::Expr(args) => expr::run(&args),
    }
}

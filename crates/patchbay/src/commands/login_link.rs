//! `patchbay login-link`: creates a one-time link to log in to the dashboard without the first link or the password.

use anyhow::Context;
use clap::Args as ClapArgs;
use patchbay_server::RouteUrls;

use super::offline::OfflineArgs;

#[derive(ClapArgs)]
pub struct Args {
    /// The URL at which users reach the server
    #[arg(long, env = "PATCHBAY_PUBLIC_URL", value_name = "URL", default_value = "http://127.0.0.1:8080")]
    public_url: String,
    #[command(flatten)]
    offline: OfflineArgs,
}

/// Runs the command.
pub fn run(args: &Args) -> anyhow::Result<()> {
    args.offline.require_database()?;
    args.offline.with_engine(async |engine| {
        let projects = engine.projects.list().await?;
        let project =
            projects.first().context("the data directory has no project; start the server once to create one")?;
        let token = engine.members.create_login_token(&project.id).await?;
        println!("{}", RouteUrls::new(&args.public_url).login_link(&token).expose());
        Ok(())
    })
}

//! `patchbay login-link`: a new one-time link to the dashboard, for who lost the first one or the password.

use anyhow::Context;
use clap::Args as ClapArgs;

use super::offline::Target;

#[derive(ClapArgs)]
pub struct Args {
    /// URL under which users reach the server
    #[arg(long, env = "PATCHBAY_PUBLIC_URL", value_name = "URL", default_value = "http://127.0.0.1:8080")]
    public_url: String,
    #[command(flatten)]
    target: Target,
}

/// Runs the command.
pub fn run(args: &Args) -> anyhow::Result<()> {
    args.target.with_engine(async |engine| {
        let projects = engine.list_projects().await?;
        let project = projects.first().context("there is no project yet; start the server once")?;
        let token = engine.create_login_token(&project.id).await?;
        println!("{}/dashboard?login_token={}", args.public_url.trim_end_matches('/'), token.expose());
        Ok(())
    })
}

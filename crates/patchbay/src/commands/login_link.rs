//! `patchbay login-link`: creates a one-time link to log in to the dashboard without the first link or the password. A
//! running server creates it; otherwise this process does.

use anyhow::Context;
use clap::Args as ClapArgs;
use patchbay_server::RouteUrls;

use super::offline::OfflineArgs;
use crate::{
    control::{self, ControlRequest, create_login_link},
    data_dir::DataDir,
};

/// The URL of a data directory that no server has used.
const DEFAULT_URL: &str = "http://127.0.0.1:8080";

#[derive(ClapArgs)]
pub struct Args {
    /// The URL at which users reach the server [default: that of the server that is running or ran last]
    #[arg(long, env = "PATCHBAY_PUBLIC_URL", value_name = "URL")]
    public_url: Option<String>,
    #[command(flatten)]
    offline: OfflineArgs,
}

/// Runs the command.
pub fn run(args: &Args) -> anyhow::Result<()> {
    if let Some(server) = control::connect(args.offline.data_dir())? {
        let request = ControlRequest::LoginLink { public_url: args.public_url.clone() };
        let link = server.send(&request, |_, _| {})?;
        println!("{}", link.as_str().context("the running server did not respond with a link")?);
        return Ok(());
    }
    args.offline.require_database()?;
    args.offline.with_engine(async |engine| {
        let url = args.public_url.clone().or_else(|| DataDir::last_url(args.offline.data_dir()));
        let urls = RouteUrls::new(url.as_deref().unwrap_or(DEFAULT_URL));
        println!("{}", create_login_link(engine, &urls).await?.expose());
        Ok(())
    })
}

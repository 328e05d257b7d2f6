//! The server that `push`, `pull` and `reload` talk to.

use std::{
    fmt::Write as _,
    fs,
    path::{Path, PathBuf},
    process::ExitCode,
    sync::Arc,
};

use anyhow::Context;
use clap::Args as ClapArgs;
use patchbay_engine::remote::{Remote, RemoteAnswer};
use patchbay_vault::{OsEntropy, Secret};
use serde_json::{Value, json};

use super::out;
use crate::system::{SystemClock, Threads, runtime};

/// Which server, and as whom.
#[derive(ClapArgs)]
pub struct Server {
    /// The server's URL
    #[arg(long, env = "PATCHBAY_URL", default_value = "http://127.0.0.1:8080", value_name = "URL")]
    url: String,
    /// An API key of the project; better left to the environment, as other users see a command's arguments
    #[arg(long, env = "PATCHBAY_API_KEY", value_name = "KEY", hide_env_values = true)]
    api_key: Option<String>,
    /// PEM file of authorities to trust beside those of the public web
    #[arg(long, env = "PATCHBAY_CA_FILE", value_name = "FILE")]
    ca_file: Option<PathBuf>,
    /// Print one JSON object
    #[arg(long)]
    pub json: bool,
}

#[derive(ClapArgs)]
pub struct ReloadArgs {
    #[command(flatten)]
    server: Server,
}

impl Server {
    /// Runs `work` with the server.
    pub fn with<T>(&self, work: impl AsyncFnOnce(&Remote) -> anyhow::Result<T>) -> anyhow::Result<T> {
        let key = self.api_key.as_deref().map(str::trim).filter(|key| !key.is_empty());
        let key = key.context("an API key is needed: set PATCHBAY_API_KEY, or pass --api-key")?;
        let read = |path: &Path| {
            fs::read_to_string(path).with_context(|| format!("--ca-file: {} cannot be read", path.display()))
        };
        let authorities = self.ca_file.as_deref().map(read).transpose()?;
        let remote = Remote::new(&self.url, Secret::new(key), authorities, Arc::new(SystemClock), Arc::new(OsEntropy))?;
        runtime(Threads::One)?.block_on(work(&remote))
    }
}

/// What a refusal says, for a person.
pub fn refusal(answer: &RemoteAnswer) -> String {
    let said = answer.body["message"].as_str().map_or_else(|| text(&answer.body), str::to_owned);
    match answer.body["errorCode"].as_str() {
        Some(code) => format!("{said} ({code})"),
        None => format!("the server answered {}: {said}", answer.status),
    }
}

/// A body that is not ours, such as a proxy's page, cut to what helps.
fn text(body: &Value) -> String {
    let text = body.as_str().map_or_else(|| body.to_string(), str::to_owned);
    text.chars().filter(|c| !c.is_control()).take(200).collect()
}

/// `patchbay connector reload`. Fails when a connector has errors, although the others are in use.
pub fn reload(args: &ReloadArgs) -> anyhow::Result<ExitCode> {
    let answer = args.server.with(async |remote| {
        Ok(remote.send(http::Method::POST, &["connectors", "reload"], Some(&json!({}))).await?)
    })?;
    if answer.status != 200 {
        if args.server.json {
            out::line(&format!("{:#}", answer.body))?;
        }
        anyhow::bail!("{}", refusal(&answer));
    }
    let refused = answer.body["refused"].as_array().map_or(0, Vec::len);
    if args.server.json {
        out::line(&format!("{:#}", answer.body))?;
    } else {
        let mut lines = answer.body["report"].as_str().unwrap_or_default().to_owned();
        let keys = |name: &str| {
            let keys = answer.body[name].as_array().into_iter().flatten().filter_map(Value::as_str);
            keys.collect::<Vec<_>>().join(", ")
        };
        for name in ["added", "changed", "removed", "refused", "kept"] {
            let keys = keys(name);
            if !keys.is_empty() {
                let _ = writeln!(lines, "{name}: {keys}");
            }
        }
        out::print(if lines.is_empty() { "nothing has changed\n" } else { &lines })?;
    }
    Ok(if refused == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

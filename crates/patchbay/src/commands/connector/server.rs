//! The arguments that `push`, `pull` and `reload` share to call a server, and the `reload` command.

use std::{
    fmt::Write as _,
    fs,
    path::{Path, PathBuf},
    process::ExitCode,
    sync::Arc,
};

use anyhow::Context;
use clap::Args as ClapArgs;
use patchbay_vault::{OsEntropy, Secret};
use serde_json::{Value, json};

use super::stdout;
use crate::api_client::{ApiClient, ServerResponse};
use crate::runtime::{SystemClock, Threads, build_runtime};

/// The server to call and the API key to use.
#[derive(ClapArgs)]
pub struct ServerArgs {
    /// The server's URL
    #[arg(long, env = "PATCHBAY_URL", default_value = "http://127.0.0.1:8080", value_name = "URL")]
    url: String,
    /// An API key of the project. Prefer the environment variable: other users can see a command's arguments
    #[arg(long, env = "PATCHBAY_API_KEY", value_name = "KEY", hide_env_values = true)]
    api_key: Option<String>,
    /// PEM file of certificate authorities to trust in addition to the public ones
    #[arg(long, env = "PATCHBAY_CA_FILE", value_name = "FILE")]
    ca_file: Option<PathBuf>,
    /// Print the outcome as one JSON object
    #[arg(long)]
    pub json: bool,
}

#[derive(ClapArgs)]
pub struct ReloadArgs {
    #[command(flatten)]
    server: ServerArgs,
}

impl ServerArgs {
    /// Runs `work` with a client of the server.
    pub fn with<T>(&self, work: impl AsyncFnOnce(&ApiClient) -> anyhow::Result<T>) -> anyhow::Result<T> {
        let key = self.api_key.as_deref().map(str::trim).filter(|key| !key.is_empty());
        let key = key.context("an API key is required; set PATCHBAY_API_KEY or pass --api-key")?;
        let read = |path: &Path| {
            fs::read_to_string(path).with_context(|| format!("--ca-file: cannot read {}", path.display()))
        };
        let authorities = self.ca_file.as_deref().map(read).transpose()?;
        let remote =
            ApiClient::new(&self.url, Secret::new(key), authorities, Arc::new(SystemClock), Arc::new(OsEntropy))?;
        build_runtime(Threads::Single)?.block_on(work(&remote))
    }
}

/// Returns the message of an error response, for a person.
pub fn error_message(response: &ServerResponse) -> String {
    let message = response.body["message"].as_str().map_or_else(|| excerpt(&response.body), str::to_owned);
    match response.body["errorCode"].as_str() {
        Some(code) => format!("{message} ({code})"),
        None => format!("the server responded with status {}: {message}", response.status),
    }
}

/// Returns the start of a body that is not Patchbay's, for example a proxy's page.
fn excerpt(body: &Value) -> String {
    let text = body.as_str().map_or_else(|| body.to_string(), str::to_owned);
    text.chars().filter(|c| !c.is_control()).take(200).collect()
}

/// Runs `patchbay connector reload`. Exits with a failure if a connector has errors, although the others are in use.
pub fn reload(args: &ReloadArgs) -> anyhow::Result<ExitCode> {
    let response = args.server.with(async |remote| {
        Ok(remote.send(http::Method::POST, &["connectors", "reload"], Some(&json!({}))).await?)
    })?;
    if response.status != 200 {
        if args.server.json {
            stdout::print_line(&format!("{:#}", response.body))?;
        }
        anyhow::bail!("{}", error_message(&response));
    }
    let refused = response.body["refused"].as_array().map_or(0, Vec::len);
    if args.server.json {
        stdout::print_line(&format!("{:#}", response.body))?;
    } else {
        let mut lines = response.body["report"].as_str().unwrap_or_default().to_owned();
        let keys = |name: &str| {
            let keys = response.body[name].as_array().into_iter().flatten().filter_map(Value::as_str);
            keys.collect::<Vec<_>>().join(", ")
        };
        for name in ["added", "changed", "removed", "refused", "kept"] {
            let keys = keys(name);
            if !keys.is_empty() {
                let _ = writeln!(lines, "{name}: {keys}");
            }
        }
        stdout::print(if lines.is_empty() { "no changes\n" } else { &lines })?;
    }
    Ok(if refused == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

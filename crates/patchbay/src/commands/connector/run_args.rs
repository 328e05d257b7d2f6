//! The arguments that `run` and `record` share, and the execution of one action with them.

use std::{
    io::Read as _,
    path::{Path, PathBuf},
    sync::Arc,
};

use anyhow::Context;
use clap::Args as ClapArgs;
use patchbay_connector::Connector;
use patchbay_engine::{
    EngineConfig,
    local_runner::{ActionInput, LocalAccount, LocalOutcome, LocalRun, LocalRunner},
};
use patchbay_model::Metadata;
use patchbay_vault::OsEntropy;
use serde::de::DeserializeOwned;

use super::source::FoundConnector;
use crate::{
    config::{egress_proxy, parse_network, parse_upstream, read_ca_file, variable},
    runtime::{SystemClock, Threads, build_runtime},
};

#[derive(ClapArgs)]
pub struct RunArgs {
    /// The connector: its folder, its main file, or the key of a built-in one
    #[arg(long, value_name = "PATH|KEY")]
    pub connector: String,
    /// The action's id
    #[arg(long, value_name = "ACTION")]
    pub action: String,
    /// JSON file with the account's credentials, {"fieldKey": "value"}; `-` reads standard input
    #[arg(long, value_name = "FILE")]
    credentials: Option<PathBuf>,
    /// JSON file with the action's inputs, {"path":{},"query":{},"headers":{},"body":{}}
    #[arg(long, value_name = "FILE")]
    params: Option<PathBuf>,
    /// The key of the authentication method [default: the connector's first]
    #[arg(long, value_name = "METHOD")]
    pub auth: Option<String>,
    /// The key of the provider's environment [default: the method's first]
    #[arg(long, value_name = "KEY")]
    environment: Option<String>,
    /// Private networks that requests may reach, over plain http too (CIDR, comma-separated)
    #[arg(long, env = "PATCHBAY_EGRESS_ALLOW", value_delimiter = ',', value_name = "CIDR")]
    egress_allow: Vec<String>,
    /// PEM file of certificate authorities to trust in addition to the public ones
    #[arg(long, env = "PATCHBAY_EGRESS_CA_FILE", value_name = "FILE")]
    egress_ca_file: Option<PathBuf>,
    /// Send the requests for one base URL to another, for example to a staging system (comma-separated)
    #[arg(long = "upstream", env = "PATCHBAY_UPSTREAMS", value_delimiter = ',', value_name = "FROM=TO")]
    upstreams: Vec<String>,
}

/// An executed action.
pub struct CompletedRun {
    /// The inputs.
    pub input: ActionInput,
    /// The account's credentials.
    pub credentials: Metadata,
    /// The result or error, and the trace.
    pub outcome: LocalOutcome,
}

impl RunArgs {
    /// Reads and validates the selected connector.
    pub fn load_connector(&self) -> anyhow::Result<(FoundConnector, Connector)> {
        let source = super::source::find_one(&self.connector)?;
        let connector = source.connector()?;
        Ok((source, connector))
    }

    /// Executes the action.
    pub fn execute(&self, connector: &Connector) -> anyhow::Result<CompletedRun> {
        let credentials: Metadata = read(self.credentials.as_deref(), "--credentials")?;
        let input: ActionInput = read(self.params.as_deref(), "--params")?;
        let non_empty =
            |values: &[String]| values.iter().filter(|value| !value.trim().is_empty()).cloned().collect::<Vec<_>>();
        let config = EngineConfig {
            egress_allow: non_empty(&self.egress_allow)
                .iter()
                .map(|text| parse_network(text))
                .collect::<Result<_, _>>()?,
            egress_ca: self.egress_ca_file.as_deref().map(read_ca_file).transpose()?,
            egress_proxy: egress_proxy(None, &[], false, variable),
            upstreams: non_empty(&self.upstreams).iter().map(|text| parse_upstream(text)).collect::<Result<_, _>>()?,
            ..EngineConfig::default()
        };
        let runner = LocalRunner::new(&config.egress(), config.runtime(), Arc::new(SystemClock), Arc::new(OsEntropy))?;
        let account = LocalAccount {
            connector,
            auth: self.auth.as_deref(),
            environment: self.environment.as_deref(),
            credentials: credentials.clone(),
        };
        let run = LocalRun { account, action: &self.action, input: input.clone() };
        let outcome = build_runtime(Threads::Single)?.block_on(runner.run(run));
        Ok(CompletedRun { input, credentials, outcome })
    }
}

/// Reads a JSON file. Returns the default without a path. Error messages never contain the file's content.
fn read<T: DeserializeOwned + Default>(path: Option<&Path>, flag: &str) -> anyhow::Result<T> {
    let Some(path) = path else { return Ok(T::default()) };
    let name = path.display();
    let mut text = String::new();
    if path == Path::new("-") {
        std::io::stdin().read_to_string(&mut text).with_context(|| format!("{flag}: cannot read standard input"))?;
    } else {
        text = std::fs::read_to_string(path).with_context(|| format!("{flag}: cannot read {name}"))?;
    }
    serde_json::from_str(&text).map_err(|error| {
        let (line, column) = (error.line(), error.column());
        // The parser's own message may quote a value, which may be a secret.
        anyhow::anyhow!("{flag}: {name}:{line}:{column} is not the expected JSON ({:?} error)", error.classify())
    })
}

//! One action from the terminal, as `run` and `record` do it: which one, as whom, with what.

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

use super::source::Source;
use crate::{
    config::{parse_network, parse_upstream, read_ca_file},
    system::{SystemClock, Threads, runtime},
};

#[derive(ClapArgs)]
pub struct JobArgs {
    /// The connector: its folder, its main file, or a built-in one's key
    #[arg(long, value_name = "PATH|KEY")]
    pub connector: String,
    /// The action's id
    #[arg(long, value_name = "ACTION")]
    pub action: String,
    /// JSON file with the account's fields, {"fieldKey": "value"}; - reads standard input
    #[arg(long, value_name = "FILE")]
    credentials: Option<PathBuf>,
    /// JSON file with the inputs, {"path":{},"query":{},"headers":{},"body":{}}
    #[arg(long, value_name = "FILE")]
    params: Option<PathBuf>,
    /// The authentication method [default: the connector's first]
    #[arg(long, value_name = "METHOD")]
    pub auth: Option<String>,
    /// The provider's environment [default: the method's first]
    #[arg(long, value_name = "KEY")]
    environment: Option<String>,
    /// Private networks that the provider may be on, over plain http too (CIDR, comma-separated)
    #[arg(long, env = "PATCHBAY_EGRESS_ALLOW", value_delimiter = ',', value_name = "CIDR")]
    egress_allow: Vec<String>,
    /// PEM file of authorities to trust beside those of the public web
    #[arg(long, env = "PATCHBAY_EGRESS_CA_FILE", value_name = "FILE")]
    egress_ca_file: Option<PathBuf>,
    /// Send requests for one base URL to another, such as a staging system (comma-separated)
    #[arg(long = "upstream", env = "PATCHBAY_UPSTREAMS", value_delimiter = ',', value_name = "FROM=TO")]
    upstreams: Vec<String>,
}

/// An action that was run.
pub struct Performed {
    /// What it was given.
    pub input: ActionInput,
    /// As whom.
    pub credentials: Metadata,
    /// What came of it.
    pub outcome: LocalOutcome,
}

impl JobArgs {
    /// The connector that is named, read and checked.
    pub fn source(&self) -> anyhow::Result<(Source, Connector)> {
        let source = super::source::one(&self.connector)?;
        let connector = source.connector()?;
        Ok((source, connector))
    }

    /// Runs the action.
    pub fn perform(&self, connector: &Connector) -> anyhow::Result<Performed> {
        let credentials: Metadata = read(self.credentials.as_deref(), "--credentials")?;
        let input: ActionInput = read(self.params.as_deref(), "--params")?;
        let texts = |texts: &[String]| texts.iter().filter(|text| !text.trim().is_empty()).cloned().collect::<Vec<_>>();
        let config = EngineConfig {
            egress_allow: texts(&self.egress_allow).iter().map(|text| parse_network(text)).collect::<Result<_, _>>()?,
            egress_ca: self.egress_ca_file.as_deref().map(read_ca_file).transpose()?,
            upstreams: texts(&self.upstreams).iter().map(|text| parse_upstream(text)).collect::<Result<_, _>>()?,
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
        let outcome = runtime(Threads::One)?.block_on(runner.run(run));
        Ok(Performed { input, credentials, outcome })
    }
}

/// A JSON file; nothing given is nothing in it. No message repeats what the file holds.
fn read<T: DeserializeOwned + Default>(path: Option<&Path>, flag: &str) -> anyhow::Result<T> {
    let Some(path) = path else { return Ok(T::default()) };
    let name = path.display();
    let mut text = String::new();
    if path == Path::new("-") {
        std::io::stdin().read_to_string(&mut text).with_context(|| format!("{flag}: standard input cannot be read"))?;
    } else {
        text = std::fs::read_to_string(path).with_context(|| format!("{flag}: {name} cannot be read"))?;
    }
    serde_json::from_str(&text).map_err(|error| {
        let (line, column) = (error.line(), error.column());
        // The parser's own words may quote a value, which may be a secret.
        anyhow::anyhow!(
            "{flag}: {name}:{line}:{column} is not the JSON that is expected ({:?} error)",
            error.classify()
        )
    })
}

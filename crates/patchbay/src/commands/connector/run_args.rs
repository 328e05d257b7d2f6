//! The arguments that `run` and `record` share, and the execution of one action with them.

use std::{
    io::Read as _,
    path::{Path, PathBuf},
    sync::Arc,
};

use anyhow::{Context, bail};
use clap::Args as ClapArgs;
use patchbay_connector::{Connector, definition::FormField, nearest};
use patchbay_engine::{
    EngineConfig,
    local_runner::{ActionInput, LocalAccount, LocalOutcome, LocalRun, LocalRunner},
};
use patchbay_model::Metadata;
use patchbay_vault::OsEntropy;
use serde::de::DeserializeOwned;
use serde_json::Value;

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
        check_fields(connector, self.auth.as_deref(), &credentials)?;
        let input = read_input(self.params.as_deref(), connector, &self.action)?;
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

/// Checks the names of the account's values: a name that is almost that of a required field which has no value is a mistake.
/// Other names can be values that an authorization fetches.
fn check_fields(connector: &Connector, auth: Option<&str>, credentials: &Metadata) -> anyhow::Result<()> {
    let method = match auth {
        Some(key) => connector.auth_method(key),
        None => connector.authentication.first(),
    };
    let fields = method.into_iter().flat_map(|method| method.setup_fields.iter().chain(&method.config_fields));
    let fields = fields.collect::<Vec<_>>();
    let is_missing = |field: &&&FormField| {
        field.required && field.default.is_none() && field.condition.is_none() && !credentials.contains_key(&field.key)
    };
    let missing = fields.iter().filter(is_missing).map(|field| field.key.as_str()).collect::<Vec<_>>();
    for name in credentials.keys().filter(|name| fields.iter().all(|field| field.key != **name)) {
        if let Some(field) = nearest(name, missing.iter().copied()) {
            bail!("--credentials: the account has no field `{name}`; did you mean `{field}`?");
        }
    }
    Ok(())
}

/// Reads the inputs. The names of their groups are not secrets, unlike their values.
fn read_input(path: Option<&Path>, connector: &Connector, action: &str) -> anyhow::Result<ActionInput> {
    let mut groups: Metadata = read(path, "--params")?;
    let mut input = ActionInput::default();
    let places = [
        ("path", &mut input.path),
        ("query", &mut input.query),
        ("headers", &mut input.headers),
        ("body", &mut input.body),
    ];
    for (name, group) in places {
        match groups.remove(name) {
            Some(Value::Object(values)) => *group = values,
            Some(_) => bail!("--params: `{name}` must be an object with the inputs of this group"),
            None => {}
        }
    }
    let Some(name) = groups.keys().next() else { return Ok(input) };
    let declared = connector.action(action).and_then(|action| action.inputs.iter().find(|input| input.name == *name));
    match declared {
        Some(input) => {
            let group = input.location.as_str();
            bail!("--params: the input `{name}` belongs under `{group}`: {{\"{group}\": {{\"{name}\": …}}}}")
        }
        None => bail!("--params: `{name}` is not a group; put inputs under `path`, `query`, `headers` or `body`"),
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

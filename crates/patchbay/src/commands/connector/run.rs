//! `patchbay connector run`: one action from the terminal. Standard output is the result as JSON, or the
//! error as the API would answer it; with `--debug`, standard error shows what was sent and answered.

use std::{
    io::Read as _,
    path::{Path, PathBuf},
    process::ExitCode,
    sync::Arc,
};

use anyhow::Context;
use clap::Args as ClapArgs;
use patchbay_engine::{
    EngineConfig, Error, Exchange, RunTrace,
    solo::{ActionInput, Solo, SoloRun},
};
use patchbay_model::Metadata;
use patchbay_server::provider_error;
use patchbay_vault::OsEntropy;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value, json};

use super::{out, source};
use crate::{
    config::{parse_network, parse_upstream, read_ca_file},
    system::{SystemClock, Threads, runtime},
};

#[derive(ClapArgs)]
pub struct Args {
    /// The connector: its folder, its main file, or a built-in one's key
    #[arg(long, value_name = "PATH|KEY")]
    connector: String,
    /// The action's id
    #[arg(long, value_name = "ACTION")]
    action: String,
    /// JSON file with the account's fields, {"fieldKey": "value"}; - reads standard input
    #[arg(long, value_name = "FILE")]
    credentials: Option<PathBuf>,
    /// JSON file with the inputs, {"path":{},"query":{},"headers":{},"body":{}}
    #[arg(long, value_name = "FILE")]
    params: Option<PathBuf>,
    /// The authentication method [default: the connector's first]
    #[arg(long, value_name = "METHOD")]
    auth: Option<String>,
    /// The provider's environment [default: the method's first]
    #[arg(long, value_name = "KEY")]
    environment: Option<String>,
    /// Show each request and its answer on standard error, without secrets
    #[arg(long)]
    debug: bool,
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

/// Runs the command. Fails with the error's body when the action fails.
pub fn run(args: &Args) -> anyhow::Result<ExitCode> {
    let connector = source::one(&args.connector)?.connector()?;
    let credentials: Metadata = read(args.credentials.as_deref(), "--credentials")?;
    let input: ActionInput = read(args.params.as_deref(), "--params")?;
    let texts = |texts: &[String]| texts.iter().filter(|text| !text.trim().is_empty()).cloned().collect::<Vec<_>>();
    let config = EngineConfig {
        public_url: "http://127.0.0.1".to_owned(),
        egress_allow: texts(&args.egress_allow).iter().map(|text| parse_network(text)).collect::<Result<_, _>>()?,
        egress_ca: args.egress_ca_file.as_deref().map(read_ca_file).transpose()?,
        upstreams: texts(&args.upstreams).iter().map(|text| parse_upstream(text)).collect::<Result<_, _>>()?,
        call_budget_millis: 60_000,
        max_response_bytes: 32 * 1024 * 1024,
        call_retention_days: 0,
    };
    let solo = Solo::new(config, Arc::new(SystemClock), Arc::new(OsEntropy))?;
    let job = SoloRun {
        connector: &connector,
        action: &args.action,
        auth: args.auth.as_deref(),
        environment: args.environment.as_deref(),
        credentials,
        input,
    };
    let outcome = runtime(Threads::One)?.block_on(solo.run(job));
    if args.debug {
        show(&outcome.trace);
    }
    match outcome.result {
        Ok(result) => {
            out::line(&format!("{:#}", Value::Object(result)))?;
            Ok(ExitCode::SUCCESS)
        }
        Err(error) => {
            out::line(&format!("{:#}", body(&error)))?;
            eprintln!("error: {error}");
            Ok(ExitCode::FAILURE)
        }
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

/// The error as the API answers it.
fn body(error: &Error) -> Value {
    let mut body = json!({
        "statusCode": error.kind.status(),
        "message": error.message,
        "errorCode": error.code,
    });
    if !error.problems.is_empty() {
        body["errors"] = json!(error.problems);
    }
    if let Some(provider) = &error.provider {
        body["provider_errors"] = json!([provider_error(provider)]);
    }
    body
}

fn show(trace: &RunTrace) {
    for (place, exchange) in trace.requests.iter().enumerate() {
        eprintln!("# {}. step {}: {} ms", place + 1, exchange.step, exchange.duration_ms);
        eprintln!("> {} {}", exchange.method, exchange.url);
        lines('>', &exchange.headers, &exchange.body);
        answer(exchange);
    }
    eprintln!("# {} requests, {} ms in all", trace.requests.len(), trace.duration_ms);
}

fn answer(exchange: &Exchange) {
    match (exchange.status, &exchange.error) {
        (Some(status), _) => {
            eprintln!("< {status}");
            lines('<', &exchange.response_headers, &exchange.response_body);
        }
        (None, error) => eprintln!("< no answer: {}", error.as_deref().unwrap_or("unknown")),
    }
    eprintln!();
}

fn lines(mark: char, headers: &Map<String, Value>, body: &Value) {
    for (name, value) in headers {
        eprintln!("{mark} {name}: {}", value.as_str().unwrap_or_default());
    }
    let body = match body {
        Value::Null => return,
        Value::String(text) => text.clone(),
        value => format!("{value:#}"),
    };
    eprintln!("{mark}");
    for line in body.lines() {
        eprintln!("{mark} {line}");
    }
}

//! `patchbay connector run`: one action from the terminal. Standard output is the result as JSON, or the
//! error as the API would answer it; with `--debug`, standard error shows what was sent and answered.

use std::process::ExitCode;

use clap::Args as ClapArgs;
use patchbay_engine::{Error, Exchange, RunTrace};
use patchbay_server::provider_error;
use serde_json::{Map, Value, json};

use super::{job::JobArgs, out};

#[derive(ClapArgs)]
pub struct Args {
    #[command(flatten)]
    job: JobArgs,
    /// Show each request and its answer on standard error, without secrets
    #[arg(long)]
    debug: bool,
}

/// Runs the command. Fails with the error's body when the action fails.
pub fn run(args: &Args) -> anyhow::Result<ExitCode> {
    let (_, connector) = args.job.source()?;
    let outcome = args.job.perform(&connector)?.outcome;
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

/// The error as the API answers it.
pub fn body(error: &Error) -> Value {
    let mut body = json!({
        "statusCode": error.status(),
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

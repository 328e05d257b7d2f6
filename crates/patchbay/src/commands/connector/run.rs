//! `patchbay connector run`: executes one action. Standard output is the result as JSON, or the error as the API
//! returns it. With `--debug`, standard error shows the requests and responses.

use std::process::ExitCode;

use clap::Args as ClapArgs;
use patchbay_engine::{Error, Exchange, RunTrace};
use patchbay_server::{ProblemOut, ProviderErrorOut};
use serde_json::{Map, Value, json};

use super::{run_args::RunArgs, stdout};

#[derive(ClapArgs)]
pub struct Args {
    #[command(flatten)]
    run: RunArgs,
    /// Show each request and response on standard error, without secrets
    #[arg(long)]
    debug: bool,
}

/// Runs the command. Prints the error and exits with a failure if the action fails.
pub fn run(args: &Args) -> anyhow::Result<ExitCode> {
    let (_, connector) = args.run.load_connector()?;
    let outcome = args.run.execute(&connector)?.outcome;
    if args.debug {
        show(&outcome.trace);
    }
    match outcome.result {
        Ok(result) => {
            stdout::print_line(&format!("{:#}", Value::Object(result)))?;
            Ok(ExitCode::SUCCESS)
        }
        Err(error) => {
            stdout::print_line(&format!("{:#}", body(&error)))?;
            eprintln!("error: {error}");
            Ok(ExitCode::FAILURE)
        }
    }
}

/// Returns the error in the API's JSON shape.
pub fn body(error: &Error) -> Value {
    let mut body = json!({
        "statusCode": error.status(),
        "message": error.message,
        "errorCode": error.code,
    });
    if !error.problems.is_empty() {
        body["errors"] = json!(ProblemOut::texts(&error.problems));
        body["problems"] = json!(ProblemOut::list(&error.problems));
    }
    if let Some(provider) = &error.provider {
        body["provider_errors"] = json!([ProviderErrorOut::new(provider)]);
    }
    body
}

fn show(trace: &RunTrace) {
    for (place, exchange) in trace.requests.iter().enumerate() {
        eprintln!("# {}. step {}: {} ms", place + 1, exchange.step, exchange.duration_ms);
        eprintln!("> {} {}", exchange.method, exchange.url);
        lines('>', &exchange.headers, &exchange.body);
        show_response(exchange);
    }
    let count = trace.requests.len();
    let noun = if count == 1 { "request" } else { "requests" };
    eprintln!("# {count} {noun}, {} ms in total", trace.duration_ms);
}

fn show_response(exchange: &Exchange) {
    match (exchange.status, &exchange.error) {
        (Some(status), _) => {
            eprintln!("< {status}");
            lines('<', &exchange.response_headers, &exchange.response_body);
        }
        (None, error) => eprintln!("< no response: {}", error.as_deref().unwrap_or("unknown")),
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

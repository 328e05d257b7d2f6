//! `patchbay expr`: evaluates an expression in a given context.

use std::{
    path::{Path, PathBuf},
    process::ExitCode,
};

use anyhow::{Context, bail};
use clap::Args as ClapArgs;
use patchbay_connector::expr::{Bindings, Template};
use patchbay_model::Clock as _;
use serde_json::{Map, Value, json};

use super::stdout;
use crate::runtime::SystemClock;

/// The exit code of the command when the expression is invalid or fails.
const EXPRESSION_ERROR_EXIT_CODE: u8 = 2;

#[derive(ClapArgs)]
pub struct Args {
    /// The expression: JSONPath ($…), JEXL ({{…}}) or a string with ${…}
    #[arg(required_unless_present = "jsonl", conflicts_with = "jsonl")]
    expression: Option<String>,
    /// JSON file with the expression's variables, for example {"inputs": {"id": 1}}
    #[arg(long, value_name = "FILE")]
    context: Option<PathBuf>,
    /// Evaluate many: a file with {"expr": "…"} on each line; prints one result per line
    #[arg(long, value_name = "FILE")]
    jsonl: Option<PathBuf>,
}

/// Runs the command. Exits with 2 when the expression is invalid or fails.
pub fn run(args: &Args) -> anyhow::Result<ExitCode> {
    let mut context = context(args.context.as_deref())?;
    // `now()` and the functions of today read it, as in a call; a context of the user can have another moment.
    let now = || json!({ "now": SystemClock.now().to_rfc3339() });
    context.entry("context").or_insert_with(now);
    if let Some(path) = &args.jsonl {
        evaluate_lines(path, &context)?;
        return Ok(ExitCode::SUCCESS);
    }
    match evaluate(args.expression.as_deref().unwrap_or_default(), &context) {
        // JSON has no undefined value; results contain null in its place.
        Ok(value) => {
            if value.is_none() {
                eprintln!("note: the result is undefined: a name or a path of the expression has no value");
            }
            stdout::print_line(&format!("{:#}", value.unwrap_or(Value::Null)))?;
            Ok(ExitCode::SUCCESS)
        }
        Err(message) => {
            eprintln!("error: {message}");
            Ok(ExitCode::from(EXPRESSION_ERROR_EXIT_CODE))
        }
    }
}

fn evaluate_lines(path: &Path, context: &Map<String, Value>) -> anyhow::Result<()> {
    let name = path.display();
    let text = std::fs::read_to_string(path).with_context(|| format!("cannot read {name}"))?;
    for (place, line) in text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()) {
        let line: Value = serde_json::from_str(line).with_context(|| format!("{name}:{}: not JSON", place + 1))?;
        let expr = line.get("expr").and_then(Value::as_str);
        let expr = expr.with_context(|| format!("{name}:{}: the string `expr` is missing", place + 1))?;
        let outcome = match evaluate(expr, context) {
            Ok(Some(result)) => json!({ "expr": expr, "result": result }),
            Ok(None) => json!({ "expr": expr, "undefined": true }),
            Err(message) => json!({ "expr": expr, "error": message }),
        };
        stdout::print_line(&outcome.to_string())?;
    }
    Ok(())
}

fn evaluate(source: &str, context: &Map<String, Value>) -> Result<Option<Value>, String> {
    let template = Template::parse(source).map_err(|error| error.to_string())?;
    let roots = context.iter().map(|(name, value)| (name.as_str(), value)).collect::<Vec<_>>();
    template.eval(&Bindings { roots: &roots }).map_err(|error| error.to_string())
}

fn context(path: Option<&Path>) -> anyhow::Result<Map<String, Value>> {
    let Some(path) = path else { return Ok(Map::new()) };
    let name = path.display();
    let text = std::fs::read_to_string(path).with_context(|| format!("--context: cannot read {name}"))?;
    match serde_json::from_str(&text).with_context(|| format!("--context: {name} is not JSON"))? {
        Value::Object(context) => Ok(context),
        _ => bail!("--context: {name} must contain an object, for example {{\"inputs\": {{}}}}"),
    }
}

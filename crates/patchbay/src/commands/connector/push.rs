//! `patchbay connector push`: pushes connectors to a server, each of them completely or not at all.

use std::{
    fmt::Write as _,
    path::{Path, PathBuf},
    process::ExitCode,
};

use clap::Args as ClapArgs;
use serde_json::{Value, json};

use super::{
    server::{ServerArgs, error_message},
    source::{self, FoundConnector},
    stdout,
};
use crate::api_client::{ApiClient, ServerResponse};

#[derive(ClapArgs)]
pub struct Args {
    /// Files, connector folders, or folders of such folders
    #[arg(required = true, value_name = "PATH")]
    paths: Vec<PathBuf>,
    #[command(flatten)]
    server: ServerArgs,
}

/// Runs the command. Exits with a failure if the server rejects a connector; the others are pushed.
pub fn run(args: &Args) -> anyhow::Result<ExitCode> {
    let mut sources = Vec::new();
    for path in &args.paths {
        sources.extend(source::find_all(path)?);
    }
    let responses = args.server.with(async |remote| {
        let mut responses = Vec::with_capacity(sources.len());
        for source in &sources {
            responses.push(push(remote, source).await?);
        }
        Ok(responses)
    })?;
    let (mut pushed, mut rejected, mut text) = (Vec::new(), Vec::new(), String::new());
    for (source, response) in sources.iter().zip(responses) {
        let place = source.place.as_deref().unwrap_or(Path::new(".")).display().to_string();
        let is_pushed = matches!(response.status, 200 | 201);
        describe_outcome(&mut text, &place, &response, is_pushed);
        if is_pushed {
            pushed.push(response.body);
        } else {
            let mut body = response.body;
            if !body.is_object() {
                body = json!({ "statusCode": response.status, "message": body });
            }
            body["path"] = json!(place);
            rejected.push(body);
        }
    }
    let has_failed = !rejected.is_empty();
    if args.server.json {
        stdout::print_line(&format!("{:#}", json!({ "pushed": pushed, "refused": rejected })))?;
    } else {
        stdout::print(&text)?;
    }
    Ok(if has_failed { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

async fn push(remote: &ApiClient, source: &FoundConnector) -> anyhow::Result<ServerResponse> {
    let files = source.files.iter().map(|file| {
        let name = file.name.rsplit('/').next().unwrap_or_default();
        json!({ "name": name, "text": file.text })
    });
    let body = json!({ "files": files.collect::<Vec<_>>() });
    Ok(remote.send(http::Method::POST, &["connectors"], Some(&body)).await?)
}

fn describe_outcome(text: &mut String, place: &str, response: &ServerResponse, is_pushed: bool) {
    let body = &response.body;
    let found = if is_pushed { &body["warnings"] } else { &body["diagnostics"] };
    for found in found.as_array().into_iter().flatten() {
        diagnostic(text, place, found);
    }
    let named = |name: &str| body[name].as_str().unwrap_or("?");
    let line = if !is_pushed {
        format!("{place}: not pushed: {}", error_message(response))
    } else if response.status == 200 {
        format!("{} {} exists already on the server, with equal files", named("key"), named("version"))
    } else {
        let instead = if body["overrides"] == true { "; it replaces the built-in connector" } else { "" };
        let older = if body["latest"] == true { "" } else { " (not the latest version: only version pins select it)" };
        format!("pushed {} {}{instead}{older}", named("key"), named("version"))
    };
    let _ = writeln!(text, "{line}");
}

/// Appends a problem as `validate` prints it, without the source line.
fn diagnostic(text: &mut String, place: &str, found: &Value) {
    let named = |name: &str| found[name].as_str().unwrap_or("?");
    let folder = if Path::new(place).is_dir() { format!("{place}/") } else { String::new() };
    let _ = writeln!(
        text,
        "{}[{}]: {}\n  --> {folder}{}:{}:{}",
        named("severity"),
        named("code"),
        named("message"),
        named("file"),
        found["line"],
        found["column"]
    );
    if let Some(hint) = found["hint"].as_str() {
        let _ = writeln!(text, "  = help: {hint}");
    }
    text.push('\n');
}

//! `patchbay connector push`: connectors to a server. Each is whole there or not at all.

use std::{
    fmt::Write as _,
    path::{Path, PathBuf},
    process::ExitCode,
};

use clap::Args as ClapArgs;
use patchbay_engine::remote::{Remote, RemoteAnswer};
use serde_json::{Value, json};

use super::{
    out,
    server::{Server, refusal},
    source::{self, Source},
};

#[derive(ClapArgs)]
pub struct Args {
    /// Files, connector folders, or folders of such folders
    #[arg(required = true, value_name = "PATH")]
    paths: Vec<PathBuf>,
    #[command(flatten)]
    server: Server,
}

/// Runs the command. Fails when the server refuses one of the connectors; the others are pushed.
pub fn run(args: &Args) -> anyhow::Result<ExitCode> {
    let mut sources = Vec::new();
    for path in &args.paths {
        sources.extend(source::at(path)?);
    }
    let answers = args.server.with(async |remote| {
        let mut answers = Vec::with_capacity(sources.len());
        for source in &sources {
            answers.push(push(remote, source).await?);
        }
        Ok(answers)
    })?;
    let (mut pushed, mut refused, mut text) = (Vec::new(), Vec::new(), String::new());
    for (source, answer) in sources.iter().zip(answers) {
        let place = source.place.as_deref().unwrap_or(Path::new(".")).display().to_string();
        let is_pushed = matches!(answer.status, 200 | 201);
        tell(&mut text, &place, &answer, is_pushed);
        if is_pushed {
            pushed.push(answer.body);
        } else {
            let mut body = answer.body;
            if !body.is_object() {
                body = json!({ "statusCode": answer.status, "message": body });
            }
            body["path"] = json!(place);
            refused.push(body);
        }
    }
    let is_refused = !refused.is_empty();
    if args.server.json {
        out::line(&format!("{:#}", json!({ "pushed": pushed, "refused": refused })))?;
    } else {
        out::print(&text)?;
    }
    Ok(if is_refused { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

async fn push(remote: &Remote, source: &Source) -> anyhow::Result<RemoteAnswer> {
    let files = source.files.iter().map(|file| {
        let name = file.name.rsplit('/').next().unwrap_or_default();
        json!({ "name": name, "text": file.text })
    });
    let body = json!({ "files": files.collect::<Vec<_>>() });
    Ok(remote.send(http::Method::POST, &["connectors"], Some(&body)).await?)
}

fn tell(text: &mut String, place: &str, answer: &RemoteAnswer, is_pushed: bool) {
    let body = &answer.body;
    let found = if is_pushed { &body["warnings"] } else { &body["diagnostics"] };
    for found in found.as_array().into_iter().flatten() {
        diagnostic(text, place, found);
    }
    let named = |name: &str| body[name].as_str().unwrap_or("?");
    let line = if !is_pushed {
        format!("{place}: not pushed: {}", refusal(answer))
    } else if answer.status == 200 {
        format!("{} {} is there already, with the same files", named("key"), named("version"))
    } else {
        let instead = if body["overrides"] == true { ", in place of the one that is built in" } else { "" };
        let older = if body["latest"] == true { "" } else { " (not the latest: only pins lead to it)" };
        format!("pushed {} {}{instead}{older}", named("key"), named("version"))
    };
    let _ = writeln!(text, "{line}");
}

/// A problem as `validate` tells it, without the line of the file.
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

//! `patchbay connector validate`: all problems of all connectors in one run.

use std::{path::PathBuf, process::ExitCode};

use clap::{Args as ClapArgs, ValueEnum};
use patchbay_connector::{Diagnostic, Severity, render, to_json, to_sarif};
use serde_json::json;

use super::{out, source};

/// How problems are told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    /// For people: the line, a caret, a hint.
    Text,
    /// One JSON object.
    Json,
    /// SARIF 2.1.0, for code hosts and editors.
    Sarif,
}

#[derive(ClapArgs)]
pub struct Args {
    /// Files, connector folders, or folders of such folders
    #[arg(default_value = ".")]
    paths: Vec<PathBuf>,
    /// How problems are told
    #[arg(long, value_enum, default_value = "text")]
    format: Format,
    /// Fail for warnings too
    #[arg(long)]
    deny_warnings: bool,
}

/// Runs the command. Fails when a connector has an error.
pub fn run(args: &Args) -> anyhow::Result<ExitCode> {
    let mut diagnostics = Vec::new();
    let (mut text, mut connectors) = (String::new(), 0_usize);
    for path in &args.paths {
        for source in source::at(path)? {
            let (_, found) = source.load();
            text.push_str(&render(&found, &source.files));
            diagnostics.extend(found);
            connectors += 1;
        }
    }
    let count =
        |severity| diagnostics.iter().filter(|diagnostic: &&Diagnostic| diagnostic.severity == severity).count();
    let (errors, warnings) = (count(Severity::Error), count(Severity::Warning));
    match args.format {
        Format::Text => out::print(&format!("{text}{}", summary(connectors, errors, warnings)))?,
        Format::Json => {
            let diagnostics = to_json(&diagnostics);
            let report =
                json!({ "connectors": connectors, "errors": errors, "warnings": warnings, "diagnostics": diagnostics });
            out::line(&format!("{report:#}"))?;
        }
        Format::Sarif => out::line(&format!("{:#}", to_sarif(&diagnostics)))?,
    }
    let failed = errors > 0 || (args.deny_warnings && warnings > 0);
    Ok(if failed { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

fn summary(connectors: usize, errors: usize, warnings: usize) -> String {
    let many = |count: usize, noun: &str| format!("{count} {noun}{}", if count == 1 { "" } else { "s" });
    let connectors = many(connectors, "connector");
    if errors + warnings == 0 {
        return format!("{connectors}: no problem found\n");
    }
    format!("{connectors}: {}, {}\n", many(errors, "error"), many(warnings, "warning"))
}

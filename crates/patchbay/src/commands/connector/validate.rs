//! `patchbay connector validate`: prints all problems of all connectors.

use std::{path::PathBuf, process::ExitCode};

use clap::{Args as ClapArgs, ValueEnum};
use patchbay_connector::{Diagnostic, Severity, render, to_json, to_sarif};
use serde_json::json;

use super::{placeholders, source, stdout};

/// The format in which problems are printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum ReportFormat {
    /// Text for people: the line, a caret, a hint.
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
    /// The format in which problems are printed
    #[arg(long, value_enum, default_value = "text")]
    format: ReportFormat,
    /// Fail on warnings too
    #[arg(long)]
    deny_warnings: bool,
}

/// Runs the command. Exits with a failure if a connector has an error.
pub fn run(args: &Args) -> anyhow::Result<ExitCode> {
    let mut diagnostics = Vec::new();
    let (mut text, mut connectors) = (String::new(), 0_usize);
    for path in &args.paths {
        for source in source::find_all(path)? {
            let (_, mut found) = source.load();
            found.extend(placeholders::find(&source.files));
            text.push_str(&render(&found, &source.files));
            diagnostics.extend(found);
            connectors += 1;
        }
    }
    let count =
        |severity| diagnostics.iter().filter(|diagnostic: &&Diagnostic| diagnostic.severity == severity).count();
    let (errors, warnings) = (count(Severity::Error), count(Severity::Warning));
    match args.format {
        ReportFormat::Text => stdout::print(&format!("{text}{}", summary(connectors, errors, warnings)))?,
        ReportFormat::Json => {
            let diagnostics = to_json(&diagnostics);
            let report =
                json!({ "connectors": connectors, "errors": errors, "warnings": warnings, "diagnostics": diagnostics });
            stdout::print_line(&format!("{report:#}"))?;
        }
        ReportFormat::Sarif => stdout::print_line(&format!("{:#}", to_sarif(&diagnostics)))?,
    }
    let failed = errors > 0 || (args.deny_warnings && warnings > 0);
    Ok(if failed { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

fn summary(connectors: usize, errors: usize, warnings: usize) -> String {
    let many = |count: usize, noun: &str| format!("{count} {noun}{}", if count == 1 { "" } else { "s" });
    let connectors = many(connectors, "connector");
    if errors + warnings == 0 {
        return format!("{connectors}: no problems found\n");
    }
    format!("{connectors}: {}, {}\n", many(errors, "error"), many(warnings, "warning"))
}

//! `patchbay connector test`: the recorded cases of connectors, played offline.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    process::ExitCode,
    sync::Arc,
};

use anyhow::Context;
use clap::Args as ClapArgs;
use patchbay_connector::Connector;
use patchbay_engine::{
    LocalRevoker,
    recorded_tests::{CaseFile, run_cases},
};
use patchbay_model::{Clock, Entropy};
use patchbay_vault::OsEntropy;

use super::{
    out,
    source::{self, Source},
};
use crate::system::{SystemClock, Threads, runtime};

#[derive(ClapArgs)]
pub struct Args {
    /// Connector folders, folders of such folders, or main files
    #[arg(default_value = ".")]
    paths: Vec<PathBuf>,
    /// Play only the cases of this action
    #[arg(long, value_name = "ACTION")]
    action: Option<String>,
    /// Fail when an action has no case
    #[arg(long)]
    require_coverage: bool,
    /// Tell how many cases each action has
    #[arg(long)]
    coverage: bool,
}

/// What came of one connector's cases.
#[derive(Default)]
struct Tally {
    cases: usize,
    wrong: usize,
    /// By action: how many cases it has.
    covered: BTreeMap<String, usize>,
}

/// Runs the command. Fails when a case differs.
pub fn run(args: &Args) -> anyhow::Result<ExitCode> {
    let mut failed = false;
    for path in &args.paths {
        for source in source::at(path)? {
            let connector = source.connector()?;
            let tally = play(&connector, &source, args.action.as_deref())?;
            let actions = connector.actions.len();
            let Tally { cases, wrong, covered } = &tally;
            let covered = covered.len();
            out::line(&format!(
                "{}: {cases} cases, {wrong} wrong; {covered} of {actions} actions covered",
                connector.key
            ))?;
            if args.coverage {
                for action in &connector.actions {
                    out::line(&format!("  {:>3} {}", tally.covered.get(&action.id).unwrap_or(&0), action.id))?;
                }
            }
            let missing = connector.actions.iter().filter(|action| !tally.covered.contains_key(&action.id));
            let missing = missing.map(|action| action.id.as_str()).collect::<Vec<_>>();
            if args.action.is_none() && !missing.is_empty() {
                out::line(&format!("  without a case: {}", missing.join(", ")))?;
                failed |= args.require_coverage;
            }
            failed |= tally.wrong > 0;
            if let Some(action) = args.action.as_ref().filter(|_| tally.cases == 0) {
                out::line(&format!("  no case of the action `{action}`"))?;
                failed = true;
            }
        }
    }
    Ok(if failed { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

fn play(connector: &Connector, source: &Source, only: Option<&str>) -> anyhow::Result<Tally> {
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let entropy: Arc<dyn Entropy> = Arc::new(OsEntropy);
    let wanted = only.and_then(|id| connector.action(id)).map(|action| action.id.as_str());
    let mut tally = Tally::default();
    for path in case_files(source)? {
        let name = path.display().to_string();
        let text = std::fs::read_to_string(&path).with_context(|| format!("{name} cannot be read"))?;
        let mut file = CaseFile::parse(&name, &text)?;
        if file.connector != connector.key {
            out::line(&format!("{name}: it is about the connector `{}`, not `{}`", file.connector, connector.key))?;
            tally.wrong += 1;
        }
        let id = |action: &str| connector.action(action).map(|action| action.id.as_str());
        if only.is_some() {
            file.cases.retain(|case| wanted.is_some() && id(&case.action) == wanted);
        }
        tally.cases += file.cases.len();
        for action in file.cases.iter().filter_map(|case| id(&case.action)) {
            *tally.covered.entry(action.to_owned()).or_default() += 1;
        }
        for mismatch in
            runtime(Threads::One)?.block_on(run_cases(connector, &file, &clock, &entropy, &LocalRevoker::default()))
        {
            out::line(&format!("{name}: {mismatch}"))?;
            tally.wrong += 1;
        }
    }
    Ok(tally)
}

/// The `*.test.yaml` beside the connector's files and in `tests/` there.
fn case_files(source: &Source) -> anyhow::Result<Vec<PathBuf>> {
    let Some(place) = &source.place else { return Ok(Vec::new()) };
    let folder = if place.is_file() { place.parent().unwrap_or(Path::new(".")) } else { place };
    let mut found = Vec::new();
    for folder in [folder.to_owned(), folder.join("tests")] {
        // A connector without cases has no such folder.
        let Ok(entries) = std::fs::read_dir(&folder) else { continue };
        for entry in entries {
            let path = entry.with_context(|| format!("{} cannot be read", folder.display()))?.path();
            if path.to_string_lossy().ends_with(".test.yaml") {
                found.push(path);
            }
        }
    }
    found.sort();
    Ok(found)
}

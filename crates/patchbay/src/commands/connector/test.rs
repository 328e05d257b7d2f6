//! `patchbay connector test`: runs the recorded cases of connectors offline.

use std::{collections::BTreeMap, path::PathBuf, process::ExitCode, sync::Arc};

use anyhow::Context;
use clap::Args as ClapArgs;
use patchbay_connector::{
    Connector,
    import::contract::{Contract, Description},
};
use patchbay_engine::{
    LocalRevoker,
    proof::{ApiHost, check_case},
    recorded_tests::{CaseFile, Mismatch, run_cases},
};
use patchbay_model::{Clock, Entropy};
use patchbay_vault::OsEntropy;

use super::{
    import, prove,
    source::{self, FoundConnector},
    stdout,
};
use crate::runtime::{SystemClock, Threads, build_runtime};

#[derive(ClapArgs)]
pub struct Args {
    /// Connector folders, folders of such folders, or main files
    #[arg(default_value = ".")]
    paths: Vec<PathBuf>,
    /// Run only the cases of this action
    #[arg(long, value_name = "ACTION")]
    action: Option<String>,
    /// Fail if an action has no case
    #[arg(long)]
    require_coverage: bool,
    /// Show how many cases each action has
    #[arg(long)]
    coverage: bool,
    /// Compare the recorded requests and answers with this API description too
    #[arg(long, value_name = "FILE")]
    against: Option<PathBuf>,
}

/// The results of one connector's cases.
#[derive(Default)]
struct CaseTally {
    cases: usize,
    failed: usize,
    /// The number of cases by action.
    covered: BTreeMap<String, usize>,
}

/// Runs the command. Exits with a failure if a case fails.
pub fn run(args: &Args) -> anyhow::Result<ExitCode> {
    let mut failed = false;
    let description =
        args.against.as_deref().map(|path| prove::read_description(&import::read(path)?, path)).transpose()?;
    let contract = description.as_ref().map(Description::contract).transpose()?;
    for path in &args.paths {
        for source in source::find_all(path)? {
            let connector = source.connector()?;
            let tally = run_recorded_cases(&connector, &source, args.action.as_deref(), contract.as_ref())?;
            let actions = connector.actions.len();
            let CaseTally { cases, failed: failures, covered } = &tally;
            let covered = covered.len();
            let noun = if *cases == 1 { "case" } else { "cases" };
            stdout::print_line(&format!(
                "{}: {cases} {noun}, {failures} failed; {covered} of {actions} actions covered",
                connector.key
            ))?;
            if args.coverage {
                for action in &connector.actions {
                    stdout::print_line(&format!("  {:>3} {}", tally.covered.get(&action.id).unwrap_or(&0), action.id))?;
                }
            }
            let missing = connector.actions.iter().filter(|action| !tally.covered.contains_key(&action.id));
            let missing = missing.map(|action| action.id.as_str()).collect::<Vec<_>>();
            if args.action.is_none() && !missing.is_empty() {
                stdout::print_line(&format!("  actions without a case: {}", missing.join(", ")))?;
                failed |= args.require_coverage;
            }
            failed |= tally.failed > 0;
            if let Some(action) = args.action.as_ref().filter(|_| tally.cases == 0) {
                stdout::print_line(&format!("  the action `{action}` has no case"))?;
                failed = true;
            }
        }
    }
    Ok(if failed { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

fn run_recorded_cases(
    connector: &Connector,
    source: &FoundConnector,
    only: Option<&str>,
    contract: Option<&Contract<'_>>,
) -> anyhow::Result<CaseTally> {
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let entropy: Arc<dyn Entropy> = Arc::new(OsEntropy);
    let wanted = only.and_then(|id| connector.action(id)).map(|action| action.id.as_str());
    let mut tally = CaseTally::default();
    for path in case_files(source)? {
        let name = path.display().to_string();
        let text = std::fs::read_to_string(&path).with_context(|| format!("cannot read {name}"))?;
        let mut file = CaseFile::parse(&name, &text)?;
        if file.connector != connector.key {
            stdout::print_line(&format!(
                "{name}: the file is for the connector `{}`, not `{}`",
                file.connector, connector.key
            ))?;
            tally.failed += 1;
        }
        let id = |action: &str| connector.action(action).map(|action| action.id.as_str());
        if only.is_some() {
            file.cases.retain(|case| wanted.is_some() && id(&case.action) == wanted);
        }
        tally.cases += file.cases.len();
        for action in file.cases.iter().filter_map(|case| id(&case.action)) {
            *tally.covered.entry(action.to_owned()).or_default() += 1;
        }
        let mut mismatches = build_runtime(Threads::Single)?.block_on(run_cases(
            connector,
            &file,
            &clock,
            &entropy,
            &LocalRevoker::default(),
        ));
        if let Some(contract) = contract {
            compare_with_description(contract, connector, &file, &mut mismatches);
        }
        for mismatch in mismatches {
            stdout::print_line(&format!("{name}: {mismatch}"))?;
            tally.failed += 1;
        }
    }
    Ok(tally)
}

/// Adds the differences between the recorded exchanges and a description to the mismatches of their cases.
fn compare_with_description(
    contract: &Contract<'_>,
    connector: &Connector,
    file: &CaseFile,
    mismatches: &mut Vec<Mismatch>,
) {
    let host = ApiHost::of(connector);
    // Revocations, and actions that only a sign-in runs, call other services than the API.
    for case in file.cases.iter().filter(|case| connector.action(&case.action).is_some()) {
        let mut differences = check_case(contract, &host, case);
        if differences.is_empty() {
            continue;
        }
        match mismatches.iter_mut().find(|mismatch| mismatch.case == case.name) {
            Some(mismatch) => mismatch.differences.append(&mut differences),
            None => mismatches.push(Mismatch { case: case.name.clone(), differences }),
        }
    }
}

/// Returns the `*.test.yaml` files next to the connector's files and in their `tests/` folder.
pub(super) fn case_files(source: &FoundConnector) -> anyhow::Result<Vec<PathBuf>> {
    let Some(folder) = source.folder() else { return Ok(Vec::new()) };
    let mut found = Vec::new();
    for folder in [folder.to_owned(), folder.join("tests")] {
        // A connector without cases has no such folder.
        let Ok(entries) = std::fs::read_dir(&folder) else { continue };
        for entry in entries {
            let path = entry.with_context(|| format!("cannot read {}", folder.display()))?.path();
            if path.to_string_lossy().ends_with(".test.yaml") {
                found.push(path);
            }
        }
    }
    found.sort();
    Ok(found)
}

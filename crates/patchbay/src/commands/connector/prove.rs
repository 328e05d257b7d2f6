//! `patchbay connector prove`: runs every action against a simulator that is made of an API description.

use std::{
    fmt::Write as _,
    path::{Path, PathBuf},
    process::ExitCode,
    sync::Arc,
};

use anyhow::{Context, bail};
use clap::Args as ClapArgs;
use patchbay_connector::{
    Connector,
    evidence::{Evidence, EvidenceLevel, fingerprint, hash_of},
    import::contract::{Contract, Description},
};
use patchbay_engine::{
    proof::{ActionProof, Proof},
    recorded_tests::CaseFile,
};
use patchbay_model::{Clock as _, Metadata};
use patchbay_vault::OsEntropy;
use serde_json::{Value, json};

use super::{import, source, stdout, test};
use crate::runtime::{SystemClock, Threads, build_runtime};

#[derive(ClapArgs)]
pub struct Args {
    /// The connector: its folder, its main file, or the key of a built-in one
    #[arg(value_name = "PATH|KEY")]
    connector: String,
    /// The API description: OpenAPI 3.0 or 3.1, Swagger 2 (JSON or YAML), or Google discovery; `-` reads standard input
    #[arg(long, value_name = "FILE")]
    against: PathBuf,
    /// Run only this action
    #[arg(long, value_name = "ACTION")]
    action: Option<String>,
    /// The authentication method [default: that of a recorded case, or the connector's first]
    #[arg(long, value_name = "KEY")]
    auth: Option<String>,
    /// Write the evidence beside the connector: NAME.evidence.json
    #[arg(long)]
    write: bool,
    /// Show what could not be compared, too
    #[arg(long)]
    notes: bool,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
}

/// Runs the command. Exits with a failure if a request or an answer differs from the description.
pub fn run(args: &Args) -> anyhow::Result<ExitCode> {
    let found = source::find_one(&args.connector)?;
    let connector = found.connector()?;
    let evidence = if args.write { Some(evidence_path(args, &found, &connector)?) } else { None };
    let text = import::read(&args.against)?;
    let description = read_description(&text, &args.against)?;
    let contract = description.contract()?;
    let (auth, credentials) = recorded_account(&found)?;
    let proof = Proof {
        connector: &connector,
        contract: &contract,
        auth: args.auth.as_deref().or(auth.as_deref()),
        // The values of a case belong to its method.
        credentials: if args.auth.is_some() && args.auth != auth { Metadata::new() } else { credentials },
        clock: Arc::new(SystemClock),
        entropy: Arc::new(OsEntropy),
    };
    let actions = match &args.action {
        Some(id) => vec![source::find_action(&connector, id)?],
        None => connector.actions.iter().collect(),
    };
    let runtime = build_runtime(Threads::Single)?;
    let proofs = actions.into_iter().map(|action| runtime.block_on(proof.prove(action))).collect::<Vec<_>>();
    if args.json {
        stdout::print_line(&format!("{:#}", report_json(&connector, &contract, &proofs)))?;
    } else {
        stdout::print(&report_text(&connector, &contract, &proofs, args.notes))?;
    }
    if let Some(path) = evidence {
        write_evidence(&path, &found, (&args.against, &text), &contract, &proofs)?;
        eprintln!("{}", path.display());
    }
    let has_findings = proofs.iter().any(|proof| !proof.findings.is_empty());
    Ok(if has_findings { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

/// Returns the path of the evidence beside the connector's files. Fails if this run cannot have evidence.
fn evidence_path(args: &Args, found: &source::FoundConnector, connector: &Connector) -> anyhow::Result<PathBuf> {
    let Some(folder) = found.folder() else {
        bail!("a built-in connector has no folder; name the folder of its files")
    };
    if args.action.is_some() {
        bail!("the evidence is that of all actions; leave out --action");
    }
    if args.against == Path::new("-") {
        bail!("the evidence names the description; use a file in place of standard input");
    }
    Ok(folder.join(format!("{}{}", connector.key, Evidence::SUFFIX)))
}

/// Writes the actions that are proven, and keeps the other levels of an earlier file.
fn write_evidence(
    path: &Path,
    found: &source::FoundConnector,
    (against, text): (&Path, &str),
    contract: &Contract<'_>,
    proofs: &[ActionProof],
) -> anyhow::Result<()> {
    let mut evidence = if path.exists() {
        let earlier = std::fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
        Evidence::parse(&earlier).with_context(|| format!("{} is not an evidence file", path.display()))?
    } else {
        Evidence::default()
    };
    let name = against.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let version = contract.version();
    let version = if version.is_empty() { version } else { format!(", version {version}") };
    let now = SystemClock.now().to_string();
    evidence.files = fingerprint(&found.files);
    evidence.description = format!("{name}, {}{version}", contract.format());
    evidence.description_hash = hash_of(text.as_bytes());
    now.get(..10).unwrap_or(&now).clone_into(&mut evidence.date);
    let proven = proofs.iter().filter(|proof| proof.is_proven()).map(|proof| proof.action.clone());
    evidence.proven.insert(EvidenceLevel::ContractProven, proven.collect());
    std::fs::write(path, evidence.to_text()).with_context(|| format!("cannot write {}", path.display()))
}

/// Reads an API description from the text of a file.
pub(super) fn read_description(text: &str, path: &Path) -> anyhow::Result<Description> {
    Description::read(text).with_context(|| format!("cannot use {}", path.display()))
}

/// Returns the method and the account values of the recorded case that has most of them.
fn recorded_account(found: &source::FoundConnector) -> anyhow::Result<(Option<String>, Metadata)> {
    let mut most: (Option<String>, Metadata) = (None, Metadata::new());
    for path in test::case_files(found)? {
        let name = path.display().to_string();
        let text = std::fs::read_to_string(&path).with_context(|| format!("cannot read {name}"))?;
        let cases = CaseFile::parse(&name, &text)?.cases.into_iter();
        for case in cases.filter(|case| case.revocation.is_none() && case.delivery.is_none() && case.error.is_none()) {
            if case.credentials.len() > most.1.len() {
                most = (case.auth, case.credentials);
            }
        }
    }
    Ok(most)
}

fn report_text(connector: &Connector, contract: &Contract<'_>, proofs: &[ActionProof], notes: bool) -> String {
    let mut text = String::new();
    let mut line = |line: &str| stdout::add_line(&mut text, line);
    for proof in proofs {
        let shown_notes = proof.notes.iter().filter(|_| notes || proof.operations.is_empty()).collect::<Vec<_>>();
        if proof.is_proven() && shown_notes.is_empty() {
            continue;
        }
        let operations = proof.operations.iter().map(String::as_str).collect::<Vec<_>>().join(", ");
        line(format!("{}  {operations}", proof.action).trim_end());
        for finding in &proof.findings {
            line(&format!("  {}: {}: {}", finding.run, finding.place, finding.message));
        }
        for note in shown_notes {
            line(&format!("  note: {note}"));
        }
    }
    let (proven, failed) = (count(proofs, ActionProof::is_proven), count(proofs, |proof| !proof.findings.is_empty()));
    let mut summary = format!(
        "{}: {proven} of {} actions are proven against the description ({}, {} operations)",
        connector.key,
        proofs.len(),
        contract.format(),
        contract.operations()
    );
    // Writing to a String does not fail.
    if failed > 0 {
        let _ = write!(summary, ", {failed} differ from it");
    }
    match proofs.len() - proven - failed {
        0 => {}
        unproven => _ = write!(summary, ", {unproven} could not be compared"),
    }
    line(&summary);
    text
}

fn count(proofs: &[ActionProof], is: impl Fn(&ActionProof) -> bool) -> usize {
    proofs.iter().filter(|proof| is(proof)).count()
}

fn report_json(connector: &Connector, contract: &Contract<'_>, proofs: &[ActionProof]) -> Value {
    let action = |proof: &ActionProof| {
        let findings = proof.findings.iter().map(|finding| {
            json!({
                "run": finding.run,
                "kind": finding.kind.as_str(),
                "place": finding.place,
                "message": finding.message,
            })
        });
        json!({
            "action": proof.action,
            "proven": proof.is_proven(),
            "operations": proof.operations,
            "runs": proof.runs,
            "findings": findings.collect::<Vec<_>>(),
            "notes": proof.notes,
        })
    };
    json!({
        "connector": connector.key,
        "version": connector.version.to_string(),
        "description": {
            "format": contract.format(),
            "version": contract.version(),
            "operations": contract.operations(),
        },
        "proven": count(proofs, ActionProof::is_proven),
        "actions": proofs.iter().map(action).collect::<Vec<_>>(),
    })
}

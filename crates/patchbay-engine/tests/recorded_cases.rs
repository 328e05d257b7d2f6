//! Plays the recorded cases of every connector in the repository's `connectors/`.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
    sync::Arc,
};

use patchbay_connector::{Connector, SourceFile, load, render};
use patchbay_engine::replay::{CaseFile, replay};
use patchbay_model::{
    Clock, Entropy,
    testing::{ManualClock, SeededEntropy},
};

fn files(folder: &Path, ending: &str) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(folder) else { return Vec::new() };
    let mut found = entries
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| path.to_str().is_some_and(|path| path.ends_with(ending)))
        .collect::<Vec<_>>();
    found.sort();
    found
}

fn connector(folder: &Path) -> Connector {
    let sources = files(folder, ".yaml")
        .into_iter()
        .map(|path| SourceFile { text: fs::read_to_string(&path).unwrap(), name: path.display().to_string() })
        .collect::<Vec<_>>();
    let loaded = load(&sources);
    loaded.connector.unwrap_or_else(|| panic!("{}", render(&loaded.diagnostics, &sources)))
}

async fn check(folder: &Path) -> Vec<String> {
    let connector = connector(folder);
    let clock: Arc<dyn Clock> = Arc::new(ManualClock::at("2026-01-15T10:30:00Z"));
    let entropy: Arc<dyn Entropy> = Arc::new(SeededEntropy::new(1));
    let (mut played, mut wrong) = (BTreeSet::new(), Vec::new());
    for path in files(&folder.join("tests"), ".test.yaml") {
        let name = path.display().to_string();
        let cases =
            CaseFile::parse(&name, &fs::read_to_string(&path).unwrap()).unwrap_or_else(|error| panic!("{error}"));
        assert_eq!(cases.connector, connector.key, "{name} is about another connector");
        let ids = cases.cases.iter().filter_map(|case| Some(connector.action(&case.action)?.id.clone()));
        played.extend(ids);
        wrong.extend(replay(&connector, &cases, &clock, &entropy).await.iter().map(|one| format!("{name}: {one}")));
    }
    let missing = connector.actions.iter().filter(|action| !played.contains(&action.id));
    wrong.extend(missing.map(|action| format!("{}: no case for the action `{}`", connector.key, action.id)));
    wrong
}

#[tokio::test]
async fn every_connector_behaves_as_recorded() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../connectors");
    let mut wrong = Vec::new();
    for entry in fs::read_dir(&root).unwrap() {
        let folder = entry.unwrap().path();
        if !files(&folder, ".connector.yaml").is_empty() {
            wrong.extend(check(&folder).await);
        }
    }
    assert!(wrong.is_empty(), "{} cases differ:\n{}", wrong.len(), wrong.join("\n"));
}

/// The language itself, by a connector that uses all of it.
#[tokio::test]
async fn the_demo_connector_behaves_as_recorded() {
    let wrong = check(&Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/demo")).await;
    assert!(wrong.is_empty(), "{} cases differ:\n{}", wrong.len(), wrong.join("\n"));
}

/// What is said to MCP servers of either era, exchange by exchange.
#[tokio::test]
async fn mcp_servers_are_spoken_with_as_recorded() {
    let wrong = check(&Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/quay")).await;
    assert!(wrong.is_empty(), "{} cases differ:\n{}", wrong.len(), wrong.join("\n"));
}

#[tokio::test]
async fn differences_are_told_in_words() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/demo");
    let text = fs::read_to_string(folder.join("wrong-cases.yaml.txt")).unwrap();
    let cases = CaseFile::parse("wrong-cases", &text).unwrap();
    let clock: Arc<dyn Clock> = Arc::new(ManualClock::at("2026-01-15T10:30:00Z"));
    let entropy: Arc<dyn Entropy> = Arc::new(SeededEntropy::new(1));
    let mismatches = replay(&connector(&folder), &cases, &clock, &entropy).await;
    insta::assert_snapshot!(mismatches.iter().map(ToString::to_string).collect::<String>());
}

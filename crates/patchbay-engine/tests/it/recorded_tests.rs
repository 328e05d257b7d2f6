//! Runs the recorded tests of every connector in the repository's `connectors/`.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
    sync::Arc,
};

use patchbay_connector::{Connector, definition::Authorization};
use patchbay_engine::{
    LocalRevoker,
    recorded_tests::{CaseFile, run_cases},
};
use patchbay_model::{Clock, Entropy, testing::SeededEntropy};

use crate::support::{connector_files, fixture, load_connector, test_clock};

fn files(folder: &Path, ending: &str) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(folder) else { return Vec::new() };
    let mut found = entries
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| path.to_str().is_some_and(|path| path.ends_with(ending)))
        .collect::<Vec<_>>();
    found.sort();
    found
}

fn declares_revocation(connector: &Connector) -> bool {
    connector.authentication.iter().any(|method| {
        let at_endpoint = matches!(&method.authorization, Authorization::OAuth2(own) if own.revocation_url.is_some());
        method.revoke.is_some() || at_endpoint
    })
}

/// Runs the recorded tests of the connector in a folder, and returns the differences.
async fn check(folder: &Path) -> Vec<String> {
    let connector = load_connector(&connector_files(folder.to_str().unwrap()));
    let clock: Arc<dyn Clock> = test_clock();
    let entropy: Arc<dyn Entropy> = Arc::new(SeededEntropy::new(1));
    let (mut played, mut wrong, mut has_revocation) = (BTreeSet::new(), Vec::new(), false);
    for path in files(&folder.join("tests"), ".test.yaml") {
        let name = path.display().to_string();
        let cases =
            CaseFile::parse(&name, &fs::read_to_string(&path).unwrap()).unwrap_or_else(|error| panic!("{error}"));
        assert_eq!(cases.connector, connector.key, "{name} is about another connector");
        has_revocation |= cases.cases.iter().any(|case| case.revocation.is_some());
        let ids = cases.cases.iter().filter_map(|case| Some(connector.action(&case.action)?.id.clone()));
        played.extend(ids);
        let mismatches = run_cases(&connector, &cases, &clock, &entropy, &LocalRevoker::default()).await;
        wrong.extend(mismatches.iter().map(|one| format!("{name}: {one}")));
    }
    if declares_revocation(&connector) && !has_revocation {
        wrong.push(format!("{}: no case revokes an account (`revocation: confirmed`)", connector.key));
    }
    let missing = connector.actions.iter().filter(|action| !played.contains(&action.id));
    wrong.extend(missing.map(|action| format!("{}: no case for the action `{}`", connector.key, action.id)));
    wrong
}

/// Returns the folders of the built-in connectors.
fn connector_folders() -> Vec<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../connectors");
    let folders = fs::read_dir(&root).unwrap().map(|entry| entry.unwrap().path());
    folders.filter(|folder| !files(folder, ".connector.yaml").is_empty()).collect()
}

#[tokio::test]
async fn every_connector_behaves_as_recorded() {
    let mut wrong = Vec::new();
    for folder in connector_folders() {
        wrong.extend(Box::pin(check(&folder)).await);
    }
    assert!(wrong.is_empty(), "{} cases differ:\n{}", wrong.len(), wrong.join("\n"));
}

/// The main file starts with a comment that names pages or packages of the provider, with the month in which they were
/// read.
#[test]
fn every_connector_names_its_sources() {
    let missing = connector_folders().into_iter().filter(|folder| {
        let text = fs::read_to_string(&files(folder, ".connector.yaml")[0]).unwrap();
        let head = text.lines().take_while(|line| line.starts_with('#')).collect::<Vec<_>>().join("\n");
        !(head.contains("Sources (") && (head.contains("https://") || head.contains("github.com")))
    });
    assert_eq!(missing.collect::<Vec<_>>(), Vec::<PathBuf>::new());
}

/// Each connector shows how the provider's errors become ours: at least one of rate limit, not found, and unauthorized.
#[test]
fn every_connector_has_a_case_of_an_error() {
    let missing = connector_folders().into_iter().filter(|folder| {
        let cases = files(&folder.join("tests"), ".test.yaml").into_iter().flat_map(|path| {
            let text = fs::read_to_string(&path).unwrap();
            CaseFile::parse(&path.display().to_string(), &text).unwrap().cases
        });
        !cases.filter_map(|case| case.error?.status).any(|status| [401, 403, 404, 412, 429].contains(&status))
    });
    assert_eq!(missing.collect::<Vec<_>>(), Vec::<PathBuf>::new());
}

/// A guide lists scopes only if the provider has them.
#[test]
fn no_guide_lists_scopes_that_do_not_exist() {
    for folder in connector_folders() {
        let connector = load_connector(&connector_files(folder.to_str().unwrap()));
        let guides = connector.authentication.iter().flat_map(|method| [&method.guides.config, &method.guides.setup]);
        let mut steps = guides.flatten().flat_map(|guide| &guide.sections).flat_map(|section| &section.steps);
        let lists = steps.any(|step| step.display_scopes || !step.applicable_scopes.is_empty());
        assert!(!lists || !connector.scopes.is_empty(), "{}", connector.key);
    }
}

/// The connector `demo` uses every feature of the format.
#[tokio::test]
async fn the_demo_connector_behaves_as_recorded() {
    let wrong = Box::pin(check(&Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/demo"))).await;
    assert!(wrong.is_empty(), "{} cases differ:\n{}", wrong.len(), wrong.join("\n"));
}

/// The exchanges with MCP servers of both protocol versions.
#[tokio::test]
async fn the_mcp_client_behaves_as_recorded() {
    let wrong = Box::pin(check(&Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/mcp"))).await;
    assert!(wrong.is_empty(), "{} cases differ:\n{}", wrong.len(), wrong.join("\n"));
}

#[tokio::test]
async fn differences_are_described() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/demo/wrong-cases.yaml.txt");
    let text = fs::read_to_string(path).unwrap();
    let cases = CaseFile::parse("wrong-cases", &text).unwrap();
    let clock: Arc<dyn Clock> = test_clock();
    let entropy: Arc<dyn Entropy> = Arc::new(SeededEntropy::new(1));
    let mismatches = run_cases(&fixture("demo"), &cases, &clock, &entropy, &LocalRevoker::default()).await;
    insta::assert_snapshot!(mismatches.iter().map(ToString::to_string).collect::<String>());
}

#[test]
fn a_case_names_an_action_or_a_revocation() {
    let parse = |case: &str| CaseFile::parse("c.test.yaml", &format!("connector: c\ncases:\n  - {case}\n"));
    for one in ["{name: a, action: get}", "{name: a, revocation: confirmed}", "{name: a, revocation: failed}"] {
        assert!(parse(one).is_ok(), "{one}");
    }
    for (odd, part) in [
        ("{name: a}", "the case `a` must name either an `action`, a `revocation` or a `delivery`"),
        ("{name: a, action: get, revocation: failed}", "must name either"),
        ("{name: a, revocation: perhaps}", "confirmed"),
    ] {
        let error = parse(odd).unwrap_err().to_string();
        assert!(error.starts_with("c.test.yaml: ") && error.contains(part), "{odd}: {error}");
    }
}

#[tokio::test]
async fn differences_of_a_revocation_are_described() {
    let case = |case: &str| format!("connector: oauth2\ncases:\n  - {case}\n");
    let exchange = "{request: {method: POST, url: \"https://oauth2.example.com/revoke\"}, response: {status: 503}}";
    let credentials = "{clientId: app, clientSecret: secret, accessToken: token}";
    let connector = fixture("oauth2");
    let differences = async |text: &str| {
        let cases = CaseFile::parse("c", &case(text)).unwrap();
        let clock: Arc<dyn Clock> = test_clock();
        let entropy: Arc<dyn Entropy> = Arc::new(SeededEntropy::new(1));
        run_cases(&connector, &cases, &clock, &entropy, &LocalRevoker::default())
            .await
            .into_iter()
            .flat_map(|one| one.differences)
            .collect::<Vec<_>>()
    };
    let failing = |expected: &str| {
        format!(
            "{{name: a, auth: sign_in, credentials: {credentials}, exchanges: [{exchange}], revocation: {expected}}}"
        )
    };
    assert!(differences(&failing("failed, error: {status: 503}")).await.is_empty());
    let refused = differences(&failing("confirmed")).await;
    assert!(refused[0].starts_with("revocation: expected confirmed, but it failed with ProviderError"), "{refused:?}");
    let other = differences(&failing("failed, error: {status: 400}")).await;
    assert!(other[0].starts_with("error status: expected Some(400), found 503"), "{other:?}");
    let typed = differences("{name: a, auth: service, credentials: {}, revocation: confirmed}").await;
    assert_eq!(typed, ["revocation: expected confirmed, found unsupported"]);
}

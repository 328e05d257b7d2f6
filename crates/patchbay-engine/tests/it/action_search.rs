//! The search for actions finds what people ask for, over all built-in connectors.

use std::{collections::HashMap, path::Path};

use patchbay_connector::{Connector, SourceFile, load};
use patchbay_engine::{ActionSearchQuery, Caller, Engine, ErrorCode, ProfilePatch};
use patchbay_model::EnabledActions;

use crate::support::TestBed;

/// The queries with the actions that do what they ask for.
const QUERIES: &str = include_str!("../../../patchbay-search/tests/queries.tsv");
/// Longer queries in the style of agents.
const AGENT_QUERIES: &str = include_str!("../../../patchbay-search/tests/agent_queries.tsv");
/// The score below which clients ignore a result.
const GOOD_SCORE: f32 = 0.4;

/// Loads the connectors of the repository.
fn built_in() -> Vec<Connector> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../connectors");
    let mut folders = std::fs::read_dir(root).unwrap().map(|entry| entry.unwrap().path()).collect::<Vec<_>>();
    folders.retain(|path| path.is_dir());
    folders.sort();
    let connectors = folders.iter().map(|folder| {
        let paths = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
        let files = paths
            .filter(|path| path.extension().is_some_and(|extension| extension == "yaml"))
            .map(|path| SourceFile { name: path.display().to_string(), text: std::fs::read_to_string(&path).unwrap() });
        load(&files.collect::<Vec<_>>()).connector.unwrap()
    });
    connectors.collect()
}

/// What a search found, by action, with the score of each.
async fn found(engine: &Engine, caller: &Caller, text: &str, connector: Option<&str>) -> Vec<(String, f32)> {
    let (text, connector) = (text.to_owned(), connector.map(str::to_owned));
    let query = ActionSearchQuery { text, connector, top: 5, min_score: 0.0 };
    let found = engine.action_search.search(caller, &query).await.unwrap();
    found.into_iter().map(|found| (found.action.public_id.clone(), found.score)).collect()
}

/// How often what was asked for is found.
#[derive(Debug, Default)]
struct Quality {
    queries: f64,
    in_connector: f64,
    among_five: f64,
    first: f64,
    good: f64,
}

#[tokio::test]
async fn people_and_agents_find_the_actions_of_built_in_connectors() {
    let bed = TestBed::builder().connectors(built_in()).start().await;
    println!("{} connectors", bed.engine.connector_catalog.instance().iter().count());
    for (name, queries) in [("the development set", QUERIES), ("agents", AGENT_QUERIES)] {
        measure(&bed.engine, &bed.caller, name, queries).await;
    }
}

/// Prints how often what queries ask for is found, and compares it with what is required.
async fn measure(engine: &Engine, caller: &Caller, name: &str, queries: &str) {
    let mut quality = Quality::default();
    let mut misses = Vec::new();
    for line in queries.lines().filter(|line| !line.starts_with('#')) {
        let mut columns = line.split('\t');
        let query = columns.next().unwrap();
        let all = found(engine, caller, query, None).await;
        let Some(connector) = columns.next() else {
            let best = all.first().map_or(0.0, |(_, score)| *score);
            assert!(best < GOOD_SCORE, "no action serves {query:?}, but {all:?} was found");
            continue;
        };
        let wanted = columns.next().unwrap().split(' ').collect::<Vec<_>>();
        let is_wanted = |(id, _): &(String, f32)| wanted.contains(&id.as_str());
        let within = found(engine, caller, query, Some(connector)).await;
        quality.queries += 1.0;
        quality.in_connector += f64::from(u8::from(within.iter().any(is_wanted)));
        quality.among_five += f64::from(u8::from(all.iter().any(is_wanted)));
        quality.first += f64::from(u8::from(all.first().is_some_and(is_wanted)));
        quality.good += f64::from(u8::from(within.iter().any(|hit| is_wanted(hit) && hit.1 >= GOOD_SCORE)));
        if !all.iter().any(is_wanted) {
            misses.push(query);
        }
    }
    let share = |count: f64| count / quality.queries;
    println!("{name}: {} queries", quality.queries);
    println!("Hit@5 within the connector   {:.3}", share(quality.in_connector));
    println!("  with a score of 0.4 or more {:.3}", share(quality.good));
    println!("Hit@5 over all               {:.3}", share(quality.among_five));
    println!("Hit@1 over all               {:.3}", share(quality.first));
    println!("missed: {misses:#?}");
    assert!(quality.queries >= 150.0);
    assert!(share(quality.in_connector) >= 0.90, "{quality:?}");
    assert!(share(quality.good) >= 0.70, "{quality:?}");
    assert!(share(quality.among_five) >= 0.80, "{quality:?}");
    assert!(share(quality.first) >= 0.50, "{quality:?}");
}

#[test]
fn every_action_of_built_in_connectors_has_search_phrases() {
    let mut phrases: HashMap<String, String> = HashMap::new();
    for connector in built_in() {
        for action in &connector.actions {
            assert!(!action.search_phrases.is_empty(), "{} has no searchPhrases", action.public_id);
            for phrase in &action.search_phrases {
                assert!(phrase.len() <= 120 && !phrase.trim().is_empty(), "{}: {phrase:?}", action.public_id);
                let key = format!("{} {}", connector.key, phrase.to_lowercase());
                let other = phrases.insert(key, action.public_id.clone());
                assert!(
                    other.is_none() || connector.key == "notion",
                    "{phrase:?} belongs to {} and {other:?}",
                    action.public_id
                );
            }
        }
    }
}

#[tokio::test]
async fn only_actions_that_the_profile_allows_are_found() {
    let bed = TestBed::builder().connector("two_methods").start().await;
    let all = found(&bed.engine, &bed.caller, "whoami", None).await;
    let id = all.first().expect("the action is found").0.clone();
    assert!((all[0].1 - 1.0).abs() < f32::EPSILON, "an ID is an exact match: {all:?}");
    let profile = bed.default_profile().await;
    let registry = bed.engine.connector_catalog.instance();
    let others = registry.get(&profile.connector).unwrap().actions.iter();
    let others = others.map(|action| action.public_id.clone()).filter(|other| *other != id).collect();
    let patch = ProfilePatch { enabled_actions: Some(EnabledActions::Only(others)), ..ProfilePatch::default() };
    bed.patch_profile(&profile.id, patch).await.unwrap();
    let left = found(&bed.engine, &bed.caller, "whoami", None).await;
    assert!(left.iter().all(|(other, _)| *other != id), "{left:?}");
}

#[tokio::test]
async fn a_query_without_text_is_an_error() {
    let bed = TestBed::builder().connector("two_methods").start().await;
    let query = ActionSearchQuery { text: " \n".to_owned(), connector: None, top: 5, min_score: 0.0 };
    let error = bed.engine.action_search.search(&bed.caller, &query).await.unwrap_err();
    assert_eq!((error.code, error.status()), (ErrorCode::Validation, 400));
}

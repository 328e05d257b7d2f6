//! The built-in connectors load without errors and warnings.

use std::path::Path;

use patchbay_connector::{SourceFile, load, render};

fn files(folder: &Path) -> Vec<SourceFile> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|extension| extension == "yaml") {
            files.push(SourceFile { name: path.display().to_string(), text: std::fs::read_to_string(&path).unwrap() });
        }
    }
    files.sort_by(|a, b| a.name.cmp(&b.name));
    files
}

#[test]
fn spotdraft_loads_with_every_operation() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../connectors/spotdraft");
    let files = files(&folder);
    let loaded = load(&files);
    assert!(loaded.diagnostics.is_empty(), "{}", render(&loaded.diagnostics, &files));
    let connector = loaded.connector.unwrap();
    assert_eq!(connector.actions.len(), 98);
    // SpotDraft's credentials have no scopes: https://developer.dev.spotdraft.com/docs/getting-started/authentication-and-regions
    assert!(connector.scopes.is_empty() && connector.actions.iter().all(|action| action.required_scopes.is_empty()));
    let method = connector.auth_method("custom").unwrap();
    let keys = method.config_fields.iter().map(|field| field.key.as_str()).collect::<Vec<_>>();
    assert_eq!(keys, ["clientId", "clientSecret", "region", "userEmail"]);
    for action in &connector.actions {
        assert!(!action.description.is_empty(), "{}", action.id);
        assert!(action.annotations.read_only.is_some() && action.annotations.destructive.is_some(), "{}", action.id);
    }
}

/// The most tokens that the schema of one action's inputs may cost a model, unless [`LARGE_SCHEMAS`] has the reason.
const MAX_SCHEMA_TOKENS: usize = 1_500;

/// The most tokens that half of the schemas may cost.
const MAX_MEDIAN_SCHEMA_TOKENS: usize = 250;

/// Actions whose schema is larger, with the reason.
const LARGE_SCHEMAS: [(&str, &str); 0] = [];

/// Estimates the tokens of a text: four characters of JSON per token, as usual for o200k and cl100k.
fn estimated_tokens(text: &str) -> usize {
    text.chars().count().div_ceil(4)
}

#[test]
fn the_schemas_of_inputs_are_small_enough_for_models() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../connectors");
    let folders = std::fs::read_dir(root).unwrap().map(|entry| entry.unwrap().path()).filter(|path| path.is_dir());
    let mut sizes = Vec::new();
    for folder in folders {
        for action in load(&files(&folder)).connector.unwrap().actions {
            sizes.push((estimated_tokens(&action.input_schema().to_string()), action.public_id.clone()));
        }
    }
    sizes.sort();
    let (median, largest) = (sizes[sizes.len() / 2].0, sizes.last().unwrap());
    println!("{} schemas: median {median} tokens, largest {} ({})", sizes.len(), largest.0, largest.1);
    let large = sizes.iter().filter(|(tokens, _)| *tokens > MAX_SCHEMA_TOKENS).map(|(_, id)| id.as_str());
    assert_eq!(large.collect::<Vec<_>>(), LARGE_SCHEMAS.map(|(id, _)| id));
    assert!(median < MAX_MEDIAN_SCHEMA_TOKENS, "the median is {median} tokens");
}

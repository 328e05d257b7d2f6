//! The built-in connectors load without errors and warnings.

use std::path::Path;

use patchbay_connector::{SourceFile, load, render};

fn files(folder: &Path) -> Vec<SourceFile> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_file() {
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

//! Runs the functions of the fuzz targets on their seeds, so that a change that breaks them fails here.

#[path = "../../../fuzz/src/format.rs"]
mod targets;

use std::{fs, path::Path};

/// Calls a target with each of its seeds.
fn run_seeds(name: &str, target: fn(&[u8])) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/seeds").join(name);
    let seeds = fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path()).collect::<Vec<_>>();
    assert!(!seeds.is_empty(), "{} contains no seeds", folder.display());
    for seed in seeds {
        target(&fs::read(seed).unwrap());
    }
}

#[test]
fn the_connector_target_accepts_its_seeds() {
    run_seeds("connector", targets::connector);
}

#[test]
fn the_description_target_accepts_its_seeds() {
    run_seeds("description", targets::description);
}

#[test]
fn the_expression_target_accepts_its_seeds() {
    run_seeds("expression", targets::expression);
}

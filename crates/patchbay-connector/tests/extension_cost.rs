//! The cost of a step function and of an authorization scheme: the number of source files that name one.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

use patchbay_connector::format_schema;
use regex::Regex;

/// The folder of the step functions.
const FOLDER: &str = "patchbay-connector/src/step_functions/";

fn crates() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// Returns the Rust files under a folder, relative to `crates`.
fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
}

/// Returns the files under `crates/*/src` that name `name` (`sign_jwt`) or its variant (`SignJwt…`).
fn files_naming(name: &str) -> BTreeSet<String> {
    let variant = name.split('_').map(|word| word[..1].to_uppercase() + &word[1..]).collect::<String>();
    let pattern = Regex::new(&format!(r"\b{name}\b|\b{variant}")).unwrap();
    let mut files = Vec::new();
    for entry in fs::read_dir(crates()).unwrap() {
        let folder = entry.unwrap().path().join("src");
        if folder.is_dir() {
            sources(&folder, &mut files);
        }
    }
    let naming = files.iter().filter(|path| {
        let text = fs::read_to_string(path).unwrap();
        // The examples of unit tests do not count.
        pattern.is_match(text.split("#[cfg(test)]\nmod tests {").next().unwrap_or_default())
    });
    naming.map(|path| path.strip_prefix(crates()).unwrap().to_string_lossy().replace('\\', "/")).collect()
}

/// The names of the step functions, except those that are also words of other modules.
fn step_functions() -> Vec<String> {
    let schema = format_schema();
    let names = schema["$defs"]["stepFunction"]["properties"]["functionName"]["enum"].as_array().unwrap().clone();
    names.iter().map(|name| name.as_str().unwrap().to_owned()).filter(|name| name != "request").collect()
}

#[test]
fn a_step_function_costs_one_file_and_one_row_in_this_crate() {
    let names = step_functions();
    assert!(names.len() >= 13, "{names:?}");
    for name in names {
        let mut files = files_naming(&name);
        let own = format!("{FOLDER}{name}.rs");
        assert!(files.contains(&own) && files.contains(&format!("{FOLDER}mod.rs")), "{name}: {files:#?}");
        // Functions of one family may share parameters, and the import generates steps.
        let is_elsewhere = |path: &String| {
            let is_family = path.starts_with(FOLDER) || path.starts_with("patchbay-connector/src/import/");
            path.starts_with("patchbay-connector/") && !is_family
        };
        files.retain(is_elsewhere);
        assert!(files.is_empty(), "{name}: {files:#?}");
    }
}

#[test]
fn an_authorization_scheme_costs_five_files_in_all_crates() {
    let files = files_naming("ws_security");
    assert!(files.len() <= 5, "{files:#?}");
}

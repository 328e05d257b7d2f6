//! The page of error codes and the source say the same: a code that programs rely on is written down,
//! and none is written down that does not exist.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

const CRATES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/..");

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

/// The names between two `mark`s that read like a code: `SomethingError`.
fn codes(text: &str, mark: char) -> BTreeSet<String> {
    let is_code = |part: &&str| {
        part.len() > "Error".len()
            && part.ends_with("Error")
            && part.starts_with(|c: char| c.is_ascii_uppercase())
            && part.chars().all(|c| c.is_ascii_alphabetic())
    };
    text.lines().flat_map(|line| line.split(mark)).filter(is_code).map(str::to_owned).collect()
}

#[test]
fn the_page_lists_every_code_and_no_other() {
    let mut files = Vec::new();
    for name in ["patchbay-engine", "patchbay-server"] {
        sources(&Path::new(CRATES).join(name).join("src"), &mut files);
    }
    let source = files.iter().flat_map(|file| codes(&fs::read_to_string(file).unwrap(), '"')).collect::<BTreeSet<_>>();
    assert!(source.contains("ValidationError"), "no codes found in {} files", files.len());
    let page = codes(&fs::read_to_string(Path::new(CRATES).join("../docs/errors.md")).unwrap(), '`');
    let missing = source.difference(&page).collect::<Vec<_>>();
    let stale = page.difference(&source).collect::<Vec<_>>();
    assert!(missing.is_empty() && stale.is_empty(), "docs/errors.md misses {missing:?} and should drop {stale:?}");
}

//! Checks the documents against the code: tests, files and links that they name exist.

use std::{
    fs,
    path::{Path, PathBuf},
};

const ROOT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../..");

/// Returns the files below `folder` with this ending, without build folders.
fn files(folder: &Path, ending: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default().to_owned();
        if path.is_dir() && !["target", "node_modules", "dist", ".git"].contains(&&*name) {
            found.extend(files(&path, ending));
        } else if name.ends_with(ending) {
            found.push(path);
        }
    }
    found
}

/// Returns the text of all code.
fn code() -> String {
    let paths = files(&Path::new(ROOT).join("crates"), ".rs");
    paths.into_iter().map(|path| fs::read_to_string(path).unwrap()).collect()
}

fn documents() -> Vec<(PathBuf, String)> {
    let root = Path::new(ROOT);
    let mut paths = files(&root.join("docs"), ".md");
    paths.extend(["README.md", "ARCHITECTURE.md", "CONTRIBUTING.md", "SECURITY.md"].map(|name| root.join(name)));
    paths.extend([root.join("connectors/README.md"), root.join("bench/README.md"), root.join("web/embed/README.md")]);
    paths.into_iter().map(|path| (path.clone(), fs::read_to_string(&path).unwrap())).collect()
}

#[test]
fn the_security_page_names_tests_that_exist() {
    let root = Path::new(ROOT);
    let page = fs::read_to_string(root.join("docs/security.md")).unwrap();
    let code = code();
    let names = page.split('`').skip(1).step_by(2).filter(|name| name.matches('_').count() >= 3);
    let names = names.filter(|name| name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_'));
    let (mut known, mut missing) = (0, Vec::new());
    for name in names {
        if code.contains(&format!("fn {name}(")) {
            known += 1;
        } else {
            missing.push(name);
        }
    }
    assert!(missing.is_empty() && known > 30, "{known} tests found, missing: {missing:#?}");
}

#[test]
fn links_and_paths_lead_to_files() {
    let root = Path::new(ROOT);
    let mut broken = Vec::new();
    for (path, text) in documents() {
        let folder = path.parent().unwrap();
        let links = text.split("](").skip(1).filter_map(|rest| rest.split(')').next());
        let links = links.filter(|link| !link.contains("://") && !link.starts_with(['#', '/']));
        for link in links {
            let file = link.split('#').next().unwrap_or_default();
            if !folder.join(file).exists() {
                broken.push(format!("{}: {link}", path.display()));
            }
        }
        let named = text.split('`').skip(1).step_by(2).filter(|name| name.starts_with("crates/"));
        for name in named.filter(|name| !name.contains(['*', ' ', '{', '<'])) {
            if !root.join(name).exists() {
                broken.push(format!("{}: {name}", path.display()));
            }
        }
    }
    assert!(broken.is_empty(), "{broken:#?}");
}

#[test]
fn lines_that_the_operators_pages_quote_are_printed_by_the_code() {
    let root = Path::new(ROOT);
    // A literal that is continued on the next line is one text.
    let code = code().split("\\\n").map(str::trim_start).collect::<String>();
    let (mut known, mut missing) = (0, Vec::new());
    for page in ["docs/operate/monitoring.md", "docs/operate/troubleshooting.md"] {
        let page = fs::read_to_string(root.join(page)).unwrap();
        // The first cell of a row quotes the line; "…" stands for what differs.
        let quoted = page.lines().filter_map(|line| line.strip_prefix("| `")?.split('`').next());
        for part in quoted.flat_map(|quoted| quoted.split('…')).map(str::trim).filter(|part| part.contains(' ')) {
            if code.contains(part) {
                known += 1;
            } else {
                missing.push(part.to_owned());
            }
        }
    }
    assert!(missing.is_empty() && known > 20, "{known} lines found, missing: {missing:#?}");
}

//! Reads the modules of a crate and which of them each imports. A small reader of Rust's `use` trees and paths suffices:
//! comments, strings and test code are removed first.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
};

/// Returns the repository's root.
pub fn repository_root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().unwrap()
}

/// Returns the names of the workspace's crates.
pub fn crates() -> Vec<String> {
    let entries = fs::read_dir(repository_root().join("crates")).unwrap();
    let mut names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect::<Vec<_>>();
    names.sort();
    names
}

/// Returns all Rust files under a folder.
pub fn rust_files(folder: &Path) -> Vec<PathBuf> {
    let (mut files, mut open) = (Vec::new(), vec![folder.to_owned()]);
    while let Some(folder) = open.pop() {
        for entry in fs::read_dir(folder).into_iter().flatten() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                open.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                files.push(path);
            }
        }
    }
    files.sort();
    files
}

/// Returns the code of a file without comments, without the contents of strings and without items under `cfg(test)`.
pub fn code(text: &str) -> String {
    without_tests(&without_comments_and_strings(text))
}

/// A module's path within its crate; empty for the root.
type ModulePath = Vec<String>;

/// The modules of a crate.
pub struct Crate {
    /// The code of each module.
    modules: BTreeMap<ModulePath, String>,
}

impl Crate {
    /// Reads a crate of the workspace.
    pub fn read(name: &str) -> Self {
        let root = repository_root().join("crates").join(name).join("src");
        let mut modules = BTreeMap::new();
        for path in rust_files(&root) {
            let relative = path.strip_prefix(&root).unwrap().with_extension("");
            let mut parts = relative.iter().map(|part| part.to_string_lossy().into_owned()).collect::<ModulePath>();
            if matches!(parts.last().map(String::as_str), Some("mod" | "lib" | "main")) {
                parts.pop();
            }
            if parts.iter().any(|part| matches!(part.as_str(), "tests" | "testing")) {
                continue;
            }
            modules.entry(parts).or_insert_with(String::new).push_str(&code(&fs::read_to_string(&path).unwrap()));
        }
        Self { modules }
    }

    /// Returns which modules each module imports. A module is a top-level one; a folder whose `mod.rs` only declares
    /// modules stands for nothing itself, so its children count.
    pub fn imports(&self) -> BTreeMap<String, BTreeSet<String>> {
        let mut imports = BTreeMap::<String, BTreeSet<String>>::new();
        for (from, to) in self.edges() {
            imports.entry(to.clone()).or_default();
            imports.entry(from).or_default().insert(to);
        }
        imports
    }

    /// Returns every import: the importing node and the imported node.
    fn edges(&self) -> Vec<(String, String)> {
        let root_names = self.root_names();
        let mut edges = Vec::new();
        for (path, code) in &self.modules {
            // The root puts modules together; nothing but a name that it re-exports leads back to it.
            if path.is_empty() {
                continue;
            }
            let from = self.node(path);
            for mut target in references(path, code) {
                if let Some(module) = target.first().and_then(|name| root_names.get(name))
                    && !self.modules.contains_key(&target[..1])
                {
                    target.splice(..1, module.iter().cloned());
                }
                let deepest = (1..=target.len()).rev().find(|end| self.modules.contains_key(&target[..*end]));
                let Some(end) = deepest else { continue };
                let to = self.node(&target[..end]);
                if to != from {
                    edges.push((from.clone(), to));
                }
            }
        }
        edges
    }

    /// Returns the node that stands for a module.
    fn node(&self, path: &[String]) -> String {
        let is_folder = |path: &[String]| self.modules.get(path).is_some_and(|code| only_declares_modules(code));
        let end = (1..path.len()).find(|end| !is_folder(&path[..*end])).unwrap_or(path.len());
        path[..end].join("::")
    }

    /// Returns which module defines each name that the crate's root re-exports.
    fn root_names(&self) -> BTreeMap<String, ModulePath> {
        let mut names = BTreeMap::new();
        let Some(code) = self.modules.get(&ModulePath::new()) else { return names };
        for tree in use_trees(code) {
            for path in expand(&tree) {
                let path = path.strip_prefix("crate::").unwrap_or(&path);
                let parts = path.split("::").map(str::to_owned).collect::<Vec<_>>();
                if let [module @ .., name] = parts.as_slice()
                    && module.first().is_some_and(|first| self.modules.contains_key(std::slice::from_ref(first)))
                {
                    names.insert(name.clone(), module.to_vec());
                }
            }
        }
        names
    }
}

/// Returns the paths within the crate that a module's code names, in `use` trees and elsewhere.
fn references(module: &[String], code: &str) -> Vec<ModulePath> {
    let absolute = |path: &str| {
        let mut base = ModulePath::new();
        let mut rest = path;
        if let Some(inner) = path.strip_prefix("crate::") {
            rest = inner;
        } else if path.starts_with("super::") {
            base = module.to_vec();
            while let Some(inner) = rest.strip_prefix("super::") {
                base.pop();
                rest = inner;
            }
        } else if let Some(inner) = path.strip_prefix("self::") {
            base = module.to_vec();
            rest = inner;
        } else {
            return None;
        }
        base.extend(rest.split("::").filter(|part| !part.is_empty()).map(str::to_owned));
        Some(base)
    };
    let in_trees = use_trees(code).into_iter().flat_map(|tree| expand(&tree)).filter_map(|path| absolute(&path));
    let mut found = in_trees.collect::<Vec<_>>();
    for start in ["crate::", "super::"] {
        for (at, _) in code.match_indices(start) {
            let is_start = !code[..at].ends_with(|c: char| c.is_alphanumeric() || c == '_' || c == ':');
            let end =
                code[at..].find(|c: char| !c.is_alphanumeric() && c != '_' && c != ':').unwrap_or(code.len() - at);
            if is_start {
                found.extend(absolute(code[at..at + end].trim_end_matches(':')));
            }
        }
    }
    found
}

/// Returns the trees of all `use` declarations, without white space.
fn use_trees(code: &str) -> Vec<String> {
    let mut trees = Vec::new();
    for (at, _) in code.match_indices("use ") {
        let starts_item = code[..at].trim_end_matches(' ').ends_with(['\n', ';', '}', '{', ')', 'b']) || at == 0;
        if let (true, Some(end)) = (starts_item, code[at..].find(';')) {
            let tree = &code[at + "use ".len()..at + end];
            trees.push(tree.split_whitespace().collect::<Vec<_>>().join(" ").replace("{ ", "{").replace(" }", "}"));
        }
    }
    trees
}

/// Expands a `use` tree into its paths; the name that an alias hides is kept, the alias is not.
fn expand(tree: &str) -> Vec<String> {
    let tree = tree.trim();
    let Some((head, body)) = tree.split_once('{') else {
        let path = tree.split(" as ").next().unwrap_or_default().trim();
        return vec![path.trim_end_matches("::self").trim_end_matches("::*").to_owned()];
    };
    let body = body.strip_suffix('}').unwrap_or(body);
    let (mut parts, mut depth, mut part) = (Vec::new(), 0_usize, String::new());
    for character in body.chars() {
        match character {
            '{' => depth += 1,
            '}' => depth -= 1,
            ',' if depth == 0 => {
                parts.push(std::mem::take(&mut part));
                continue;
            }
            _ => {}
        }
        part.push(character);
    }
    parts.push(part);
    let parts = parts.iter().map(|part| part.trim()).filter(|part| !part.is_empty());
    parts.flat_map(|part| expand(&if part == "self" { head.to_owned() } else { format!("{head}{part}") })).collect()
}

/// Returns true if a `mod.rs` holds nothing but declarations of modules.
fn only_declares_modules(code: &str) -> bool {
    let mut items = code.split(';').map(str::trim).filter(|item| !item.is_empty()).peekable();
    items.peek().is_some()
        && items.all(|item| item.split_whitespace().rev().nth(1) == Some("mod") && !item.contains('{'))
}

fn without_comments_and_strings(text: &str) -> String {
    let (mut out, mut rest) = (String::with_capacity(text.len()), text);
    while let Some(first) = rest.chars().next() {
        if rest.starts_with("//") {
            rest = &rest[rest.find('\n').unwrap_or(rest.len())..];
        } else if rest.starts_with("/*") {
            rest = rest.split_once("*/").map_or("", |(_, after)| after);
        } else if let Some(after) = raw_string(rest) {
            out.push_str("\"\"");
            rest = after;
        } else if first == '"' {
            out.push_str("\"\"");
            rest = after_string(&rest[1..]);
        } else if let Some(after) = char_literal(rest) {
            out.push_str("' '");
            rest = after;
        } else {
            out.push(first);
            rest = &rest[first.len_utf8()..];
        }
    }
    out
}

fn after_string(mut rest: &str) -> &str {
    while let Some(at) = rest.find(['"', '\\']) {
        if rest[at..].starts_with('"') {
            return &rest[at + 1..];
        }
        let escaped = rest[at + 1..].chars().next().map_or(0, char::len_utf8);
        rest = &rest[at + 1 + escaped..];
    }
    ""
}

fn raw_string(text: &str) -> Option<&str> {
    let inner = text.strip_prefix('r')?;
    let hashes = inner.bytes().take_while(|byte| *byte == b'#').count();
    let body = inner[hashes..].strip_prefix('"')?;
    let end = format!("\"{}", "#".repeat(hashes));
    Some(body.split_once(&end).map_or("", |(_, after)| after))
}

/// Skips a character literal; a lifetime is none.
fn char_literal(text: &str) -> Option<&str> {
    let inner = text.strip_prefix('\'')?;
    if let Some(escaped) = inner.strip_prefix('\\') {
        return escaped.get(1..)?.split_once('\'').map(|(_, after)| after);
    }
    let first = inner.chars().next()?;
    inner[first.len_utf8()..].strip_prefix('\'')
}

/// Removes every item that follows `#[cfg(test)]`.
fn without_tests(code: &str) -> String {
    let (mut out, mut rest) = (String::with_capacity(code.len()), code);
    while let Some((before, after)) = rest.split_once("#[cfg(test)]") {
        out.push_str(before);
        let (mut depth, mut end) = (0_usize, after.len());
        for (at, character) in after.char_indices() {
            match character {
                '{' => depth += 1,
                '}' if depth <= 1 => {
                    end = at + 1;
                    break;
                }
                '}' => depth -= 1,
                ';' if depth == 0 => {
                    end = at + 1;
                    break;
                }
                _ => {}
            }
        }
        rest = &after[end..];
    }
    out.push_str(rest);
    out
}

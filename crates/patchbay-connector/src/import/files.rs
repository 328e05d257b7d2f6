//! Adds the files that a description refers to, so that every reference leads into one tree.
//!
//! Rule: only files beside the description or in folders below it are read, never above it and never by network. A
//! reference that cannot be followed stays as it is, and the notes name it.

use std::collections::HashMap;

use serde_json::{Map, Value};

use super::{ImportError, read};

/// The member of the tree that has the other files by path.
const FILES: &str = "x-patchbay-files";
/// The maximum number of other files.
const MAX_FILES: usize = 10_000;
/// The maximum size of all other files, in bytes.
const MAX_BYTES: usize = 48 * 1024 * 1024;

/// Reads the files beside a description.
pub trait DescriptionFiles {
    /// Returns the text of a file; `None` if there is none. The path is relative to the description's folder, with `/`
    /// between its segments, of which none is `.` or `..`.
    fn text(&self, path: &str) -> Option<String>;
}

/// No files: those of a description from standard input.
#[derive(Clone, Copy, Debug)]
pub struct NoFiles;

impl DescriptionFiles for NoFiles {
    fn text(&self, _: &str) -> Option<String> {
        None
    }
}

/// Adds the files to the tree of a description; `name` is the description's own file name.
///
/// # Errors
/// [`ImportError::TooLarge`] if there are too many files.
pub(super) fn add(tree: &mut Value, name: &str, files: &dyn DescriptionFiles) -> Result<(), ImportError> {
    let mut bundle = Bundle { name, files, known: HashMap::new(), waiting: Vec::new(), bytes: 0 };
    bundle.rewrite(tree, None)?;
    let mut done = Map::new();
    while let Some((path, mut file)) = bundle.waiting.pop() {
        bundle.rewrite(&mut file, Some(&path))?;
        done.insert(path, file);
    }
    if let (Value::Object(root), false) = (tree, done.is_empty()) {
        root.insert(FILES.to_owned(), Value::Object(done));
    }
    Ok(())
}

struct Bundle<'a> {
    name: &'a str,
    files: &'a dyn DescriptionFiles,
    /// Whether each path that was tried can be read.
    known: HashMap<String, bool>,
    /// The files whose references are not rewritten yet.
    waiting: Vec<(String, Value)>,
    bytes: usize,
}

impl Bundle<'_> {
    /// Rewrites the references of a file, `None` for the description itself, and reads the files to which they lead.
    fn rewrite(&mut self, value: &mut Value, file: Option<&str>) -> Result<(), ImportError> {
        match value {
            Value::Array(items) => items.iter_mut().try_for_each(|item| self.rewrite(item, file)),
            Value::Object(members) => {
                if let Some(Value::String(reference)) = members.get("$ref")
                    && let Some(target) = self.target(reference, file)?
                {
                    members.insert("$ref".to_owned(), Value::String(target));
                }
                members.iter_mut().try_for_each(|(_, member)| self.rewrite(member, file))
            }
            _ => Ok(()),
        }
    }

    /// Returns the reference within the tree; `None` if it stays as it is.
    fn target(&mut self, reference: &str, file: Option<&str>) -> Result<Option<String>, ImportError> {
        let (path, pointer) = reference.split_once('#').unwrap_or((reference, ""));
        let place = if path.is_empty() {
            let Some(file) = file else { return Ok(None) };
            file.to_owned()
        } else {
            let folder = file.and_then(|file| file.rsplit_once('/')).map_or("", |(folder, _)| folder);
            match joined(folder, path) {
                Some(place) if place == self.name => return Ok(Some(format!("#{pointer}"))),
                Some(place) => place,
                None => return Ok(None),
            }
        };
        if !self.load(&place)? {
            return Ok(None);
        }
        Ok(Some(format!("#/{FILES}/{}{pointer}", place.replace('~', "~0").replace('/', "~1"))))
    }

    fn load(&mut self, path: &str) -> Result<bool, ImportError> {
        if let Some(known) = self.known.get(path) {
            return Ok(*known);
        }
        let tree = self.files.text(path).and_then(|text| {
            self.bytes = self.bytes.saturating_add(text.len());
            read::read(&text).ok()
        });
        if self.bytes > MAX_BYTES || self.known.len() >= MAX_FILES {
            let limit =
                format!("its files have more than {} MiB, or are more than {MAX_FILES}", MAX_BYTES / 1024 / 1024);
            return Err(ImportError::TooLarge(limit));
        }
        let is_readable = tree.is_some();
        self.known.insert(path.to_owned(), is_readable);
        self.waiting.extend(tree.map(|tree| (path.to_owned(), tree)));
        Ok(is_readable)
    }
}

/// Returns a relative path within the description's folder; `None` if it leads elsewhere.
fn joined(folder: &str, path: &str) -> Option<String> {
    if path.starts_with(['/', '\\']) || path.contains([':', '\\', '\0']) {
        return None;
    }
    let mut segments = folder.split('/').filter(|segment| !segment.is_empty()).map(str::to_owned).collect::<Vec<_>>();
    for segment in path.split('/') {
        let segment = super::refs::decoded(segment);
        match segment.as_str() {
            "" | "." => {}
            ".." => _ = segments.pop()?,
            other if other.contains(['/', '\\', ':', '\0']) => return None,
            _ => segments.push(segment),
        }
    }
    (!segments.is_empty()).then(|| segments.join("/"))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    struct Folder(Vec<(&'static str, Value)>);

    impl DescriptionFiles for Folder {
        fn text(&self, path: &str) -> Option<String> {
            self.0.iter().find(|(known, _)| *known == path).map(|(_, value)| value.to_string())
        }
    }

    #[test]
    fn references_lead_into_one_tree() {
        let mut tree = json!({
            "a": { "$ref": "paths/a.yml" }, "b": { "$ref": "shared.json#/B" }, "c": { "$ref": "#/b" },
            "gone": { "$ref": "gone.yml" }, "above": { "$ref": "../x.yml" }, "web": { "$ref": "https://x.example/y.yml" },
        });
        let folder = Folder(vec![
            (
                "paths/a.yml",
                json!({ "x": { "$ref": "../shared.json#/B" }, "y": { "$ref": "#/x" }, "z": { "$ref": "../main.yml#/c" } }),
            ),
            ("shared.json", json!({ "B": { "type": "string", "more": { "$ref": "%2E%2E/../etc" } } })),
            ("../x.yml", json!({})),
        ]);
        add(&mut tree, "main.yml", &folder).unwrap();
        let reference = |pointer: &str| tree.pointer(pointer).and_then(Value::as_str).unwrap_or_default().to_owned();
        assert_eq!(reference("/a/$ref"), "#/x-patchbay-files/paths~1a.yml");
        assert_eq!(reference("/b/$ref"), "#/x-patchbay-files/shared.json/B");
        assert_eq!(reference("/x-patchbay-files/paths~1a.yml/x/$ref"), "#/x-patchbay-files/shared.json/B");
        assert_eq!(reference("/x-patchbay-files/paths~1a.yml/y/$ref"), "#/x-patchbay-files/paths~1a.yml/x");
        assert_eq!(reference("/x-patchbay-files/paths~1a.yml/z/$ref"), "#/c");
        assert_eq!(tree["gone"]["$ref"], "gone.yml");
        assert_eq!(tree["above"]["$ref"], "../x.yml");
        assert_eq!(tree["web"]["$ref"], "https://x.example/y.yml");
        assert_eq!(reference("/x-patchbay-files/shared.json/B/more/$ref"), "%2E%2E/../etc");
    }

    #[test]
    fn paths_stay_below_the_folder() {
        for (folder, path, expected) in [
            ("", "a/./b.yml", Some("a/b.yml")),
            ("a/b", "../c.yml", Some("a/c.yml")),
            ("a", "../../c.yml", None),
            ("", "/etc/passwd", None),
            ("", "file:///etc/passwd", None),
            ("", "C:\\x", None),
            ("a", "%2e%2e/%2e%2e/x", None),
            ("", "a%2f..%2fb", None),
            ("", "", None),
        ] {
            assert_eq!(joined(folder, path).as_deref(), expected, "{folder} {path}");
        }
    }
}

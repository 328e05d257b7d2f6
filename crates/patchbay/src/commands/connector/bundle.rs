//! Bundles a connector's files into one: replaces each `$ref` of the main file by the partial's text with its comments.

use std::collections::BTreeMap;

use anyhow::{Context, bail};
use patchbay_connector::{Connector, SourceFile, load};

const PARTIAL_SUFFIXES: [&str; 2] = [".s1.partial.yaml", ".partial.yaml"];

/// Returns the text of one file with the content of all. The text is loaded and compared with the files.
pub fn bundle(files: &[SourceFile]) -> anyhow::Result<String> {
    if let [file] = files {
        return Ok(file.text.clone());
    }
    let (mut main, mut partials) = (None, BTreeMap::new());
    for file in files {
        let name = file.name.rsplit('/').next().unwrap_or_default();
        match PARTIAL_SUFFIXES.iter().find_map(|ending| name.strip_suffix(ending)) {
            Some(stem) => {
                partials.insert(stem, file.text.as_str());
            }
            None => main = Some(file),
        }
    }
    let main = main.context("the connector's files include no main file")?;
    let mut text = String::new();
    for line in main.text.lines() {
        match reference(line).and_then(|(indent, name)| Some((indent, partials.get(name)?))) {
            Some((indent, partial)) => insert_partial(&mut text, indent, partial),
            None => {
                text.push_str(line);
                text.push('\n');
            }
        }
    }
    let one = [SourceFile { name: main.name.clone(), text }];
    if actions(load(&one).connector.as_ref()) != actions(load(files).connector.as_ref()) {
        bail!("cannot bundle the connector's files into one file; pull it without --merged");
    }
    let [SourceFile { text, .. }] = one;
    Ok(text)
}

/// Returns the indentation and the name of a line that contains only a reference: `- $ref: acme.items`, or `$ref:` as a
/// key.
fn reference(line: &str) -> Option<(usize, &str)> {
    let bare = line.trim_start();
    let indent = line.len() - bare.len();
    let item = bare.strip_prefix("- ").map_or(bare, str::trim_start);
    let name = item.strip_prefix("$ref:")?.split(" #").next()?.trim().trim_matches(['"', '\'']);
    (!name.is_empty() && !name.contains(char::is_whitespace)).then_some((indent, name))
}

/// Appends the partial's list at the indentation of the reference. The list is the file's root or is under `actions`.
fn insert_partial(text: &mut String, indent: usize, partial: &str) {
    let is_list = |line: &&str| line.starts_with("- ");
    let under_actions = !partial.lines().any(|line| is_list(&line));
    let lines = partial.lines().filter(|line| *line != "---");
    let lines = lines.filter(|line| !(under_actions && line.trim_end() == "actions:"));
    // A list under `actions` has an indentation of its own, which is removed.
    let first = partial.lines().find(|line| line.trim_start().starts_with("- ")).unwrap_or_default();
    // Only spaces indent: other white space belongs to the value.
    let indent_of = |line: &str| line.len() - line.trim_start_matches(' ').len();
    let own = indent_of(first);
    for line in lines {
        let line = &line[indent_of(line).min(own)..];
        if !line.trim().is_empty() {
            text.extend(std::iter::repeat_n(' ', indent));
            text.push_str(line);
        }
        text.push('\n');
    }
}

/// Returns a comparable form of a connector's actions.
fn actions(connector: Option<&Connector>) -> Option<Vec<String>> {
    connector.map(|connector| connector.actions.iter().map(|action| format!("{action:?}")).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::connectors;

    #[test]
    fn bundling_keeps_the_actions_of_every_built_in_connector() {
        for (key, files) in connectors::built_in() {
            let text = bundle(&files).unwrap_or_else(|error| panic!("{key}: {error}"));
            assert!(!text.contains("$ref:"), "{key}");
            let one = load(&[SourceFile { name: "one.connector.yaml".to_owned(), text }]).connector;
            assert_eq!(actions(one.as_ref()), actions(load(&files).connector.as_ref()), "{key}");
        }
    }

    #[test]
    fn only_whole_lines_are_references() {
        assert_eq!(reference("  - $ref: acme.items # the items"), Some((2, "acme.items")));
        assert_eq!(reference("  $ref: \"acme.items\""), Some((2, "acme.items")));
        for other in ["  - $refs: a", "  label: $ref: a", "  - $ref:", "# - $ref: a", "  - {$ref: a}"] {
            assert_eq!(reference(other), None, "{other}");
        }
    }

    #[test]
    fn a_list_under_actions_is_inserted_too() {
        let mut text = String::new();
        insert_partial(&mut text, 2, "# items\nactions:\n    - actionId: a\n      label: |\n        x\n\n        y\n");
        assert_eq!(text, "  # items\n  - actionId: a\n    label: |\n      x\n\n      y\n");
        let mut text = String::new();
        insert_partial(&mut text, 0, "actions:\n  - a: |\n\u{3000}\n");
        assert_eq!(text, "- a: |\n\n");
    }
}

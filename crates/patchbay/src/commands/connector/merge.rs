//! A connector's files as one: each `$ref` of the main file becomes the partial's text, comments and all.

use std::collections::BTreeMap;

use anyhow::{Context, bail};
use patchbay_connector::{Connector, SourceFile, load};

const PARTIAL: [&str; 2] = [".s1.partial.yaml", ".partial.yaml"];

/// The merged text. It is read back and compared: what it says is what the files say.
pub fn merged(files: &[SourceFile]) -> anyhow::Result<String> {
    if let [file] = files {
        return Ok(file.text.clone());
    }
    let (mut main, mut partials) = (None, BTreeMap::new());
    for file in files {
        let name = file.name.rsplit('/').next().unwrap_or_default();
        match PARTIAL.iter().find_map(|ending| name.strip_suffix(ending)) {
            Some(stem) => {
                partials.insert(stem, file.text.as_str());
            }
            None => main = Some(file),
        }
    }
    let main = main.context("there is no main file among the connector's files")?;
    let mut text = String::new();
    for line in main.text.lines() {
        match reference(line).and_then(|(indent, name)| Some((indent, partials.get(name)?))) {
            Some((indent, partial)) => put_in(&mut text, indent, partial),
            None => {
                text.push_str(line);
                text.push('\n');
            }
        }
    }
    let one = [SourceFile { name: main.name.clone(), text }];
    if actions(load(&one).connector.as_ref()) != actions(load(files).connector.as_ref()) {
        bail!("its files are written in a way that cannot be put into one; pull it without --merged");
    }
    let [SourceFile { text, .. }] = one;
    Ok(text)
}

/// The indentation and the name of a line that is a reference and nothing else: `- $ref: acme.items`, or `$ref:` as a
/// key of its own.
fn reference(line: &str) -> Option<(usize, &str)> {
    let bare = line.trim_start();
    let indent = line.len() - bare.len();
    let item = bare.strip_prefix("- ").map_or(bare, str::trim_start);
    let name = item.strip_prefix("$ref:")?.split(" #").next()?.trim().trim_matches(['"', '\'']);
    (!name.is_empty() && !name.contains(char::is_whitespace)).then_some((indent, name))
}

/// The partial's list, moved to where the reference stood. It is a list by itself, or under `actions`.
fn put_in(text: &mut String, indent: usize, partial: &str) {
    let is_list = |line: &&str| line.starts_with("- ");
    let under_actions = !partial.lines().any(|line| is_list(&line));
    let lines = partial.lines().filter(|line| *line != "---");
    let lines = lines.filter(|line| !(under_actions && line.trim_end() == "actions:"));
    // A list under `actions` is indented itself; that much is taken off again.
    let first = partial.lines().find(|line| line.trim_start().starts_with("- ")).unwrap_or_default();
    // Spaces alone indent: other white space belongs to the text.
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

/// What a connector's actions are, to compare.
fn actions(connector: Option<&Connector>) -> Option<Vec<String>> {
    connector.map(|connector| connector.actions.iter().map(|action| format!("{action:?}")).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::connectors;

    #[test]
    fn every_built_in_connector_says_the_same_in_one_file() {
        for (key, files) in connectors::built_in() {
            let text = merged(&files).unwrap_or_else(|error| panic!("{key}: {error}"));
            assert!(!text.contains("$ref:"), "{key}");
            let one = load(&[SourceFile { name: "one.connector.yaml".to_owned(), text }]).connector;
            assert_eq!(actions(one.as_ref()), actions(load(&files).connector.as_ref()), "{key}");
        }
    }

    #[test]
    fn references_are_lines_of_their_own() {
        assert_eq!(reference("  - $ref: acme.items # the items"), Some((2, "acme.items")));
        assert_eq!(reference("  $ref: \"acme.items\""), Some((2, "acme.items")));
        for other in ["  - $refs: a", "  label: $ref: a", "  - $ref:", "# - $ref: a", "  - {$ref: a}"] {
            assert_eq!(reference(other), None, "{other}");
        }
    }

    #[test]
    fn a_list_under_actions_is_moved_too() {
        let mut text = String::new();
        put_in(&mut text, 2, "# items\nactions:\n    - actionId: a\n      label: |\n        x\n\n        y\n");
        assert_eq!(text, "  # items\n  - actionId: a\n    label: |\n      x\n\n      y\n");
        let mut text = String::new();
        put_in(&mut text, 0, "actions:\n  - a: |\n\u{3000}\n");
        assert_eq!(text, "- a: |\n\n");
    }
}

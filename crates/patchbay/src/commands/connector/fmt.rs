//! `patchbay connector fmt`: formats connector files and keeps their comments.
//!
//! It works on lines, so that comments and quoting stay as they were written. It compares the parsed content before and
//! after; if they differ, it leaves the file unchanged and reports it.

use std::{
    path::{Path, PathBuf},
    process::ExitCode,
};

use anyhow::Context;
use clap::Args as ClapArgs;
use patchbay_connector::{
    SourceFile, render,
    syntax::{Node, NodeValue, parse},
};

use super::{source, stdout};

/// The root's keys in their canonical order.
const ROOT_KEY_ORDER: [&str; 22] = [
    "Patchbay",
    "StackOne",
    "info",
    "owner",
    "forkedFrom",
    "categories",
    "releaseStage",
    "details",
    "resources",
    "context",
    "documentation",
    "changelog",
    "baseUrl",
    "rateLimit",
    "concurrency",
    "scopeDefinitions",
    "enums",
    "mcp",
    "authentication",
    "events",
    "syncedActions",
    "actions",
];

#[derive(ClapArgs)]
pub struct Args {
    /// Files, connector folders, or folders of such folders
    #[arg(default_value = ".")]
    paths: Vec<PathBuf>,
    /// Change nothing; list the files that would change, and fail if there are any
    #[arg(long)]
    check: bool,
}

/// Runs the command.
pub fn run(args: &Args) -> anyhow::Result<ExitCode> {
    let mut pending = false;
    for path in &args.paths {
        for source in source::find_all(path)? {
            for file in &source.files {
                let formatted = format(file)?;
                if formatted == file.text {
                    continue;
                }
                stdout::print_line(&file.name)?;
                pending = true;
                if !args.check {
                    write(Path::new(&file.name), &formatted)?;
                }
            }
        }
    }
    Ok(if pending && args.check { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

/// Replaces a file atomically. Keeps its permissions, and writes through symbolic links.
fn write(path: &Path, text: &str) -> anyhow::Result<()> {
    let failed = || format!("cannot write {}", path.display());
    let path = std::fs::canonicalize(path).with_context(failed)?;
    let mut temporary = path.as_os_str().to_owned();
    temporary.push(".new");
    std::fs::write(&temporary, text).with_context(failed)?;
    let permissions = std::fs::metadata(&path).with_context(failed)?.permissions();
    std::fs::set_permissions(&temporary, permissions).with_context(failed)?;
    std::fs::rename(&temporary, &path).with_context(failed)
}

fn format(file: &SourceFile) -> anyhow::Result<String> {
    let before = parse(&file.name, &file.text)
        .map_err(|found| anyhow::anyhow!("{}", render(&[*found], std::slice::from_ref(file)).trim()))?;
    let formatted = ordered(&tidy(&file.text));
    let after = parse(&file.name, &formatted).ok();
    if after.is_some_and(|after| is_equal(&before, &after, true)) {
        return Ok(formatted);
    }
    anyhow::bail!("{}: cannot format the file without changing its content; it was left unchanged", file.name)
}

/// Normalizes line ends, trailing blanks and empty lines. Block scalars stay unchanged.
fn tidy(text: &str) -> String {
    let mut out: Vec<&str> = Vec::new();
    let mut block: Option<usize> = None;
    for line in text.lines() {
        let blank = line.trim().is_empty();
        if block.is_some_and(|floor| blank || indent(line) > floor) {
            out.push(line);
            continue;
        }
        block = None;
        let line = line.trim_end();
        if blank && out.last().is_none_or(|last| last.is_empty()) {
            continue;
        }
        if opens_block(line) {
            block = Some(floor(line));
        }
        out.push(line);
    }
    while block.is_none() && out.last().is_some_and(|last| last.is_empty()) {
        out.pop();
    }
    out.push("");
    out.join("\n")
}

fn indent(line: &str) -> usize {
    line.len() - line.trim_start_matches(' ').len()
}

/// Returns the column of the list or mapping of a block scalar on this line; the scalar's lines are indented further.
fn floor(line: &str) -> usize {
    let mut at = indent(line);
    while line[at..].starts_with("- ") {
        let inner = at + 2 + indent(&line[at + 2..]);
        if line[inner..].starts_with(['|', '>']) {
            break;
        }
        at = inner;
    }
    at
}

/// Returns true if the line ends with a block scalar indicator, such as `key: |` or `- >-`.
fn opens_block(line: &str) -> bool {
    if line.trim_start().starts_with('#') {
        return false;
    }
    let bare = line.split(" #").next().unwrap_or_default().trim_end();
    let mark = bare.rsplit(' ').next().unwrap_or_default();
    let lead = bare[..bare.len() - mark.len()].trim_end();
    let is_mark = mark.starts_with(['|', '>']) && mark[1..].chars().all(|c| matches!(c, '+' | '-' | '1'..='9'));
    is_mark && (lead.ends_with(':') || lead.ends_with('-'))
}

/// Returns the text with the root's blocks in canonical order, each with the comment directly above it.
fn ordered(text: &str) -> String {
    let mut head: Vec<&str> = Vec::new();
    let mut blocks: Vec<(usize, Vec<&str>)> = Vec::new();
    let mut floor_of_text: Option<usize> = None;
    for line in text.lines() {
        let inside = floor_of_text.is_some_and(|floor| line.trim().is_empty() || indent(line) > floor);
        if !inside {
            floor_of_text = opens_block(line).then(|| floor(line));
        }
        match root_key(line).filter(|_| !inside) {
            Some(key) => {
                // The comment above the first key belongs to the file.
                let mut lines = blocks.last_mut().map(|(_, above)| comment_above(above)).unwrap_or_default();
                lines.push(line);
                blocks.push((
                    ROOT_KEY_ORDER.iter().position(|known| *known == key).unwrap_or(ROOT_KEY_ORDER.len()),
                    lines,
                ));
            }
            None => blocks.last_mut().map_or(&mut head, |(_, lines)| lines).push(line),
        }
    }
    if blocks.is_sorted_by_key(|(place, _)| *place) {
        return text.to_owned();
    }
    blocks.sort_by_key(|(place, _)| *place);
    let mut out = head;
    for (_, mut lines) in blocks {
        while lines.last().is_some_and(|last| last.is_empty()) {
            lines.pop();
        }
        out.extend(lines);
        out.push("");
    }
    out.join("\n")
}

fn root_key(line: &str) -> Option<&str> {
    let (key, rest) = line.split_once(':')?;
    let key = key.trim_matches(['"', '\'']);
    let is_name = !key.is_empty() && key.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '$'));
    (is_name && (rest.is_empty() || rest.starts_with(' '))).then_some(key)
}

/// Removes the comment at the end of the lines and returns it.
fn comment_above<'t>(lines: &mut Vec<&'t str>) -> Vec<&'t str> {
    let length = lines.iter().rev().take_while(|line| line.starts_with('#')).count();
    lines.split_off(lines.len() - length)
}

/// Returns true if two trees are equal. At the root, the order of the keys is ignored.
fn is_equal(one: &Node, other: &Node, root: bool) -> bool {
    match (&one.value, &other.value) {
        (NodeValue::List(ours), NodeValue::List(theirs)) => {
            ours.len() == theirs.len() && ours.iter().zip(theirs).all(|(one, other)| is_equal(one, other, false))
        }
        (NodeValue::Map(ours), NodeValue::Map(theirs)) => {
            let (mut ours, mut theirs) = (ours.iter().collect::<Vec<_>>(), theirs.iter().collect::<Vec<_>>());
            if root {
                ours.sort_by(|a, b| a.key.cmp(&b.key));
                theirs.sort_by(|a, b| a.key.cmp(&b.key));
            }
            let mut pairs = ours.iter().zip(&theirs);
            ours.len() == theirs.len() && pairs.all(|(a, b)| a.key == b.key && is_equal(&a.value, &b.value, false))
        }
        _ => one.to_json() == other.to_json(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn formatted(text: &str) -> String {
        format(&SourceFile { name: "x.connector.yaml".to_owned(), text: text.to_owned() }).unwrap()
    }

    #[test]
    fn extra_blanks_are_removed_and_comments_are_kept() {
        let text = "# The file.\r\nPatchbay: 1.0.0  \n\n\n\ninfo: {key: a}   # why\n\n\n";
        assert_eq!(formatted(text), "# The file.\nPatchbay: 1.0.0\n\ninfo: {key: a}   # why\n");
    }

    #[test]
    fn root_keys_are_ordered_with_their_comments() {
        let text = "# The file.\nactions:\n- actionId: x\n\n# Who.\ninfo:\n  key: a\nPatchbay: 1.0.0\n";
        let expected = "# The file.\nPatchbay: 1.0.0\n\n# Who.\ninfo:\n  key: a\n\nactions:\n- actionId: x\n";
        assert_eq!(formatted(text), expected);
        assert_eq!(formatted(expected), expected);
    }

    #[test]
    fn block_scalars_stay_unchanged() {
        let text = "Patchbay: 1.0.0\ninfo:\n  description: |\n    one  \n\n\n    info: two\n  key: a\n";
        assert_eq!(formatted(text), text);
        let list = "Patchbay: 1.0.0\ncategories:\n  - >-\n    a  \n\n\n    b\n  - c\n";
        assert_eq!(formatted(list), list);
    }

    #[cfg(unix)]
    #[test]
    fn symbolic_links_and_permissions_are_kept() {
        use std::os::unix::fs::{PermissionsExt as _, symlink};
        let folder = tempfile::tempdir().unwrap();
        let (real, link) = (folder.path().join("real.yaml"), folder.path().join("link.yaml"));
        std::fs::write(&real, "old").unwrap();
        std::fs::set_permissions(&real, std::fs::Permissions::from_mode(0o640)).unwrap();
        symlink(&real, &link).unwrap();
        write(&link, "new").unwrap();
        assert_eq!(std::fs::read_to_string(&real).unwrap(), "new");
        assert!(std::fs::symlink_metadata(&link).unwrap().is_symlink());
        assert_eq!(std::fs::metadata(&real).unwrap().permissions().mode() & 0o777, 0o640);
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 2);
    }

    #[test]
    fn a_file_whose_content_would_change_is_rejected() {
        let text = "info: {description: \"a\n\n\n  b\"}\n";
        let file = SourceFile { name: "x".to_owned(), text: text.to_owned() };
        assert!(format(&file).unwrap_err().to_string().contains("left unchanged"));
    }
}

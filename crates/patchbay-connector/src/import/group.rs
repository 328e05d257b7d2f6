//! Actions in files: one for each group, split where it would be too large to be read again.

use super::text::{heading, joined, words};
use crate::yaml::{Yaml, emit};

/// The most values of one file; a connector's file is refused at 200,000.
const MAX_NODES: usize = 60_000;
/// The most bytes of one file; a connector's file is refused at 4 MiB.
const MAX_BYTES: usize = 2 * 1024 * 1024;
/// The most files of one connector; small groups beyond share one.
const MAX_FILES: usize = 120;

/// An action with the group that it belongs to.
#[derive(Debug)]
pub(super) struct GeneratedAction {
    pub(super) group: String,
    pub(super) id: String,
    pub(super) action: Yaml,
    /// Whether it could be tried by anyone: it reads, and needs no input.
    pub(super) is_probe: bool,
}

/// A file of actions.
#[derive(Debug)]
pub(super) struct PartialFile {
    /// How the main file names it.
    pub(super) reference: String,
    pub(super) text: String,
    /// Actions that could test an account.
    pub(super) probes: Vec<String>,
}

/// The files, groups in the order in which they first occur.
pub(super) fn partials(key: &str, title: &str, source: &str, actions: Vec<GeneratedAction>) -> Vec<PartialFile> {
    let mut groups: Vec<(String, Vec<GeneratedAction>)> = Vec::new();
    for made in actions {
        let name = slug(&made.group);
        let known = groups.iter().position(|(known, _)| *known == name);
        match known.or_else(|| (groups.len() >= MAX_FILES).then(|| groups.len() - 1)) {
            Some(place) => groups[place].1.push(made),
            None => groups.push((name, vec![made])),
        }
    }
    let mut partials: Vec<PartialFile> = Vec::new();
    for (name, group) in groups {
        let (mut nodes, mut bytes) = (0, 0);
        let mut open: Vec<GeneratedAction> = Vec::new();
        let close = |open: &mut Vec<GeneratedAction>, partials: &mut Vec<PartialFile>| {
            if open.is_empty() {
                return;
            }
            let named = |number: usize| {
                if number > 1 { format!("{key}.{name}_{number}") } else { format!("{key}.{name}") }
            };
            let is_free = |reference: &String| !partials.iter().any(|partial| partial.reference == *reference);
            // More numbers than files: one is free.
            let reference = (1..=partials.len() + 1).map(named).find(is_free).unwrap_or_else(|| named(1));
            partials.push(partial(&reference, title, &name, source, std::mem::take(open)));
        };
        for made in group {
            let (more_nodes, more_bytes) = (made.action.count(), emit(&made.action).len());
            if nodes + more_nodes > MAX_NODES || bytes + more_bytes > MAX_BYTES {
                close(&mut open, &mut partials);
                (nodes, bytes) = (0, 0);
            }
            nodes += more_nodes;
            bytes += more_bytes;
            open.push(made);
        }
        close(&mut open, &mut partials);
    }
    partials
}

fn partial(reference: &str, title: &str, name: &str, source: &str, group: Vec<GeneratedAction>) -> PartialFile {
    let probes = group.iter().filter(|made| made.is_probe).map(|made| made.id.clone()).collect();
    let actions = group.into_iter().map(|made| made.action).collect::<Vec<_>>();
    let about = format!("# {}: {}. Imported from {}.\n", comment(title), heading(name).to_lowercase(), comment(source));
    PartialFile { reference: reference.to_owned(), text: about + &emit(&Yaml::from(actions)), probes }
}

/// A text that stays within its comment.
pub(super) fn comment(text: &str) -> String {
    super::text::line(text, 120).chars().filter(|c| crate::yaml::is_printable(*c)).collect()
}

/// A group's name in a file's name.
pub(super) fn slug(group: &str) -> String {
    let name = joined(&words(group), 40);
    if name.is_empty() { "actions".to_owned() } else { name }
}

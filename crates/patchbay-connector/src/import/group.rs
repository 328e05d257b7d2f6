//! Groups actions into files: one file for each group, split if it is too large for the loader.

use super::{
    model::{Api, ApiOperation, SecurityRequirement},
    text::{heading, joined, words},
};
use crate::yaml::{Yaml, emit};

/// The maximum number of values in a file; the loader rejects more than 200,000.
const MAX_VALUES: usize = 60_000;
/// The maximum size of a file in bytes; the loader rejects more than 4 MiB.
const MAX_FILE_BYTES: usize = 2 * 1024 * 1024;
/// The maximum number of files of a connector; further groups share the last one.
const MAX_FILES: usize = 120;

/// An action with its group.
#[derive(Debug)]
pub(super) struct GeneratedAction {
    pub(super) group: String,
    pub(super) action: Yaml,
    /// Present if it can test an account: it only reads, and requires no input.
    pub(super) probe: Option<Probe>,
}

/// An action that can test an account.
#[derive(Clone, Debug)]
pub(super) struct Probe {
    pub(super) id: String,
    /// The sets of security schemes that it accepts; empty if the description has no requirements at all.
    accepted: Vec<Vec<String>>,
}

impl Probe {
    /// Returns the probe of an operation; `None` if the operation also works without credentials, and so proves nothing.
    pub(super) fn of(api: &Api<'_>, operation: &ApiOperation<'_>, id: &str) -> Option<Self> {
        let has_requirements = !api.security.is_empty() || api.operations.iter().any(|other| other.security.is_some());
        let own = operation.security.as_ref().unwrap_or(&api.security);
        let is_public = own.is_empty() || own.iter().any(|requirement| requirement.0.is_empty());
        if has_requirements && is_public {
            return None;
        }
        Some(Self { id: id.to_owned(), accepted: own.iter().map(SecurityRequirement::names).collect() })
    }

    /// Returns true if the action works with these schemes.
    pub(super) fn accepts(&self, schemes: &[String]) -> bool {
        self.accepted.is_empty() || self.accepted.iter().any(|names| names.iter().all(|name| schemes.contains(name)))
    }
}

/// A file of actions.
#[derive(Debug)]
pub(super) struct PartialFile {
    /// The name in the main file's `$ref`.
    pub(super) reference: String,
    pub(super) text: String,
    /// The actions that can test an account.
    pub(super) probes: Vec<Probe>,
}

/// Returns the files; the groups are in the order in which they first occur.
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
            // There are more numbers than files, so one is free.
            let reference = (1..=partials.len() + 1).map(named).find(is_free).unwrap_or_else(|| named(1));
            partials.push(partial(&reference, title, &name, source, std::mem::take(open)));
        };
        for made in group {
            let (more_nodes, more_bytes) = (made.action.count(), emit(&made.action).len());
            if nodes + more_nodes > MAX_VALUES || bytes + more_bytes > MAX_FILE_BYTES {
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
    let probes = group.iter().filter_map(|made| made.probe.clone()).collect();
    let actions = group.into_iter().map(|made| made.action).collect::<Vec<_>>();
    let about = format!("# {}: {}. Imported from {}.\n", comment(title), heading(name).to_lowercase(), comment(source));
    PartialFile { reference: reference.to_owned(), text: about + &emit(&Yaml::from(actions)), probes }
}

/// Returns a text that does not end its comment.
pub(super) fn comment(text: &str) -> String {
    super::text::line(text, 120).chars().filter(|c| crate::yaml::is_printable(*c)).collect()
}

/// Returns the name of a group for file names.
pub(super) fn slug(group: &str) -> String {
    let name = joined(&words(group), 40);
    if name.is_empty() { "actions".to_owned() } else { name }
}

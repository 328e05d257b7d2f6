//! Parses the files of a connector: which file is the main file, and which `$ref` refers to which partial.

use std::collections::{BTreeMap, BTreeSet};

use crate::{
    Diagnostic, SourceFile,
    diagnostic::code,
    syntax::{self, Node, NodeMemory, Report, Span},
};

const MAIN: [&str; 2] = [".connector.yaml", ".connector.s1.yaml"];
const PARTIAL: [&str; 2] = [".partial.yaml", ".s1.partial.yaml"];

/// The parsed files of one connector.
pub(super) struct Trees {
    /// The main file: name and tree.
    pub(super) main: Option<(String, Node)>,
    /// The partials by reference (`spotdraft.contracts`): name and tree.
    pub(super) partials: BTreeMap<String, (String, Node)>,
    /// The references of the partials with a syntax error, which is reported.
    pub(super) broken: BTreeSet<String>,
}

pub(super) fn parse(files: &[SourceFile], report: &Report) -> Trees {
    let mut trees = Trees { main: None, partials: BTreeMap::new(), broken: BTreeSet::new() };
    let mut memory = NodeMemory::of_text(files.iter().map(|file| file.text.len()).sum());
    for file in files {
        let name = file.name.rsplit('/').next().unwrap_or(&file.name);
        if let Some(stem) = stem(name, &PARTIAL) {
            if let Some(node) = parse_file(file, report, &mut memory) {
                trees.partials.insert(stem.to_owned(), (file.name.clone(), node));
            } else {
                trees.broken.insert(stem.to_owned());
            }
            continue;
        }
        let is_main = stem(name, &MAIN).is_some() || files.len() == 1;
        if !is_main {
            let message = "the file's name must end with .connector.yaml or .partial.yaml";
            report.add(Diagnostic::error(code::SYNTAX, message, &file.name, Span::default()));
        } else if let Some((first, _)) = &trees.main {
            let message = format!("the connector has two main files; the other is {first}");
            report.add(Diagnostic::error(code::DUPLICATE_ID, message, &file.name, Span::default()));
        } else if let Some(node) = parse_file(file, report, &mut memory) {
            trees.main = Some((file.name.clone(), node));
        }
    }
    if trees.main.is_none() && !report.has_errors() {
        let name = files.first().map_or("", |file| file.name.as_str());
        let message = "the connector's main file (NAME.connector.yaml) is missing";
        report.add(Diagnostic::error(code::SYNTAX, message, name, Span::default()));
    }
    trees
}

fn parse_file(file: &SourceFile, report: &Report, memory: &mut NodeMemory) -> Option<Node> {
    syntax::parse_within(&file.name, &file.text, memory).map_err(|diagnostic| report.add(*diagnostic)).ok()
}

/// Returns the name without the longest of these suffixes; `None` if it has none of them.
fn stem<'a>(name: &'a str, endings: &[&str]) -> Option<&'a str> {
    endings.iter().filter_map(|ending| name.strip_suffix(ending)).min_by_key(|stem| stem.len())
}

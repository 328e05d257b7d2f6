//! The names that a connector declares, with their places and what they mean.

use super::{Completion, name_completion};
use crate::{
    SourceFile,
    syntax::{self, MappingEntry, Node, NodeValue, Position, Span},
};

/// The maximum number of names.
const MAX_NAMES: usize = 20_000;
/// The maximum length of a description that an editor shows, in characters.
const MAX_ABOUT_CHARS: usize = 1_000;

/// What a name stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum NameKind {
    /// An input of an action.
    Input,
    /// A step of an action.
    Step,
    /// A field of an authentication method.
    Credential,
    /// An action.
    Action,
    /// A scope.
    Scope,
}

impl NameKind {
    pub(super) const ALL: [Self; 5] = [Self::Input, Self::Step, Self::Credential, Self::Action, Self::Scope];

    const fn noun(self) -> &'static str {
        match self {
            Self::Input => "input",
            Self::Step => "step",
            Self::Credential => "credential field",
            Self::Action => "action",
            Self::Scope => "scope",
        }
    }
}

/// Returns what the value of a key names.
pub(super) fn kind_of_value(key: &str) -> Option<NameKind> {
    match key {
        "action" | "testActions" | "prerequisiteActions" | "syncedActions" => Some(NameKind::Action),
        "requiredScopes" | "includes" => Some(NameKind::Scope),
        "fields" | "field" => Some(NameKind::Input),
        "stepsDataToGroup" => Some(NameKind::Step),
        _ => None,
    }
}

/// A declared name.
#[derive(Debug)]
pub(super) struct Name {
    kind: NameKind,
    text: String,
    /// The type, and what the name means.
    about: String,
    pub(super) file: String,
    pub(super) span: Span,
    /// The lines of the action to which the name belongs.
    scope: Option<(usize, usize)>,
}

impl Name {
    pub(super) fn completion(&self) -> Completion {
        name_completion(&self.text, &self.about)
    }

    pub(super) fn markdown(&self) -> String {
        format!("{} `{}`\n\n{}", self.kind.noun(), self.text, self.about)
    }
}

/// The names of a connector.
#[derive(Debug, Default)]
pub(super) struct Names {
    all: Vec<Name>,
}

impl Names {
    /// Collects the names of all files. A file that is not valid is read without the line of the cursor.
    pub(super) fn of(files: &[SourceFile], file: &str, at: Position) -> Self {
        let mut names = Self::default();
        for source in files {
            let tree = syntax::parse(&source.name, &source.text).ok().or_else(|| {
                let is_edited = source.name == file;
                let without = is_edited.then(|| without_line(&source.text, at.line))?;
                syntax::parse(&source.name, &without).ok()
            });
            if let Some(tree) = tree {
                names.collect(&source.name, &tree, None);
            }
        }
        names
    }

    /// Returns the names of a kind that can be written at a position.
    pub(super) fn visible<'n>(&'n self, kind: NameKind, file: &'n str, at: Position) -> impl Iterator<Item = &'n Name> {
        let is_visible = move |name: &&Name| {
            let in_action = |(from, to): (usize, usize)| name.file == file && (from..=to).contains(&at.line);
            name.kind == kind && name.scope.is_none_or(in_action)
        };
        self.all.iter().filter(is_visible)
    }

    /// Returns the declaration of a name that is used at a position.
    pub(super) fn find<'n>(&'n self, kind: NameKind, name: &str, file: &'n str, at: Position) -> Option<&'n Name> {
        self.visible(kind, file, at).find(|known| known.text == name)
    }

    fn add(&mut self, kind: NameKind, node: &Node, about: &[Option<&str>], file: &str, scope: Option<(usize, usize)>) {
        let NodeValue::Text(name) = &node.value else { return };
        self.push(kind, name, node.span, about, file, scope);
    }

    fn push(
        &mut self,
        kind: NameKind,
        name: &str,
        span: Span,
        about: &[Option<&str>],
        file: &str,
        scope: Option<(usize, usize)>,
    ) {
        if self.all.len() < MAX_NAMES {
            let about = about.iter().flatten().copied().collect::<Vec<_>>().join(": ");
            let about = about.chars().take(MAX_ABOUT_CHARS).collect();
            self.all.push(Name { kind, text: name.to_owned(), about, file: file.to_owned(), span, scope });
        }
    }

    fn collect(&mut self, file: &str, node: &Node, scope: Option<(usize, usize)>) {
        match &node.value {
            NodeValue::List(items) => items.iter().for_each(|item| self.collect(file, item, scope)),
            NodeValue::Map(entries) => {
                let is_action = ["actionId", "steps"].iter().any(|key| member(entries, key).is_some());
                // The cursor can be on a line below the last one that has a value.
                let scope = if is_action { Some((node.span.start.line, last_line(node) + 1)) } else { scope };
                for entry in entries {
                    self.declare(file, entry, scope);
                    self.collect(file, &entry.value, scope);
                }
                if let Some(id) = member(entries, "actionId") {
                    self.add(NameKind::Action, id, &[text(entries, "label"), text(entries, "description")], file, None);
                }
            }
            _ => {}
        }
    }

    /// Adds the names that a list or mapping declares.
    fn declare(&mut self, file: &str, entry: &MappingEntry, scope: Option<(usize, usize)>) {
        let (kind, key, first, second) = match entry.key.as_str() {
            "inputs" => (NameKind::Input, "name", "type", "description"),
            "steps" => (NameKind::Step, "stepId", "functionName", "description"),
            "configFields" | "setupFields" => (NameKind::Credential, "key", "label", "description"),
            "scopeDefinitions" => {
                let NodeValue::Map(scopes) = &entry.value.value else { return };
                for scope in scopes {
                    let about =
                        if let NodeValue::Map(about) = &scope.value.value { text(about, "description") } else { None };
                    self.push(NameKind::Scope, &scope.key, scope.key_span, &[about], file, None);
                }
                return;
            }
            _ => return,
        };
        let NodeValue::List(items) = &entry.value.value else { return };
        for item in items {
            let NodeValue::Map(members) = &item.value else { continue };
            if let Some(name) = member(members, key) {
                let function = member(members, "stepFunction").and_then(|function| match &function.value {
                    NodeValue::Map(function) => text(function, first),
                    _ => None,
                });
                let about = [text(members, first).or(function), text(members, second)];
                self.add(kind, name, &about, file, if kind == NameKind::Credential { None } else { scope });
            }
        }
    }
}

fn member<'n>(entries: &'n [MappingEntry], key: &str) -> Option<&'n Node> {
    entries.iter().find(|entry| entry.key == key).map(|entry| &entry.value)
}

fn text<'n>(entries: &'n [MappingEntry], key: &str) -> Option<&'n str> {
    match &member(entries, key)?.value {
        NodeValue::Text(text) => Some(text),
        _ => None,
    }
}

/// Returns the last line of a node.
fn last_line(node: &Node) -> usize {
    match &node.value {
        NodeValue::List(items) => items.iter().map(last_line).max().unwrap_or(node.span.start.line),
        NodeValue::Map(entries) => entries
            .iter()
            .map(|entry| entry.key_span.start.line.max(last_line(&entry.value)))
            .max()
            .unwrap_or(node.span.start.line),
        _ => node.span.end.line.max(node.span.start.line),
    }
}

/// Returns a text without the content of a line.
fn without_line(text: &str, line: usize) -> String {
    let kept = text.lines().enumerate().map(|(number, content)| if number + 1 == line { "" } else { content });
    kept.collect::<Vec<_>>().join("\n")
}

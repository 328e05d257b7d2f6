//! What an editor shows while a person writes a connector: completions, descriptions, and the places of names.
//!
//! Pure: a language server passes the connector's files with what the editor has not saved. `line` finds the keys above a
//! position by their indentation, so that it also works in a file that is not valid while someone types; `names` collects
//! the names that a connector declares; `outline` says which keys and values the format has at a place; `path` reads the
//! expression before and around the cursor.

mod line;
mod names;
mod outline;
mod path;

use self::{
    names::{NameKind, Names},
    path::ExpressionPath,
};
use crate::{
    SourceFile,
    expr::{self, Function},
    syntax::{Position, Span},
};

/// The maximum number of completions.
const MAX_COMPLETIONS: usize = 200;
/// The maximum length of a line in which names are searched, in bytes.
const MAX_LINE_BYTES: usize = 16 * 1024;
/// The members of a step's output.
const OUTPUT_MEMBERS: [&str; 7] = ["data", "raw", "statusCode", "message", "next", "position", "headers"];
/// The members of `iterator`.
const ITERATOR_MEMBERS: [&str; 3] = ["item", "index", "current"];
/// The roots of expressions.
const ROOTS: [&str; 5] = ["inputs", "credentials", "steps", "iterator", "context"];

/// What a completion stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CompletionKind {
    /// A key of the format.
    Key,
    /// A value of the format.
    Value,
    /// A function of expressions.
    Function,
    /// A name that the connector declares, or a member.
    Name,
}

/// A text that can be inserted at the cursor.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Completion {
    /// The text for people.
    pub label: String,
    /// The text to insert in place of what is typed.
    pub insert: String,
    /// What it stands for.
    pub kind: CompletionKind,
    /// A description; may be empty.
    pub detail: String,
}

/// A description of the word at a position.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hover {
    /// The description, in Markdown.
    pub text: String,
    /// The range of the word.
    pub span: Span,
}

/// Returns the completions at a position of a file, and the number of characters before the position that they replace.
pub fn complete(files: &[SourceFile], file: &str, at: Position) -> (Vec<Completion>, usize) {
    let Some((text, line)) = line_of(files, file, at) else { return (Vec::new(), 0) };
    let before = line.chars().take(at.column.saturating_sub(1)).collect::<String>();
    let (mut found, typed) = match ExpressionPath::before(&before) {
        Some(path) => {
            let names = Names::of(files, file, at);
            (in_expression(&path, &names, file, at), path.last().to_owned())
        }
        None => outline_completions(files, file, text, &before, at),
    };
    found.retain(|completion| completion.label.to_lowercase().starts_with(&typed.to_lowercase()));
    found.truncate(MAX_COMPLETIONS);
    (found, typed.chars().count())
}

/// Returns the description of the word at a position.
pub fn hover(files: &[SourceFile], file: &str, at: Position) -> Option<Hover> {
    let (text, line) = line_of(files, file, at)?;
    if let Some((path, columns)) = ExpressionPath::around(line, at.column) {
        let span = on_line(at.line, columns);
        if let Some(kind) = path.names() {
            let names = Names::of(files, file, at);
            let name = names.find(kind, path.last(), file, at)?;
            return Some(Hover { text: name.markdown(), span });
        }
        if let Some(function) = path.function(line, columns.1) {
            return Some(Hover { text: function_markdown(function), span });
        }
        if path.is_in_expression {
            return None;
        }
    }
    let (key, columns) = line::key_at(line, at.column)?;
    let values = outline::values_of_key(file, text, at.line, key)?;
    let list = values.iter().map(|value| format!("`{value}`")).collect::<Vec<_>>().join(", ");
    Some(Hover { text: format!("`{key}`: {list}"), span: on_line(at.line, columns) })
}

/// Returns the place at which the name at a position is declared: the file, and the range of the name.
pub fn definition(files: &[SourceFile], file: &str, at: Position) -> Option<(String, Span)> {
    let (_, line) = line_of(files, file, at)?;
    let names = Names::of(files, file, at);
    if let Some((path, _)) = ExpressionPath::around(line, at.column)
        && let Some(kind) = path.names()
    {
        let name = names.find(kind, path.last(), file, at)?;
        return Some((name.file.clone(), name.span));
    }
    let (key, value) = line::value_at(line, at.column)?;
    if key == "$ref" {
        let ends = [format!("{value}.partial.yaml"), format!("{value}.s1.partial.yaml")];
        let is_target = |file: &&SourceFile| ends.iter().any(|end| base_name(&file.name) == end);
        return files.iter().find(is_target).map(|file| (file.name.clone(), Span::default()));
    }
    let kind = names::kind_of_value(key)?;
    names.find(kind, value, file, at).map(|name| (name.file.clone(), name.span))
}

fn line_of<'a>(files: &'a [SourceFile], file: &str, at: Position) -> Option<(&'a str, &'a str)> {
    let text = files.iter().find(|known| known.name == file)?.text.as_str();
    let line = text.lines().nth(at.line.checked_sub(1)?).unwrap_or_default();
    (line.len() <= MAX_LINE_BYTES).then_some((text, line))
}

fn base_name(name: &str) -> &str {
    name.rsplit(['/', '\\']).next().unwrap_or(name)
}

fn on_line(line: usize, (from, to): (usize, usize)) -> Span {
    Span { start: Position { line, column: from }, end: Position { line, column: to } }
}

fn in_expression(path: &ExpressionPath<'_>, names: &Names, file: &str, at: Position) -> Vec<Completion> {
    if let Some(kind) = path.names() {
        return names.visible(kind, file, at).map(names::Name::completion).collect();
    }
    let members = |members: &[&str]| members.iter().map(|name| name_completion(name, "")).collect();
    match path.parents() {
        ["steps", _] => members(&["output"]),
        ["steps", _, "output"] => members(&OUTPUT_MEMBERS),
        ["iterator"] => members(&ITERATOR_MEMBERS),
        [] => {
            let roots = ROOTS.iter().map(|name| name_completion(name, ""));
            let functions = expr::reference().iter().map(|function| Completion {
                label: function.name.to_owned(),
                insert: format!("{}(", function.name),
                kind: CompletionKind::Function,
                detail: function.description.to_owned(),
            });
            if path.has_dollar { roots.collect() } else { roots.chain(functions).collect() }
        }
        _ => Vec::new(),
    }
}

fn outline_completions(
    files: &[SourceFile],
    file: &str,
    text: &str,
    before: &str,
    at: Position,
) -> (Vec<Completion>, String) {
    if let Some((key, typed)) = line::typed_value(before) {
        if let Some(kind) = names::kind_of_value(key) {
            let names = Names::of(files, file, at);
            return (names.visible(kind, file, at).map(names::Name::completion).collect(), typed.to_owned());
        }
        if key == "$ref" {
            let partials = files.iter().filter_map(|file| {
                let name = base_name(&file.name).strip_suffix(".partial.yaml")?;
                Some(name_completion(name.strip_suffix(".s1").unwrap_or(name), ""))
            });
            return (partials.collect(), typed.to_owned());
        }
        let values = outline::values_of_key(file, text, at.line, key).unwrap_or_default();
        let value = |value: String| Completion {
            label: value.clone(),
            insert: value,
            kind: CompletionKind::Value,
            detail: String::new(),
        };
        return (values.into_iter().map(value).collect(), typed.to_owned());
    }
    let Some(typed) = line::typed_key(before) else { return (Vec::new(), String::new()) };
    let key = |key: String| Completion {
        insert: format!("{key}: "),
        label: key,
        kind: CompletionKind::Key,
        detail: String::new(),
    };
    (outline::keys(file, text, at.line, before).into_iter().map(key).collect(), typed.to_owned())
}

fn name_completion(name: &str, detail: &str) -> Completion {
    Completion {
        label: name.to_owned(),
        insert: name.to_owned(),
        kind: CompletionKind::Name,
        detail: detail.to_owned(),
    }
}

fn function_markdown(function: &Function) -> String {
    let Function { name, arguments, description, example, result, .. } = function;
    format!("`{name}({arguments})`\n\n{description}\n\n`{example}` → `{result}`")
}

impl NameKind {
    /// Returns the root of expressions under which the names are; `None` if expressions do not name them.
    const fn root(self) -> Option<&'static str> {
        match self {
            Self::Input => Some("inputs"),
            Self::Credential => Some("credentials"),
            Self::Step => Some("steps"),
            Self::Action | Self::Scope => None,
        }
    }
}

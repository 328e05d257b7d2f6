//! Reads a tree strictly: every unknown key, missing key and wrong type is reported, all at once.

use std::{
    cell::{Cell, RefCell},
    collections::{HashMap, HashSet},
};

use super::{MappingEntry, Node, NodeValue, Position, Span};
use crate::{
    diagnostic::{Diagnostic, Severity, code},
    expr::{ExprSyntaxError, Template},
    suggest::nearest,
};

/// The maximum number of errors, and of warnings, that are listed for one file. A hostile file has one in every line,
/// and warnings must not hide an error.
const MAX_LISTED: usize = 200;

/// Collects errors and warnings.
#[derive(Debug, Default)]
pub struct Report {
    found: RefCell<Vec<Diagnostic>>,
    /// The number found, listed or not, by file.
    counts: RefCell<HashMap<String, Counts>>,
    has_errors: Cell<bool>,
    /// The size of the patterns read so far, in bytes.
    patterns: Cell<usize>,
    /// The nodes that an error points to, with the part of the text: a text that occurs twice gets an error for each.
    pointed: RefCell<HashSet<(*const Node, String)>>,
}

/// The number of errors and warnings of a file.
#[derive(Clone, Copy, Debug, Default)]
struct Counts {
    errors: usize,
    warnings: usize,
}

impl Counts {
    fn of(&mut self, severity: Severity) -> &mut usize {
        match severity {
            Severity::Error => &mut self.errors,
            Severity::Warning => &mut self.warnings,
        }
    }

    /// Returns how many are not listed.
    const fn unlisted(self) -> usize {
        self.errors.saturating_sub(MAX_LISTED) + self.warnings.saturating_sub(MAX_LISTED)
    }
}

impl Report {
    /// Adds an error or a warning. Beyond the maximum for its file it is only counted.
    pub fn add(&self, diagnostic: Diagnostic) {
        if diagnostic.severity == Severity::Error {
            self.has_errors.set(true);
        }
        let mut counts = self.counts.borrow_mut();
        let count = counts.entry(diagnostic.file.clone()).or_default().of(diagnostic.severity);
        *count += 1;
        if *count <= MAX_LISTED {
            self.found.borrow_mut().push(diagnostic);
        }
    }

    /// Returns all errors and warnings, in the order of files and lines.
    pub fn into_diagnostics(self) -> Vec<Diagnostic> {
        let mut found = self.found.into_inner();
        for (file, counts) in self.counts.into_inner() {
            let more = counts.unlisted();
            if more > 0 {
                let message = format!("{more} more problems in this file; fix these first");
                let end = Position { line: usize::MAX, column: 1 };
                let whole = Span { start: end, end };
                found.push(Diagnostic {
                    severity: Severity::Warning,
                    ..Diagnostic::error(code::TOO_MANY, message, &file, whole)
                });
            }
        }
        found.sort_by(|a, b| (&a.file, a.span.start, a.code).cmp(&(&b.file, b.span.start, b.code)));
        for last in found.iter_mut().filter(|last| last.code == code::TOO_MANY) {
            last.span = Span::default();
        }
        found
    }

    /// Returns true if further errors of this file are only counted; a hint is not needed then.
    fn is_full(&self, file: &str) -> bool {
        self.counts.borrow().get(file).is_some_and(|counts| counts.errors >= MAX_LISTED)
    }

    /// Returns true if there is an error.
    pub fn has_errors(&self) -> bool {
        self.has_errors.get()
    }
}

/// A node with its file and the report for errors and warnings.
#[derive(Clone, Copy, Debug)]
pub struct Reader<'n> {
    /// The node.
    pub node: &'n Node,
    /// The file's name.
    pub file: &'n str,
    report: &'n Report,
}

impl<'n> Reader<'n> {
    /// Creates a reader of a node.
    pub fn new(node: &'n Node, file: &'n str, report: &'n Report) -> Self {
        Self { node, file, report }
    }

    /// Reports an error at this node.
    pub fn error(&self, code: &'static str, message: impl Into<String>) {
        self.report.add(Diagnostic::error(code, message, self.file, self.node.span));
    }

    /// Reports an error at this node, with a hint.
    pub fn error_with_hint(&self, code: &'static str, message: impl Into<String>, hint: impl Into<String>) {
        self.report.add(Diagnostic::error(code, message, self.file, self.node.span).with_hint(hint));
    }

    /// Returns true if further errors of this file are only counted; a hint is not needed then.
    pub fn is_full(&self) -> bool {
        self.report.is_full(self.file)
    }

    /// Returns the size of the patterns read so far, in bytes.
    pub fn patterns(&self) -> usize {
        self.report.patterns.get()
    }

    /// Adds to the size of the patterns.
    pub fn add_pattern(&self, bytes: usize) {
        self.report.patterns.set(self.report.patterns.get().saturating_add(bytes));
    }

    /// Reports an error at a part of a text somewhere within this node, or at the node if it does not contain the text.
    pub fn error_in_text(&self, text: &str, part: &str, code: &'static str, message: String, hint: Option<String>) {
        let span = if self.is_full() { None } else { self.span_in_text(text, part) };
        let diagnostic = Diagnostic::error(code, message, self.file, span.unwrap_or(self.node.span));
        self.report.add(Diagnostic { hint, ..diagnostic });
    }

    /// Returns the position of a part of a text within this node to which no error points yet.
    fn span_in_text(&self, text: &str, part: &str) -> Option<Span> {
        let mut pointed = self.report.pointed.borrow_mut();
        let mut waiting = vec![self.node];
        while let Some(node) = waiting.pop() {
            let mut found = None;
            match &node.value {
                NodeValue::Text(known) if known == text => found = Some(node.span),
                NodeValue::List(items) => waiting.extend(items.iter().rev()),
                NodeValue::Map(entries) => {
                    found = entries.iter().find(|entry| entry.key == text).map(|entry| entry.key_span);
                    waiting.extend(entries.iter().rev().map(|entry| &entry.value));
                }
                _ => {}
            }
            if let Some(span) = found
                && pointed.insert((std::ptr::from_ref(node), part.to_owned()))
            {
                let part_at = |offset| part_of(span, text, text[..offset].chars().count(), part.chars().count());
                return Some(word(text, part).map_or(span, part_at));
            }
        }
        None
    }

    /// Reports a warning at this node, with a hint.
    pub fn warning_with_hint(&self, code: &'static str, message: impl Into<String>, hint: impl Into<String>) {
        let found = Diagnostic::error(code, message, self.file, self.node.span).with_hint(hint);
        self.report.add(Diagnostic { severity: Severity::Warning, ..found });
    }

    /// Reports a warning at this node.
    pub fn warning(&self, code: &'static str, message: impl Into<String>) {
        self.report.add(Diagnostic {
            severity: Severity::Warning,
            ..Diagnostic::error(code, message, self.file, self.node.span)
        });
    }

    fn wrong_type(&self, expected: &str) {
        self.error(code::WRONG_TYPE, format!("expected {expected}, found {}", self.node.type_name()));
    }

    fn at(&self, node: &'n Node) -> Self {
        Self { node, ..*self }
    }

    /// Returns the value of a key before the keys are checked, if its value decides which keys there are.
    pub fn peek(&self, key: &str) -> Option<Self> {
        let NodeValue::Map(entries) = &self.node.value else { return None };
        let entry = entries.iter().find(|entry| entry.key == key)?;
        (!matches!(entry.value.value, NodeValue::Null)).then(|| self.at(&entry.value))
    }

    /// Returns true if the node is a list.
    pub const fn is_list(&self) -> bool {
        matches!(self.node.value, NodeValue::List(_))
    }

    /// Returns the mapping without checking its keys, if they have been checked or need no check.
    pub fn mapping_unchecked(&self) -> Option<Mapping<'n>> {
        let NodeValue::Map(entries) = &self.node.value else { return None };
        Some(Mapping { reader: *self, entries })
    }

    /// Returns the mapping; reports unknown and duplicate keys. `None` if the node is not a mapping, which is reported.
    pub fn mapping(&self, what: &str, known: &[&str]) -> Option<Mapping<'n>> {
        let NodeValue::Map(entries) = &self.node.value else {
            self.wrong_type(&format!("{what} (a mapping)"));
            return None;
        };
        let mut seen = HashSet::new();
        for entry in entries {
            let key = entry.key.as_str();
            let is_new = seen.insert(key);
            let spot = |code, message: String| Diagnostic::error(code, message, self.file, entry.key_span);
            if !known.contains(&key) {
                let diagnostic = spot(code::UNKNOWN_KEY, format!("{what} has no key `{key}`"));
                let near = if self.is_full() { None } else { nearest(key, known.iter().copied()) };
                self.report.add(match near {
                    Some(near) => diagnostic.with_hint(format!("did you mean `{near}`?")),
                    None => diagnostic.with_hint(format!("the keys are: {}", known.join(", "))),
                });
            } else if !is_new {
                self.report.add(spot(code::DUPLICATE_KEY, format!("the key `{key}` is duplicated")));
            }
        }
        Some(Mapping { reader: *self, entries })
    }

    /// Returns the entries of a mapping whose keys are free; reports duplicate keys.
    pub fn entries(&self, what: &str) -> impl Iterator<Item = (&'n str, Self)> + use<'n> {
        let reader = *self;
        let entries = match &self.node.value {
            NodeValue::Map(entries) => entries.as_slice(),
            NodeValue::Null => &[],
            _ => {
                self.wrong_type(&format!("{what} (a mapping)"));
                &[]
            }
        };
        let mut seen = HashSet::new();
        for entry in entries {
            // The format permits repeating `$ref`, once for each partial.
            if !seen.insert(entry.key.as_str()) && entry.key != "$ref" {
                let message = format!("the key `{}` is duplicated", entry.key);
                self.report.add(Diagnostic::error(code::DUPLICATE_KEY, message, self.file, entry.key_span));
            }
        }
        entries.iter().map(move |entry| (entry.key.as_str(), reader.at(&entry.value)))
    }

    /// Returns the items of a list; null is an empty list.
    pub fn items(&self) -> impl Iterator<Item = Self> + use<'n> {
        let reader = *self;
        let items = match &self.node.value {
            NodeValue::List(items) => items.as_slice(),
            NodeValue::Null => &[],
            _ => {
                self.wrong_type("a list");
                &[]
            }
        };
        items.iter().map(move |item| reader.at(item))
    }

    /// Returns names that are separated by spaces, or a list of names.
    pub fn names(&self) -> Vec<(String, Self)> {
        if let NodeValue::Text(text) = &self.node.value {
            return text.split_whitespace().map(|name| (name.to_owned(), *self)).collect();
        }
        self.items().filter_map(|item| item.text().map(|name| (name, item))).collect()
    }

    /// Returns a string; numbers and booleans as they are spelled.
    pub fn text(&self) -> Option<String> {
        match &self.node.value {
            NodeValue::Text(text) => Some(text.clone()),
            NodeValue::Number(number) => {
                Some(self.node.spelling.as_deref().map_or_else(|| number.to_string(), str::to_owned))
            }
            NodeValue::Bool(truth) => Some(truth.to_string()),
            _ => {
                self.wrong_type("a string");
                None
            }
        }
    }

    /// Returns a boolean.
    pub fn boolean(&self) -> Option<bool> {
        if let NodeValue::Bool(truth) = self.node.value {
            return Some(truth);
        }
        self.wrong_type("a boolean");
        None
    }

    /// Returns a number.
    pub fn number(&self) -> Option<f64> {
        match &self.node.value {
            NodeValue::Number(number) => number.as_f64(),
            _ => {
                self.wrong_type("a number");
                None
            }
        }
    }

    /// Returns an integer that is not negative.
    pub fn whole(&self) -> Option<u64> {
        match &self.node.value {
            NodeValue::Number(number) if number.is_u64() => number.as_u64(),
            _ => {
                self.wrong_type("an integer of 0 or more");
                None
            }
        }
    }

    /// Returns the value of one of these names.
    pub fn choice<T: Copy>(&self, choices: &[(&str, T)]) -> Option<T> {
        let text = self.text()?;
        if let Some((_, value)) = choices.iter().find(|(name, _)| *name == text) {
            return Some(*value);
        }
        let names = choices.iter().map(|(name, _)| *name).collect::<Vec<_>>();
        let near = if self.is_full() { None } else { nearest(&text, names.iter().copied()) };
        let hint = match near {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!("the values are: {}", names.join(", ")),
        };
        self.error_with_hint(code::UNKNOWN_VALUE, format!("`{text}` is not a valid value"), hint);
        None
    }

    /// Returns a string that may contain expressions, compiled.
    pub fn template(&self) -> Option<Template> {
        let text = self.text()?;
        match Template::parse(&text) {
            Ok(template) => {
                if template.is_literal() && text.split_once("{{").is_some_and(|(_, rest)| rest.contains("}}")) {
                    self.warning_with_hint(
                        code::UNUSED,
                        "`{{…}}` is only an expression if it is the whole string; here it is literal text",
                        "use ${…} to insert a value; if the text is intended, write {{'the text'}}",
                    );
                }
                Some(template)
            }
            Err(error) => {
                self.report.add(self.syntax_error(&text, error));
                None
            }
        }
    }

    /// Returns a string that is an expression without `{{ }}`, compiled.
    pub fn bare_expression(&self, text: &str) -> Option<Template> {
        match Template::expression(text) {
            Ok(template) => Some(template),
            Err(error) => {
                self.report.add(self.syntax_error(text, error));
                None
            }
        }
    }

    /// Returns a free key that may contain expressions, compiled; an error is reported at its value.
    pub fn key_template(&self, key: &str) -> Option<Template> {
        match Template::parse(key) {
            Ok(template) => Some(template),
            Err(error) => {
                let message = format!("the key `{key}` is not a valid expression: {}", error.message);
                self.report.add(Diagnostic::error(code::EXPRESSION, message, self.file, self.node.span));
                None
            }
        }
    }

    fn syntax_error(&self, text: &str, error: ExprSyntaxError) -> Diagnostic {
        let before = text.get(..error.offset).unwrap_or(text).chars().count();
        let span = part_of(self.node.span, text, before, 1);
        let diagnostic = Diagnostic::error(
            code::EXPRESSION,
            format!("the expression is not valid: {}", error.message),
            self.file,
            span,
        );
        match error.hint {
            Some(hint) => diagnostic.with_hint(hint),
            None => diagnostic,
        }
    }
}

/// Returns the range of a part of a text, given its offset and length in characters. If the file spells the text
/// differently (over several lines, with escapes), returns the range of the whole text.
fn part_of(span: Span, text: &str, before: usize, length: usize) -> Span {
    let width = span.end.column.saturating_sub(span.start.column);
    let quote = match width.checked_sub(text.chars().count()) {
        Some(0) => 0,
        Some(2) => 1,
        _ => return span,
    };
    if span.start.line != span.end.line {
        return span;
    }
    let start = Position { column: span.start.column + quote + before, ..span.start };
    Span { start, end: Position { column: start.column + length, ..start } }
}

/// Returns the byte offset of a name in a text, except within a longer name.
fn word(text: &str, name: &str) -> Option<usize> {
    let is_part = |character: Option<char>| character.is_some_and(|c| c == '_' || c.is_alphanumeric());
    let whole =
        |at: &usize| !is_part(text[..*at].chars().next_back()) && !is_part(text[at + name.len()..].chars().next());
    text.match_indices(name).map(|(at, _)| at).find(whole).filter(|_| !name.is_empty())
}

/// A mapping whose keys have been checked.
#[derive(Clone, Copy, Debug)]
pub struct Mapping<'n> {
    /// The mapping itself.
    pub reader: Reader<'n>,
    entries: &'n [MappingEntry],
}

impl<'n> Mapping<'n> {
    /// Returns the value of a key; null is absent.
    pub fn get(&self, key: &str) -> Option<Reader<'n>> {
        let entry = self.entries.iter().find(|entry| entry.key == key)?;
        if matches!(entry.value.value, NodeValue::Null) {
            return None;
        }
        Some(self.reader.at(&entry.value))
    }

    /// Returns the value of a required key; reports a missing one.
    pub fn require(&self, key: &str) -> Option<Reader<'n>> {
        let found = self.get(key);
        if found.is_none() {
            let mut span = self.reader.node.span;
            span.end = Position { column: span.start.column + 1, ..span.start };
            let message = format!("the key `{key}` is missing");
            self.reader.report.add(Diagnostic::error(code::MISSING_KEY, message, self.reader.file, span));
        }
        found
    }

    /// Returns the string of a key.
    pub fn text(&self, key: &str) -> Option<String> {
        self.get(key)?.text()
    }

    /// Returns the boolean of a key.
    pub fn flag(&self, key: &str, default: bool) -> bool {
        self.get(key).and_then(|value| value.boolean()).unwrap_or(default)
    }

    /// Returns the compiled template of a key.
    pub fn template(&self, key: &str) -> Option<Template> {
        self.get(key)?.template()
    }

    /// Returns the strings of a key's list.
    pub fn texts(&self, key: &str) -> Vec<String> {
        self.get(key).map(|list| list.items().filter_map(|item| item.text()).collect()).unwrap_or_default()
    }

    /// Returns the items of a key's list.
    pub fn items(&self, key: &str) -> Vec<Reader<'n>> {
        self.get(key).map(|list| list.items().collect()).unwrap_or_default()
    }

    /// Returns what `read` returns for the items of a key's list, without spare capacity: connectors stay in memory.
    pub fn each<T>(&self, key: &str, read: impl FnMut(Reader<'n>) -> Option<T>) -> Vec<T> {
        let mut all = self.items(key).into_iter().filter_map(read).collect::<Vec<_>>();
        all.shrink_to_fit();
        all
    }

    /// Warns about keys that are read but have no effect yet.
    pub fn not_run(&self, keys: &[&str]) {
        for (key, place) in keys.iter().filter_map(|key| Some((key, self.get(key)?))) {
            place.warning(code::NOT_RUN, format!("`{key}` is read and checked, but has no effect yet"));
        }
    }

    /// Returns the compiled templates of a key's mapping, whose keys are free.
    pub fn named_templates(&self, key: &str) -> Vec<(String, Template)> {
        let Some(reader) = self.get(key) else { return Vec::new() };
        reader.entries(key).filter_map(|(name, value)| Some((name.to_owned(), value.template()?))).collect()
    }

    /// Returns the strings of a key's mapping, whose keys are free.
    pub fn named_texts(&self, key: &str) -> Vec<(String, String)> {
        let Some(reader) = self.get(key) else { return Vec::new() };
        reader.entries(key).filter_map(|(name, value)| Some((name.to_owned(), value.text()?))).collect()
    }

    /// Returns the names of a key, separated by spaces or as a list.
    pub fn names(&self, key: &str) -> Vec<(String, Reader<'n>)> {
        self.get(key).map(|value| value.names()).unwrap_or_default()
    }
}

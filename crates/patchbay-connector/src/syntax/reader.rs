//! Reads a tree strictly: every unknown key, missing key and wrong type is reported, all at once.

use std::{
    cell::{Cell, RefCell},
    collections::{HashMap, HashSet},
    fmt::Write as _,
};

use super::{MappingEntry, Node, NodeValue, Position, Span};
use crate::{
    diagnostic::{Diagnostic, Severity, code},
    expr::{ExprSyntaxError, Template},
    pattern::MAX_PATTERN_BYTES,
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
    /// Whether the connector has the header of the original format, whose engine accepts more.
    is_original: Cell<bool>,
    /// The number of places of each warning about a part without an effect.
    not_run: RefCell<HashMap<String, usize>>,
    /// The keys that unknown keys of a mapping are taken for, so that they are not reported as missing, too.
    misspelt: RefCell<HashSet<(*const Node, String)>>,
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

    /// Records that the connector has the header of the original format.
    pub(crate) fn set_original(&self) {
        self.is_original.set(true);
    }

    /// Returns all errors and warnings, in the order of files and lines.
    pub fn into_diagnostics(self) -> Vec<Diagnostic> {
        let mut found = self.found.into_inner();
        let not_run = self.not_run.into_inner();
        for warning in found.iter_mut().filter(|found| found.code == code::NOT_RUN) {
            match not_run.get(&warning.message) {
                Some(2) => warning.message.push_str(", here and in another place"),
                Some(count) if *count > 2 => {
                    let others = count - 1;
                    let _ = write!(warning.message, ", here and in {others} other places");
                }
                _ => {}
            }
        }
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

    /// Returns true if the connector has the header of the original format, whose engine accepts more.
    pub(crate) fn is_original(&self) -> bool {
        self.report.is_original.get()
    }

    /// Reports that this node and an earlier one have the same id.
    pub(crate) fn duplicate(&self, earlier: &Self, message: impl Into<String>) {
        let found = Diagnostic::error(code::DUPLICATE_ID, message, self.file, self.node.span);
        self.report.add(found.with_earlier(earlier.file, earlier.node.span));
    }

    /// Reports a warning at a part of a text somewhere within this node.
    pub(crate) fn warning_in_text(
        &self,
        text: &str,
        part: &str,
        code: &'static str,
        message: String,
        hint: Option<String>,
    ) {
        self.report.add(Diagnostic { severity: Severity::Warning, ..self.in_text(text, part, code, message, hint) });
    }

    /// Returns true if the connector may have further patterns; reports it otherwise.
    pub(crate) fn takes_patterns(&self) -> bool {
        let takes = self.report.patterns.get() <= MAX_PATTERN_BYTES;
        if !takes {
            let message =
                format!("the connector's compiled patterns are larger than {} MiB in total", MAX_PATTERN_BYTES >> 20);
            let hint = "repetitions of `\\w` and `.` are large; use `[a-z0-9]` or fewer patterns";
            self.error_with_hint(code::PATTERN, message, hint);
        }
        takes
    }

    /// Adds to the size of the patterns of the connector, in bytes.
    pub(crate) fn add_pattern(&self, bytes: usize) {
        self.report.patterns.set(self.report.patterns.get().saturating_add(bytes));
    }

    /// Returns an expression; `None` if the connector may not have its patterns, which is reported.
    fn with_patterns(&self, template: Template) -> Option<Template> {
        let bytes = template.pattern_bytes();
        if bytes > 0 && !self.takes_patterns() {
            return None;
        }
        self.add_pattern(bytes);
        Some(template)
    }

    /// Reports an error at a part of a text somewhere within this node, or at the node if it does not contain the text.
    pub fn error_in_text(&self, text: &str, part: &str, code: &'static str, message: String, hint: Option<String>) {
        self.report.add(self.in_text(text, part, code, message, hint));
    }

    fn in_text(&self, text: &str, part: &str, code: &'static str, message: String, hint: Option<String>) -> Diagnostic {
        let span = if self.is_full() { None } else { self.span_in_text(text, part) };
        let diagnostic = Diagnostic::error(code, message, self.file, span.unwrap_or(self.node.span));
        Diagnostic { hint, ..diagnostic }
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
        self.checked(what, known, false)
    }

    /// Returns the `parameters` of a step function. The engine for which the format was made drops keys that it does not know
    /// at this level, so they are warnings, except a misspelt key in a file of our own.
    pub(crate) fn parameters(&self, known: &[&str]) -> Option<Mapping<'n>> {
        self.checked("`parameters`", known, true)
    }

    fn checked(&self, what: &str, known: &[&str], drops_unknown: bool) -> Option<Mapping<'n>> {
        let NodeValue::Map(entries) = &self.node.value else {
            self.wrong_type(&format!("{what} (a mapping)"));
            return None;
        };
        let mut seen = HashMap::new();
        for entry in entries {
            let key = entry.key.as_str();
            let earlier = seen.insert(key, entry.key_span);
            if !known.contains(&key) {
                self.unknown_key(what, known, drops_unknown, entry);
            } else if let Some(earlier) = earlier.filter(|_| key != "$ref") {
                self.duplicate_key(entry, earlier);
            }
        }
        Some(Mapping { reader: *self, entries })
    }

    fn duplicate_key(&self, entry: &MappingEntry, earlier: Span) {
        let message = format!("the key `{}` is duplicated", entry.key);
        let found = Diagnostic::error(code::DUPLICATE_KEY, message, self.file, entry.key_span);
        self.report.add(found.with_earlier(self.file, earlier));
    }

    fn unknown_key(&self, what: &str, known: &[&str], is_dropped: bool, entry: &MappingEntry) {
        /// What requests of other tools have, and where an argument carries it.
        const ARGUMENTS: [(&str, &str); 8] = [
            ("headers", "headers"),
            ("header", "headers"),
            ("query", "query"),
            ("queryParams", "query"),
            ("queryParameters", "query"),
            ("params", "query"),
            ("body", "body"),
            ("data", "body"),
        ];
        let key = entry.key.as_str();
        let argument = ARGUMENTS.iter().find(|(name, _)| is_dropped && known.contains(&"args") && *name == key);
        // A name in another case is a misspelling, however many words it has.
        let same =
            |known: &&&str| known.to_ascii_lowercase() == key.to_ascii_lowercase().replace(['_', '-', '\u{a0}'], "");
        // So is a name with a letter or two more, however short it is.
        let longer = |known: &&&str| key.strip_prefix(**known).is_some_and(|more| (1..=2).contains(&more.len()));
        let near = || {
            known
                .iter()
                .find(same)
                .or_else(|| known.iter().find(longer))
                .copied()
                .or_else(|| nearest(key, known.iter().copied()))
        };
        let near = if self.is_full() || argument.is_some() { None } else { near() };
        if let Some(near) = near {
            self.report.misspelt.borrow_mut().insert((std::ptr::from_ref(self.node), near.to_owned()));
        }
        let place = PLACES.iter().find(|(name, _)| *name == key);
        let hint = match (argument, near, place) {
            (Some((_, location)), ..) => format!("write it as `args` with `in: {location}`"),
            _ if key.contains('\u{a0}') => {
                "the key contains a no-break space; replace it by a space or remove it".to_owned()
            }
            (_, Some(near), _) => format!("did you mean `{near}`?"),
            (_, _, Some((_, place))) => format!("`{key}` is a key of {place}"),
            _ => format!("the keys are: {}", known.join(", ")),
        };
        let is_warning = is_dropped && (near.is_none() || self.is_original());
        let message = format!("{what} has no key `{key}`{}", if is_warning { "; it is ignored" } else { "" });
        let found = Diagnostic::error(code::UNKNOWN_KEY, message, self.file, entry.key_span).with_hint(hint);
        let severity = if is_warning { Severity::Warning } else { Severity::Error };
        self.report.add(Diagnostic { severity, ..found });
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
        let mut seen = HashMap::new();
        for entry in entries {
            // The format permits repeating `$ref`, once for each partial.
            if let Some(earlier) = seen.insert(entry.key.as_str(), entry.key_span)
                && entry.key != "$ref"
            {
                self.duplicate_key(entry, earlier);
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
        let spelled = match &self.node.value {
            NodeValue::Text(text) => match text.trim().to_ascii_lowercase().as_str() {
                "yes" | "on" | "y" | "true" => Some("write `true`, without quotes"),
                "no" | "off" | "n" | "false" => Some("write `false`, without quotes"),
                _ => None,
            },
            _ => None,
        };
        match spelled {
            Some(hint) => {
                let message = format!("expected a boolean, found {}", self.node.type_name());
                self.error_with_hint(code::WRONG_TYPE, message, hint);
            }
            None => self.wrong_type("a boolean"),
        }
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
                if let Some(written) = template.is_literal().then(|| meant_as_expression(&text)).flatten() {
                    let message = "this is a text, although it looks like an expression";
                    self.warning_with_hint(code::UNUSED, message, format!("write {written}"));
                }
                if template.is_literal() && text.split_once("{{").is_some_and(|(_, rest)| rest.contains("}}")) {
                    self.warning_with_hint(
                        code::UNUSED,
                        "`{{…}}` is only an expression if it is the whole string; here it is literal text",
                        "use ${…} to insert a value; if the text is intended, write {{'the text'}}",
                    );
                }
                self.with_patterns(template)
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
            Ok(template) => self.with_patterns(template),
            Err(error) => {
                self.report.add(self.syntax_error(text, error));
                None
            }
        }
    }

    /// Returns a free key that may contain expressions, compiled; an error is reported at its value.
    pub fn key_template(&self, key: &str) -> Option<Template> {
        match Template::parse(key) {
            Ok(template) => self.with_patterns(template),
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

/// Where keys belong that are often written at another level.
const PLACES: [(&str, &str); 18] = [
    ("method", "`parameters` of a step function"),
    ("url", "`parameters` of a step function"),
    ("args", "`parameters` of a step function"),
    ("response", "`parameters` of a step function"),
    ("customErrors", "`parameters` of a step function"),
    ("dataKey", "`response` in `parameters` of a step function"),
    ("nextKey", "`response` in `parameters` of a step function"),
    ("functionName", "`stepFunction` of a step"),
    ("parameters", "`stepFunction` of a step"),
    ("stepFunction", "a step"),
    ("iterator", "a step, or `parameters` of a step function that pages"),
    ("inputs", "an action"),
    ("steps", "an action"),
    ("result", "an action"),
    ("testActions", "an authentication method"),
    ("configFields", "an authentication method"),
    ("setupFields", "an authentication method"),
    ("baseUrl", "the main file's root, or `parameters` of a step function"),
];

/// Returns what to write if a literal text looks like an expression: `$inputs.x`, `steps.a.output.data`, `/x/$inputs.id`.
fn meant_as_expression(text: &str) -> Option<String> {
    let trimmed = text.trim();
    let bare = trimmed.strip_prefix('$').unwrap_or(trimmed);
    let bare = bare.strip_prefix('{').and_then(|inner| inner.strip_suffix('}')).unwrap_or(bare);
    if let Some(found) = leading_path(bare).filter(|found| found.len() == bare.len()) {
        return Some(format!("`$.{found}`"));
    }
    text.match_indices('$').find_map(|(at, _)| leading_path(&text[at + 1..])).map(|found| format!("`${{{found}}}`"))
}

/// Returns the names and indexes that a text begins with, if the first name is a root of expressions.
fn leading_path(text: &str) -> Option<&str> {
    const ROOTS: [&str; 4] = ["inputs", "credentials", "steps", "iterator"];
    let begins = |root: &&&str| text.strip_prefix(**root).is_some_and(|rest| rest.starts_with(['.', '[']));
    let root = ROOTS.iter().find(begins)?;
    let is_part = |c: char| c.is_alphanumeric() || matches!(c, '_' | '.' | '[' | ']' | '-' | '"' | '\'');
    let path = text[..text.find(|c: char| !is_part(c)).unwrap_or(text.len())].trim_end_matches(['.', '-']);
    (path.len() > root.len() + 1).then_some(path)
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

    /// Returns the values of a key that may be repeated.
    pub(crate) fn all(&self, key: &str) -> Vec<Reader<'n>> {
        let entries = self.entries.iter().filter(|entry| entry.key == key);
        entries.map(|entry| self.reader.at(&entry.value)).collect()
    }

    /// Returns the value of a required key; reports a missing one.
    pub fn require(&self, key: &str) -> Option<Reader<'n>> {
        let found = self.get(key);
        let node = std::ptr::from_ref(self.reader.node);
        if found.is_none() && !self.reader.report.misspelt.borrow().contains(&(node, key.to_owned())) {
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

    /// Warns about keys that are read but have no effect yet, once for each key of a connector.
    pub fn not_run(&self, keys: &[&str]) {
        for (key, place) in keys.iter().filter_map(|key| Some((key, self.get(key)?))) {
            let message = format!("`{key}` is read and checked, but has no effect yet");
            let mut counts = place.report.not_run.borrow_mut();
            let count = counts.entry(message.clone()).or_default();
            *count += 1;
            if *count == 1 {
                place.warning(code::NOT_RUN, message);
            }
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

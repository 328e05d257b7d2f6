//! A string of a connector file: literal, JSONPath, JEXL, or with interpolations.

use std::borrow::Cow;

use serde_json::Value;

use super::{
    Bindings, MAX_EXPRESSION_BYTES,
    ast::{Expr, PatternUse},
    error::{EvalError, ExprSyntaxError},
    eval::{Evaluation, MAX_STRING_BYTES},
    parser,
    path::{self, Path},
    value,
    xml::escape_xml,
};

/// A string of a connector file, compiled. It is small, because a connector has thousands, most of them literal.
#[derive(Debug)]
pub struct Template {
    source: Box<str>,
    kind: TemplateKind,
}

#[derive(Debug)]
enum TemplateKind {
    Literal,
    /// The whole string is a path; the value keeps its type.
    Path(Box<Path>),
    /// The whole string is `{{…}}`; the value keeps its type.
    Jexl(Box<Expr>),
    /// The string has interpolations; the value is a string.
    Mixed(Vec<Part>),
}

#[derive(Debug)]
enum Part {
    Literal(String),
    Path(Path, String),
    Jexl(Expr, String),
}

/// How the values of `${…}` are escaped in a string.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Escape {
    /// Not escaped.
    None,
    /// For one segment of a URL's path (RFC 3986 section 3.3): everything except letters, digits, `-`, `.`, `_`, `~` is
    /// percent-encoded. Empty values, `.` and `..` are rejected, because they change the path.
    PathSegment,
    /// For a name or value of a query: percent-encoded like a path segment; may be empty.
    Query,
    /// For a base URL: only letters, digits, `-`, `.`, `_`, and not only dots. A whole http(s) URL without user, query
    /// and fragment is also permitted if nothing or a path follows it; otherwise the text that follows would not be the
    /// end of the host that the file's author intended.
    Host,
    /// For a header (RFC 9110 section 5.5): rejected if it contains a control character (CR, LF, NUL, …).
    Header,
    /// Inside JSON text: between quotes as an escaped string, elsewhere as JSON.
    Json,
    /// Inside XML: `&`, `<`, `>` and both quotes as entities; characters that XML does not permit are rejected.
    Xml,
}

impl Template {
    /// Compiles a string of a connector file.
    ///
    /// # Errors
    /// If an expression in it is not valid or too long.
    pub fn parse(source: &str) -> Result<Self, ExprSyntaxError> {
        let kind = parse_template(source)?;
        Ok(Self { source: source.into(), kind })
    }

    /// Compiles a string that is a JEXL expression without `{{ }}`.
    ///
    /// # Errors
    /// If the expression is not valid or too long.
    pub fn expression(source: &str) -> Result<Self, ExprSyntaxError> {
        check_length(source, 0)?;
        Ok(Self { source: source.into(), kind: TemplateKind::Jexl(Box::new(parser::parse(source)?)) })
    }

    /// Creates a literal template of any string.
    pub fn literal(text: &str) -> Self {
        Self { source: text.into(), kind: TemplateKind::Literal }
    }

    /// Returns the string as it is in the file.
    pub fn source(&self) -> &str {
        &self.source
    }

    /// Returns true if it contains no expression.
    pub fn is_literal(&self) -> bool {
        matches!(self.kind, TemplateKind::Literal)
    }

    /// Returns true if the whole string is an expression, `{{…}}`.
    pub fn is_expression(&self) -> bool {
        matches!(self.kind, TemplateKind::Jexl(_))
    }

    /// Returns true if it has interpolations, `${…}`.
    pub fn is_mixed(&self) -> bool {
        matches!(self.kind, TemplateKind::Mixed(_))
    }

    /// Returns the value; `None` is undefined.
    ///
    /// # Errors
    /// If the evaluation fails, or an interpolated value is missing.
    pub fn eval(&self, bindings: &Bindings<'_>) -> Result<Option<Value>, EvalError> {
        match &self.kind {
            TemplateKind::Literal => Ok(Some(Value::String(self.source.to_string()))),
            TemplateKind::Path(path) => path.eval(&mut Evaluation::new(*bindings)),
            TemplateKind::Jexl(expression) => Evaluation::new(*bindings).run(expression),
            TemplateKind::Mixed(parts) => mixed(parts, bindings, Escape::None).map(|text| Some(Value::String(text))),
        }
    }

    /// Returns the value as a string, with the interpolated values escaped; `None` if it is undefined or null.
    ///
    /// # Errors
    /// If the evaluation fails, an interpolated value is missing, or [`Escape`] rejects a value. Lists and objects are
    /// rejected except in plain text.
    pub fn eval_text(&self, bindings: &Bindings<'_>, escape: Escape) -> Result<Option<String>, EvalError> {
        let value = match &self.kind {
            TemplateKind::Literal => return Ok(Some(self.source.to_string())),
            TemplateKind::Mixed(parts) => return mixed(parts, bindings, escape).map(Some),
            TemplateKind::Path(path) => path.eval(&mut Evaluation::new(*bindings))?,
            TemplateKind::Jexl(expression) => Evaluation::new(*bindings).run(expression)?,
        };
        match value {
            None | Some(Value::Null) => Ok(None),
            // A string that is one expression is not a part of a path or host, but the whole of it.
            Some(value) => {
                let place = match escape {
                    Escape::Host => EscapeContext { may_be_url: true, must_be_url: true, ..EscapeContext::of(escape) },
                    Escape::Header => EscapeContext::of(escape),
                    _ => EscapeContext::of(Escape::None),
                };
                escaped(&value, &self.source, place).map(Some)
            }
        }
    }

    /// Returns true if the value is truthy.
    ///
    /// # Errors
    /// If the evaluation fails.
    pub fn is_truthy(&self, bindings: &Bindings<'_>) -> Result<bool, EvalError> {
        if self.is_literal() {
            return Ok(!matches!(&*self.source, "" | "false"));
        }
        Ok(value::is_truthy(self.eval(bindings)?.as_ref()))
    }

    /// Returns true if it is an expression (`{{…}}`) whose result may contain a value of this root unchanged.
    pub fn lets_through(&self, root: &str) -> bool {
        matches!(&self.kind, TemplateKind::Jexl(expression) if expression.lets_through(root))
    }

    /// Returns the roots that it refers to, each with the name after it: (`steps`, `fetch`).
    pub fn references(&self) -> Vec<(String, Option<String>)> {
        let mut found = Vec::new();
        let mut add_path = |path: &Path| {
            if let Some((root, name)) = path.head() {
                found.push((root.to_owned(), name.map(str::to_owned)));
            }
        };
        self.parts(&mut add_path, &mut |_| {});
        self.parts(&mut |_| {}, &mut |expression| collect(expression, &mut found));
        found.retain(|(root, _)| root != EVERYTHING);
        found
    }

    /// Returns the steps whose outputs it reads; `None` if it may read any step.
    pub fn steps_referenced(&self) -> Option<Vec<String>> {
        let (mut found, mut climbs) = (Vec::new(), false);
        self.parts(
            &mut |path| match path.head() {
                Some((root, name)) if root != "steps" || !path.climbs() => {
                    found.push((root.to_owned(), name.map(str::to_owned)));
                }
                _ => climbs = true,
            },
            &mut |_| {},
        );
        self.parts(&mut |_| {}, &mut |expression| collect(expression, &mut found));
        if climbs || found.iter().any(|(root, _)| root == EVERYTHING) {
            return None;
        }
        found.into_iter().filter(|(root, _)| root == "steps").map(|(_, name)| name).collect()
    }

    /// Returns the plain names that each read of a step begins with: `steps`, `fetch`, `output`, `data`.
    pub(crate) fn step_reads(&self) -> Vec<Vec<&str>> {
        let mut found = Vec::new();
        self.parts(&mut |path| found.push(path.names()), &mut |_| {});
        self.parts(&mut |_| {}, &mut |expression| {
            let mut waiting = vec![expression];
            while let Some(expression) = waiting.pop() {
                if let Expr::Path(path) = expression {
                    found.push(path.names());
                }
                match expression.names() {
                    Some(names) => found.push(names),
                    None => expression.each_operand(&mut |operand| waiting.push(operand)),
                }
            }
        });
        found.retain(|names| names.first() == Some(&"steps"));
        found
    }

    /// Returns the memory limit of its regular expressions, in bytes.
    pub(crate) fn pattern_bytes(&self) -> usize {
        let mut bytes = 0_usize;
        self.parts(&mut |_| {}, &mut |expression| {
            let mut waiting = vec![expression];
            while let Some(expression) = waiting.pop() {
                if let Expr::Pattern(_, _, pattern) = expression {
                    bytes = bytes.saturating_add(pattern.size());
                }
                expression.each_operand(&mut |operand| waiting.push(operand));
            }
        });
        bytes
    }

    /// Returns the roots that it refers to, each with the name after it. The root `$` is everything.
    pub(crate) fn all_references(&self) -> Vec<(String, Option<String>)> {
        let (mut paths, mut found) = (Vec::new(), Vec::new());
        self.parts(&mut |path| path_references(path, &mut paths), &mut |_| {});
        self.parts(&mut |_| {}, &mut |expression| collect(expression, &mut found));
        found.extend(paths);
        found
    }

    /// Returns what decides the scheme, host and port of the URL that it evaluates to.
    pub fn authority(&self, place: UrlPlace) -> UrlAuthority {
        let mut authority = UrlAuthority::default();
        match &self.kind {
            TemplateKind::Literal => {}
            TemplateKind::Path(path) => {
                path_references(path, &mut authority.references);
                authority.free_references.clone_from(&authority.references);
            }
            TemplateKind::Jexl(expression) => {
                collect(expression, &mut authority.references);
                passing_references(expression, &mut authority.free_references);
            }
            TemplateKind::Mixed(parts) => mixed_authority(parts, place, &mut authority),
        }
        authority
    }

    /// Visits the paths and the expressions, expressions within paths among them.
    fn parts<'e>(&'e self, path: &mut dyn FnMut(&'e Path), expression: &mut dyn FnMut(&'e Expr)) {
        fn both<'e>(one: &'e Path, path: &mut dyn FnMut(&'e Path), expression: &mut dyn FnMut(&'e Expr)) {
            path(one);
            one.each_expression(&mut |inner| expression(inner));
        }
        match &self.kind {
            TemplateKind::Literal => {}
            TemplateKind::Path(one) => both(one, path, expression),
            TemplateKind::Jexl(one) => expression(one),
            TemplateKind::Mixed(parts) => {
                for part in parts {
                    match part {
                        Part::Literal(_) => {}
                        Part::Path(one, _) => both(one, path, expression),
                        Part::Jexl(one, _) => expression(one),
                    }
                }
            }
        }
    }
}

/// Represents all roots, for an expression that reads the whole bindings.
pub(crate) const EVERYTHING: &str = "$";

/// The place of a template that is evaluated to a URL.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UrlPlace {
    /// A URL with a scheme and a host ([`Escape::Host`]).
    Base,
    /// A path under a base URL, or a whole URL ([`Escape::PathSegment`]).
    Path,
}

/// What decides the scheme, host and port of a URL: roots, each with the name after it. The root `$` is everything.
#[derive(Debug, Default)]
pub struct UrlAuthority {
    /// What the expressions read.
    pub references: Vec<(String, Option<String>)>,
    /// What may become a part of the host that no literal of at least two labels (`.example.com`) follows, so that it can
    /// choose the domain.
    pub free_references: Vec<(String, Option<String>)>,
}

/// Adds what a path reads.
fn path_references(path: &Path, found: &mut Vec<(String, Option<String>)>) {
    match path.head() {
        Some((root, name)) if !path.climbs() => found.push((root.to_owned(), name.map(str::to_owned))),
        _ => found.push((EVERYTHING.to_owned(), None)),
    }
    path.each_expression(&mut |expression| collect(expression, found));
}

/// Adds what may be a part of an expression's result, not what its conditions read.
fn passing_references(expression: &Expr, found: &mut Vec<(String, Option<String>)>) {
    let mut all = Vec::new();
    collect(expression, &mut all);
    found.extend(all.into_iter().filter(|(root, _)| root == EVERYTHING || expression.lets_through(root)));
}

/// Finds the authority of a URL with interpolations. The values after it are encoded, so that they cannot change it.
fn mixed_authority(parts: &[Part], place: UrlPlace, authority: &mut UrlAuthority) {
    // The literal text, in which one character stands for each interpolation.
    const VALUE: char = '\u{0}';
    let text = parts
        .iter()
        .map(|part| match part {
            Part::Literal(text) => Cow::Borrowed(text.as_str()),
            Part::Path(..) | Part::Jexl(..) => Cow::Owned(VALUE.to_string()),
        })
        .collect::<String>();
    let ends = ['/', '?', '#', '\\'];
    let scheme_end = text.find("://").filter(|at| !text[..*at].contains(ends)).map(|at| at + "://".len());
    let start = match (scheme_end, place) {
        (Some(end), _) => end,
        (None, UrlPlace::Base) => 0,
        // A relative URL: encoded values do not begin with a scheme.
        (None, UrlPlace::Path) => return,
    };
    let end = text[start..].find(ends).map_or(text.len(), |at| start + at);
    let head = &text[..end];
    let suffix = head.rsplit(VALUE).next().unwrap_or_default();
    // At least two labels: anyone can register a name under `.com`.
    let host_suffix = suffix.split(':').next().unwrap_or_default();
    let is_fixed = scheme_end.is_some_and(|end| !text[..end].contains(VALUE))
        && host_suffix.starts_with('.')
        && host_suffix.split('.').skip(1).filter(|label| !label.is_empty()).count() > 1;
    let values = head.matches(VALUE).count();
    for part in parts.iter().filter(|part| !matches!(part, Part::Literal(_))).take(values) {
        match part {
            Part::Literal(_) => {}
            Part::Path(path, _) => {
                path_references(path, &mut authority.references);
                if !is_fixed {
                    path_references(path, &mut authority.free_references);
                }
            }
            Part::Jexl(expression, _) => {
                collect(expression, &mut authority.references);
                if !is_fixed {
                    passing_references(expression, &mut authority.free_references);
                }
            }
        }
    }
}

fn parse_template(source: &str) -> Result<TemplateKind, ExprSyntaxError> {
    let trimmed = source.trim();
    let lead = source.len() - source.trim_start().len();
    let is_path = trimmed == "$" || trimmed.starts_with("$.") || trimmed.starts_with("$[");
    let jexl = trimmed.strip_prefix("{{").and_then(|rest| rest.strip_suffix("}}"));
    if !is_path && jexl.is_none() && !source.contains("${") {
        return Ok(TemplateKind::Literal);
    }
    if is_path {
        check_length(trimmed, lead)?;
        return path::parse(trimmed)
            .map(|path| TemplateKind::Path(Box::new(path)))
            .map_err(|error| error.shifted(lead));
    }
    if let Some(inner) = jexl {
        check_length(inner, lead)?;
        return parser::parse(inner)
            .map(|expression| TemplateKind::Jexl(Box::new(expression)))
            .map_err(|error| error.shifted(lead + 2));
    }
    parse_mixed(source)
}

/// Checks the length of one expression.
///
/// # Errors
/// If it is too long.
fn check_length(expression: &str, at: usize) -> Result<(), ExprSyntaxError> {
    if expression.len() <= MAX_EXPRESSION_BYTES {
        return Ok(());
    }
    Err(ExprSyntaxError::new(at, format!("the expression is longer than {MAX_EXPRESSION_BYTES} bytes"))
        .with_hint("split it into several steps"))
}

fn parse_mixed(source: &str) -> Result<TemplateKind, ExprSyntaxError> {
    let (mut parts, mut rest) = (Vec::new(), source);
    while let Some(open) = rest.find("${") {
        if open > 0 {
            parts.push(Part::Literal(rest[..open].to_owned()));
        }
        let at = source.len() - rest.len() + open;
        let inside = &rest[open + 2..];
        let length = closing_brace(inside)
            .ok_or_else(|| ExprSyntaxError::new(at, "`${` is not closed").with_hint("close it with }"))?;
        let inner = inside[..length].trim();
        let lead = inside.len() - inside.trim_start().len();
        check_length(inner, at)?;
        let shift = |error: ExprSyntaxError| error.shifted(at + 2 + lead);
        let is_path = (inner.starts_with("$.") || inner.starts_with("$[")) && !has_operator(inner);
        parts.push(if is_path {
            Part::Path(path::parse(inner).map_err(shift)?, inner.to_owned())
        } else {
            match parser::parse(inner).map_err(shift)? {
                // Plain names are read as a path, which needs no copies of intermediate values.
                expression if is_plain(inner) => match path::parse(&format!("$.{inner}")) {
                    Ok(path) => Part::Path(path, inner.to_owned()),
                    Err(_) => Part::Jexl(expression, inner.to_owned()),
                },
                expression => Part::Jexl(expression, inner.to_owned()),
            }
        });
        rest = &inside[length + 1..];
    }
    if !rest.is_empty() {
        parts.push(Part::Literal(rest.to_owned()));
    }
    Ok(TemplateKind::Mixed(parts))
}

/// Returns true if a text that begins with a path is a longer expression: if an operator, a space or a call is outside of
/// brackets and quotes. `-`, `:` and `@` can be in a name of a path, `^` and `~` are selectors, `.*` is a wildcard.
fn has_operator(inner: &str) -> bool {
    let (mut depth, mut quote, mut before) = (0_usize, None, ' ');
    let mut characters = inner.chars();
    while let Some(character) = characters.next() {
        match (quote, character) {
            (Some(_), '\\') => _ = characters.next(),
            (Some(open), _) if open == character => quote = None,
            (Some(_), _) => {}
            (None, '"' | '\'') if depth > 0 => quote = Some(character),
            (None, '[') => depth += 1,
            (None, ']') => depth = depth.saturating_sub(1),
            (None, '*') if depth == 0 && before != '.' => return true,
            (None, '+' | '/' | '%' | '<' | '>' | '=' | '!' | '?' | '&' | '|' | '(' | ')' | ',') if depth == 0 => {
                return true;
            }
            (None, space) if depth == 0 && space.is_whitespace() => return true,
            _ => {}
        }
        before = character;
    }
    false
}

fn is_plain(inner: &str) -> bool {
    inner.split('.').all(|name| !name.is_empty() && name.chars().all(|c| c == '_' || c.is_alphanumeric()))
        && inner.contains('.')
        && !inner.starts_with(|first: char| first.is_ascii_digit())
        && !inner.ends_with(".length")
}

/// Returns the offset of the `}` of `${`; skips nested braces and quotes.
fn closing_brace(text: &str) -> Option<usize> {
    let (mut depth, mut quote) = (0_usize, None);
    let mut characters = text.char_indices();
    while let Some((at, character)) = characters.next() {
        match (quote, character) {
            (Some(_), '\\') => _ = characters.next(),
            (Some(open), _) if open == character => quote = None,
            (Some(_), _) => {}
            (None, '"' | '\'') => quote = Some(character),
            (None, '{') => depth += 1,
            (None, '}') if depth == 0 => return Some(at),
            (None, '}') => depth -= 1,
            _ => {}
        }
    }
    None
}

/// The position of a value within a string.
#[derive(Clone, Copy)]
struct EscapeContext {
    escape: Escape,
    /// Whether a whole base URL is permitted.
    may_be_url: bool,
    /// Whether only a whole base URL is permitted.
    must_be_url: bool,
    /// Whether the position is between quotes (JSON).
    quoted: bool,
}

impl EscapeContext {
    const fn of(escape: Escape) -> Self {
        Self { escape, may_be_url: false, must_be_url: false, quoted: false }
    }
}

fn mixed(parts: &[Part], bindings: &Bindings<'_>, escape: Escape) -> Result<String, EvalError> {
    let mut text = String::new();
    let mut place = EscapeContext::of(escape);
    for (number, part) in parts.iter().enumerate() {
        place.may_be_url = number == 0
            && match parts.get(1) {
                None => true,
                Some(Part::Literal(next)) => next.starts_with('/'),
                Some(_) => false,
            };
        let (value, path) = match part {
            Part::Literal(literal) => {
                text.push_str(literal);
                place.moves_over(literal);
                continue;
            }
            Part::Path(expression, path) => match expression.simple(bindings) {
                Some(Some(value)) if !value.is_null() => (Some(Cow::Borrowed(value)), path),
                _ => (expression.eval(&mut Evaluation::new(*bindings))?.map(Cow::Owned), path),
            },
            Part::Jexl(expression, path) => (Evaluation::new(*bindings).run(expression)?.map(Cow::Owned), path),
        };
        let value = value.filter(|value| !value.is_null()).ok_or_else(|| EvalError::Missing { path: path.clone() })?;
        text.push_str(&escaped(&value, path, place)?);
        if text.len() > MAX_STRING_BYTES {
            return Err(EvalError::Large);
        }
    }
    Ok(text)
}

impl EscapeContext {
    /// Moves past a literal part, which changes the position of the values after it.
    fn moves_over(&mut self, literal: &str) {
        match self.escape {
            Escape::PathSegment if literal.contains('?') => self.escape = Escape::Query,
            Escape::Json => {
                let mut characters = literal.chars();
                while let Some(character) = characters.next() {
                    match character {
                        '\\' => _ = characters.next(),
                        '"' => self.quoted = !self.quoted,
                        _ => {}
                    }
                }
            }
            _ => {}
        }
    }
}

fn escaped(value: &Value, path: &str, place: EscapeContext) -> Result<String, EvalError> {
    let rejected = |reason: &str| EvalError::Refused { path: path.to_owned(), reason: reason.to_owned() };
    let escape = place.escape;
    if escape == Escape::Json {
        if !place.quoted {
            return Ok(value.to_string());
        }
        let text = Value::String(value::as_text(value)).to_string();
        return Ok(text[1..text.len() - 1].to_owned());
    }
    if escape != Escape::None && matches!(value, Value::Array(_) | Value::Object(_)) {
        return Err(rejected("is a list or an object, but a single value is required"));
    }
    let text = value::as_text(value);
    match escape {
        Escape::None | Escape::Json => {}
        Escape::Header => {
            if text.chars().any(|c| c.is_control() && c != '\t') {
                return Err(rejected(
                    "contains a line break or another control character, which a header does not permit",
                ));
            }
        }
        Escape::PathSegment => {
            if matches!(text.as_str(), "" | "." | "..") {
                return Err(rejected("is empty or only dots, which would change the path"));
            }
            return Ok(percent_encode(&text));
        }
        Escape::Query => return Ok(percent_encode(&text)),
        Escape::Xml => {
            return escape_xml(&text).ok_or_else(|| rejected("contains a character that XML does not permit"));
        }
        Escape::Host => {
            let is_host =
                !text.is_empty() && text.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '.' | '_'));
            let is_url = place.may_be_url && is_base_url(&text);
            if place.must_be_url && !is_url {
                return Err(rejected("is not an http(s) URL without user, query and fragment"));
            }
            if !text.is_empty() && text.chars().all(|c| c == '.') {
                return Err(rejected("is only dots, which would change the path"));
            }
            if !is_host && !is_url {
                return Err(rejected("contains characters that a host name does not permit"));
            }
        }
    }
    Ok(text)
}

fn is_base_url(text: &str) -> bool {
    url::Url::parse(text).is_ok_and(|url| {
        matches!(url.scheme(), "http" | "https")
            && url.username().is_empty()
            && url.password().is_none()
            && url.query().is_none()
            && url.fragment().is_none()
    }) && !text.contains(|c: char| c.is_whitespace() || c.is_control() || c == '\\')
}

/// Percent-encodes everything except the unreserved characters (RFC 3986 section 2.3).
pub(super) fn percent_encode(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~') {
            encoded.push(char::from(byte));
        } else {
            encoded.push('%');
            encoded.push(char::from(b"0123456789ABCDEF"[usize::from(byte >> 4)]));
            encoded.push(char::from(b"0123456789ABCDEF"[usize::from(byte & 15)]));
        }
    }
    encoded
}

fn collect(expression: &Expr, found: &mut Vec<(String, Option<String>)>) {
    match expression {
        Expr::Member(of, name) => match &**of {
            Expr::Root(root) => found.push((root.clone(), Some(name.clone()))),
            Expr::Bindings => found.push((name.clone(), None)),
            Expr::Member(inner, root) if matches!(**inner, Expr::Bindings) => {
                found.push((root.clone(), Some(name.clone())));
            }
            of => collect(of, found),
        },
        Expr::Root(root) => found.push((root.clone(), None)),
        Expr::Bindings => found.push((EVERYTHING.to_owned(), None)),
        Expr::Literal(_) | Expr::Current => {}
        // `inputs["odd name"]` refers to a name like `inputs.name`.
        Expr::Index(of, index) if let (Expr::Root(root), Expr::Literal(Value::String(name))) = (&**of, &**index) => {
            found.push((root.clone(), Some(name.clone())));
        }
        Expr::Index(left, right)
        | Expr::Filter(left, right)
        | Expr::Map(left, right)
        | Expr::Binary(_, left, right) => {
            collect(left, found);
            collect(right, found);
        }
        Expr::Not(operand) | Expr::Negate(operand) => collect(operand, found),
        Expr::Ternary(condition, then, otherwise) => {
            for part in [condition, then, otherwise] {
                collect(part, found);
            }
        }
        Expr::Array(items) | Expr::Call(_, items) => items.iter().for_each(|item| collect(item, found)),
        Expr::Object(members) => members.iter().for_each(|(_, member)| collect(member, found)),
        Expr::Method(of, _, arguments) => {
            collect(of, found);
            arguments.iter().for_each(|argument| collect(argument, found));
        }
        Expr::Path(path) => path_references(path, found),
        Expr::Pattern(how, of, _) => {
            collect(of, found);
            if let PatternUse::Replace(with) = how {
                collect(with, found);
            }
        }
    }
}

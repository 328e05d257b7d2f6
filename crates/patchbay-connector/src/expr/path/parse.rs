//! Parses a path.

use super::{
    super::{MAX_DEPTH, error::ExprSyntaxError, lexer::hex_character, parser},
    Path, Selector,
};

/// Parses a path that begins with `$`.
///
/// # Errors
/// If the path is not valid.
pub(in crate::expr) fn parse(source: &str) -> Result<Path, ExprSyntaxError> {
    parse_within(source, 0)
}

/// Parses a path within expressions of this depth.
///
/// # Errors
/// If the path is not valid.
pub(in crate::expr) fn parse_within(source: &str, depth: usize) -> Result<Path, ExprSyntaxError> {
    if depth >= MAX_DEPTH {
        return Err(ExprSyntaxError::new(0, format!("the expression is nested deeper than {MAX_DEPTH} levels")));
    }
    let mut selectors = Vec::new();
    let mut rest = source.strip_prefix('$').unwrap_or(source);
    while !rest.is_empty() {
        let at = source.len() - rest.len();
        if matches!(selectors.last(), Some(Selector::Property)) {
            return Err(ExprSyntaxError::new(at, "nothing can follow `~`, which selects a name")
                .with_hint("write a name with `~` in brackets: $.inputs[\"odd~name\"]"));
        }
        if selectors.len() > MAX_DEPTH {
            return Err(ExprSyntaxError::new(at, format!("the path has more than {MAX_DEPTH} parts")));
        }
        if let Some(after) = rest.strip_prefix("..") {
            selectors.push(Selector::Descend);
            rest = after;
            if rest.is_empty() {
                return Err(ExprSyntaxError::new(at, "expected a name after `..`"));
            }
            if !rest.starts_with('[') {
                rest = name(rest, source, &mut selectors)?;
            }
        } else if let Some(after) = rest.strip_prefix(".^").or_else(|| rest.strip_prefix('^')) {
            selectors.push(Selector::Parent);
            rest = after;
        } else if let Some(after) = rest.strip_prefix(".~").or_else(|| rest.strip_prefix('~')) {
            selectors.push(Selector::Property);
            rest = after;
        } else if let Some(after) = rest.strip_prefix('.') {
            // `$.a.['b']` is written like `$.a['b']`.
            rest = if after.starts_with('[') { after } else { name(after, source, &mut selectors)? };
        } else if rest.starts_with('[') {
            let length = bracket_length(rest).ok_or_else(|| ExprSyntaxError::new(at, "`[` is not closed"))?;
            selectors.push(bracket(&rest[1..length - 1], at + 1, depth)?);
            rest = &rest[length..];
        } else {
            let first = rest.chars().next().unwrap_or(' ');
            return Err(ExprSyntaxError::new(at, format!("expected `.` or `[`, found `{first}`")));
        }
    }
    let ends_in_length = matches!(selectors.last(), Some(Selector::Name(name)) if name == "length");
    let follows_value = selectors.len() > 1 && !matches!(selectors.get(selectors.len() - 2), Some(Selector::Descend));
    Ok(Path { selectors, is_length: ends_in_length && follows_value && source.ends_with(".length") })
}

fn name<'a>(rest: &'a str, source: &str, selectors: &mut Vec<Selector>) -> Result<&'a str, ExprSyntaxError> {
    let length = rest.find(['.', '[', '^', '~']).unwrap_or(rest.len());
    let name = &rest[..length];
    if name.is_empty() || name.contains(char::is_whitespace) {
        let at = source.len() - rest.len();
        let after = name.find(char::is_whitespace).map(|space| name[space..].trim_start()).unwrap_or_default();
        let is_operator = after.starts_with(['=', '!', '<', '>', '+', '*', '/', '%', '?', '&', '|', '-', ':']);
        let hint = if is_operator {
            "a path has no operators; write the expression in {{ }}: {{$.inputs.limit > 5}}"
        } else {
            "write a name with spaces, `^` or `~` in brackets: $.inputs[\"odd name\"]"
        };
        return Err(ExprSyntaxError::new(at, "expected a name").with_hint(hint));
    }
    selectors.push(if name == "*" { Selector::Wildcard } else { Selector::Name(name.to_owned()) });
    Ok(&rest[length..])
}

/// Returns the length of `[…]`; skips nested brackets and quotes.
pub(in crate::expr) fn bracket_length(text: &str) -> Option<usize> {
    let (mut depth, mut quote) = (0_usize, None);
    let mut characters = text.char_indices();
    while let Some((at, character)) = characters.next() {
        match (quote, character) {
            (Some(_), '\\') => _ = characters.next(),
            (Some(open), _) if open == character => quote = None,
            (Some(_), _) => {}
            (None, '"' | '\'') => quote = Some(character),
            (None, '[' | '(') => depth += 1,
            (None, ']' | ')') => {
                depth = depth.checked_sub(1)?;
                if depth == 0 {
                    return Some(at + 1);
                }
            }
            _ => {}
        }
    }
    None
}

fn bracket(inner: &str, at: usize, depth: usize) -> Result<Selector, ExprSyntaxError> {
    let text = inner.trim();
    if let Some(filter) = text.strip_prefix("?(").and_then(|rest| rest.strip_suffix(')')) {
        return parser::parse_within(filter, depth + 1).map(Selector::Filter).map_err(|error| error.shifted(at + 2));
    }
    if let Some(script) = text.strip_prefix('(').and_then(|rest| rest.strip_suffix(')')) {
        return parser::parse_within(script, depth + 1).map(Selector::Script).map_err(|error| error.shifted(at + 1));
    }
    match text {
        "^" => return Ok(Selector::Parent),
        "~" => return Ok(Selector::Property),
        _ => {}
    }
    let parts = split(text);
    if parts.len() > 1 {
        return parts.into_iter().map(|part| single(part, at)).collect::<Result<_, _>>().map(Selector::Union);
    }
    single(text, at)
}

/// Splits at commas outside of quotes.
fn split(text: &str) -> Vec<&str> {
    let (mut parts, mut start, mut quote) = (Vec::new(), 0, None);
    let mut characters = text.char_indices();
    while let Some((at, character)) = characters.next() {
        match (quote, character) {
            (Some(_), '\\') => _ = characters.next(),
            (Some(open), _) if open == character => quote = None,
            (None, '"' | '\'') => quote = Some(character),
            (None, ',') => {
                parts.push(&text[start..at]);
                start = at + 1;
            }
            _ => {}
        }
    }
    parts.push(&text[start..]);
    parts
}

/// Returns a quoted name without its escapes (RFC 9535 section 2.3.1.2).
fn unescaped(name: &str) -> String {
    let (mut plain, mut characters) = (String::with_capacity(name.len()), name.char_indices());
    while let Some((at, character)) = characters.next() {
        if character != '\\' {
            plain.push(character);
            continue;
        }
        match characters.next() {
            Some((_, 'b')) => plain.push('\u{8}'),
            Some((_, 'f')) => plain.push('\u{c}'),
            Some((_, 'n')) => plain.push('\n'),
            Some((_, 'r')) => plain.push('\r'),
            Some((_, 't')) => plain.push('\t'),
            Some((_, 'u')) if let Some(known) = hex_character(&name[at + 2..]) => {
                plain.push(known);
                characters.nth(3);
            }
            Some((_, other)) => plain.push(other),
            None => plain.push('\\'),
        }
    }
    plain
}

fn single(text: &str, at: usize) -> Result<Selector, ExprSyntaxError> {
    let text = text.trim();
    if text == "*" {
        return Ok(Selector::Wildcard);
    }
    for quote in ['"', '\''] {
        if let Some(name) = text.strip_prefix(quote).and_then(|rest| rest.strip_suffix(quote)) {
            return Ok(Selector::Name(unescaped(name)));
        }
    }
    if let Ok(index) = text.parse::<i64>() {
        return Ok(Selector::Index(index));
    }
    let bounds = text.split(':').collect::<Vec<_>>();
    if (2..=3).contains(&bounds.len()) {
        let bound = |place: usize| match bounds.get(place).map(|bound| bound.trim()) {
            None | Some("") => Ok(None),
            Some(bound) => bound.parse::<i64>().map(Some),
        };
        if let (Ok(start), Ok(end), Ok(step)) = (bound(0), bound(1), bound(2)) {
            let step = step.unwrap_or(1);
            if step != 0 {
                return Ok(Selector::Slice { start, end, step });
            }
        }
    }
    // jsonpath-plus permits names without quotes in a union.
    if !text.is_empty() && text.chars().all(|c| c == '_' || c == '-' || c.is_alphanumeric()) {
        return Ok(Selector::Name(text.to_owned()));
    }
    Err(ExprSyntaxError::new(at, format!("`[{text}]` is not an index, name, slice, union or filter")))
}

//! Explains the errors of the YAML parser: where the mistake is, and what to write.
//!
//! The parser reports the first character that it cannot continue with, in its own words. The mistake is often before it: a
//! text that needs quotes, a bracket that is not closed, a tab. Nothing here changes what is accepted.

use super::{Position, Span};

/// An explanation of a syntax error.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct YamlMistake {
    /// What is wrong.
    pub(super) message: String,
    /// Where the mistake is.
    pub(super) span: Span,
    /// What to write.
    pub(super) hint: &'static str,
}

/// Spaces that YAML does not count as indentation.
const OTHER_SPACES: [char; 5] = ['\u{a0}', '\u{2007}', '\u{202f}', '\u{3000}', '\u{feff}'];
/// Quotes that word processors write.
const CURLY_QUOTES: [char; 7] = ['\u{201c}', '\u{201d}', '\u{201e}', '\u{ab}', '\u{bb}', '\u{2018}', '\u{2019}'];
/// The number of lines before the error that are searched for a bracket.
const MAX_LINES_BEFORE: usize = 200;

/// Explains the parser's error at `at`; `None` if its own words have to do.
pub(super) fn explain(text: &str, at: Position, said: &str) -> Option<YamlMistake> {
    let lines = text.lines().collect::<Vec<_>>();
    let here = at.line.checked_sub(1)?.min(lines.len().saturating_sub(1));
    let before = (0..here).rev().find(|line| !lines[*line].trim().is_empty());
    // The parser may already have read the line after the one that it names.
    let near = before.into_iter().chain([here, here + 1]).filter(|line| *line < lines.len()).collect::<Vec<_>>();
    spaces(&lines, &near)
        .or_else(|| quotes(&lines, here, said))
        .or_else(|| before.into_iter().chain([here]).find_map(|line| expression(lines[line], line)))
        .or_else(|| value(lines[here], here, at, said))
        .or_else(|| before.and_then(|line| entry(lines[line], line)))
        .or_else(|| entry(lines[here], here))
        .or_else(|| bracket(&lines, here, said))
        .or_else(|| indentation(&lines, before, here, at, said))
}

fn mistake(line: usize, column: usize, length: usize, message: impl Into<String>, hint: &'static str) -> YamlMistake {
    let start = Position { line: line + 1, column: column + 1 };
    let end = Position { column: column + 1 + length, ..start };
    YamlMistake { message: message.into(), span: Span { start, end }, hint }
}

/// Returns the column of a byte offset, in characters.
fn column(line: &str, offset: usize) -> usize {
    line[..offset].chars().count()
}

/// A tab or another space in the indentation.
fn spaces(lines: &[&str], near: &[usize]) -> Option<YamlMistake> {
    near.iter().find_map(|&number| {
        let line = lines[number];
        let indent = line.len() - line.trim_start().len();
        let found = line[..indent].char_indices().find(|(_, c)| *c == '\t' || OTHER_SPACES.contains(c));
        let (offset, character) = found.filter(|_| !line.trim().is_empty())?;
        let (what, hint) = if character == '\t' {
            ("a tab", "indent with spaces")
        } else {
            ("a no-break space", "replace it by a space")
        };
        Some(mistake(number, column(line, offset), 1, format!("{what} cannot indent a line"), hint))
    })
}

/// A quoted text that does not end, or ends too early.
fn quotes(lines: &[&str], here: usize, said: &str) -> Option<YamlMistake> {
    let line = lines[here];
    let (_, start) = value_of(line)?;
    let quote = line[start..].chars().next().filter(|quote| matches!(quote, '"' | '\''))?;
    let at = column(line, start);
    if said.contains("unknown escape") {
        let escape = line[start..].find('\\').map_or(at, |offset| column(line, start + offset));
        let hint = "write the text in single quotes, or `\\\\` for a backslash";
        return Some(mistake(here, escape, 2, "double quotes do not permit this escape", hint));
    }
    let inner = &line[start + 1..];
    if said.contains("trailing content") {
        let end = start + 1 + inner.find(quote)? + 1;
        let hint = if quote == '\'' {
            "write a quote within single quotes twice: 'it''s'"
        } else {
            "write a quote within double quotes as \\\""
        };
        return Some(mistake(here, column(line, end), 1, "the text goes on after its closing quote", hint));
    }
    if said.contains("quoted scalar") || said.contains("unexpected end of stream") {
        let hint = if quote == '\'' { "close it with '" } else { "close it with \"" };
        return Some(mistake(here, at, 1, "the quoted text is not closed", hint));
    }
    None
}

/// An expression without quotes: `{{…}}`, or `${…}` within braces or brackets.
fn expression(line: &str, number: usize) -> Option<YamlMistake> {
    let (mut quote, mut depth, mut before) = (None, 0_usize, ':');
    let mut characters = line.char_indices().peekable();
    while let Some((offset, character)) = characters.next() {
        let next = characters.peek().map(|(_, next)| *next);
        let begins_value = matches!(before, ':' | ',' | '[' | '{' | '-');
        match (quote, character) {
            (Some('"'), '\\') => _ = characters.next(),
            (Some(open), _) if open == character => quote = None,
            (Some(_), _) => {}
            (None, '#') if offset == 0 || line[..offset].ends_with(' ') => return None,
            (None, '"' | '\'') if begins_value => quote = Some(character),
            (None, '{') if next == Some('{') && begins_value => {
                let length = line[offset..].find("}}").map_or(2, |end| line[offset..offset + end + 2].chars().count());
                let hint = "put the expression in quotes: '{{…}}'";
                let message = "an expression that begins with `{{` is not in quotes";
                return Some(mistake(number, column(line, offset), length, message, hint));
            }
            (None, '$') if next == Some('{') && depth > 0 => {
                let length = line[offset..].find('}').map_or(2, |end| line[offset..=offset + end].chars().count());
                let hint = "put the text in quotes: '${…}'";
                let message = "a text with `${…}` within `{ }` or `[ ]` is not in quotes";
                return Some(mistake(number, column(line, offset), length, message, hint));
            }
            (None, '{' | '[') => depth += 1,
            (None, '}' | ']') => depth = depth.saturating_sub(1),
            _ => {}
        }
        if !character.is_whitespace() {
            before = character;
        }
    }
    None
}

/// A text that needs quotes because of a character in it.
fn value(line: &str, number: usize, at: Position, said: &str) -> Option<YamlMistake> {
    let (_, start) = value_of(line)?;
    let value = &line[start..];
    let first = value.chars().next()?;
    let column_of_value = column(line, start);
    if let Some((offset, _)) = value.char_indices().find(|(_, c)| CURLY_QUOTES.contains(c)) {
        let hint = "write straight quotes: ' or \"";
        return Some(mistake(number, column(line, start + offset), 1, "this is not a quote of YAML", hint));
    }
    if said.contains("block scalar") && matches!(first, '>' | '|') {
        let hint = "put the text in quotes, or begin it on the next line";
        return Some(mistake(number, column_of_value, 1, format!("`{first}` begins a text of several lines"), hint));
    }
    if matches!(first, '@' | '`' | '%' | '&' | '*' | '!' | ']' | '}' | ',') {
        let hint = match first {
            '&' | '*' => "put the text in quotes; if it is an anchor or alias, write the values out",
            _ => "put the text in quotes",
        };
        return Some(mistake(number, column_of_value, 1, format!("a text cannot begin with `{first}`"), hint));
    }
    let colon = value.find(": ").or_else(|| value.strip_suffix(':').map(str::len))?;
    let is_plain = !matches!(first, '"' | '\'' | '{' | '[');
    if is_plain && said.contains("mapping values") && column(line, start + colon) + 1 == at.column {
        return Some(mistake(
            number,
            column_of_value,
            value.trim_end().chars().count(),
            "a text that contains `: ` is not in quotes",
            "put the text in quotes",
        ));
    }
    None
}

/// An entry without the space after its colon or dash.
fn entry(line: &str, number: usize) -> Option<YamlMistake> {
    let trimmed = line.trim_start();
    let indent = line.len() - trimmed.len();
    if let Some(rest) = trimmed.strip_prefix('-')
        && rest.starts_with(|c: char| c.is_alphabetic() || matches!(c, '{' | '[' | '$' | '"' | '\''))
    {
        return Some(mistake(
            number,
            column(line, indent),
            1,
            "an item of a list has no space after `-`",
            "write `- `",
        ));
    }
    let item = trimmed.trim_start_matches("- ");
    let name = item.find(|c: char| !(c.is_alphanumeric() || c == '_' || c == '$')).filter(|length| *length > 0)?;
    let rest = &item[name..];
    let has_value = rest.strip_prefix(':').and_then(|rest| rest.chars().next());
    // `https://…` as an item of a list is a text.
    if has_value.is_some_and(|next| !next.is_whitespace() && next != '/' && next != ':') && !rest.contains(": ") {
        let at = line.len() - item.len() + name;
        return Some(mistake(number, column(line, at), 1, "a key has no space after its colon", "write `: `"));
    }
    None
}

/// A bracket or brace that is not closed, or an entry without a comma.
fn bracket(lines: &[&str], here: usize, said: &str) -> Option<YamlMistake> {
    let is_about_flow = ["flow", "':' indicator", "invalid indentation", "only valid inside a block"]
        .iter()
        .any(|words| said.contains(words));
    if !is_about_flow {
        return None;
    }
    let mut open = Vec::new();
    let first = here.saturating_sub(MAX_LINES_BEFORE);
    for (number, line) in lines.iter().enumerate().take(here + 1).skip(first) {
        let (mut quote, mut before) = (None, ':');
        for (offset, character) in line.char_indices() {
            match (quote, character) {
                (Some(closing), _) if closing == character => quote = None,
                (Some(_), _) => {}
                (None, '#') if offset == 0 || line[..offset].ends_with(' ') => break,
                (None, '"' | '\'') if matches!(before, ':' | ',' | '[' | '{' | '-') => quote = Some(character),
                // In a block, a bracket within a text is a character of the text.
                (None, '{' | '[') if !open.is_empty() || matches!(before, ':' | ',' | '[' | '{' | '-') => {
                    open.push((number, offset, character));
                }
                (None, '}' | ']') => _ = open.pop(),
                _ => {}
            }
            if !character.is_whitespace() {
                before = character;
            }
        }
    }
    let &(number, offset, character) = open.last()?;
    if number == here && lines[here].trim_end().ends_with(['}', ']']) {
        return None;
    }
    let hint = if character == '[' { "close it with ]" } else { "close it with }" };
    Some(mistake(number, column(lines[number], offset), 1, format!("`{character}` is not closed"), hint))
}

/// A line that is not in the column of its neighbors.
fn indentation(lines: &[&str], before: Option<usize>, here: usize, at: Position, said: &str) -> Option<YamlMistake> {
    let indent = |line: &str| line.len() - line.trim_start().len();
    if said.contains("did not find expected ','") {
        let hint = "separate the entries with commas; put a text with `,`, `{`, `}`, `[`, `]` or `: ` in quotes";
        return Some(mistake(here, at.column - 1, 1, "within `{ }` or `[ ]`, a comma is missing", hint));
    }
    let is_about_indentation = ["mapping values", "expected key", "'-' indicator", "simple key", "indentation"];
    if !is_about_indentation.iter().any(|words| said.contains(words)) {
        return None;
    }
    let column = indent(lines[here]);
    let above = before.map_or(0, |line| indent(lines[line]));
    let message = if column > above {
        "the line is indented more than the line above, which already has a value"
    } else {
        "the line is in the column of none of the lines above"
    };
    let hint = "begin the keys of one mapping, and the items of one list, in one column";
    Some(mistake(here, column, 1, message, hint))
}

/// Returns a line's key and the offset of its value: `- name: value`.
fn value_of(line: &str) -> Option<(&str, usize)> {
    let trimmed = line.trim_start();
    let indent = line.len() - trimmed.len();
    let item = trimmed.trim_start_matches("- ");
    let from = indent + trimmed.len() - item.len();
    let (key, start) = match item.find(": ") {
        Some(colon) if !item.starts_with(['"', '\'', '{', '[']) => (&item[..colon], from + colon + 2),
        _ => ("", from),
    };
    let rest = &line[start..];
    let start = start + rest.len() - rest.trim_start().len();
    (start < line.len()).then_some((key, start))
}

//! Reads what libyaml reads and the YAML parser here does not: within brackets and quotes, a line may begin at the column
//! of its key. Spaces there have no meaning, so such lines are indented and the text is parsed again.

use std::borrow::Cow;

/// The maximum number of times that a text is indented.
pub(super) const MAX_REPAIRS: usize = 48;
/// The indentation of such lines.
const INDENT: &str =
    "                                                                                                    ";

/// Where and why the parser stopped.
pub(super) struct Stop<'e> {
    /// The line, from 1.
    pub(super) line: usize,
    /// The column, from 0.
    pub(super) column: usize,
    pub(super) reason: &'e str,
}

/// Returns the text with the lines indented at which the parser stopped; `None` if it stopped for another reason.
pub(super) fn indented(text: &str, stop: &Stop<'_>, is_first: bool) -> Option<String> {
    if !stop.reason.starts_with("invalid indentation") {
        return None;
    }
    let lines = text.split_inclusive('\n').collect::<Vec<_>>();
    let at = stop.line.checked_sub(1)?;
    let closes = |line: &str| line.trim_start().starts_with([']', '}']);
    let is_chosen: Vec<bool> = if is_first && closes(lines.get(at)?) {
        lines.iter().map(|line| closes(line)).collect()
    } else if stop.reason.contains("quoted scalar") {
        let last = at + end_of_quotes(&lines[at..], stop.column)?;
        (0..lines.len()).map(|line| line > at && line <= last).collect()
    } else {
        let last = lines[at..].iter().position(|line| closes(line)).map_or(at, |count| at + count);
        (0..lines.len()).map(|line| line >= at && line <= last).collect()
    };
    if !is_chosen.contains(&true) {
        return None;
    }
    let written = lines.iter().zip(is_chosen).map(|(line, chosen)| {
        if chosen && !line.trim().is_empty() { Cow::Owned(format!("{INDENT}{line}")) } else { Cow::Borrowed(*line) }
    });
    Some(written.collect())
}

/// Returns the number of line breaks before the end of a quoted text that begins at a column of the first line.
fn end_of_quotes(lines: &[&str], column: usize) -> Option<usize> {
    let mut quote = None;
    for (count, line) in lines.iter().enumerate() {
        let mut characters = line.chars().skip(if count == 0 { column } else { 0 }).peekable();
        while let Some(character) = characters.next() {
            match (quote, character) {
                (None, '"' | '\'') => quote = Some(character),
                (Some('"'), '\\') => _ = characters.next(),
                (Some('\''), '\'') if characters.peek() == Some(&'\'') => _ = characters.next(),
                (Some(open), character) if open == character => return Some(count),
                _ => {}
            }
        }
        quote?;
    }
    None
}

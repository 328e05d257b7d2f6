//! Diagnostics for people.

use std::{collections::HashMap, fmt::Write as _};

use super::{Diagnostic, Span};
use crate::SourceFile;

/// The maximum number of characters of a line that are shown.
const MAX_LINE_CHARS: usize = 160;

/// Returns the diagnostics as text, each with its line and a caret below the position.
pub fn render(diagnostics: &[Diagnostic], files: &[SourceFile]) -> String {
    let mut out = String::new();
    // The lines of a file are split only once.
    let lines =
        files.iter().map(|file| (file.name.as_str(), file.text.lines().collect::<Vec<_>>())).collect::<HashMap<_, _>>();
    for diagnostic in diagnostics {
        let level = diagnostic.severity.as_str();
        let start = diagnostic.span.start;
        let _ = writeln!(out, "{level}[{}]: {}", diagnostic.code, shown(&diagnostic.message));
        if start.line == 0 {
            let _ = writeln!(out, "  --> {}", diagnostic.file);
        } else {
            let _ = writeln!(out, "  --> {}:{start}", diagnostic.file);
            if let Some(line) = lines.get(diagnostic.file.as_str()).and_then(|lines| lines.get(start.line - 1)) {
                snippet(&mut out, line, diagnostic.span);
            }
        }
        if let Some((file, span)) = &diagnostic.earlier {
            let _ = writeln!(out, "  = note: the first one is at {file}:{}", span.start);
            if let Some(line) = lines.get(file.as_str()).and_then(|lines| lines.get(span.start.line.saturating_sub(1)))
            {
                snippet(&mut out, line, *span);
            }
        }
        if let Some(hint) = &diagnostic.hint {
            let _ = writeln!(out, "  = help: {}", shown(hint));
        }
        out.push('\n');
    }
    out
}

/// Replaces control characters: text of a file must not control the terminal, and each character must have one column.
fn shown(text: &str) -> String {
    text.chars()
        .map(|c| {
            if c == '\t' {
                ' '
            } else if c.is_control() {
                '\u{fffd}'
            } else {
                c
            }
        })
        .collect()
}

/// Writes a line with carets below a range. Of a long line, it shows the part around the carets.
fn snippet(out: &mut String, line: &str, span: Span) {
    let (start, end) = (span.start, span.end);
    let number = start.line.to_string();
    let margin = " ".repeat(number.len());
    let length = line.chars().count();
    let column = start.column.clamp(1, length + 1);
    // A fifth of the window is before the caret, unless the line ends earlier.
    let first = if length <= MAX_LINE_CHARS || column <= MAX_LINE_CHARS * 4 / 5 {
        0
    } else {
        (column - 1 - MAX_LINE_CHARS / 5).min(length - MAX_LINE_CHARS)
    };
    let last = (first + MAX_LINE_CHARS).min(length);
    let window = line.chars().skip(first).take(last - first).collect::<String>();
    let (before, after) = (if first > 0 { "…" } else { "" }, if last < length { "…" } else { "" });
    let shown = format!("{before}{}{after}", shown(&window));
    let indent = column - 1 - first + before.chars().count();
    let stop = if end.line == start.line { end.column.min(last + 1) } else { last + 1 };
    let carets = stop.saturating_sub(column).max(1);
    let _ = writeln!(out, "{margin} |\n{number} | {shown}\n{margin} | {}{}", " ".repeat(indent), "^".repeat(carets));
}

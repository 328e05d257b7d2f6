//! Diagnostics for people.

use std::{collections::HashMap, fmt::Write as _};

use super::Diagnostic;
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
                snippet(&mut out, line, diagnostic);
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

fn snippet(out: &mut String, line: &str, diagnostic: &Diagnostic) {
    let (start, end) = (diagnostic.span.start, diagnostic.span.end);
    let number = start.line.to_string();
    let margin = " ".repeat(number.len());
    let shown = shown(&line.chars().take(MAX_LINE_CHARS).collect::<String>());
    let width = shown.chars().count();
    let column = start.column.clamp(1, width + 1);
    let stop = if end.line == start.line { end.column } else { width + 1 };
    let carets = stop.saturating_sub(column).clamp(1, width.saturating_sub(column - 1).max(1));
    let _ =
        writeln!(out, "{margin} |\n{number} | {shown}\n{margin} | {}{}", " ".repeat(column - 1), "^".repeat(carets));
}

//! Problems as a person reads them.

use std::{collections::HashMap, fmt::Write as _};

use super::Diagnostic;
use crate::SourceFile;

/// The longest line that is shown whole.
const MAX_LINE: usize = 160;

/// Renders problems with the line they are on and a caret under the place.
pub fn render(diagnostics: &[Diagnostic], files: &[SourceFile]) -> String {
    let mut out = String::new();
    // Each file's lines are found once: a line is looked up for every problem.
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

/// A file's own text must not steer the terminal, and each of its characters takes one column.
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
    let shown = shown(&line.chars().take(MAX_LINE).collect::<String>());
    let width = shown.chars().count();
    let column = start.column.clamp(1, width + 1);
    let stop = if end.line == start.line { end.column } else { width + 1 };
    let carets = stop.saturating_sub(column).clamp(1, width.saturating_sub(column - 1).max(1));
    let _ =
        writeln!(out, "{margin} |\n{number} | {shown}\n{margin} | {}{}", " ".repeat(column - 1), "^".repeat(carets));
}

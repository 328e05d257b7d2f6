//! A guide as Markdown: the text of its `.md` path, for agents.

use std::fmt::Write as _;

use super::model::{GuidePage, Section, SectionStep};

/// Returns the guide's Markdown, without its title.
pub(crate) fn to_markdown(page: &GuidePage) -> String {
    let mut out = page.warning.as_deref().map(warning).unwrap_or_default();
    for section in &page.sections {
        write_section(&mut out, section);
    }
    out
}

/// Returns the warning as an alert.
pub(super) fn warning(text: &str) -> String {
    let mut out = "> [!WARNING]\n".to_owned();
    for line in text.trim().lines() {
        // Writing to a String does not fail.
        let _ = writeln!(out, "> {}", line.trim());
    }
    out
}

fn write_section(out: &mut String, section: &Section) {
    let _ = write!(out, "\n## {}\n", section.title);
    if let Some(content) = &section.content {
        let _ = write!(out, "\n{}\n", content.trim());
    }
    if !section.list.is_empty() {
        out.push('\n');
        for item in &section.list {
            let _ = writeln!(out, "- {}", item.trim());
        }
    }
    if !section.steps.is_empty() {
        out.push('\n');
    }
    for (number, step) in (1..).zip(&section.steps) {
        write_step(out, number, step);
    }
}

fn write_step(out: &mut String, number: usize, step: &SectionStep) {
    let lead = format!("{number}. ");
    let margin = " ".repeat(lead.len());
    let _ = writeln!(out, "{lead}{}", step.title_markdown());
    let list = step.list.iter().map(|item| format!("- {}", item.trim())).collect::<Vec<_>>().join("\n");
    let scopes = step.scopes.as_ref().map(super::scopes::ListedScopes::to_markdown);
    let parts = step.content.clone().into_iter().chain([list]).chain(scopes);
    for part in parts.filter(|part| !part.trim().is_empty()) {
        out.push('\n');
        for line in part.trim().lines() {
            let _ = writeln!(out, "{}", if line.is_empty() { String::new() } else { format!("{margin}{line}") });
        }
    }
    out.push('\n');
}

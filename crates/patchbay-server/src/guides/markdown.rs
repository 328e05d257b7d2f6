//! A guide as Markdown: the response of the `.md` path, and the source of the HTML page.

use std::fmt::Write as _;

use super::model::{GuidePage, Section, SectionStep};

/// Returns the guide's Markdown.
pub(crate) fn to_markdown(page: &GuidePage) -> String {
    let mut out = format!("# {}\n\n{}\n", page.title, page.intro);
    if let Some(warning) = &page.warning {
        let _ = write!(out, "\n> **Before you start:** {}\n", warning.trim());
    }
    for section in &page.sections {
        write_section(&mut out, section);
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
    // A title with emphasis in it is not emphasized as a whole.
    let title = if step.title.contains("**") { step.title.clone() } else { format!("**{}**", step.title) };
    let _ = writeln!(out, "{lead}{title}");
    if let Some(content) = &step.content {
        out.push('\n');
        for line in content.trim().lines() {
            let _ = writeln!(out, "{}", if line.is_empty() { String::new() } else { format!("{margin}{line}") });
        }
    }
    let listed = &step.scopes;
    let scopes = listed.scopes.iter().map(|(scope, description)| match description.as_str() {
        "" => format!("`{scope}`"),
        description => format!("`{scope}`: {description}"),
    });
    let items = step.list.iter().cloned().chain(scopes).collect::<Vec<_>>();
    if !items.is_empty() {
        out.push('\n');
        for item in items {
            let _ = writeln!(out, "{margin}- {}", item.trim());
        }
    }
    if let Some(copy) = listed.copy.as_ref().filter(|_| listed.is_pasted) {
        let _ = write!(out, "\n{margin}All scopes, to copy:\n\n{margin}```text\n{margin}{copy}\n{margin}```\n");
    }
    if let Some(note) = &listed.note {
        let _ = write!(out, "\n{margin}{note}\n");
    }
    out.push('\n');
}

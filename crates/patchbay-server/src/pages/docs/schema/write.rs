//! Writes the members of an object: as a nested list in Markdown, and as a list that folds in HTML.

use std::fmt::Write as _;

use patchbay_docs::sentence_to_html;

use super::read::{Fact, Member, Shape};
use crate::pages::docs::{
    text::{code, html, html_code, plain, sentence},
    writer::Writer,
};

/// Adds the members and forms of a value to a page. A value without any adds nothing.
pub(crate) fn write_members(writer: &mut Writer, shape: &Shape) {
    let (mut markdown, mut html) = (String::new(), String::new());
    write_markdown(&mut markdown, shape, 0);
    write_html(&mut html, shape);
    if !markdown.is_empty() {
        writer.both(&markdown, &html);
    }
}

/// Returns the facts of a value as sentences in Markdown.
pub(crate) fn facts_markdown(facts: &[Fact]) -> String {
    let mut text = String::new();
    for fact in facts {
        let values = fact.values.iter().map(|value| code(value)).collect::<Vec<_>>().join(", ");
        let more = more(fact.left_out);
        // Writing to a String does not fail.
        let _ = if values.is_empty() {
            write!(text, " {}.", fact.label)
        } else {
            write!(text, " {}: {values}{more}.", fact.label)
        };
    }
    text.trim().to_owned()
}

fn more(left_out: usize) -> String {
    if left_out == 0 { String::new() } else { format!(" and {left_out} more") }
}

fn marks(member: &Member) -> impl Iterator<Item = &'static str> {
    let required = member.is_required.then_some("required");
    required.into_iter().chain(member.shape.is_deprecated.then_some("deprecated"))
}

fn write_markdown(out: &mut String, shape: &Shape, level: usize) {
    let indent = "  ".repeat(level);
    for member in &shape.members {
        let name = member.name.as_deref().map_or_else(|| "any name".to_owned(), code);
        let marks = marks(member).map(|mark| format!(", {mark}")).collect::<String>();
        let text = text_after_kind(&member.shape);
        // Writing to a String does not fail.
        let _ = writeln!(out, "{indent}- {name} ({}{marks}){text}", plain(&member.shape.kind));
        write_markdown(out, &member.shape, level + 1);
    }
    for (at, choice) in shape.choices.iter().enumerate() {
        let text = text_after_kind(choice);
        let _ = writeln!(out, "{indent}- Form {} ({}){text}", at + 1, plain(&choice.kind));
        write_markdown(out, choice, level + 1);
    }
    if shape.left_out > 0 {
        let _ = writeln!(out, "{indent}- {} more", shape.left_out);
    }
}

/// Returns the description and the facts of a value in Markdown, after a colon; empty if there are none.
fn text_after_kind(shape: &Shape) -> String {
    let parts = [sentence(&shape.description), facts_markdown(&shape.facts)];
    let text = parts.iter().filter(|part| !part.is_empty()).map(String::as_str).collect::<Vec<_>>().join(" ");
    if text.is_empty() { text } else { format!(": {text}") }
}

fn write_html(out: &mut String, shape: &Shape) {
    if shape.members.is_empty() && shape.choices.is_empty() && shape.left_out == 0 {
        return;
    }
    out.push_str("<ul class=\"schema\">\n");
    for member in &shape.members {
        let name = member.name.as_deref().map_or_else(|| "<em>any name</em>".to_owned(), html_code);
        // Writing to a String does not fail.
        let _ = write!(out, "<li>{name} <span class=\"kind\">{}</span>", html(&member.shape.kind));
        for mark in marks(member) {
            let _ = write!(out, " <b class=\"mark\">{mark}</b>");
        }
        write_html_text(out, &member.shape);
        write_fold(out, &member.shape, member.name.as_deref());
        out.push_str("</li>\n");
    }
    for (at, choice) in shape.choices.iter().enumerate() {
        let _ = write!(out, "<li>Form {} <span class=\"kind\">{}</span>", at + 1, html(&choice.kind));
        write_html_text(out, choice);
        write_fold(out, choice, None);
        out.push_str("</li>\n");
    }
    if shape.left_out > 0 {
        let _ = writeln!(out, "<li>{} more</li>", shape.left_out);
    }
    out.push_str("</ul>\n");
}

fn write_html_text(out: &mut String, shape: &Shape) {
    for text in [sentence(&shape.description), facts_markdown(&shape.facts)] {
        if !text.is_empty() {
            // Writing to a String does not fail.
            let _ = write!(out, "<p>{}</p>", sentence_to_html(&text));
        }
    }
}

/// Writes what is inside a value: closed, until the reader opens it.
fn write_fold(out: &mut String, shape: &Shape, name: Option<&str>) {
    if shape.members.is_empty() && shape.choices.is_empty() && shape.left_out == 0 {
        return;
    }
    let of = name.map(|name| format!(" of {}", html_code(name))).unwrap_or_default();
    let what = if shape.members.is_empty() { "Forms" } else { "Members" };
    // Writing to a String does not fail.
    let _ = writeln!(out, "<details><summary>{what}{of}</summary>");
    write_html(out, shape);
    out.push_str("</details>");
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::pages::docs::schema::read;

    fn written(schema: &Value) -> (String, String) {
        let mut writer = Writer::default();
        write_members(&mut writer, &read(&Value::Null, schema));
        match writer.into_body() {
            patchbay_docs::Body::Both { markdown, html } => (markdown, html),
            patchbay_docs::Body::Markdown(_) => unreachable!(),
        }
    }

    #[test]
    fn members_are_a_nested_list_that_folds() {
        let (markdown, html) = written(&json!({ "type": "object", "required": ["owner"], "properties": {
            "owner": { "type": "object", "description": "The owner.", "properties": {
                "name": { "type": "string", "maxLength": 9, "deprecated": true },
            } },
            "kind": { "enum": ["a", "b"], "default": "a", "description": "What it is." },
        } }));
        assert!(
            markdown.contains(
                "- `owner` (object, required): The owner.\n  - `name` (string, deprecated): Most characters: `9`."
            ),
            "{markdown}"
        );
        assert!(markdown.contains("- `kind` (string): What it is. One of: `a`, `b`. Default: `a`."), "{markdown}");
        assert!(html.contains("<details><summary>Members of <code>owner</code></summary>"), "{html}");
        assert_eq!(html.matches("<details>").count(), html.matches("</details>").count());
        assert_eq!(html.matches("<ul class=\"schema\">").count(), 2, "{html}");
    }

    #[test]
    fn hostile_names_and_descriptions_are_text() {
        let hostile = "</summary><script>alert(1)</script> `x` [a](javascript:alert(1))\n\n# heading";
        let (markdown, html) = written(&json!({ "type": "object", "properties": {
            (hostile): { "type": hostile, "description": hostile, "enum": [hostile], "pattern": hostile, "properties": { "a": {} } },
        } }));
        for text in [&markdown, &html] {
            assert!(!text.contains("\n#"), "{text}");
        }
        assert!(!html.contains("<script") && !html.contains("href"), "{html}");
        assert_eq!(html.matches("</summary>").count(), 1, "{html}");
        let (rendered, _) = patchbay_docs::to_html(&markdown);
        assert!(!rendered.contains("<script") && !rendered.contains("href") && !rendered.contains("<h1"), "{rendered}");
    }
}

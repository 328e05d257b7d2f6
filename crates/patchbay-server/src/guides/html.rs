//! A guide as HTML. Its attributes let a page that embeds the guide show the parts for the scopes in play: the parts without
//! `data-guide-scopes` are for all.

use std::fmt::Write as _;

use patchbay_docs::{Renderer, markdown::escape};

use super::model::{GuidePage, Section, SectionStep};

/// Returns the guide's HTML, without its title.
pub(crate) fn to_html(page: &GuidePage) -> String {
    let mut renderer = Renderer::new();
    let mut out = "<div class=\"steps\">\n".to_owned();
    if let Some(warning) = &page.warning {
        out.push_str(&renderer.block(&super::markdown::warning(warning)));
    }
    for section in &page.sections {
        write_section(&mut out, &mut renderer, section);
    }
    out.push_str("</div>\n");
    out
}

fn write_section(out: &mut String, renderer: &mut Renderer, section: &Section) {
    let heading = renderer.heading(2, &section.title);
    let id = renderer.headings().last().map_or("", |heading| heading.id.as_str());
    // Writing to a String does not fail.
    let _ =
        write!(out, "<section data-guide-section=\"{id}\"{}>\n{heading}", scopes_attribute(&section.applicable_scopes));
    if let Some(content) = &section.content {
        out.push_str(&renderer.block(content.trim()));
    }
    write_list(out, renderer, section.list.iter());
    if !section.steps.is_empty() {
        out.push_str("<ol>\n");
        for (number, step) in (1..).zip(&section.steps) {
            write_step(out, renderer, number, step);
        }
        out.push_str("</ol>\n");
    }
    out.push_str("</section>\n");
}

fn write_step(out: &mut String, renderer: &mut Renderer, number: usize, step: &SectionStep) {
    let _ = write!(
        out,
        "<li data-guide-step=\"{number}\"{}>\n<p>{}</p>\n",
        scopes_attribute(&step.applicable_scopes),
        renderer.inline(&step.title_markdown())
    );
    if let Some(content) = &step.content {
        out.push_str(&renderer.block(content.trim()));
    }
    write_list(out, renderer, step.list.iter());
    if let Some(listed) = &step.scopes {
        out.push_str("<div data-guide-display-scopes-list>\n");
        out.push_str(&renderer.block(&listed.to_markdown()));
        out.push_str("</div>\n");
    }
    out.push_str("</li>\n");
}

fn write_list<'a>(out: &mut String, renderer: &mut Renderer, items: impl Iterator<Item = &'a String>) {
    let items = items.map(|item| format!("<li>{}</li>\n", renderer.inline(item.trim()))).collect::<String>();
    if !items.is_empty() {
        let _ = write!(out, "<ul>\n{items}</ul>\n");
    }
}

/// Returns the attribute with the scopes that a part is for; empty for a part that is for all.
fn scopes_attribute(scopes: &[String]) -> String {
    if scopes.is_empty() {
        return String::new();
    }
    format!(" data-guide-scopes=\"{}\"", escape(&scopes.join(" ")))
}

//! Markdown to HTML. Raw HTML is shown as text; links can only lead to the web, to e-mail or to this server.

use pulldown_cmark::{CowStr, Event, HeadingLevel, Options, Parser, Tag, TagEnd, html};

/// A heading for the table of contents.
pub(crate) struct Heading {
    pub(crate) id: String,
    pub(crate) text: String,
}

/// Returns the HTML and its second-level headings.
pub(crate) fn to_html(markdown: &str) -> (String, Vec<Heading>) {
    let mut headings: Vec<Heading> = Vec::new();
    let mut events: Vec<Event<'_>> = Vec::new();
    let mut heading: Option<usize> = None;
    for event in Parser::new_ext(markdown, Options::ENABLE_TABLES) {
        match event {
            Event::Html(text) | Event::InlineHtml(text) => events.push(Event::Text(text)),
            Event::Start(Tag::Link { link_type, dest_url, title, id }) => {
                let dest_url = if is_safe(&dest_url) { dest_url } else { CowStr::Borrowed("#") };
                events.push(Event::Start(Tag::Link { link_type, dest_url, title, id }));
            }
            Event::Start(Tag::Image { link_type, dest_url, title, id }) => {
                let dest_url = if is_safe(&dest_url) { dest_url } else { CowStr::Borrowed("") };
                events.push(Event::Start(Tag::Image { link_type, dest_url, title, id }));
            }
            Event::Start(Tag::Heading { level: HeadingLevel::H2, .. }) => {
                heading = Some(events.len());
                events.push(event);
            }
            Event::End(TagEnd::Heading(HeadingLevel::H2)) => {
                if let Some(start) = heading.take() {
                    let text = events[start..].iter().filter_map(|event| match event {
                        Event::Text(text) | Event::Code(text) => Some(text.as_ref()),
                        _ => None,
                    });
                    let text = text.collect::<String>();
                    let id = slug(&text);
                    events[start] = Event::Start(Tag::Heading {
                        level: HeadingLevel::H2,
                        id: Some(id.clone().into()),
                        classes: Vec::new(),
                        attrs: Vec::new(),
                    });
                    headings.push(Heading { id, text });
                }
                events.push(event);
            }
            other => events.push(other),
        }
    }
    let mut out = String::new();
    html::push_html(&mut out, events.into_iter());
    (out, headings)
}

/// Returns a sentence as HTML, without a paragraph around it.
pub(crate) fn sentence_to_html(markdown: &str) -> String {
    let (html, _) = to_html(markdown);
    let html = html.trim();
    html.strip_prefix("<p>").and_then(|html| html.strip_suffix("</p>")).unwrap_or(html).to_owned()
}

/// Returns true if a link leads to the web, to e-mail or to this server.
fn is_safe(url: &str) -> bool {
    let url = url.trim();
    let on_this_site =
        url.starts_with('#') || (url.starts_with('/') && !url.starts_with("//") && !url.starts_with("/\\"));
    on_this_site
        || ["http://", "https://", "mailto:"]
            .iter()
            .any(|scheme| url.get(..scheme.len()).is_some_and(|lead| lead.eq_ignore_ascii_case(scheme)))
}

fn slug(text: &str) -> String {
    let mut slug = String::new();
    for c in text.to_lowercase().chars() {
        if c.is_alphanumeric() {
            slug.push(c);
        } else if !slug.ends_with('-') && !slug.is_empty() {
            slug.push('-');
        }
    }
    slug.trim_end_matches('-').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hostile_markdown_is_shown_as_text() {
        let (html, _) = to_html(
            "a <script>alert(1)</script>\n\n[x](javascript:alert(1)) [y](//evil.test) ![z](data:text/html,x)\n\n<img src=x onerror=alert(1)>\n\n[z](https://ok.test)",
        );
        for hostile in ["<script", "javascript:", "evil.test", "<img src=x", "data:"] {
            assert!(!html.contains(hostile), "{html}");
        }
        assert!(html.contains("&lt;script&gt;") && html.contains("href=\"https://ok.test\""), "{html}");
    }

    #[test]
    fn sentences_have_no_paragraph() {
        assert_eq!(sentence_to_html("The header `x` & <b>."), "The header <code>x</code> &amp; &lt;b&gt;.");
        assert_eq!(sentence_to_html(""), "");
    }

    #[test]
    fn headings_get_anchors() {
        let (html, headings) = to_html("# One\n\n## Two *three*\n");
        assert!(html.contains("<h2 id=\"two-three\">"), "{html}");
        assert_eq!(headings[0].text, "Two three");
    }
}

//! What can be found: the parts of a page, and whatever else has a place in the documentation.

use pulldown_cmark::{Event, HeadingLevel, Parser, Tag, TagEnd};

use crate::{
    markdown::{Anchors, options, shown_level},
    page::{Page, Section},
};

/// A place in the documentation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// The path of the page, with the anchor of the part.
    pub path: String,
    /// The title of the page.
    pub title: String,
    /// The heading of the part; `None` for the page as a whole.
    pub heading: Option<String>,
    /// The section of the documentation.
    pub section: Section,
    /// A sentence that describes the page, if the entry is a whole page.
    pub description: String,
    /// The text, without markup.
    pub text: String,
    /// What its tables explain: the first cells of their rows. A search for one finds this place first.
    pub terms: Vec<String>,
    /// Code samples, which are searched but not shown.
    pub code: String,
    /// What this place defines: action IDs, error codes, settings, flags, paths. A search for one finds this
    /// place first.
    pub identifiers: Vec<String>,
}

impl Entry {
    fn of_page(page: &Page) -> Self {
        Self {
            path: page.path.clone(),
            title: page.title.clone(),
            heading: None,
            section: page.section,
            description: page.description.clone(),
            text: String::new(),
            terms: Vec::new(),
            code: String::new(),
            identifiers: Vec::new(),
        }
    }

    fn of_part(page: &Page, id: &str, heading: String) -> Self {
        Self {
            path: format!("{}#{id}", page.path),
            heading: Some(heading),
            description: String::new(),
            ..Self::of_page(page)
        }
    }

    fn push_text(&mut self, text: &str, is_term: bool) {
        push_text(&mut self.text, text);
        if let Some(term) = self.terms.last_mut().filter(|_| is_term) {
            push_text(term, text);
        }
    }

    /// Returns true for a page before its first word.
    fn is_before_text(&self) -> bool {
        self.heading.is_none() && self.text.is_empty()
    }

    /// Returns the path without the anchor.
    pub fn page_path(&self) -> &str {
        self.path.split('#').next().unwrap_or_default()
    }
}

/// Returns the entries of a page: the beginning, and one for each heading that has an anchor.
///
/// A name in code is defined where it begins the page or a row of a table, or stands in a heading; in a link, it is defined
/// elsewhere.
pub fn entries_of(page: &Page) -> Vec<Entry> {
    let mut entries = Vec::new();
    let mut entry = Entry::of_page(page);
    let mut anchors = Anchors::new();
    let mut heading: Option<OpenHeading> = None;
    let mut is_sample = false;
    let mut is_first_cell = false;
    let mut is_link = false;
    for event in Parser::new_ext(page.markdown(), options()) {
        match event {
            Event::Start(Tag::Heading { level, id, .. }) => {
                let id = id.map(|id| id.to_string());
                heading = Some(OpenHeading { level, id, text: String::new(), identifiers: Vec::new() });
            }
            Event::End(TagEnd::Heading(_)) => {
                let Some(heading) = heading.take() else { continue };
                if shown_level(heading.level).is_some() {
                    let id = anchors.id(&heading.text, heading.id.as_deref());
                    let part = Entry::of_part(page, &id, heading.text);
                    entries.push(std::mem::replace(&mut entry, part));
                } else {
                    push_text(&mut entry.text, &heading.text);
                    end_block(&mut entry.text);
                }
                entry.identifiers.extend(heading.identifiers);
            }
            Event::Start(Tag::Link { .. }) => is_link = true,
            Event::End(TagEnd::Link) => is_link = false,
            Event::Start(Tag::CodeBlock(_)) => is_sample = true,
            Event::End(TagEnd::CodeBlock) => is_sample = false,
            Event::Start(Tag::TableRow) => {
                is_first_cell = true;
                entry.terms.push(String::new());
            }
            Event::End(TagEnd::TableCell) => {
                is_first_cell = false;
                push_text(&mut entry.text, " · ");
            }
            Event::Text(text) if is_sample => {
                entry.code.push_str(&text);
                entry.code.push('\n');
            }
            Event::Code(code) => {
                match &mut heading {
                    _ if is_link => {}
                    Some(heading) => heading.identifiers.extend(names(&code)),
                    None if is_first_cell || entry.is_before_text() => entry.identifiers.extend(names(&code)),
                    None => {}
                }
                match &mut heading {
                    Some(heading) => heading.text.push_str(&code),
                    None => entry.push_text(&code, is_first_cell),
                }
            }
            Event::Text(text) | Event::Html(text) | Event::InlineHtml(text) => match &mut heading {
                Some(heading) => heading.text.push_str(&text),
                None => entry.push_text(&text, is_first_cell),
            },
            Event::SoftBreak | Event::HardBreak => push_text(&mut entry.text, " "),
            Event::End(
                TagEnd::Paragraph | TagEnd::Item | TagEnd::TableRow | TagEnd::TableHead | TagEnd::BlockQuote(_),
            ) => {
                end_block(&mut entry.text);
            }
            _ => {}
        }
    }
    entries.push(entry);
    entries
}

#[derive(Debug)]
struct OpenHeading {
    level: HeadingLevel,
    id: Option<String>,
    text: String,
    identifiers: Vec<String>,
}

/// Appends a text, with every run of white space as one space.
fn push_text(out: &mut String, text: &str) {
    for c in text.chars() {
        if !c.is_whitespace() {
            out.push(c);
        } else if !out.is_empty() && !out.ends_with(' ') {
            out.push(' ');
        }
    }
}

fn end_block(text: &mut String) {
    text.truncate(text.trim_end_matches([' ', '·']).len());
    push_text(text, " ");
}

/// Returns the names that code consists of: itself, and the path of `GET /path`. Plain words are not names.
fn names(code: &str) -> Vec<String> {
    match code.split_once(' ') {
        Some((method, path)) if path.starts_with('/') && method.bytes().all(|byte| byte.is_ascii_uppercase()) => {
            vec![code.to_owned(), path.to_owned()]
        }
        _ if is_name(code) => vec![code.to_owned()],
        _ => Vec::new(),
    }
}

/// Returns true for a name which is not also a plain word: it has a sign in it, or capitals after the start.
fn is_name(code: &str) -> bool {
    let has_sign = code.contains(['_', '-', '.', '/', ':']) && code.contains(char::is_alphanumeric);
    let has_hump = code.chars().zip(code.chars().skip(1)).any(|(a, b)| a.is_lowercase() && b.is_uppercase());
    !code.contains(char::is_whitespace) && (has_sign || has_hump)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::page::Body;

    fn page(markdown: &str) -> Page {
        Page {
            path: "/docs/a".to_owned(),
            title: "Title".to_owned(),
            nav_title: None,
            description: "Description.".to_owned(),
            section: Section::Guides,
            order: 1,
            redirects: Vec::new(),
            body: Body::Markdown(markdown.to_owned()),
        }
    }

    #[test]
    fn parts_of_a_page_have_their_anchors() {
        let entries = entries_of(&page(
            "Begin *here*,\nthen go.\n\n## First `x_y` part\n\n- one\n- two\n\n#### Small\n\n### Second {#other}\n\nEnd.\n",
        ));
        let summary =
            entries.iter().map(|e| (e.path.as_str(), e.heading.as_deref(), e.text.trim(), e.description.as_str()));
        assert_eq!(
            summary.collect::<Vec<_>>(),
            [
                ("/docs/a", None, "Begin here, then go.", "Description."),
                ("/docs/a#first-x_y-part", Some("First x_y part"), "one two Small", ""),
                ("/docs/a#other", Some("Second"), "End.", ""),
            ]
        );
        assert_eq!((entries[1].identifiers.join(" ").as_str(), entries[1].page_path()), ("x_y", "/docs/a"));
    }

    #[test]
    fn anchors_are_those_of_the_headings() {
        for page in crate::written_pages().unwrap() {
            let paths = entries_of(&page).into_iter().skip(1).map(|entry| entry.path).collect::<Vec<_>>();
            let headings = crate::markdown::headings(page.markdown()).into_iter();
            let expected = headings.map(|heading| format!("{}#{}", page.path, heading.id));
            assert_eq!(paths, expected.collect::<Vec<_>>());
        }
    }

    #[test]
    fn tables_define_names_and_samples_are_code() {
        let entries = entries_of(&page(
            "| Code | Meaning |\n|---|---|\n| `AbcError` | See `x-other` |\n| [`other-error`](/docs/errors) | |\n| `plain` | Text |\n\n```sh\ncurl --data x\n```\n",
        ));
        assert_eq!(entries[0].identifiers, ["AbcError"]);
        assert_eq!(entries[0].text.trim(), "Code · Meaning AbcError · See x-other other-error plain · Text");
        assert_eq!(entries[0].code.trim(), "curl --data x");
    }

    #[test]
    fn a_route_at_the_beginning_is_defined_by_its_page() {
        let entries = entries_of(&page("`GET /accounts/{id}`\n\nReturns it, see `GET /accounts` and `x_y`."));
        assert_eq!(entries[0].identifiers, ["GET /accounts/{id}", "/accounts/{id}"]);
    }
}

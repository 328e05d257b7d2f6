//! Texts for language models (<https://llmstxt.org>): the index, and all pages in one text.

use std::fmt::Write as _;

use crate::{
    page::{Page, Section},
    site::Site,
};

/// The largest index, in bytes.
const MAX_INDEX_BYTES: usize = 40_000;
/// The largest text of all pages, in bytes.
const MAX_FULL_BYTES: usize = 2_000_000;

/// What the index says of connectors. There can be so many that a line for each page is too much.
#[derive(Clone, Copy)]
enum Detail {
    Pages,
    Connectors,
    /// Only the first page of the section, which lists all.
    First,
}

/// Returns the index: a line for each page, in sections. Pages are linked as Markdown on the server at `base_url`. With very
/// many connectors, it leads to the list of connectors instead.
pub fn index(site: &Site, base_url: &str) -> String {
    let details = [Detail::Pages, Detail::Connectors].into_iter();
    let fitting = details.map(|detail| index_with(site, base_url, detail)).find(|text| text.len() < MAX_INDEX_BYTES);
    fitting.unwrap_or_else(|| index_with(site, base_url, Detail::First))
}

fn index_with(site: &Site, base_url: &str, detail: Detail) -> String {
    let mut text = format!(
        "# Patchbay\n\n> A self-hosted integration gateway: link customers' accounts, then act on them through one API.\n\nAll but the pages of connectors, actions and operations are also one text: {base_url}/llms-full.txt. The API is described for programs at {base_url}/openapi.json.\n"
    );
    for section in Section::ALL {
        let pages = site.pages().iter().filter(|page| page.section == section);
        let mut pages = pages.filter(|page| section != Section::Connectors || is_shown(page, detail)).peekable();
        if pages.peek().is_none() {
            continue;
        }
        // Writing to a String does not fail.
        let _ = write!(text, "\n## {}\n\n", section.title());
        for page in pages {
            let _ = writeln!(text, "- [{}]({base_url}{}.md): {}", page.title, page.path, page.description.trim());
        }
    }
    text
}

fn is_shown(page: &Page, detail: Detail) -> bool {
    let below = page.path.strip_prefix("/docs/connectors/").map(|below| below.contains('/'));
    match detail {
        Detail::Pages => true,
        Detail::Connectors => below != Some(true),
        Detail::First => below.is_none(),
    }
}

/// Returns the pages that are written, and the guides, as one text. A text that would be too long ends with a reference to the
/// index.
pub fn full(site: &Site, base_url: &str) -> String {
    let mut text = String::new();
    let index_url = format!("{base_url}/llms.txt");
    let pages = site.pages().iter().filter(|page| is_in_full(page));
    for page in pages {
        let next = page.to_markdown(&index_url);
        if text.len() + next.len() > MAX_FULL_BYTES {
            let _ = writeln!(text, "The text ends here, because it is long. {index_url} lists all pages.");
            break;
        }
        let _ = write!(text, "Source: {base_url}{}\n\n{next}\n---\n\n", page.path);
    }
    text
}

/// Returns false for the pages that describe each connector or operation: there are many, and the catalog and the OpenAPI
/// document contain the same.
fn is_in_full(page: &Page) -> bool {
    let is_generated = page.section == Section::Connectors || page.path.starts_with("/docs/api");
    !is_generated || page.path.contains("/guides/")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::page::Body;

    fn page(path: String, section: Section) -> Page {
        Page {
            title: format!("Title of {path}"),
            path,
            nav_title: None,
            description: "Says what one gets from the page, in a sentence of usual length for such a page.".to_owned(),
            section,
            order: 1,
            redirects: Vec::new(),
            body: Body::Markdown("Text".to_owned()),
        }
    }

    fn site(connectors: usize) -> Site {
        let connectors = (0..connectors).flat_map(|number| {
            let path = format!("/docs/connectors/connector_{number}");
            let guide = format!("{path}/guides/custom");
            [page(path, Section::Connectors), page(guide, Section::Connectors)]
        });
        let others = [
            page("/docs".to_owned(), Section::Start),
            page("/docs/connectors".to_owned(), Section::Connectors),
            page("/docs/api".to_owned(), Section::Api),
        ];
        Site::new(connectors.chain(others))
    }

    #[test]
    fn the_index_stays_small_with_many_connectors() {
        for (connectors, guides, each) in [(20, true, true), (150, false, true), (1_000, false, false)] {
            let text = index(&site(connectors), "https://pb.test");
            assert!(text.len() < MAX_INDEX_BYTES, "{connectors}: {}", text.len());
            assert_eq!(text.contains("/guides/custom.md"), guides, "{connectors}");
            assert_eq!(text.contains("/docs/connectors/connector_1.md"), each, "{connectors}");
            for line in [
                "## Start\n\n- [Title of /docs](https://pb.test/docs.md): Says",
                "(https://pb.test/docs/connectors.md)",
            ] {
                assert!(text.contains(line), "{line}: {text}");
            }
        }
    }

    #[test]
    fn the_whole_text_has_written_pages_and_guides() {
        let text = full(&site(2), "https://pb.test");
        for part in [
            "Source: https://pb.test/docs\n",
            "# Title of /docs\n",
            "Source: https://pb.test/docs/connectors/connector_1/guides/custom",
        ] {
            assert!(text.contains(part), "{part}: {text}");
        }
        assert!(!text.contains("Source: https://pb.test/docs/connectors/connector_1\n"), "{text}");
        let mut long = page("/docs/long".to_owned(), Section::Start);
        long.body = Body::Markdown("x".repeat(MAX_FULL_BYTES));
        let text = full(&site(1).with([long]), "https://pb.test");
        assert!(text.len() < MAX_FULL_BYTES && text.ends_with("lists all pages.\n"), "{}", text.len());
    }
}

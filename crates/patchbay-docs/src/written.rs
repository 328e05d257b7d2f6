//! The pages that are written in the repository's `docs/`, and the changelog.

use crate::{
    embedded::markdown_files,
    front_matter::{self, FrontMatterError},
    markdown::resolve_links,
    page::{Body, Page, Section},
};

const CHANGELOG: &str = include_str!("../../../CHANGELOG.md");

/// Returns every page that is written in `docs/`, and the changelog.
///
/// # Errors
///
/// Returns the first file whose front matter is wrong. A test reads all files.
pub fn written_pages() -> Result<Vec<Page>, FrontMatterError> {
    let pages = markdown_files().map(|(file, text)| front_matter::page(&file, &text));
    pages.chain([Ok(changelog())]).collect()
}

fn changelog() -> Page {
    let text = CHANGELOG.strip_prefix("# Changelog\n").unwrap_or(CHANGELOG);
    Page {
        path: "/docs/changelog".to_owned(),
        title: "Changelog".to_owned(),
        nav_title: None,
        description: "What is new in each version of Patchbay, what changed, and what was repaired.".to_owned(),
        section: Section::Releases,
        order: 10,
        redirects: vec!["/changelog".to_owned()],
        body: Body::Markdown(resolve_links("CHANGELOG.md", text.trim())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_file_is_a_page() {
        let pages = written_pages().unwrap();
        assert!(pages.len() > 10, "{}", pages.len());
        for page in pages {
            assert!(page.description.chars().count() <= 160, "{}: the description is too long", page.path);
            assert!(!page.markdown().starts_with("# "), "{}: the title is in the front matter", page.path);
            for relative in ["](../", "](./"] {
                assert!(!page.markdown().contains(relative), "{}: a link is not resolved", page.path);
            }
        }
    }
}

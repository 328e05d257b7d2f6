//! The head of a file in `docs/`: `key: value` lines between two lines of `---`.

use std::{error::Error, fmt};

use crate::{
    markdown::resolve_links,
    page::{Body, Page, Section, page_path},
};

/// Tells why a file is not a page.
#[derive(Debug, PartialEq, Eq)]
pub struct FrontMatterError {
    /// The file's path below `docs/`.
    pub file: String,
    /// What is wrong.
    pub message: String,
}

impl fmt::Display for FrontMatterError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "docs/{}: {}", self.file, self.message)
    }
}

impl Error for FrontMatterError {}

/// Reads a file of `docs/` as a page. Its relative links become addresses.
///
/// # Errors
///
/// Returns what is missing or unknown in its front matter.
pub(crate) fn page(file: &str, text: &str) -> Result<Page, FrontMatterError> {
    let error = |message: String| FrontMatterError { file: file.to_owned(), message };
    let (head, body) = text
        .strip_prefix("---\n")
        .and_then(|rest| rest.split_once("\n---\n"))
        .ok_or_else(|| error("it does not begin with front matter between two lines of ---".to_owned()))?;
    let (mut title, mut nav_title, mut description, mut section, mut order) = (None, None, None, None, None);
    let mut redirects = Vec::new();
    for line in head.lines() {
        let (key, value) =
            line.split_once(": ").ok_or_else(|| error(format!("the line {line:?} is not `key: value`")))?;
        let value = unquoted(value.trim());
        match key {
            "title" => title = Some(value),
            "navTitle" => nav_title = Some(value),
            "description" => description = Some(value),
            "section" => {
                let found = Section::ALL.into_iter().find(|section| section.title() == value);
                section = Some(found.ok_or_else(|| error(format!("the section {value:?} does not exist")))?);
            }
            "order" => {
                order = Some(value.parse().map_err(|_| error(format!("the order {value:?} is not a number")))?);
            }
            "redirects" => redirects = list(&value),
            other => return Err(error(format!("the key {other:?} does not exist"))),
        }
    }
    let missing = |key: &str| error(format!("`{key}` is missing"));
    Ok(Page {
        path: page_path(file),
        title: title.ok_or_else(|| missing("title"))?,
        nav_title,
        description: description.ok_or_else(|| missing("description"))?,
        section: section.ok_or_else(|| missing("section"))?,
        order: order.ok_or_else(|| missing("order"))?,
        redirects,
        body: Body::Markdown(resolve_links(&format!("docs/{file}"), body.trim())),
    })
}

fn unquoted(value: &str) -> String {
    value.strip_prefix('"').and_then(|value| value.strip_suffix('"')).unwrap_or(value).to_owned()
}

fn list(value: &str) -> Vec<String> {
    let items = value.trim_start_matches('[').trim_end_matches(']').split(',');
    items.map(|item| item.trim().to_owned()).filter(|item| !item.is_empty()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn front_matter_describes_a_page() {
        let text = "---\ntitle: A: b\ndescription: \"Says `x`: y.\"\nsection: Link accounts\norder: 7\nredirects: [/a, /b]\n---\n\nText\n";
        let page = page("link/index.md", text).unwrap();
        assert_eq!((page.path.as_str(), page.title.as_str(), page.order), ("/docs/link", "A: b", 7));
        assert_eq!((page.description.as_str(), page.section), ("Says `x`: y.", Section::LinkAccounts));
        assert_eq!((page.redirects.as_slice(), page.markdown()), (&["/a".to_owned(), "/b".to_owned()][..], "Text"));
    }

    #[test]
    fn wrong_front_matter_is_explained() {
        for (text, expected) in [
            ("# A\n", "it does not begin"),
            ("---\ntitle: A\n---\n", "`description` is missing"),
            ("---\ntitle\n---\n", "is not `key: value`"),
            ("---\nsection: Elsewhere\n---\n", "the section \"Elsewhere\" does not exist"),
            ("---\norder: first\n---\n", "the order \"first\" is not a number"),
            ("---\ncolour: red\n---\n", "the key \"colour\" does not exist"),
        ] {
            let error = page("a.md", text).unwrap_err().to_string();
            assert!(error.starts_with("docs/a.md: ") && error.contains(expected), "{error}");
        }
    }
}

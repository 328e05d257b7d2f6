//! A page and its section.

use std::fmt::Write as _;

/// A part of the documentation, in the order of the navigation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Section {
    /// First steps, terms.
    Start,
    /// How customers link accounts.
    LinkAccounts,
    /// A page for each subject of everyday use.
    Guides,
    /// A page for each connector.
    Connectors,
    /// How to write a connector.
    BuildConnectors,
    /// What agents use.
    Agents,
    /// A page for each operation of the API.
    Api,
    /// How to run a server.
    Operate,
    /// What changed.
    Releases,
}

impl Section {
    /// Every section, in order.
    pub const ALL: [Self; 9] = [
        Self::Start,
        Self::LinkAccounts,
        Self::Guides,
        Self::Connectors,
        Self::BuildConnectors,
        Self::Agents,
        Self::Api,
        Self::Operate,
        Self::Releases,
    ];

    /// Returns the title, as in the front matter and in the navigation.
    pub fn title(self) -> &'static str {
        match self {
            Self::Start => "Start",
            Self::LinkAccounts => "Link accounts",
            Self::Guides => "Guides",
            Self::Connectors => "Connectors",
            Self::BuildConnectors => "Build connectors",
            Self::Agents => "Agents",
            Self::Api => "API",
            Self::Operate => "Operate",
            Self::Releases => "Releases",
        }
    }

    /// Returns true for a section with a page for each connector or each operation.
    pub fn has_many_pages(self) -> bool {
        matches!(self, Self::Connectors | Self::Api)
    }
}

/// The text of a page.
#[derive(Clone, Debug)]
pub enum Body {
    /// Markdown, from which the HTML is made.
    Markdown(String),
    /// Both forms, of a page that is made from a model. The HTML is trusted: it must be escaped.
    Both {
        /// The Markdown.
        markdown: String,
        /// The HTML.
        html: String,
    },
}

/// A page of the documentation.
#[derive(Clone, Debug)]
pub struct Page {
    /// The path on the server: `/docs`, or begins with `/docs/`. No slash at the end.
    pub path: String,
    /// The title: the first heading.
    pub title: String,
    /// The title in the navigation, if it is shorter.
    pub nav_title: Option<String>,
    /// A sentence that says what one gets from the page.
    pub description: String,
    /// The section.
    pub section: Section,
    /// The place in the section: pages with smaller numbers come first.
    pub order: u32,
    /// Old paths that lead to this page.
    pub redirects: Vec<String>,
    /// The text, without the title.
    pub body: Body,
}

impl Page {
    /// Returns the text of the page as Markdown, without its title.
    pub fn markdown(&self) -> &str {
        match &self.body {
            Body::Markdown(markdown) | Body::Both { markdown, .. } => markdown,
        }
    }

    /// Returns the title for the navigation.
    pub fn nav_title(&self) -> &str {
        self.nav_title.as_deref().unwrap_or(&self.title)
    }

    /// Returns the whole page as Markdown. Its first line leads to the index at `index_url`.
    pub fn to_markdown(&self, index_url: &str) -> String {
        let mut page = format!("> The index of this documentation: {index_url}\n\n");
        // Writing to a String does not fail.
        let _ = write!(page, "# {}\n\n{}\n\n{}\n", self.title, self.description, self.markdown().trim());
        page
    }
}

/// Returns the path on the server of a file below `docs/`.
pub(crate) fn page_path(file: &str) -> String {
    let path = file.strip_suffix(".md").unwrap_or(file);
    let path = path.strip_suffix("index").map_or(path, |folder| folder.trim_end_matches('/'));
    if path.is_empty() { "/docs".to_owned() } else { format!("/docs/{path}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_have_paths() {
        for (file, expected) in [
            ("index.md", "/docs"),
            ("quickstart.md", "/docs/quickstart"),
            ("build/index.md", "/docs/build"),
            ("build/format.md", "/docs/build/format"),
        ] {
            assert_eq!(page_path(file), expected);
        }
    }
}

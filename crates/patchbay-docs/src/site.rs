//! All pages of a documentation site, in order.

use std::{
    collections::{HashMap, HashSet},
    ops::Deref,
    sync::{Arc, OnceLock},
};

use crate::{
    page::{Page, Section},
    rendering::Rendering,
};

/// The pages that a reader can see, in the order of the navigation.
#[derive(Clone, Debug, Default)]
pub struct Site {
    pages: Vec<Arc<SitePage>>,
    /// Positions in `pages`.
    by_path: HashMap<String, usize>,
    /// Old paths and the positions of the pages that they lead to.
    redirects: HashMap<String, usize>,
}

/// A page of a site, which keeps its HTML. Sites share their pages.
#[derive(Debug)]
pub struct SitePage {
    page: Page,
    rendering: OnceLock<Rendering>,
}

impl SitePage {
    /// Returns the HTML, which is made when it is first needed.
    pub fn rendering(&self) -> &Rendering {
        self.rendering.get_or_init(|| Rendering::of(&self.page))
    }

    /// Returns true if the HTML has been made.
    pub fn is_rendered(&self) -> bool {
        self.rendering.get().is_some()
    }
}

impl From<Page> for SitePage {
    fn from(page: Page) -> Self {
        Self { page, rendering: OnceLock::new() }
    }
}

impl Deref for SitePage {
    type Target = Page;

    fn deref(&self) -> &Page {
        &self.page
    }
}

/// A section with its pages.
#[derive(Debug)]
pub struct NavigationSection<'a> {
    /// The section.
    pub section: Section,
    /// Its pages, in order.
    pub pages: Vec<NavigationPage<'a>>,
}

/// A page in the navigation.
#[derive(Debug)]
pub struct NavigationPage<'a> {
    /// The page.
    pub page: &'a Page,
    /// How many pages of the section it is below.
    pub depth: usize,
}

impl Site {
    /// Builds a site of pages in any order. Of two pages with one path, the later one counts.
    pub fn new(pages: impl IntoIterator<Item = Page>) -> Self {
        Self::build(pages.into_iter().map(|page| Arc::new(SitePage::from(page))).collect())
    }

    /// Returns a site with additional pages, which replace those of the same path. It shares the other pages with this one.
    #[must_use]
    pub fn with(&self, pages: impl IntoIterator<Item = Page>) -> Self {
        let added = pages.into_iter().map(|page| Arc::new(SitePage::from(page)));
        Self::build(self.pages.iter().cloned().chain(added).collect())
    }

    fn build(mut pages: Vec<Arc<SitePage>>) -> Self {
        pages.reverse();
        let mut known = HashSet::new();
        pages.retain(|page| known.insert(page.path.clone()));
        pages.sort_by(|a, b| (a.section, a.order, &a.path).cmp(&(b.section, b.order, &b.path)));
        let by_path = pages.iter().enumerate().map(|(at, page)| (page.path.clone(), at)).collect();
        let redirects = pages.iter().enumerate();
        let redirects = redirects.flat_map(|(at, page)| page.redirects.iter().map(move |old| (old.clone(), at)));
        Self { redirects: redirects.collect(), by_path, pages }
    }

    /// Returns every page, in order.
    pub fn pages(&self) -> &[Arc<SitePage>] {
        &self.pages
    }

    /// Returns the page at a path.
    pub fn page(&self, path: &str) -> Option<&Arc<SitePage>> {
        self.by_path.get(path).map(|at| &self.pages[*at])
    }

    /// Returns the path that an old path leads to.
    pub fn redirect(&self, path: &str) -> Option<&str> {
        self.redirects.get(path).map(|at| self.pages[*at].path.as_str())
    }

    /// Returns the pages before and after the one at `path`.
    pub fn neighbours(&self, path: &str) -> (Option<&Page>, Option<&Page>) {
        let Some(at) = self.by_path.get(path).copied() else { return (None, None) };
        let before = at.checked_sub(1).map(|at| &**self.pages[at]);
        (before, self.pages.get(at + 1).map(|page| &***page))
    }

    /// Returns the pages above the one at `path`, the outermost first: those whose path is the beginning of its path.
    pub fn parents(&self, path: &str) -> Vec<&Page> {
        let ends = path.match_indices('/').map(|(at, _)| at).filter(|at| *at > 0);
        ends.filter_map(|at| self.page(&path[..at])).map(|page| &***page).collect()
    }

    /// Returns the sections that have pages, for a reader of the page at `path`. The section of this page shows the pages
    /// next to it, and those above and below it. The other sections show their pages, except those that are below a page
    /// which is not the section's first one; sections with a page for each connector or operation show only their first.
    pub fn navigation(&self, path: &str) -> Vec<NavigationSection<'_>> {
        let current = self.section_of(path);
        let sections = Section::ALL.into_iter().map(|section| NavigationSection {
            section,
            pages: self.navigation_pages(section, path, current == Some(section)),
        });
        sections.filter(|section| !section.pages.is_empty()).collect()
    }

    /// Returns the section of the page at `path`, or of the page that it is below.
    fn section_of(&self, path: &str) -> Option<Section> {
        let page = self.page(path).map(|page| &***page).or_else(|| self.parents(path).pop())?;
        Some(page.section)
    }

    fn navigation_pages(&self, section: Section, path: &str, is_current: bool) -> Vec<NavigationPage<'_>> {
        let pages = self.pages.iter().filter(|page| page.section == section);
        if !is_current && section.has_many_pages() {
            return pages.take(1).map(|page| NavigationPage { page, depth: 0 }).collect();
        }
        let mut first: Option<&str> = None;
        let shown = pages.filter_map(|page| {
            let first = *first.get_or_insert(&page.path);
            let mut parents = self.parents(&page.path);
            parents.retain(|parent| parent.section == section && parent.path != first);
            let is_open = |parent: &&Page| is_at_or_below(path, &parent.path);
            parents.iter().all(is_open).then(|| NavigationPage { page, depth: parents.len() })
        });
        shown.collect()
    }
}

/// Returns true if `path` is `parent` or below it.
fn is_at_or_below(path: &str, parent: &str) -> bool {
    path.strip_prefix(parent).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::page::Body;

    fn page(path: &str, section: Section, order: u32, redirects: &[&str]) -> Page {
        Page {
            path: path.to_owned(),
            title: path.to_owned(),
            nav_title: None,
            description: String::new(),
            section,
            order,
            redirects: redirects.iter().map(|&old| old.to_owned()).collect(),
            body: Body::Markdown(String::new()),
        }
    }

    #[test]
    fn pages_are_in_order_and_found_by_old_and_new_paths() {
        let site = Site::new([
            page("/docs/z", Section::Operate, 1, &[]),
            page("/docs/b", Section::Start, 2, &["/old"]),
            page("/docs/a", Section::Start, 2, &[]),
            page("/docs", Section::Start, 1, &[]),
        ]);
        let paths = site.pages().iter().map(|page| page.path.as_str()).collect::<Vec<_>>();
        assert_eq!(paths, ["/docs", "/docs/a", "/docs/b", "/docs/z"]);
        assert_eq!((site.redirect("/old"), site.redirect("/docs/b")), (Some("/docs/b"), None));
        let (before, after) = site.neighbours("/docs/b");
        assert_eq!((before.unwrap().path.as_str(), after.unwrap().path.as_str()), ("/docs/a", "/docs/z"));
        assert!(site.page("/docs/none").is_none() && site.neighbours("/docs/none").0.is_none());
    }

    #[test]
    fn the_later_of_two_pages_with_one_path_counts() {
        let mut newer = page("/docs/a", Section::Start, 1, &[]);
        newer.title = "Newer".to_owned();
        let site = Site::new([page("/docs/a", Section::Start, 1, &[]), newer]);
        assert_eq!((site.pages().len(), site.page("/docs/a").unwrap().title.as_str()), (1, "Newer"));
    }

    #[test]
    fn sites_share_the_html_of_their_pages() {
        let site = Site::new([page("/docs", Section::Start, 1, &[]), page("/docs/a", Section::Start, 2, &[])]);
        let more = site.with([page("/docs/a", Section::Start, 2, &[]), page("/docs/b", Section::Start, 3, &[])]);
        assert_eq!((site.pages().len(), more.pages().len()), (2, 3));
        assert!(!more.page("/docs").unwrap().is_rendered());
        site.page("/docs").unwrap().rendering();
        assert!(more.page("/docs").unwrap().is_rendered() && !more.page("/docs/a").unwrap().is_rendered());
    }

    #[test]
    fn the_navigation_shows_what_is_near_the_page() {
        let site = Site::new([
            page("/docs", Section::Start, 1, &[]),
            page("/docs/a", Section::Start, 2, &[]),
            page("/docs/b", Section::BuildConnectors, 1, &[]),
            page("/docs/b/c", Section::BuildConnectors, 2, &[]),
            page("/docs/b/c/d", Section::BuildConnectors, 3, &[]),
            page("/docs/connectors", Section::Connectors, 1, &[]),
            page("/docs/connectors/x", Section::Connectors, 2, &[]),
            page("/docs/connectors/x/guides/y", Section::Connectors, 2, &[]),
            page("/docs/connectors/xz", Section::Connectors, 2, &[]),
            page("/docs/connectors/xz/guides/y", Section::Connectors, 2, &[]),
        ]);
        let shown = |path: &str| {
            let sections = site.navigation(path);
            let pages = sections.iter().flat_map(|section| &section.pages);
            pages.map(|page| format!("{}{}", page.depth, &page.page.path[5..])).collect::<Vec<_>>().join(" ")
        };
        assert_eq!(shown("/docs/a"), "0 0/a 0/connectors 0/b 0/b/c");
        assert_eq!(shown("/docs/b/c"), "0 0/a 0/connectors 0/b 0/b/c 1/b/c/d");
        assert_eq!(shown("/docs/connectors"), "0 0/a 0/connectors 0/connectors/x 0/connectors/xz 0/b 0/b/c");
        for path in ["/docs/connectors/x", "/docs/connectors/x/guides/y", "/docs/connectors/x/actions/z"] {
            let expected = "0 0/a 0/connectors 0/connectors/x 1/connectors/x/guides/y 0/connectors/xz 0/b 0/b/c";
            assert_eq!(shown(path), expected, "{path}");
        }
        let parents = site.parents("/docs/connectors/x/guides/y");
        let parents = parents.iter().map(|page| page.path.as_str()).collect::<Vec<_>>();
        assert_eq!(parents, ["/docs", "/docs/connectors", "/docs/connectors/x"]);
    }
}

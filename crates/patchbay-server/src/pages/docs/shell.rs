//! What is around the text of a page: navigation, contents, search, the pages before and after.

use axum::{
    http::{HeaderValue, header},
    response::Response,
};
use minijinja::{Value, context};
use patchbay_docs::{Page, Rendering, Section, Site};

use crate::{
    docs_cache::DocsSite,
    pages::{render::page as render, web::docs_script},
    state::AppState,
};

/// The policy of pages with a search: this server's style, script and pictures, and a form that leads to this server.
const POLICY: HeaderValue = HeaderValue::from_static(
    "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'",
);

/// Returns a response with the policy of pages with a search.
pub(crate) fn with_policy(mut response: Response) -> Response {
    response.headers_mut().insert(header::CONTENT_SECURITY_POLICY, POLICY);
    response
}

/// Returns a page of the documentation.
pub(super) fn page(state: &AppState, docs: &DocsSite, page: &Page, rendering: &Rendering) -> Response {
    let site = &docs.site;
    let (previous, next) = site.neighbours(&page.path);
    let headings = rendering.headings.iter();
    let headings =
        headings.map(|heading| context! { id => &heading.id, text => &heading.text, level => heading.level });
    let values = context! {
        title => &page.title, description => &page.description,
        canonical => format!("{}{}", state.config.urls.base(), page.path),
        markdown_path => crate::urls::markdown_path(&page.path),
        crumbs => crumbs(site, page),
        headings => headings.collect::<Vec<_>>(),
        previous => previous.map(link), next => next.map(link),
        body => &rendering.html,
    };
    with_policy(render("docs.html", context! { ..around(state, site, &page.path), ..values }))
}

/// Returns the page for a path that does not exist, with a search for the words of the path.
pub(super) fn missing(state: &AppState, docs: &DocsSite, path: &str) -> Response {
    let words = path.rsplit('/').next().unwrap_or_default();
    let words = words.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty());
    let words = words.take(8).collect::<Vec<_>>().join(" ");
    with_policy(render(
        "docs_missing.html",
        context! { ..around(state, &docs.site, path), ..context! { words => words } },
    ))
}

/// Returns what every page of the documentation shows.
pub(super) fn around(state: &AppState, site: &Site, path: &str) -> Value {
    let sections = site.navigation(path).into_iter().map(|section| {
        let is_open = section.pages.iter().any(|entry| is_around(&entry.page.path, path));
        let pages = section.pages.iter().map(|entry| {
            context! {
                path => &entry.page.path, title => entry.page.nav_title(), depth => entry.depth.min(3),
                is_current => entry.page.path == path,
            }
        });
        context! { title => section.section.title(), is_open => is_open, pages => pages.collect::<Vec<_>>() }
    });
    context! { sections => sections.collect::<Vec<_>>(), script => docs_script(state), query => "" }
}

/// Returns true for the page at `path`, and for those above it. The first page of all is above every page, which tells nothing.
fn is_around(page: &str, path: &str) -> bool {
    let rest = path.strip_prefix(page);
    rest.is_some_and(|rest| rest.is_empty() || (rest.starts_with('/') && page != "/docs"))
}

fn link(page: &Page) -> Value {
    context! { path => &page.path, title => page.nav_title() }
}

/// Returns the pages above a page: the documentation, the first page of the section, and those that it is below.
fn crumbs(site: &Site, page: &Page) -> Vec<Value> {
    if page.path == "/docs" {
        return Vec::new();
    }
    let first = site.pages().iter().find(|first| first.section == page.section);
    let first = first.filter(|first| first.path != page.path && page.section != Section::Start);
    let section = first.map(|first| context! { path => &first.path, title => page.section.title() });
    let parents = site.parents(&page.path).into_iter();
    let parents =
        parents.filter(|parent| parent.path != "/docs" && first.is_none_or(|first| first.path != parent.path));
    let docs = context! { path => "/docs", title => "Docs" };
    [docs].into_iter().chain(section).chain(parents.map(link)).collect()
}

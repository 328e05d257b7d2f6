//! Links: where they may lead, and what relative links of files in the repository become.

use pulldown_cmark::{Event, Parser, Tag};

use super::options;
use crate::page::page_path;

/// Where the files of the repository are that are not part of the documentation.
const REPOSITORY: &str = concat!(env!("CARGO_PKG_REPOSITORY"), "/blob/main");

/// Returns true if a link leads to the web, to e-mail or to this server.
pub(super) fn is_safe(url: &str) -> bool {
    let url = url.trim();
    let on_this_site =
        url.starts_with('#') || (url.starts_with('/') && !url.starts_with("//") && !url.starts_with("/\\"));
    on_this_site || has_scheme(url, &["http://", "https://", "mailto:"])
}

/// Returns true if a link leads to the web.
pub(super) fn is_external(url: &str) -> bool {
    has_scheme(url.trim(), &["http://", "https://"])
}

fn has_scheme(url: &str, schemes: &[&str]) -> bool {
    schemes.iter().any(|scheme| url.get(..scheme.len()).is_some_and(|lead| lead.eq_ignore_ascii_case(scheme)))
}

/// Returns the address of a page in HTML for a link to its Markdown: `/docs/a.md#b` becomes `/docs/a#b`. Other links stay.
pub(super) fn to_page(url: &str) -> String {
    let at = url.find(['#', '?']).unwrap_or(url.len());
    let (path, rest) = url.split_at(at);
    match path.strip_suffix(".md") {
        Some(page) if page == "/docs" || page.starts_with("/docs/") => format!("{page}{rest}"),
        _ => url.to_owned(),
    }
}

/// Returns Markdown of the file at `file`, a path in the repository, with its relative links turned into addresses: pages
/// and pictures of the documentation are on this server, other files are in the repository.
pub(crate) fn resolve_links(file: &str, markdown: &str) -> String {
    let parser = Parser::new_ext(markdown, options());
    let mut changes = Vec::new();
    let mut change = |range: std::ops::Range<usize>, after: &str, url: &str| {
        let Some(address) = resolve(file, url) else { return };
        let source = &markdown[range.clone()];
        let from = source.rfind(after).map_or(0, |at| at + after.len());
        if let Some(at) = source[from..].find(url) {
            changes.push((range.start + from + at, url.len(), address));
        }
    };
    for (_, definition) in parser.reference_definitions().iter() {
        change(definition.span.clone(), "]:", &definition.dest);
    }
    for (event, range) in parser.into_offset_iter() {
        if let Event::Start(Tag::Link { dest_url, .. } | Tag::Image { dest_url, .. }) = event {
            change(range, "](", &dest_url);
        }
    }
    changes.sort();
    let mut resolved = markdown.to_owned();
    for (at, length, address) in changes.into_iter().rev() {
        resolved.replace_range(at..at + length, &address);
    }
    resolved
}

/// Returns the address of what a relative link in `file` leads to; none for other links.
fn resolve(file: &str, url: &str) -> Option<String> {
    let is_absolute =
        url.is_empty() || url.starts_with(['#', '/', '?']) || url.contains("://") || url.starts_with("mailto:");
    if is_absolute {
        return None;
    }
    let (path, anchor) = url.find('#').map_or((url, ""), |at| url.split_at(at));
    let mut parts = file.split('/').collect::<Vec<_>>();
    parts.pop();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop()?;
            }
            name => parts.push(name),
        }
    }
    let target = parts.join("/");
    Some(match target.strip_prefix("docs/") {
        Some(page) if page.strip_suffix(".md").is_some() => format!("{}.md{anchor}", page_path(page)),
        Some(image) if image.starts_with("images/") => format!("/docs/{image}"),
        Some("openapi.json") => "/openapi.json".to_owned(),
        _ if target == "CHANGELOG.md" => format!("/docs/changelog.md{anchor}"),
        _ => format!("{REPOSITORY}/{target}{anchor}"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn relative_links_become_addresses() {
        for (file, url, expected) in [
            ("docs/guides/a.md", "../operate/backup.md#restore", "/docs/operate/backup.md#restore"),
            ("docs/guides/a.md", "b.md", "/docs/guides/b.md"),
            ("docs/guides/a.md", "./b.md", "/docs/guides/b.md"),
            ("docs/a.md", "build/index.md#x", "/docs/build.md#x"),
            ("docs/a.md", "index.md", "/docs.md"),
            ("docs/a.md", "openapi.json", "/openapi.json"),
            ("docs/guides/a.md", "../images/hub.png", "/docs/images/hub.png"),
            ("docs/build/a.md", "../../CHANGELOG.md", "/docs/changelog.md"),
            ("CHANGELOG.md", "docs/errors.md", "/docs/errors.md"),
        ] {
            assert_eq!(resolve(file, url).as_deref(), Some(expected), "{file}: {url}");
        }
        let outside = resolve("docs/build/a.md", "../../schema/x.json#y").unwrap();
        assert!(outside.starts_with("https://") && outside.ends_with("/blob/main/schema/x.json#y"), "{outside}");
        for url in ["#x", "/docs/a", "https://a.test/b.md", "mailto:a@b.test", "../../../x.md", "?a"] {
            assert_eq!(resolve("docs/a.md", url), None, "{url}");
        }
    }

    #[test]
    fn links_are_resolved_where_they_stand() {
        let text = "a.md [a.md](a.md) and [![b](images/b.png)](c/d.md#e), `[x](a.md)`\n\n[r][r]\n\n```text\n[y](a.md)\n```\n\n[r]: ../README.md\n";
        let resolved = resolve_links("docs/z.md", text);
        assert!(
            resolved.starts_with("a.md [a.md](/docs/a.md) and [![b](/docs/images/b.png)](/docs/c/d.md#e), `[x](a.md)`"),
            "{resolved}"
        );
        assert!(resolved.contains("[y](a.md)") && resolved.contains("/blob/main/README.md"), "{resolved}");
    }

    #[test]
    fn links_to_markdown_lead_to_pages() {
        for (url, expected) in [
            ("/docs/a.md", "/docs/a"),
            ("/docs/a/b.md?x=1#c.md", "/docs/a/b?x=1#c.md"),
            ("/docs.md", "/docs"),
            ("/docsx.md", "/docsx.md"),
            ("https://a.test/docs/a.md", "https://a.test/docs/a.md"),
            ("#a.md", "#a.md"),
        ] {
            assert_eq!(to_page(url), expected);
        }
    }
}

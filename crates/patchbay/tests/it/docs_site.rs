//! The documentation as a whole: every page, link, anchor and picture, as readers and agents find them.

use std::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    io::Write as _,
};

use flate2::{Compression, write::GzEncoder};

use crate::support::{Client, Provider, Server};

/// The largest Markdown of a page, in bytes: agents read it as a whole.
const MAX_MARKDOWN_BYTES: usize = 60_000;
/// The most that a browser loads for its first page, compressed, in bytes.
const MAX_FIRST_LOAD_BYTES: usize = 60_000;
/// The limit of the script, compressed, in bytes; `web/shared/build/sizes.mjs` checks it.
const SCRIPT_BYTES: usize = 8_000;

/// What a crawl found.
#[derive(Default)]
struct Crawl {
    /// The ids of each HTML page.
    ids: BTreeMap<String, BTreeSet<String>>,
    /// Links with an anchor: the page with the link, the path, the anchor.
    anchors: Vec<(String, String, String)>,
    queue: VecDeque<(String, String)>,
    seen: BTreeSet<String>,
    problems: Vec<String>,
    /// The compressed size of the style.
    style_bytes: usize,
}

impl Crawl {
    /// Adds a link that the page at `from` has.
    fn add(&mut self, from: &str, link: &str, base: &str) {
        let link = link.strip_prefix(base).unwrap_or(link);
        if link.contains("://") || link.starts_with("mailto:") || link.starts_with("data:") {
            return;
        }
        let (path, anchor) = link.split_once('#').unwrap_or((link, ""));
        let path = if path.is_empty() { from } else { path };
        if !path.starts_with('/') {
            self.problems.push(format!("{from}: the link {link} is relative"));
            return;
        }
        if !anchor.is_empty() {
            self.anchors.push((from.to_owned(), page_of(path), anchor.to_owned()));
        }
        if self.seen.insert(path.to_owned()) {
            self.queue.push_back((from.to_owned(), path.to_owned()));
        }
    }

    fn run(&mut self, client: &Client, base: &str) {
        while let Some((from, path)) = self.queue.pop_front() {
            let method = if path.starts_with("/docs/images/") { "HEAD" } else { "GET" };
            let found = client.send(method, &path, None);
            if found.status != 200 {
                self.problems.push(format!("{from}: {path} is {}", found.status));
                continue;
            }
            match found.header("content-type").unwrap_or_default() {
                kind if kind.starts_with("text/html") && path.starts_with("/docs") => {
                    self.html(client, base, &path, &found.body);
                }
                kind if kind.starts_with("text/markdown") => self.markdown(base, &path, &found.body),
                kind if kind.starts_with("text/css") => self.style_bytes = compressed(&found.body),
                _ => {}
            }
        }
    }

    fn html(&mut self, client: &Client, base: &str, path: &str, html: &str) {
        let html = html.replace("&#x2f;", "/");
        for attribute in ["href", "src", "srcset"] {
            for link in values(&html, attribute) {
                self.add(path, &link, base);
            }
        }
        let ids = values(&html, "id");
        let unique = ids.iter().cloned().collect::<BTreeSet<_>>();
        if unique.len() != ids.len() {
            self.problems.push(format!("{path}: an id is not unique"));
        }
        self.ids.insert(path.to_owned(), unique);
        let mut problem = |text: &str| self.problems.push(format!("{path}: {text}"));
        if html.matches("<h1").count() != 1 {
            problem("it has not one title");
        }
        for forbidden in [" style=\"", "<style", "\"javascript:", " onclick=\""] {
            if html.contains(forbidden) {
                problem(forbidden);
            }
        }
        for needed in
            ["<link rel=\"canonical\"", "rel=\"alternate\" type=\"text/markdown\"", "<meta name=\"description\""]
        {
            if !html.contains(needed) && !is_search(path) {
                problem(&format!("{needed} is missing"));
            }
        }
        let images = html.split("<img ").skip(1).filter_map(|rest| rest.split('>').next());
        for image in images.filter(|image| !image.contains("alt=\"") || image.contains("alt=\"\"")) {
            problem(&format!("a picture has no alternative text: {image}"));
        }
        let load = compressed(&html) + self.style_bytes + SCRIPT_BYTES;
        if load > MAX_FIRST_LOAD_BYTES {
            problem(&format!("the first load is {load} bytes"));
        }
        let by_type = client.clone().header("accept", "text/markdown").get(path);
        let is_markdown = by_type.header("content-type").is_some_and(|kind| kind.starts_with("text/markdown"));
        if !is_markdown && !is_search(path) {
            problem("it is not Markdown for those who accept it");
        }
    }

    fn markdown(&mut self, base: &str, path: &str, text: &str) {
        if !text.starts_with(&format!("> The index of this documentation: {base}/llms.txt\n")) {
            self.problems.push(format!("{path}: the first line does not lead to the index"));
        }
        if text.len() > MAX_MARKDOWN_BYTES {
            self.problems.push(format!("{path}: the Markdown is {} bytes", text.len()));
        }
        for link in markdown_links(text) {
            self.add(path, &link, base);
        }
    }
}

/// Returns true for the results of a search, which are not a page of the documentation.
fn is_search(path: &str) -> bool {
    path.split('?').next() == Some("/docs/search")
}

/// Returns the page whose Markdown is at a path.
fn page_of(path: &str) -> String {
    path.strip_suffix(".md").unwrap_or(path).to_owned()
}

/// Returns the values of an attribute.
fn values(html: &str, attribute: &str) -> Vec<String> {
    let start = format!(" {attribute}=\"");
    let found = html.split(&start).skip(1).filter_map(|rest| rest.split('"').next());
    found.map(|value| value.replace("&amp;", "&").replace("&#39;", "'")).collect()
}

/// Returns the links of Markdown that stand outside code.
fn markdown_links(text: &str) -> Vec<String> {
    let mut links = Vec::new();
    let mut is_code = false;
    for line in text.lines() {
        if line.trim_start().starts_with("```") {
            is_code = !is_code;
        } else if !is_code {
            let outside = line.split('`').step_by(2).collect::<Vec<_>>().join("`");
            let found = outside.split("](").skip(1).filter_map(|rest| rest.split(')').next());
            links.extend(found.map(|link| link.split(' ').next().unwrap_or_default().to_owned()));
        }
    }
    links
}

fn compressed(text: &str) -> usize {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(text.as_bytes()).unwrap();
    encoder.finish().unwrap().len()
}

#[test]
fn every_link_anchor_and_picture_of_the_documentation_exists() {
    let provider = Provider::start();
    let server = Server::start(&provider, &[]);
    let client = server.anonymous();
    let mut crawl = Crawl::default();
    let index = client.get("/llms.txt").body;
    let sitemap = client.get("/sitemap.xml").body;
    crawl.add("/", "/docs", &server.base);
    for link in markdown_links(&index) {
        crawl.add("/llms.txt", &link, &server.base);
    }
    let listed = sitemap.split("<loc>").skip(1).filter_map(|rest| rest.split("</loc>").next()).collect::<Vec<_>>();
    assert!(listed.len() > 50, "{sitemap}");
    for link in &listed {
        crawl.add("/sitemap.xml", link, &server.base);
    }
    crawl.run(&client, &server.base);
    let Crawl { ids, anchors, mut problems, seen, .. } = crawl;
    for (from, path, anchor) in anchors {
        if ids.get(&path).is_some_and(|ids| !ids.contains(&anchor)) {
            problems.push(format!("{from}: {path} has no anchor {anchor}"));
        }
    }
    // A list that a query limits has the Markdown of its page.
    let pages = ids.keys().filter(|path| !path.contains('?'));
    for path in pages.filter(|path| !seen.contains(&format!("{path}.md"))) {
        problems.push(format!("{path}: nothing leads to its Markdown"));
    }
    for path in listed.iter().filter_map(|link| link.strip_prefix(&server.base)) {
        if !ids.contains_key(path) {
            problems.push(format!("{path}: it is not a page"));
        }
    }
    problems.sort();
    problems.dedup();
    assert!(problems.is_empty(), "{} problems of {} pages:\n{}", problems.len(), ids.len(), problems.join("\n"));
}

#[test]
fn indexes_for_agents_and_search_engines_have_all_pages() {
    let provider = Provider::start();
    let server = Server::start(&provider, &["--public-url", "https://pb.example"]);
    let client = server.anonymous();
    let index = client.get("/llms.txt").body;
    assert!(index.starts_with("# Patchbay\n\n> ") && index.len() < 40_000, "{}", index.len());
    for line in [
        "\n## Start\n",
        "\n## Connectors\n",
        "(https://pb.example/docs.md): ",
        "(https://pb.example/docs/connectors/spotdraft/guides/custom.md): ",
        "https://pb.example/llms-full.txt",
    ] {
        assert!(index.contains(line), "{line}: {index}");
    }
    let full = client.get("/llms-full.txt").body;
    for part in ["Source: https://pb.example/docs\n", "# Connect SpotDraft with Client Credentials", "\n# Security\n"] {
        assert!(full.contains(part), "{part} is missing");
    }
    assert!(full.len() < 2_000_000, "{}", full.len());
    let sitemap = client.get("/sitemap.xml");
    assert_eq!(sitemap.header("content-type"), Some("application/xml"));
    assert!(sitemap.body.contains("<loc>https://pb.example/docs/connectors/spotdraft</loc>"), "{sitemap}");
    let robots = client.get("/robots.txt").body;
    assert!(robots.contains("Disallow: /dashboard\n") && robots.contains("Sitemap: https://pb.example/sitemap.xml\n"));
}

#[test]
fn old_paths_lead_to_pages() {
    let provider = Provider::start();
    let server = Server::start(&provider, &[]);
    let guide = "/docs/connectors/spotdraft/guides/custom";
    let mut moved = vec![
        ("/guides/spotdraft/custom".to_owned(), guide.to_owned()),
        ("/guides/spotdraft/custom.md".to_owned(), format!("{guide}.md")),
        ("/connectors/spotdraft/guides/custom".to_owned(), guide.to_owned()),
        ("/connectors/spotdraft/guides/setup/custom.md".to_owned(), format!("{guide}.md")),
        ("/guides".to_owned(), "/docs/connectors".to_owned()),
        ("/docs/build/index".to_owned(), "/docs/build".to_owned()),
        ("/docs/index.md".to_owned(), "/docs.md".to_owned()),
    ];
    for page in patchbay_docs::written_pages().unwrap() {
        moved.extend(page.redirects.into_iter().map(|old| (old, page.path.clone())));
    }
    assert!(moved.len() > 10, "{moved:?}");
    for (old, new) in moved {
        let answer = server.anonymous().get(&format!("{old}?scopes=a%20b&x=1"));
        let expected = format!("{new}?scopes=a%20b&x=1");
        assert_eq!((answer.status, answer.header("location")), (308, Some(expected.as_str())), "{old}: {answer}");
    }
    let missing = server.anonymous().get("/guides/none/custom");
    assert_eq!(missing.header("location"), Some("/docs/connectors/none/guides/custom"));
    for hostile in ["/guides/%2f%2fevil.example/x", "/guides/a%22%3e/%0d%0ax"] {
        let location = server.anonymous().get(hostile);
        assert!(location.header("location").unwrap().starts_with("/docs/connectors/"), "{location}");
    }
}

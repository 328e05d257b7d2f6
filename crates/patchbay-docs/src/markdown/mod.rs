//! Markdown to HTML. Raw HTML is shown as text; links can only lead to the web, to e-mail or to this server. The texts of
//! connectors come from strangers.

mod anchors;
mod code;
mod escape;
mod highlight;
mod images;
mod links;
#[cfg(test)]
mod safety;

use pulldown_cmark::{
    BlockQuoteKind, CodeBlockKind, CowStr, Event, HeadingLevel, LinkType, Options, Parser, Tag, TagEnd, html,
};

pub use anchors::Anchors;
pub use escape::escape;
pub use highlight::highlight;
pub(crate) use links::resolve_links;

use code::Block;
use escape::escape_address;

/// A heading for the table of contents.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Heading {
    /// The anchor, without `#`.
    pub id: String,
    /// The text, without markup.
    pub text: String,
    /// The level: 2 or 3.
    pub level: u8,
}

/// Returns the parts of Markdown that are known here: `CommonMark`, tables, alerts (`> [!NOTE]`), `## Title {#anchor}`.
pub fn options() -> Options {
    Options::ENABLE_TABLES | Options::ENABLE_GFM | Options::ENABLE_HEADING_ATTRIBUTES
}

/// Returns the HTML of a text for pages that do not have the style of the documentation, and its headings: code is not
/// highlighted, and headings are not links.
pub fn to_html(markdown: &str) -> (String, Vec<Heading>) {
    let mut renderer = Renderer { is_plain: true, ..Renderer::new() };
    let html = renderer.block(markdown);
    (html, renderer.headings)
}

/// Returns a sentence as HTML, without a paragraph around it.
pub fn sentence_to_html(markdown: &str) -> String {
    let mut renderer = Renderer { is_plain: true, ..Renderer::new() };
    renderer.inline(markdown)
}

/// Returns the headings of a text, with the anchors that its HTML has.
pub fn headings(markdown: &str) -> Vec<Heading> {
    let mut anchors = Anchors::new();
    let mut found = Vec::new();
    let mut open: Option<(u8, Option<CowStr<'_>>, String)> = None;
    for event in Parser::new_ext(markdown, options()) {
        match event {
            Event::Start(Tag::Heading { level, id, .. }) => {
                open = shown_level(level).map(|level| (level, id, String::new()));
            }
            Event::End(TagEnd::Heading(_)) => {
                if let Some((level, explicit, text)) = open.take() {
                    let id = anchors.id(&text, explicit.as_deref());
                    found.push(Heading { id, text, level });
                }
            }
            Event::Text(text) | Event::Code(text) | Event::InlineHtml(text) => {
                if let Some((_, _, heading)) = &mut open {
                    heading.push_str(&text);
                }
            }
            _ => {}
        }
    }
    found
}

/// Returns the level of a heading with an anchor. The first level is the page's title, so that a text's own one is below it.
pub(crate) fn shown_level(level: HeadingLevel) -> Option<u8> {
    match level {
        HeadingLevel::H1 | HeadingLevel::H2 => Some(2),
        HeadingLevel::H3 => Some(3),
        _ => None,
    }
}

/// Writes the texts of one page as HTML: their headings have different anchors.
#[derive(Debug, Default)]
pub struct Renderer {
    anchors: Anchors,
    headings: Vec<Heading>,
    is_plain: bool,
}

impl Renderer {
    /// Returns a renderer for a page of the documentation.
    pub fn new() -> Self {
        Self::default()
    }

    /// Returns a text as HTML.
    pub fn block(&mut self, markdown: &str) -> String {
        let mut events = Events { renderer: self, out: Vec::new(), tabs: Vec::new() };
        events.read(&mut Parser::new_ext(markdown, options()));
        let mut html = String::with_capacity(markdown.len() * 2);
        html::push_html(&mut html, events.out.into_iter());
        html
    }

    /// Returns a sentence as HTML, without a paragraph around it.
    pub fn inline(&mut self, markdown: &str) -> String {
        let html = self.block(markdown);
        let html = html.trim();
        let inner = html.strip_prefix("<p>").and_then(|html| html.strip_suffix("</p>"));
        inner.filter(|inner| !inner.contains("<p>")).unwrap_or(html).to_owned()
    }

    /// Returns a heading with an anchor, of level 2 or 3. The title is a sentence of Markdown.
    pub fn heading(&mut self, level: u8, title: &str) -> String {
        let line = title.split_whitespace().collect::<Vec<_>>().join(" ");
        self.block(&format!("{} {line}\n", if level == 3 { "###" } else { "##" }))
    }

    /// Returns the headings so far.
    pub fn headings(&self) -> &[Heading] {
        &self.headings
    }

    /// Returns the headings.
    pub fn into_headings(self) -> Vec<Heading> {
        self.headings
    }
}

/// The events of a text, changed for HTML.
struct Events<'a, 'r> {
    renderer: &'r mut Renderer,
    out: Vec<Event<'a>>,
    /// Blocks of code that form a group of tabs.
    tabs: Vec<Block>,
}

impl<'a> Events<'a, '_> {
    fn read(&mut self, parser: &mut Parser<'a>) {
        while let Some(event) = parser.next() {
            let is_code = matches!(event, Event::Start(Tag::CodeBlock(_)));
            if !is_code {
                self.flush_tabs();
            }
            match event {
                // Raw HTML is text.
                Event::Html(text) | Event::InlineHtml(text) => self.out.push(Event::Text(text)),
                Event::Start(Tag::HtmlBlock) => self.out.push(Event::Start(Tag::Paragraph)),
                Event::End(TagEnd::HtmlBlock) => self.out.push(Event::End(TagEnd::Paragraph)),
                Event::Start(Tag::Link { link_type, dest_url, title, .. }) => self.link(link_type, &dest_url, &title),
                Event::End(TagEnd::Link) => self.html("</a>"),
                Event::Start(Tag::Image { dest_url, .. }) => {
                    let alternative = text_until(parser, TagEnd::Image);
                    let url = if links::is_safe(&dest_url) { &*dest_url } else { "" };
                    self.html(images::to_html(url, &alternative));
                }
                Event::Start(Tag::CodeBlock(kind)) => self.code(&kind, parser),
                Event::Start(Tag::Heading { level, id, .. }) => self.heading(level, id.as_deref(), parser),
                Event::Start(Tag::Table(_)) => {
                    // The alignments would be inline styles.
                    self.html("<div class=\"table\" role=\"group\" aria-label=\"Table\" tabindex=\"0\">");
                    self.out.push(Event::Start(Tag::Table(Vec::new())));
                }
                Event::End(TagEnd::Table) => {
                    self.out.push(Event::End(TagEnd::Table));
                    self.html("</div>\n");
                }
                Event::Start(Tag::BlockQuote(Some(kind))) => {
                    let (class, title) = alert(kind);
                    self.html(format!(
                        "<div class=\"alert alert-{class}\" role=\"note\"><p class=\"alert-title\">{title}</p>\n"
                    ));
                }
                Event::End(TagEnd::BlockQuote(Some(_))) => self.html("</div>\n"),
                other => self.out.push(other),
            }
        }
        self.flush_tabs();
    }

    fn html(&mut self, html: impl Into<CowStr<'a>>) {
        self.out.push(Event::InlineHtml(html.into()));
    }

    fn link(&mut self, kind: LinkType, url: &str, title: &str) {
        let email = (kind == LinkType::Email).then(|| format!("mailto:{url}"));
        let url = email.as_deref().unwrap_or(url);
        let url = if links::is_safe(url) { links::to_page(url) } else { "#".to_owned() };
        let mut tag = format!("<a href=\"{}\"", escape_address(&url));
        if !title.is_empty() {
            tag.push_str(" title=\"");
            tag.push_str(&escape(title));
            tag.push('"');
        }
        if links::is_external(&url) {
            tag.push_str(" target=\"_blank\" rel=\"noreferrer noopener\"");
        }
        tag.push('>');
        self.html(tag);
    }

    fn heading(&mut self, level: HeadingLevel, explicit: Option<&str>, parser: &mut Parser<'a>) {
        let mut inner = Events { renderer: &mut *self.renderer, out: Vec::new(), tabs: Vec::new() };
        let mut text = String::new();
        let mut has_link = false;
        let mut events = Vec::new();
        for event in parser.by_ref() {
            match &event {
                Event::End(TagEnd::Heading(_)) => break,
                Event::Text(part) | Event::Code(part) | Event::InlineHtml(part) => text.push_str(part),
                Event::Start(Tag::Link { .. }) => has_link = true,
                _ => {}
            }
            events.push(event);
        }
        inner.read_all(events);
        let inner = inner.out;
        let Some(number) = shown_level(level) else {
            self.html(format!("<{level}>"));
            self.out.extend(inner);
            self.html(format!("</{level}>\n"));
            return;
        };
        let id = self.renderer.anchors.id(&text, explicit);
        // A link in a link is not HTML.
        let is_link = !self.renderer.is_plain && !has_link;
        let (open, close) =
            if is_link { (format!("<a class=\"anchor\" href=\"#{id}\">"), "</a>") } else { (String::new(), "") };
        self.html(format!("<h{number} id=\"{id}\">{open}"));
        self.out.extend(inner);
        self.html(format!("{close}</h{number}>\n"));
        self.renderer.headings.push(Heading { id, text, level: number });
    }

    /// Changes the events inside a heading: texts, links and pictures.
    fn read_all(&mut self, events: Vec<Event<'a>>) {
        let mut alternative: Option<(String, String)> = None;
        for event in events {
            match (event, &mut alternative) {
                (Event::Start(Tag::Image { dest_url, .. }), _) => {
                    let url = if links::is_safe(&dest_url) { dest_url.to_string() } else { String::new() };
                    alternative = Some((url, String::new()));
                }
                (Event::End(TagEnd::Image), _) => {
                    if let Some((url, text)) = alternative.take() {
                        self.html(images::to_html(&url, &text));
                    }
                }
                (Event::Text(text) | Event::Code(text) | Event::InlineHtml(text), Some((_, known))) => {
                    known.push_str(&text);
                }
                (_, Some(_)) => {}
                (Event::Html(text) | Event::InlineHtml(text), None) => self.out.push(Event::Text(text)),
                (Event::Start(Tag::Link { link_type, dest_url, title, .. }), None) => {
                    self.link(link_type, &dest_url, &title);
                }
                (Event::End(TagEnd::Link), None) => self.html("</a>"),
                (other, None) => self.out.push(other),
            }
        }
    }

    fn code(&mut self, kind: &CodeBlockKind<'a>, parser: &mut Parser<'a>) {
        let mut block = Block::new(match kind {
            CodeBlockKind::Fenced(info) => info,
            CodeBlockKind::Indented => "",
        });
        block.code = text_until(parser, TagEnd::CodeBlock);
        let is_plain = self.renderer.is_plain;
        if block.tab.is_some() && !is_plain {
            self.tabs.push(block);
            return;
        }
        self.flush_tabs();
        let html = block.to_html(is_plain);
        self.html(format!("\n{html}"));
    }

    fn flush_tabs(&mut self) {
        if !self.tabs.is_empty() {
            let html = code::tabs(&std::mem::take(&mut self.tabs));
            self.html(format!("\n{html}"));
        }
    }
}

/// Returns the text up to the end of an element.
fn text_until(parser: &mut Parser<'_>, end: TagEnd) -> String {
    let mut text = String::new();
    for event in parser.by_ref() {
        match event {
            Event::End(found) if found == end => break,
            Event::Text(part) | Event::Code(part) | Event::Html(part) | Event::InlineHtml(part) => text.push_str(&part),
            Event::SoftBreak | Event::HardBreak => text.push(' '),
            _ => {}
        }
    }
    text
}

/// Returns the class and the title of an alert.
fn alert(kind: BlockQuoteKind) -> (&'static str, &'static str) {
    match kind {
        BlockQuoteKind::Note => ("note", "Note"),
        BlockQuoteKind::Tip => ("tip", "Tip"),
        BlockQuoteKind::Important => ("important", "Important"),
        BlockQuoteKind::Warning => ("warning", "Warning"),
        BlockQuoteKind::Caution => ("caution", "Caution"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hostile_markdown_is_shown_as_text() {
        let hostile = "a <script>alert(1)</script>\n\n[x](javascript:alert(1)) [y](//evil.test) ![z](data:text/html,x)\n\n<img src=x onerror=alert(1)>\n\n[z](https://ok.test)\n\n## <b>h</b> {#a onclick=alert(1) .x}\n\n```\"><script>\nx</code><script>\n```\n\n[t](</\t/evil.test/> \"\\\"><script>\") ![\"><script>](/x)\n\n<div>\n<script>block</script>\n</div>\n\n| a |\n|--:|\n| <script>c</script> |\n";
        for html in [to_html(hostile).0, Renderer::new().block(hostile)] {
            for hostile in [
                "<script",
                "javascript:",
                "\"//evil.test",
                "/\t/evil",
                "<img src=x",
                "data:",
                "style=",
                "<b>",
                "<div>\n&lt;",
            ] {
                assert!(!html.contains(hostile), "{hostile}: {html}");
            }
            assert!(
                !html.split('<').any(|tag| tag.split('>').next().is_some_and(|tag| tag.contains("onclick"))),
                "{html}"
            );
            assert!(html.contains("&lt;script&gt;") && html.contains("href=\"https://ok.test\""), "{html}");
        }
    }

    #[test]
    fn sentences_have_no_paragraph() {
        assert_eq!(sentence_to_html("The header `x` & <b>."), "The header <code>x</code> &amp; &lt;b&gt;.");
        assert_eq!(sentence_to_html(""), "");
        assert_eq!(sentence_to_html("a\n\nb"), "<p>a</p>\n<p>b</p>");
    }

    #[test]
    fn headings_get_anchors() {
        let markdown = "# One\n\n## Two *three*\n\n### Two three\n\n#### Four\n\n## [Five](https://a.test) {#v}\n";
        let (html, plain) = to_html(markdown);
        assert!(html.contains("<h2 id=\"two-three\">Two <em>three</em></h2>"), "{html}");
        let mut renderer = Renderer::new();
        let html = renderer.block(markdown);
        for part in [
            "<h2 id=\"two-three\"><a class=\"anchor\" href=\"#two-three\">Two <em>three</em></a></h2>",
            "<h3 id=\"two-three-1\">",
            "<h4>Four</h4>",
            "<h2 id=\"v\"><a href=\"https://a.test\" target=\"_blank\" rel=\"noreferrer noopener\">Five</a></h2>",
        ] {
            assert!(html.contains(part), "{part}: {html}");
        }
        let found = headings(markdown);
        assert_eq!((found.as_slice(), plain.as_slice()), (renderer.headings(), renderer.headings()));
        let found = found.iter().map(|heading| (heading.id.as_str(), heading.text.as_str(), heading.level));
        let expected =
            [("one", "One", 2), ("two-three", "Two three", 2), ("two-three-1", "Two three", 3), ("v", "Five", 2)];
        assert_eq!(found.collect::<Vec<_>>(), expected);
        assert_eq!(
            renderer.heading(2, "Two\nthree"),
            "<h2 id=\"two-three-2\"><a class=\"anchor\" href=\"#two-three-2\">Two three</a></h2>\n"
        );
    }

    #[test]
    fn consecutive_blocks_with_titles_are_tabs() {
        let block = |info: &str| format!("```{info}\ncode\n```\n");
        let text = format!(
            "{}\n{}\ntext\n\n{}",
            block("sh tab=\"curl\""),
            block("ts tab=\"TypeScript\""),
            block("sh tab=\"a\"")
        );
        let html = Renderer::new().block(&text);
        assert_eq!(html.matches("<div class=\"tabs\">").count(), 2, "{html}");
        let group = html.split("<p>text").next().unwrap();
        assert!(group.contains("<figcaption>curl</figcaption>") && group.contains("data-tab=\"TypeScript\""), "{html}");
        assert!(!to_html(&text).0.contains("tabs"));
    }

    #[test]
    fn alerts_tables_and_links_are_for_pages() {
        let html = Renderer::new().block("> [!WARNING]\n> Mind *it*.\n\n> Plain\n\n| a | b |\n|---|--:|\n| c | d |\n\n[p](/docs/a.md#b) [q](mailto:a@b.test) <c@d.test>\n");
        for part in [
            "<div class=\"alert alert-warning\" role=\"note\"><p class=\"alert-title\">Warning</p>",
            "<p>Mind <em>it</em>.</p>",
            "<blockquote>",
            "<div class=\"table\"",
            "<td>d</td>",
            "</table>\n</div>",
            "<a href=\"/docs/a#b\">p</a>",
            "<a href=\"mailto:a@b.test\">q</a>",
            "<a href=\"mailto:c@d.test\">c@d.test</a>",
        ] {
            assert!(html.contains(part), "{part}: {html}");
        }
    }
}

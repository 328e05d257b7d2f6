//! A page that is written in both forms at once.

use patchbay_docs::{Body, Renderer};

/// Writes a page as Markdown and as HTML.
#[derive(Default)]
pub(super) struct Writer {
    markdown: String,
    html: String,
    renderer: Renderer,
}

impl Writer {
    /// Adds Markdown, from which the HTML is made.
    pub(super) fn markdown(&mut self, markdown: &str) {
        let html = self.renderer.block(markdown);
        self.both(markdown, &html);
    }

    /// Adds a part whose two forms differ. The HTML must be escaped.
    pub(super) fn both(&mut self, markdown: &str, html: &str) {
        if markdown.trim().is_empty() {
            return;
        }
        if !self.markdown.is_empty() {
            self.markdown.push_str("\n\n");
        }
        self.markdown.push_str(markdown.trim());
        self.html.push_str(html);
    }

    /// Returns the size of the Markdown, in bytes.
    pub(super) fn size(&self) -> usize {
        self.markdown.len()
    }

    /// Returns the page's text.
    pub(super) fn into_body(self) -> Body {
        Body::Both { markdown: self.markdown, html: self.html }
    }
}

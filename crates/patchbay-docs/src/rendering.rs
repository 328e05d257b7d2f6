//! The HTML of a page's text.

use crate::{
    markdown::{Heading, Renderer, headings},
    page::{Body, Page},
};

/// The HTML of a page's text, without its title.
#[derive(Clone, Debug)]
pub struct Rendering {
    /// The HTML.
    pub html: String,
    /// The headings, for the contents of the page.
    pub headings: Vec<Heading>,
}

impl Rendering {
    /// Returns the HTML of a page.
    pub fn of(page: &Page) -> Self {
        match &page.body {
            Body::Markdown(markdown) => {
                let mut renderer = Renderer::new();
                let html = renderer.block(markdown);
                Self { html, headings: renderer.into_headings() }
            }
            Body::Both { markdown, html } => Self { html: html.clone(), headings: headings(markdown) },
        }
    }
}

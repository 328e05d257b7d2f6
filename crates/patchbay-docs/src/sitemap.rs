//! The list of pages for search engines (<https://www.sitemaps.org>).

use crate::{markdown::escape, site::Site};

/// Returns the sitemap of a site on the server at `base_url`.
pub fn sitemap(site: &Site, base_url: &str) -> String {
    let mut text =
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<urlset xmlns=\"http://www.sitemaps.org/schemas/sitemap/0.9\">\n"
            .to_owned();
    for page in site.pages() {
        text.push_str("<url><loc>");
        text.push_str(&escape(base_url));
        text.push_str(&escape(&page.path));
        text.push_str("</loc></url>\n");
    }
    text.push_str("</urlset>\n");
    text
}

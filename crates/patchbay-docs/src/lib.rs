//! Documentation: pages as data, Markdown to HTML, navigation, search, indexes for agents.
//!
//! A [`Site`] consists of [`Page`]s: those written in `docs/`, which are part of the binary ([`written_pages`]), and those
//! that the server makes from what its instance knows.

pub mod agents;
mod embedded;
mod front_matter;
pub mod markdown;
mod page;
mod rendering;
pub mod search;
mod site;
mod sitemap;
mod written;

pub use embedded::image;
pub use front_matter::FrontMatterError;
pub use markdown::{Heading, Renderer, sentence_to_html, to_html};
pub use page::{Body, Page, Section};
pub use rendering::Rendering;
pub use site::{NavigationPage, NavigationSection, Site, SitePage};
pub use sitemap::sitemap;
pub use written::written_pages;

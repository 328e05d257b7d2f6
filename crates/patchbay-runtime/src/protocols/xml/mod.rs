//! XML as values and values as XML, for providers that speak it.
//!
//! An element is its text, or an object when it has attributes (`@_name`), elements of its own or both
//! (its text is `#text` then); elements of one name next to each other are a list. All texts stay texts:
//! what looks like a number may be an id with leading zeros. Nothing is fetched, no entity is declared:
//! a document type is refused, so that no small document grows large.

mod encoding;
mod read;
mod write;

pub use read::{ElementNames, read};
pub use write::{write_document, write_fragment};

/// How deep elements may nest. JSON readers give up at 128.
const MAX_DEPTH: usize = 100;
/// The mark of an attribute among an object's members.
pub const ATTRIBUTE: &str = "@_";
/// The member that is an element's text.
pub const TEXT: &str = "#text";

/// What is wrong with a document, as an end of a sentence.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct XmlError(String);

impl XmlError {
    fn new(what: impl Into<String>) -> Self {
        Self(what.into())
    }
}

/// Whether a media type (without its parameters, in lower case) is one of data in XML (RFC 7303); pictures
/// and web pages that happen to be XML are not.
pub fn is_xml(media_type: &str) -> bool {
    matches!(media_type, "application/xml" | "text/xml")
        || (media_type.ends_with("+xml") && !matches!(media_type, "image/svg+xml" | "application/xhtml+xml"))
}

/// The media type of a content type, in lower case.
pub fn media_type(content_type: &str) -> String {
    content_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase()
}

/// A name without its prefix.
pub fn local(name: &str) -> &str {
    name.rsplit(':').next().unwrap_or(name)
}

//! Reads XML as JSON values and writes values as XML.
//!
//! An element becomes its text, or an object if it has attributes (`@_name`) or child elements; its text is then the
//! member `#text`. Elements with the same name become a list. Text is never converted, because a number may be an id
//! with leading zeros. Nothing is fetched, and document types are rejected, so that entities cannot expand a small
//! document into a large one.

mod encoding;
mod read;
mod write;

pub(crate) use read::{ElementNames, XmlReadError, read, read_claimed};
pub(crate) use write::{write_document, write_fragment};

/// The maximum depth of nested elements. JSON parsers commonly stop at 128.
const MAX_DEPTH: usize = 100;
/// The prefix of members that are attributes.
pub(crate) const ATTRIBUTE: &str = "@_";
/// The member that contains an element's text.
pub(crate) const TEXT: &str = "#text";

/// The reason for which a document cannot be read or written, as the end of a sentence.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub(crate) struct XmlError(String);

impl XmlError {
    fn new(reason: impl Into<String>) -> Self {
        Self(reason.into())
    }
}

/// Returns true if a media type (without parameters, in lower case) is data in XML (RFC 7303). SVG images and XHTML pages
/// are not data.
pub(crate) fn is_xml(media_type: &str) -> bool {
    matches!(media_type, "application/xml" | "text/xml")
        || (media_type.ends_with("+xml") && !matches!(media_type, "image/svg+xml" | "application/xhtml+xml"))
}

/// Returns the media type of a content type, without parameters, in lower case.
pub(crate) fn media_type(content_type: &str) -> String {
    content_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase()
}

/// Returns a name without its prefix.
pub(crate) fn local(name: &str) -> &str {
    name.rsplit(':').next().unwrap_or(name)
}

//! Pictures: their size, so that the page does not move while they load, and their dark variant.

use super::escape::{escape, escape_address};
use crate::embedded::image;

const FOLDER: &str = "/docs/images/";

/// Returns the HTML of a picture.
pub(super) fn to_html(url: &str, alternative: &str) -> String {
    let file = url.strip_prefix(FOLDER).and_then(|name| Some((name, image(name)?)));
    let size = file.as_ref().and_then(|(_, bytes)| png_size(bytes));
    let size = size.map(|(width, height)| format!(" width=\"{width}\" height=\"{height}\"")).unwrap_or_default();
    let picture = format!(
        "<img src=\"{}\" alt=\"{}\"{size} loading=\"lazy\" decoding=\"async\">",
        escape_address(url),
        escape(alternative)
    );
    let dark = file.and_then(|(name, _)| name.strip_suffix(".png")).map(|name| format!("{name}-dark.png"));
    match dark.filter(|name| image(name).is_some()) {
        Some(dark) => format!(
            "<picture><source srcset=\"{FOLDER}{}\" media=\"(prefers-color-scheme: dark)\">{picture}</picture>",
            escape_address(&dark)
        ),
        None => picture,
    }
}

/// Returns width and height from the head of a PNG file.
fn png_size(bytes: &[u8]) -> Option<(u32, u32)> {
    let head = bytes.strip_prefix(b"\x89PNG\r\n\x1a\n")?.get(..16)?;
    let number = |at: usize| Some(u32::from_be_bytes(head.get(at..at + 4)?.try_into().ok()?));
    (&head[4..8] == b"IHDR").then_some((number(8)?, number(12)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pictures_have_a_size_and_a_dark_variant() {
        let html = to_html("/docs/images/hub-form.png", "The \"form\"");
        assert!(html.starts_with("<picture><source srcset=\"/docs/images/hub-form-dark.png\""), "{html}");
        assert!(html.contains("alt=\"The &quot;form&quot;\" width=\"") && html.contains("loading=\"lazy\""), "{html}");
        let plain = to_html("/docs/images/stock-hub-form.png", "");
        assert!(plain.starts_with("<img ") && plain.contains(" height=\""), "{plain}");
        let other = to_html("https://a.test/x.png", "x");
        assert!(!other.contains("width") && !other.contains("<picture"), "{other}");
    }

    #[test]
    fn only_png_files_have_a_size() {
        assert_eq!(png_size(b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\x01\0\0\0\0\x02"), Some((256, 2)));
        assert_eq!(png_size(b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR"), None);
        assert_eq!(png_size(b"GIF89a"), None);
    }
}

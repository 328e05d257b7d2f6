//! Links and icons of connectors. Hubs, also those of others, put them into pages of customers, so only forms that neither
//! run anything nor load anything from a third host are accepted:
//! - a link is `https:`, `mailto:` or a path of this server that begins with one `/`,
//! - an icon is an image in a `data:` URL, which pages show with `<img>`: scripts in it do not run there.
//!
//! Other web addresses are dropped with a warning, because connectors of others contain them. Everything else
//! (`javascript:`, `data:text/html`, …) is an error.

use crate::{diagnostic::code, syntax::Reader};

/// The media types of icons.
const ICON_TYPES: [&str; 6] = ["image/svg+xml", "image/png", "image/webp", "image/jpeg", "image/gif", "image/avif"];
/// The maximum size of an icon's URL, in bytes.
const MAX_ICON_BYTES: usize = 128 * 1024;
/// The maximum size of a link, in bytes.
const MAX_LINK_BYTES: usize = 2_000;

/// Reads a link; none if it is not accepted.
pub(super) fn link(place: &Reader<'_>) -> Option<String> {
    let text = place.text()?;
    if is_link(&text) {
        return Some(text);
    }
    let hint = "use an address that begins with https:// or mailto:";
    if is_remote(&text) {
        place.warning_with_hint(code::UNSUPPORTED, "the link is not https; it is not shown", hint);
    } else {
        place.error_with_hint(code::INVALID, "the link is not an address that pages may contain", hint);
    }
    None
}

/// Reads an icon; none if it is not accepted.
pub(super) fn icon(place: &Reader<'_>) -> Option<String> {
    let text = place.text()?;
    if is_icon(&text) {
        return Some(text);
    }
    let hint = "embed the image: `data:image/svg+xml;base64,` or `data:image/png;base64,`, then the output of `base64 -w0 FILE`";
    if is_remote(&text) {
        let message = "the icon is at another host, which the browsers of customers would call; it is not shown";
        place.warning_with_hint(code::UNSUPPORTED, message, hint);
    } else {
        place.error_with_hint(code::INVALID, "the icon is not an image in a `data:` URL of at most 128 KiB", hint);
    }
    None
}

fn is_link(text: &str) -> bool {
    // Browsers ignore tabs and line breaks in addresses, and treat a backslash as a slash.
    let is_plain =
        text.len() <= MAX_LINK_BYTES && !text.chars().any(|c| c.is_control() || c.is_whitespace() || c == '\\');
    let is_path = text.starts_with('/') && !text.starts_with("//");
    is_plain && (is_path || begins_with(text, "https://") || begins_with(text, "mailto:"))
}

fn is_icon(text: &str) -> bool {
    let is_plain = text.len() <= MAX_ICON_BYTES && text.bytes().all(|byte| (b' '..=b'~').contains(&byte));
    let kind = text.split_once([',', ';']).map(|(head, _)| head).filter(|_| begins_with(text, "data:"));
    is_plain
        && text.contains(',')
        && kind.is_some_and(|head| ICON_TYPES.iter().any(|kind| head[5..].eq_ignore_ascii_case(kind)))
}

/// Returns true for the address of a file at another host.
fn is_remote(text: &str) -> bool {
    begins_with(text, "https://") || begins_with(text, "http://")
}

/// Compares the beginning of an address, in any case (RFC 3986, section 3.1).
fn begins_with(text: &str, scheme: &str) -> bool {
    text.get(..scheme.len()).is_some_and(|start| start.eq_ignore_ascii_case(scheme))
}

#[cfg(test)]
mod tests {
    use super::*;

    const ACTIVE: [&str; 14] = [
        "javascript:alert(1)",
        "JavaScript:alert(1)",
        " javascript:alert(1)",
        "java\tscript:alert(1)",
        "\u{1}javascript:alert(1)",
        "data:text/html,<script>alert(1)</script>",
        "data:text/html;base64,PHNjcmlwdD4=",
        "data:,x",
        "vbscript:x",
        "blob:https://a.example/1",
        "file:///etc/passwd",
        "//evil.example/x",
        "/\\evil.example",
        "",
    ];

    #[test]
    fn links_are_https_mail_or_paths() {
        for link in ["https://a.example/x?y#z", "HTTPS://a.example", "mailto:help@a.example", "/guides/a/b", "/"] {
            assert!(is_link(link), "{link}");
        }
        for other in ACTIVE {
            assert!(!is_link(other) && !is_remote(other), "{other}");
        }
        for other in
            ["http://a.example", "https://a.example/\n", "https://a.example/ x", "https:\\\\a", "a.html", "ftp://a"]
        {
            assert!(!is_link(other), "{other}");
        }
        assert!(!is_link(&format!("https://a.example/{}", "x".repeat(MAX_LINK_BYTES))));
    }

    #[test]
    fn icons_are_embedded_images() {
        for icon in [
            "data:image/svg+xml;base64,PHN2Zz4=",
            "data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg'/%3E",
            "data:image/png;base64,AAAA",
            "DATA:Image/WebP;base64,AAAA",
            "data:image/svg+xml;charset=utf-8,x",
        ] {
            assert!(is_icon(icon), "{icon}");
        }
        for other in ACTIVE {
            assert!(!is_icon(other), "{other}");
        }
        for other in [
            "https://a.example/i.png",
            "data:image/png",
            "data:image/svgx,x",
            "data:image/,x",
            "data:image/png;base64,\n",
        ] {
            assert!(!is_icon(other), "{other}");
        }
        assert!(!is_icon(&format!("data:image/png,{}", "x".repeat(MAX_ICON_BYTES))));
    }
}

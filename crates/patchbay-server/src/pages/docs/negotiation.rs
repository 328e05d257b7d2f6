//! What a client accepts (RFC 9110, section 12.5.1).

use axum::http::{HeaderMap, header};

/// Returns true if a client names Markdown, and does not prefer HTML. Browsers do not name it.
pub(crate) fn prefers_markdown(headers: &HeaderMap) -> bool {
    let markdown = weight(headers, &["text/markdown"]);
    let html = weight(headers, &["text/html", "application/xhtml+xml", "text/*", "*/*"]);
    markdown > 0.0 && markdown >= html
}

/// Returns true if a client names JSON, and does not prefer HTML.
pub(super) fn prefers_json(headers: &HeaderMap) -> bool {
    let json = weight(headers, &["application/json"]);
    json > 0.0 && json >= weight(headers, &["text/html", "application/xhtml+xml"])
}

/// Returns true if a client names HTML, as browsers do.
pub(crate) fn accepts_html(headers: &HeaderMap) -> bool {
    weight(headers, &["text/html", "application/xhtml+xml"]) > 0.0
}

/// Returns the weight of the first of these types that the client names; 0 if it names none.
fn weight(headers: &HeaderMap, types: &[&str]) -> f64 {
    let values = || headers.get_all(header::ACCEPT).iter().filter_map(|value| value.to_str().ok());
    let weight_of = |wanted: &&str| {
        values().flat_map(|value| value.split(',')).find_map(|range| {
            let mut parts = range.split(';').map(str::trim);
            parts.next().filter(|name| name.eq_ignore_ascii_case(wanted))?;
            let given = parts.find_map(|part| part.strip_prefix("q=").or(part.strip_prefix("Q=")));
            Some(given.map_or(1.0, |given| given.trim().parse().unwrap_or(0.0)))
        })
    };
    types.iter().find_map(weight_of).unwrap_or(0.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_clients_that_ask_for_json_get_it() {
        for (accept, expected) in [
            ("", false),
            ("*/*", false),
            ("text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", false),
            ("application/json", true),
            ("application/json, */*", true),
            ("text/html, application/json;q=0.9", false),
            ("application/json, text/html;q=0.5", true),
            ("application/json;q=0", false),
        ] {
            let headers = HeaderMap::from_iter([(header::ACCEPT, accept.parse().unwrap())]);
            assert_eq!(prefers_json(&headers), expected, "{accept}");
        }
    }

    #[test]
    fn only_clients_that_ask_for_markdown_get_it() {
        for (accept, is_markdown, is_html) in [
            ("", false, false),
            ("*/*", false, false),
            ("text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", false, true),
            ("text/markdown", true, false),
            ("text/markdown, text/html", true, true),
            ("text/markdown, text/html;q=0.9, */*;q=0.1", true, true),
            ("text/html, text/markdown;q=0.5", false, true),
            ("TEXT/Markdown;q=0.5, */*;q=0.1", true, false),
            ("text/markdown;q=0", false, false),
            ("text/markdown;q=x", false, false),
            ("application/json", false, false),
        ] {
            let headers = HeaderMap::from_iter([(header::ACCEPT, accept.parse().unwrap())]);
            assert_eq!((prefers_markdown(&headers), accepts_html(&headers)), (is_markdown, is_html), "{accept}");
        }
        assert!(!prefers_markdown(&HeaderMap::new()) && !accepts_html(&HeaderMap::new()));
    }
}

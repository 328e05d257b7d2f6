//! Which kinds of responses a client reads.

use http::{HeaderMap, header};

/// The kinds of responses that the header `Accept` admits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Accepts {
    pub(crate) json: bool,
    pub(crate) events: bool,
}

impl Accepts {
    /// Returns what the headers admit. No header admits everything.
    pub(crate) fn of(headers: &HeaderMap) -> Self {
        let mut ranges = headers.get_all(header::ACCEPT).iter().peekable();
        if ranges.peek().is_none() {
            return Self { json: true, events: true };
        }
        let texts = ranges.filter_map(|value| value.to_str().ok()).flat_map(|value| value.split(','));
        let mut accepts = Self { json: false, events: false };
        for range in texts {
            let mut parts = range.split(';').map(str::trim);
            let kind = parts.next().unwrap_or_default().to_ascii_lowercase();
            let is_refused = parts.any(|part| {
                let weight = part.split_once('=').filter(|(name, _)| name.trim().eq_ignore_ascii_case("q"));
                weight.is_some_and(|(_, weight)| weight.trim().parse::<f32>().is_ok_and(|weight| weight <= 0.0))
            });
            if is_refused {
                continue;
            }
            accepts.json |= matches!(kind.as_str(), "application/json" | "application/*" | "*/*");
            accepts.events |= matches!(kind.as_str(), "text/event-stream" | "text/*" | "*/*");
        }
        accepts
    }
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    #[test]
    fn ranges_are_read_with_their_weights() {
        for (accept, json, events) in [
            ("application/json, text/event-stream", true, true),
            ("Text/Event-Stream;charset=utf-8", false, true),
            ("application/json;q=0.5", true, false),
            ("*/*", true, true),
            ("application/*, text/html", true, false),
            ("text/*;q=0.1", false, true),
            ("application/json;q=0, text/event-stream", false, true),
            ("text/html", false, false),
            ("", false, false),
        ] {
            let headers = HeaderMap::from_iter([(header::ACCEPT, HeaderValue::from_static(accept))]);
            assert_eq!(Accepts::of(&headers), Accepts { json, events }, "{accept}");
        }
        assert_eq!(Accepts::of(&HeaderMap::new()), Accepts { json: true, events: true });
    }
}

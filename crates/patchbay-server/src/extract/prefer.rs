//! The preferences of a request (`Prefer`, RFC 7240).

use axum::http::HeaderMap;

/// The header with the client's preferences.
pub(crate) const HEADER: &str = "prefer";

/// Returns the preferences, each with its value and its parameters.
pub(crate) fn preferences(headers: &HeaderMap) -> impl Iterator<Item = &str> {
    headers.get_all(HEADER).iter().filter_map(|value| value.to_str().ok()).flat_map(|value| value.split(','))
}

/// Returns true for the preference that the response begins before it is known, with line breaks (`heartbeat`).
pub(crate) fn is_heartbeat(preference: &str) -> bool {
    preference.to_ascii_lowercase().contains("heartbeat")
}

/// Returns true if the client prefers an error to an ignored part (`Prefer: handling=strict`).
pub(super) fn is_strict(headers: &HeaderMap) -> bool {
    preferences(headers).any(|preference| {
        let Some((name, value)) = preference.split(';').next().and_then(|preference| preference.split_once('=')) else {
            return false;
        };
        name.trim().eq_ignore_ascii_case("handling") && value.trim().trim_matches('"').eq_ignore_ascii_case("strict")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strict_handling_is_a_preference() {
        for (value, expected) in [
            ("handling=strict", true),
            ("heartbeat, Handling = \"strict\"; a=b", true),
            ("handling=lenient", false),
            ("strict", false),
            ("", false),
        ] {
            let headers = HeaderMap::from_iter([(axum::http::HeaderName::from_static(HEADER), value.parse().unwrap())]);
            assert_eq!(is_strict(&headers), expected, "{value}");
        }
    }
}

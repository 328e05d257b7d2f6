//! Entity tags (RFC 9110, section 8.8.3): a client that has the current response gets 304 in place of its bytes.
//!
//! A tag is computed from what decides the response (the start of the process, the request, the generation of the catalog, the
//! profiles), before the response is written. It is weak, because the same response can be compressed or not.

use std::{
    convert::Infallible,
    hash::{DefaultHasher, Hash, Hasher},
};

use axum::{
    extract::FromRequestParts,
    http::{HeaderMap, HeaderValue, StatusCode, header, request::Parts},
    response::{IntoResponse, Response},
};

use crate::state::AppState;

/// Clients keep a response, and ask each time whether it is current; caches between client and server do not.
const PRIVATE: HeaderValue = HeaderValue::from_static("private, no-cache");
/// Also caches between client and server keep a response that is the same for everyone.
const PUBLIC: HeaderValue = HeaderValue::from_static("public, no-cache");

/// The tag of the response to a request, and the tags that the client has.
pub(crate) struct EntityTag {
    hasher: DefaultHasher,
    cache: HeaderValue,
    known: Vec<HeaderValue>,
}

impl FromRequestParts<AppState> for EntityTag {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, Infallible> {
        let mut hasher = DefaultHasher::new();
        (&*state.process_id, parts.uri.path(), parts.uri.query()).hash(&mut hasher);
        Ok(Self { hasher, cache: PRIVATE, known: known_tags(&parts.headers) })
    }
}

impl EntityTag {
    /// Adds a value that decides the response.
    pub(crate) fn add(&mut self, value: impl Hash) {
        value.hash(&mut self.hasher);
    }

    /// Returns the tag of a response that everyone gets.
    pub(crate) fn public(mut self) -> Self {
        self.cache = PUBLIC;
        self
    }

    /// Returns 304 if the client has the current response, otherwise the response with its tag.
    pub(crate) fn respond<R: IntoResponse>(self, response: impl FnOnce() -> R) -> Response {
        let tag = format!("W/\"{:016x}\"", self.hasher.finish());
        unless_known(&self.known, &tag, self.cache, response)
    }
}

/// Returns 304 if the client has the response with a tag, otherwise the response with its tag.
pub(crate) fn unless_known<R: IntoResponse>(
    known: &[HeaderValue],
    tag: &str,
    cache: HeaderValue,
    response: impl FnOnce() -> R,
) -> Response {
    let is_known = known.iter().any(|known| has_tag(known, tag));
    let mut response = if is_known { StatusCode::NOT_MODIFIED.into_response() } else { response().into_response() };
    let headers = response.headers_mut();
    headers.insert(header::CACHE_CONTROL, cache);
    if let Ok(tag) = HeaderValue::from_str(tag) {
        headers.insert(header::ETAG, tag);
    }
    response
}

/// Returns the tags that the client has.
pub(crate) fn known_tags(headers: &HeaderMap) -> Vec<HeaderValue> {
    headers.get_all(header::IF_NONE_MATCH).iter().cloned().collect()
}

/// Returns true if a value of `If-None-Match` contains a tag, compared weakly (RFC 9110, section 8.8.3.2), or `*`.
fn has_tag(value: &HeaderValue, tag: &str) -> bool {
    let Ok(value) = value.to_str() else { return false };
    let bare = |tag: &str| tag.trim().trim_start_matches("W/").to_owned();
    value.split(',').any(|known| known.trim() == "*" || bare(known) == bare(tag))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tag(parts: &[&str], known: &[&str]) -> Response {
        let known = known.iter().map(|known| known.parse().unwrap()).collect();
        let mut tag = EntityTag { hasher: DefaultHasher::new(), cache: PRIVATE, known };
        parts.iter().for_each(|part| tag.add(part));
        tag.respond(|| "body")
    }

    #[test]
    fn a_known_tag_gets_304_without_a_body() {
        let first = tag(&["a", "b"], &[]);
        assert_eq!((first.status(), &first.headers()[header::CACHE_CONTROL]), (StatusCode::OK, &PRIVATE));
        let current = first.headers()[header::ETAG].to_str().unwrap().to_owned();
        assert!(current.starts_with("W/\""));
        let strong = current.trim_start_matches("W/").to_owned();
        for known in [current.as_str(), &strong, "*", &format!("\"x\", {current}"), &format!("{strong},\"y\"")] {
            let again = tag(&["a", "b"], &["\"z\"", known]);
            assert_eq!(again.status(), StatusCode::NOT_MODIFIED, "{known}");
            assert_eq!(again.headers()[header::ETAG], current.as_str());
        }
        for other in ["", "\"x\"", current.trim_end_matches('"')] {
            assert_eq!(tag(&["a", "b"], &[other]).status(), StatusCode::OK, "{other}");
        }
        assert_eq!(tag(&["a", "c"], &[&current]).status(), StatusCode::OK);
        assert_eq!(tag(&["ab"], &[&current]).status(), StatusCode::OK);
    }
}

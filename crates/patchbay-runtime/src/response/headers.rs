//! Reads the headers of a provider's response.

use http::{HeaderMap, header};
use patchbay_egress::InboundResponse;
use serde_json::{Map, Value};

/// Returns the content type as the provider wrote it; empty if the header is missing.
pub(crate) fn content_type(response: &InboundResponse) -> &str {
    response.headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default()
}

/// Returns the character encoding that the content type names.
pub(crate) fn charset(response: &InboundResponse) -> Option<&str> {
    let parameters = content_type(response).split(';').skip(1).filter_map(|parameter| parameter.split_once('='));
    let mut named = parameters.filter(|(name, _)| name.trim().eq_ignore_ascii_case("charset"));
    named.next().map(|(_, value)| value.trim().trim_matches('"'))
}

/// Returns headers as an object: lower-case names, values of one name joined by commas, no cookies.
pub(crate) fn headers_value(headers: &HeaderMap) -> Value {
    let mut members = Map::new();
    for name in headers.keys().filter(|name| **name != header::SET_COOKIE) {
        let values = headers.get_all(name).iter().filter_map(|value| value.to_str().ok()).collect::<Vec<_>>();
        members.insert(name.as_str().to_owned(), Value::String(values.join(", ")));
    }
    Value::Object(members)
}

//! Reads the headers of a provider's response.

use http::{HeaderMap, header};
use patchbay_egress::InboundResponse;
use serde_json::{Map, Value};

/// The content type as the provider gave it; empty when it gave none.
pub fn content_type(incoming: &InboundResponse) -> &str {
    incoming.headers.get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default()
}

/// The character encoding that the content type names.
pub fn charset(incoming: &InboundResponse) -> Option<&str> {
    let parameters = content_type(incoming).split(';').skip(1).filter_map(|parameter| parameter.split_once('='));
    let mut named = parameters.filter(|(name, _)| name.trim().eq_ignore_ascii_case("charset"));
    named.next().map(|(_, value)| value.trim().trim_matches('"'))
}

/// Headers as an object, lower-case names, values of one name joined by commas; never cookies.
pub fn headers_value(headers: &HeaderMap) -> Value {
    let mut members = Map::new();
    for name in headers.keys().filter(|name| **name != header::SET_COOKIE) {
        let values = headers.get_all(name).iter().filter_map(|value| value.to_str().ok()).collect::<Vec<_>>();
        members.insert(name.as_str().to_owned(), Value::String(values.join(", ")));
    }
    Value::Object(members)
}

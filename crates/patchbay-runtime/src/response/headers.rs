//! Reads the headers of a provider's response.

use std::borrow::Cow;

use http::{HeaderMap, HeaderName, header};
use patchbay_egress::{InboundResponse, header_text};
use serde_json::{Map, Value};

/// Returns the content type as the provider wrote it; empty if the header is missing.
pub(crate) fn content_type(response: &InboundResponse) -> Cow<'_, str> {
    response.headers.get(header::CONTENT_TYPE).map(header_text).unwrap_or_default()
}

/// Returns the character encoding that the content type names.
pub(crate) fn charset(response: &InboundResponse) -> Option<String> {
    patchbay_egress::content_type(&response.headers).charset
}

/// Returns headers as an object: lower-case names, values of one name joined by commas, no cookies.
pub(crate) fn headers_value(headers: &HeaderMap) -> Value {
    joined(headers, |name| *name != header::SET_COOKIE)
}

/// Returns headers as [`headers_value`] with the cookies, for an action whose result is credentials: a cookie is one.
pub(crate) fn headers_with_cookies(headers: &HeaderMap) -> Value {
    joined(headers, |_| true)
}

fn joined(headers: &HeaderMap, is_shown: impl Fn(&HeaderName) -> bool) -> Value {
    let mut members = Map::new();
    for name in headers.keys().filter(|name| is_shown(name)) {
        let values = headers.get_all(name).iter().map(header_text).collect::<Vec<_>>();
        members.insert(name.as_str().to_owned(), Value::String(values.join(", ")));
    }
    Value::Object(members)
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;
    use serde_json::json;

    use super::*;

    #[test]
    fn only_an_action_for_credentials_reads_cookies() {
        let mut headers = HeaderMap::new();
        headers.append(header::SET_COOKIE, HeaderValue::from_static("SID=a; Path=/"));
        headers.append(header::SET_COOKIE, HeaderValue::from_static("lang=en"));
        headers.append("x-city", HeaderValue::from_bytes(b"K\xf6ln").unwrap());
        headers.append("x-city", HeaderValue::from_bytes("Zürich".as_bytes()).unwrap());
        assert_eq!(headers_value(&headers), json!({ "x-city": "Köln, Zürich" }));
        let shown = headers_with_cookies(&headers);
        assert_eq!(shown, json!({ "set-cookie": "SID=a; Path=/, lang=en", "x-city": "Köln, Zürich" }));
    }
}

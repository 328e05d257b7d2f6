//! Checks of a request before it is routed, on what hyper and axum accept or answer in plain text.

use axum::{
    extract::Request,
    http::{HeaderMap, HeaderValue, Version, header},
    response::{IntoResponse, Response},
};
use patchbay_engine::{Error, ErrorCode};

use crate::error::ApiError;

/// The largest head of an HTTP/2 request. It is smaller than that of HTTP/1.1, because a connection has a hundred of them.
const MAX_HTTP2_HEAD_BYTES: usize = 16 * 1024;

/// The headers that say who calls and for whom. Of two values, one program on the way could read the first and another one the
/// second. Agents name several accounts, also in a header for each.
const SINGLE_HEADERS: [&str; 3] = ["authorization", "x-account-id", "x-hub-session-token"];

/// Returns true for the paths of the Hub API, whether they exist or not.
pub(crate) fn is_hub_path(path: &str) -> bool {
    path.strip_prefix("/hub").is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// Returns the rejection of a request that must not be routed.
pub(crate) fn rejection(request: &Request) -> Option<Response> {
    if !is_text(request.uri().path()) {
        // axum's own response is plain text. Nothing is named with the character NUL, and not every database can look for it.
        let message = "the path does not exist: its percent-encoded bytes are not UTF-8, or contain NUL; /docs/api lists all paths";
        return Some(ApiError::from(Error::new(ErrorCode::RouteNotFound, message)).into_response());
    }
    if is_compressed(request.headers()) {
        let message = "the body is compressed; send it as it is, without content-encoding";
        let mut response = ApiError::from(Error::new(ErrorCode::UnsupportedMediaType, message)).into_response();
        // The codings that a request can have (RFC 9110, section 12.5.3).
        response.headers_mut().insert(header::ACCEPT_ENCODING, HeaderValue::from_static("identity"));
        return Some(response);
    }
    if let Some(code) = too_large(request) {
        let message = match code {
            ErrorCode::UriTooLong => "the path with its query is too long; the limit of HTTP/2 requests is 16 KiB",
            _ => {
                "the head of the request is larger than 16 KiB, the limit of HTTP/2 requests; send fewer or shorter headers"
            }
        };
        return Some(ApiError::from(Error::new(code, message)).into_response());
    }
    if let Some(name) = repeated(request) {
        return Some(malformed(&format!(
            "the header `{name}` is there more than once, with different values; send it once"
        )));
    }
    let message = if !has_clear_length(request.headers()) {
        "the length of the body is not clear; send either content-length or transfer-encoding: chunked"
    } else if !has_clear_host(request) {
        "the host is not clear; send one Host header with the name and port of this server"
    } else {
        return None;
    };
    Some(malformed(message))
}

/// Returns the first header of [`SINGLE_HEADERS`] that has several values.
fn repeated(request: &Request) -> Option<&'static str> {
    let names_accounts = request.uri().path() == "/mcp";
    SINGLE_HEADERS.into_iter().filter(|name| !(names_accounts && *name == "x-account-id")).find(|name| {
        let mut values = request.headers().get_all(*name).iter();
        let first = values.next();
        values.any(|value| Some(value) != first)
    })
}

/// Returns true if the body has a content coding (RFC 9110, section 8.4). Bodies are not decoded here: a small one could grow
/// beyond every limit, and no client needs it.
fn is_compressed(headers: &HeaderMap) -> bool {
    let codings = headers.get_all(header::CONTENT_ENCODING).iter();
    codings.flat_map(|value| value.as_bytes().split(|byte| *byte == b',')).any(|coding| {
        let coding = coding.trim_ascii();
        !coding.is_empty() && !coding.eq_ignore_ascii_case(b"identity")
    })
}

/// Returns 400 `MalformedRequestError`, and closes the connection.
fn malformed(message: &str) -> Response {
    let mut response = ApiError::from(Error::new(ErrorCode::MalformedRequest, message)).into_response();
    response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
    response
}

/// Checks the size of an HTTP/2 request's head, which hyper lets through up to a larger limit. That of HTTP/1.1 is bounded
/// by the connection's buffer.
fn too_large(request: &Request) -> Option<ErrorCode> {
    if request.version() != Version::HTTP_2 {
        return None;
    }
    let path = request.uri().path_and_query().map_or(0, |path| path.as_str().len());
    if path > MAX_HTTP2_HEAD_BYTES {
        return Some(ErrorCode::UriTooLong);
    }
    // As HTTP/2 counts them (RFC 9113, section 6.5.2).
    let headers = request.headers().iter().map(|(name, value)| name.as_str().len() + value.len() + 32).sum::<usize>();
    (path + headers > MAX_HTTP2_HEAD_BYTES).then_some(ErrorCode::HeadersTooLarge)
}

/// Checks that every server reads the same host: HTTP/1.1 has one `Host` (RFC 9112, section 3.2), older versions and
/// HTTP/2 at most one, which in HTTP/2 equals the authority (RFC 9113, section 8.3.1).
fn has_clear_host(request: &Request) -> bool {
    let mut hosts = request.headers().get_all(header::HOST).iter();
    match (hosts.next(), hosts.next()) {
        (None, _) => request.version() != Version::HTTP_11,
        (Some(host), None) => {
            let authority = request.uri().authority().filter(|_| request.version() == Version::HTTP_2);
            is_host(host.as_bytes())
                && authority.is_none_or(|authority| authority.as_str().as_bytes().eq_ignore_ascii_case(host.as_bytes()))
        }
        (Some(_), Some(_)) => false,
    }
}

/// Checks that a value contains only the characters of a host and a port (RFC 3986, section 3.2): no list, no user, no
/// path.
fn is_host(value: &[u8]) -> bool {
    !value.is_empty() && value.iter().all(|byte| byte.is_ascii_alphanumeric() || b"-._~%!$&'()*+;=:[]".contains(byte))
}

/// Checks that every server reads the same length of the body: a transfer coding is `chunked`, once, and excludes a
/// length (RFC 9112, sections 6.1 and 6.3). hyper also accepts `chunked, chunked`, and a length next to `chunked`.
fn has_clear_length(headers: &HeaderMap) -> bool {
    let mut codings = headers.get_all(header::TRANSFER_ENCODING).iter();
    match (codings.next(), codings.next()) {
        (None, _) => true,
        (Some(coding), None) => {
            coding.as_bytes().eq_ignore_ascii_case(b"chunked") && !headers.contains_key(header::CONTENT_LENGTH)
        }
        (Some(_), Some(_)) => false,
    }
}

/// Checks that a percent-encoded path (RFC 3986, section 2.1) is UTF-8 without NUL when it is decoded.
fn is_text(path: &str) -> bool {
    if !path.contains('%') {
        return true;
    }
    let mut rest = path.as_bytes();
    let mut decoded = Vec::with_capacity(rest.len());
    while let Some((&byte, after)) = rest.split_first() {
        let escaped = after.get(..2).filter(|_| byte == b'%').and_then(|digits| std::str::from_utf8(digits).ok());
        match escaped.and_then(|digits| u8::from_str_radix(digits, 16).ok()) {
            Some(value) => {
                decoded.push(value);
                rest = &after[2..];
            }
            None => {
                decoded.push(byte);
                rest = after;
            }
        }
    }
    std::str::from_utf8(&decoded).is_ok_and(|text| !text.contains('\0'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_of_the_hub_api_are_recognized() {
        for (path, expected) in
            [("/hub", true), ("/hub/", true), ("/hub/x/y", true), ("/hubs", false), ("/x/hub", false)]
        {
            assert_eq!(is_hub_path(path), expected, "{path}");
        }
    }
}

//! Refusals of requests that no route sees, because their head is not valid, too large or late.

use patchbay_engine::{Error, ErrorCode};

/// An HTTP/1.1 response that refuses a request and closes the connection.
pub(crate) struct Refusal(ErrorCode);

impl Refusal {
    pub(crate) fn new(code: ErrorCode) -> Self {
        Self(code)
    }

    /// Returns the refusal that replaces hyper's own answer; `None` if the bytes are not an error answer. hyper reports
    /// a path that fills its buffer as a head that is too large: then the head's first line has not ended.
    pub(crate) fn of_hyper(answer: &[u8], line_ended: bool) -> Option<Self> {
        let status = answer.strip_prefix(b"HTTP/1.")?.get(2..5)?;
        let code = match status {
            b"400" => ErrorCode::MalformedRequest,
            b"414" => ErrorCode::UriTooLong,
            b"431" if !line_ended => ErrorCode::UriTooLong,
            b"431" => ErrorCode::HeadersTooLarge,
            _ => return None,
        };
        Some(Self(code))
    }

    /// Returns the whole response, in the shape of every other error.
    pub(crate) fn into_bytes(self) -> Vec<u8> {
        let Self(code) = self;
        let (reason, message) = match code {
            ErrorCode::RequestTimeout => (
                "Request Timeout",
                "the head of the request did not arrive within 15 seconds; send the whole head at once",
            ),
            ErrorCode::UriTooLong => ("URI Too Long", "the path with its query is too long; the limit is 64 KiB"),
            ErrorCode::HeadersTooLarge => (
                "Request Header Fields Too Large",
                "the request has more than 100 headers, or its head is larger than 64 KiB; send fewer or shorter headers",
            ),
            _ => (
                "Bad Request",
                "the request is not valid HTTP/1.1: its first line or one of its headers cannot be read; send it with an \
                 HTTP library",
            ),
        };
        let body = patchbay_server::error_body(&Error::new(code, message));
        let (status, length) = (code.status(), body.len());
        format!(
            "HTTP/1.1 {status} {reason}\r\ncontent-type: application/json\r\ncontent-length: {length}\r\n\
             connection: close\r\ncache-control: no-store\r\nx-content-type-options: nosniff\r\n\r\n{body}"
        )
        .into_bytes()
    }
}

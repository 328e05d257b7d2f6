//! The rules for redirects. The client follows them one by one, so that the egress policy checks each target.
//!
//! Only GET and HEAD are followed, and 303, which turns every other method into GET (RFC 9110 section 15.4). The
//! client never repeats another method at a new URL; the failure names the URL. When a redirect leaves the origin,
//! only a few harmless headers are sent there, so that no credential does, in whichever header it is.

use http::{HeaderMap, HeaderName, Method, StatusCode, header};
use url::Url;

use crate::failure::{FailureCause, display_url};

/// The maximum number of redirects that one request follows, unless the caller sets a lower one.
pub const MAX_REDIRECTS: usize = 5;
/// The headers that are sent to another origin.
const CROSS_ORIGIN_HEADERS: [HeaderName; 4] =
    [header::ACCEPT, header::ACCEPT_ENCODING, header::ACCEPT_LANGUAGE, header::USER_AGENT];

/// Returns true if the status is a redirect to the URL in `Location`.
pub(crate) fn is_redirect(status: StatusCode) -> bool {
    matches!(status.as_u16(), 301 | 302 | 303 | 307 | 308)
}

/// Checks that a request with this method may be sent to the target of the redirect.
///
/// # Errors
///
/// [`FailureCause::RedirectRejected`] if the method is not GET or HEAD and the status is not 303.
pub(crate) fn check_method(status: StatusCode, method: &Method, from: &Url, to: &Url) -> Result<(), FailureCause> {
    if matches!(*method, Method::GET | Method::HEAD) || status == StatusCode::SEE_OTHER {
        return Ok(());
    }
    let hint = if from.path().trim_end_matches('/') == to.path().trim_end_matches('/') {
        "; the two URLs differ only in the trailing slash of the path, so correct the URL of the request"
    } else {
        ""
    };
    Err(FailureCause::RedirectRejected(format!(
        "it redirects the {method} to {}, and only GET is followed{hint}",
        display_url(to)
    )))
}

/// Removes every header that must not be sent to another origin, if the redirect leaves the origin.
pub(crate) fn strip_headers(headers: &mut HeaderMap, from: &Url, to: &Url) {
    if from.origin() == to.origin() {
        return;
    }
    let allowed = CROSS_ORIGIN_HEADERS.iter().filter_map(|name| Some((name.clone(), headers.get(name)?.clone())));
    *headers = allowed.collect();
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn credentials_are_not_sent_to_another_origin() {
        let all = || {
            ["authorization", "cookie", "client-secret", "x-api-key", "accept"]
                .map(|name| (HeaderName::from_static(name), "v".parse().unwrap()))
                .into_iter()
                .collect::<HeaderMap>()
        };
        let from = Url::parse("https://api.example.com/a").unwrap();
        for (to, count) in [
            ("https://api.example.com/b", 5),
            ("https://api.example.com:443/b", 5),
            ("https://api.example.com:8443/b", 1),
            ("http://api.example.com/b", 1),
            ("https://example.com/b", 1),
            ("https://api.example.com.evil.example/b", 1),
        ] {
            let mut headers = all();
            strip_headers(&mut headers, &from, &Url::parse(to).unwrap());
            assert_eq!(headers.len(), count, "{to}");
            assert!(headers.contains_key("accept"));
        }
    }

    #[test]
    fn a_post_is_not_redirected() {
        let from = Url::parse("https://api.example.com/contracts").unwrap();
        let to = Url::parse("https://api.example.com/contracts/").unwrap();
        let Err(FailureCause::RedirectRejected(reason)) = check_method(StatusCode::FOUND, &Method::POST, &from, &to)
        else {
            panic!()
        };
        assert!(reason.contains("POST") && reason.contains("https://api.example.com/contracts/"), "{reason}");
        assert!(reason.contains("trailing slash"), "{reason}");
        assert_eq!(check_method(StatusCode::SEE_OTHER, &Method::POST, &from, &to), Ok(()));
        assert_eq!(check_method(StatusCode::PERMANENT_REDIRECT, &Method::GET, &from, &to), Ok(()));
    }
}

//! The rules for redirects. The client follows them one by one, so that the egress policy checks each target.
//!
//! - GET and HEAD are followed.
//! - 303 turns every other method into GET (RFC 9110 section 15.4.4).
//! - 307 and 308 repeat every method with its body (sections 15.4.8 and 15.4.9), but only at the same origin: a body may
//!   contain anything, and no other host may receive it.
//! - 301 and 302 of another method are not followed, because clients disagree on whether they repeat the method or turn
//!   it into GET; the failure names the URL.
//!
//! When a redirect leaves the origin, only a few harmless headers are sent there, so that no credential does, in whichever
//! header it is.

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
/// [`FailureCause::RedirectRejected`] if the method is not GET or HEAD, unless the status is 303, or 307 or 308 to the same
/// origin.
pub(crate) fn check_method(status: StatusCode, method: &Method, from: &Url, to: &Url) -> Result<(), FailureCause> {
    if matches!(*method, Method::GET | Method::HEAD) || status == StatusCode::SEE_OTHER {
        return Ok(());
    }
    let repeats = matches!(status, StatusCode::TEMPORARY_REDIRECT | StatusCode::PERMANENT_REDIRECT);
    if repeats && from.origin() == to.origin() {
        return Ok(());
    }
    if repeats {
        let to = display_url(to);
        return Err(FailureCause::RedirectRejected(format!(
            "it redirects the {method} to {to}, and a request with a body is not sent to another host"
        )));
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
    fn a_post_is_repeated_only_where_the_status_says_so() {
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
        let elsewhere = Url::parse("https://api.example.com:8443/contracts").unwrap();
        for status in [StatusCode::TEMPORARY_REDIRECT, StatusCode::PERMANENT_REDIRECT] {
            for method in [Method::POST, Method::PUT, Method::PATCH, Method::DELETE] {
                assert_eq!(check_method(status, &method, &from, &to), Ok(()), "{status} {method}");
                let refused = check_method(status, &method, &from, &elsewhere).unwrap_err();
                assert!(refused.to_string().contains("not sent to another host"), "{refused}");
            }
        }
    }
}

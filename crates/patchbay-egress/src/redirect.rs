//! Redirects, followed by hand: at most five, each judged anew by the guard.
//!
//! Only GET is followed (and 303, which turns any method into GET). Another method is never repeated
//! elsewhere: the caller is told where it was sent. Across origins every header but a few harmless
//! ones is left behind, so no credential travels, however it was spelled.

use http::{HeaderMap, HeaderName, Method, StatusCode, header};
use url::Url;

use crate::failure::Cause;

/// The most redirects followed in one call, unless a step asks for fewer.
pub const MAX_HOPS: usize = 5;
/// What may cross to another origin.
const HARMLESS: [HeaderName; 4] =
    [header::ACCEPT, header::ACCEPT_ENCODING, header::ACCEPT_LANGUAGE, header::USER_AGENT];

/// Whether the status sends one elsewhere.
pub(super) fn is_redirect(status: StatusCode) -> bool {
    matches!(status.as_u16(), 301 | 302 | 303 | 307 | 308)
}

/// Whether a request with this method is repeated at the new place.
pub(super) fn judge(status: StatusCode, method: &Method, from: &Url, to: &Url) -> Result<(), Cause> {
    if matches!(*method, Method::GET | Method::HEAD) || status == StatusCode::SEE_OTHER {
        return Ok(());
    }
    let hint = if from.path().trim_end_matches('/') == to.path().trim_end_matches('/') {
        "; the two differ in the trailing slash of the path, so the URL in use needs mending"
    } else {
        ""
    };
    Err(Cause::Redirect(format!(
        "it redirects the {method} to {}, and only GET is followed{hint}",
        crate::failure::shown(to)
    )))
}

/// Drops what must not cross from one origin to another.
pub(super) fn strip(headers: &mut HeaderMap, from: &Url, to: &Url) {
    if from.origin() == to.origin() {
        return;
    }
    let kept = HARMLESS.iter().filter_map(|name| Some((name.clone(), headers.get(name)?.clone()))).collect();
    *headers = kept;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn credentials_stay_with_their_origin() {
        let all = || {
            ["authorization", "cookie", "client-secret", "x-api-key", "accept"]
                .map(|name| (HeaderName::from_static(name), "v".parse().unwrap()))
                .into_iter()
                .collect::<HeaderMap>()
        };
        let from = Url::parse("https://api.example.com/a").unwrap();
        for (to, kept) in [
            ("https://api.example.com/b", 5),
            ("https://api.example.com:443/b", 5),
            ("https://api.example.com:8443/b", 1),
            ("http://api.example.com/b", 1),
            ("https://example.com/b", 1),
            ("https://api.example.com.evil.example/b", 1),
        ] {
            let mut headers = all();
            strip(&mut headers, &from, &Url::parse(to).unwrap());
            assert_eq!(headers.len(), kept, "{to}");
            assert!(headers.contains_key("accept"));
        }
    }

    #[test]
    fn a_post_is_not_repeated_elsewhere() {
        let from = Url::parse("https://api.example.com/contracts").unwrap();
        let to = Url::parse("https://api.example.com/contracts/").unwrap();
        let Err(Cause::Redirect(why)) = judge(StatusCode::FOUND, &Method::POST, &from, &to) else { panic!() };
        assert!(why.contains("POST") && why.contains("https://api.example.com/contracts/"), "{why}");
        assert!(why.contains("trailing slash"), "{why}");
        assert_eq!(judge(StatusCode::SEE_OTHER, &Method::POST, &from, &to), Ok(()));
        assert_eq!(judge(StatusCode::PERMANENT_REDIRECT, &Method::GET, &from, &to), Ok(()));
    }
}

//! A browser that is logged in to the dashboard: its cookie, and the protection against cross-site request forgery.

use std::time::Duration;

use axum::{
    extract::FromRequestParts,
    http::{HeaderMap, HeaderValue, Method, header, request::Parts},
};
use patchbay_engine::{Error, ErrorCode};
use patchbay_vault::Secret;

use crate::{error::ApiError, state::AppState, urls::RouteUrls};

/// The cookie's name over https. The prefix binds it to this host (RFC 6265bis section 4.1.3.2).
const SECURE_COOKIE_NAME: &str = "__Host-patchbay_session";
/// The cookie's name over http, on a developer's machine.
const PLAIN_COOKIE_NAME: &str = "patchbay_session";
/// The header that this server's pages send with every change. Pages of other sites cannot send it: a custom header needs
/// a CORS preflight, which this API does not allow.
const CSRF_HEADER: &str = "x-requested-with";
const CSRF_HEADER_VALUE: &str = "patchbay";

/// Returns the `Set-Cookie` value of a session. An empty token with the age 0 removes the cookie.
pub(crate) fn cookie_header(urls: &RouteUrls, token: &str, max_age: Duration) -> HeaderValue {
    let (name, secure) = if urls.is_https() { (SECURE_COOKIE_NAME, "; Secure") } else { (PLAIN_COOKIE_NAME, "") };
    let text = format!("{name}={token}; Path=/; Max-Age={}; HttpOnly; SameSite=Strict{secure}", max_age.as_secs());
    let mut value = HeaderValue::from_str(&text).unwrap_or_else(|_| HeaderValue::from_static(""));
    value.set_sensitive(true);
    value
}

/// Returns the session's token from the cookies.
pub(crate) fn session_token(headers: &HeaderMap) -> Option<Secret> {
    let lines = headers.get_all(header::COOKIE).into_iter().filter_map(|line| line.to_str().ok());
    let mut pairs = lines.flat_map(|line| line.split(';')).filter_map(|pair| pair.trim().split_once('='));
    let (_, token) = pairs.find(|(name, _)| *name == SECURE_COOKIE_NAME || *name == PLAIN_COOKIE_NAME)?;
    (!token.is_empty()).then(|| Secret::new(token))
}

/// Returns true if a request has the header of this server's own pages.
pub(crate) fn has_csrf_header(headers: &HeaderMap) -> bool {
    headers.get(CSRF_HEADER).is_some_and(|value| value == CSRF_HEADER_VALUE)
}

/// Returns true if a request reads, or if a page of this server sent it. Reading is always allowed: another site cannot
/// see the response.
pub(super) fn is_same_origin(parts: &Parts, state: &AppState) -> bool {
    if matches!(parts.method, Method::GET | Method::HEAD) {
        return true;
    }
    let header = |name: &str| parts.headers.get(name).and_then(|value| value.to_str().ok());
    // If the browser names the page's origin, it must be this server's: by its public URL, or by the host name with which
    // the browser reached it.
    let same_origin = header("origin").is_none_or(|origin| {
        let host = origin.split_once("://").map(|(_, host)| host);
        state.config.urls.origin() == origin || (host.is_some() && host == header("host"))
    });
    has_csrf_header(&parts.headers) && same_origin
}

/// Returns 403 `ForeignPageError`, for a change that a page of another site may have sent.
pub(super) fn csrf_rejected() -> ApiError {
    Error::new(ErrorCode::ForeignPage, "a logged-in browser can make changes only from this server's own pages (they send `x-requested-with: patchbay`); use an API key elsewhere",
    )
    .into()
}

/// A request that a page of this server sent.
pub(crate) struct SameOrigin;

impl FromRequestParts<AppState> for SameOrigin {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, ApiError> {
        if is_same_origin(parts, state) { Ok(Self) } else { Err(csrf_rejected()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_cookie_is_found_among_others() {
        let token = |cookies: &str| {
            let headers = HeaderMap::from_iter([(header::COOKIE, cookies.parse().unwrap())]);
            session_token(&headers).map(|token| token.expose().to_owned())
        };
        assert_eq!(token("a=b; patchbay_session=t0ken; c=d").as_deref(), Some("t0ken"));
        assert_eq!(token("__Host-patchbay_session=t0ken").as_deref(), Some("t0ken"));
        for none in ["", "patchbay_session=", "xpatchbay_session=t", "patchbay_session"] {
            assert_eq!(token(none), None, "{none}");
        }
    }

    #[test]
    fn the_cookie_stays_on_its_host() {
        let header = |url, token, seconds| {
            cookie_header(&RouteUrls::new(url), token, Duration::from_secs(seconds)).to_str().unwrap().to_owned()
        };
        assert_eq!(
            header("https://pb.example", "t", 60),
            "__Host-patchbay_session=t; Path=/; Max-Age=60; HttpOnly; SameSite=Strict; Secure"
        );
        assert_eq!(
            header("http://127.0.0.1:8080", "", 0),
            "patchbay_session=; Path=/; Max-Age=0; HttpOnly; SameSite=Strict"
        );
    }
}

//! A signed-in browser: its cookie, and the proof that a page of ours asks.

use std::time::Duration;

use axum::{
    extract::FromRequestParts,
    http::{HeaderMap, HeaderValue, Method, header, request::Parts},
};
use patchbay_engine::{Error, ErrorCode};
use patchbay_vault::Secret;

use crate::{error::ApiError, state::AppState};

/// The cookie's name over https: the prefix binds it to this very host (RFC 6265bis section 4.1.3.2).
const SECURE_NAME: &str = "__Host-patchbay_session";
/// Its name on a machine of one's own, where there is no https.
const PLAIN_NAME: &str = "patchbay_session";
/// The header that pages of ours send with every change. Another site cannot: a header of one's own needs a
/// preflight, which this API does not grant.
const PROOF: &str = "x-requested-with";

/// The `Set-Cookie` of a session; an empty token with no life removes it.
pub(crate) fn cookie_header(public_url: &str, token: &str, max_age: Duration) -> HeaderValue {
    let is_secure = public_url.starts_with("https://");
    let (name, secure) = if is_secure { (SECURE_NAME, "; Secure") } else { (PLAIN_NAME, "") };
    let text = format!("{name}={token}; Path=/; Max-Age={}; HttpOnly; SameSite=Strict{secure}", max_age.as_secs());
    let mut value = HeaderValue::from_str(&text).unwrap_or_else(|_| HeaderValue::from_static(""));
    value.set_sensitive(true);
    value
}

/// The session's token among the cookies.
pub(crate) fn session_token(headers: &HeaderMap) -> Option<Secret> {
    let lines = headers.get_all(header::COOKIE).into_iter().filter_map(|line| line.to_str().ok());
    let mut pairs = lines.flat_map(|line| line.split(';')).filter_map(|pair| pair.trim().split_once('='));
    let (_, token) = pairs.find(|(name, _)| *name == SECURE_NAME || *name == PLAIN_NAME)?;
    (!token.is_empty()).then(|| Secret::new(token))
}

/// Whether a request has the mark of our pages.
pub(crate) fn is_marked(headers: &HeaderMap) -> bool {
    headers.get(PROOF).is_some_and(|value| value == "patchbay")
}

/// Whether a page of ours asks for a change. Reading needs no proof: another site cannot see the answer.
pub(super) fn is_own_page(parts: &Parts, state: &AppState) -> bool {
    if matches!(parts.method, Method::GET | Method::HEAD) {
        return true;
    }
    let header = |name: &str| parts.headers.get(name).and_then(|value| value.to_str().ok());
    // Where the browser names the page's origin, it must be this server's: by its public URL, or by the name
    // under which the browser reached it.
    let same_origin = header("origin").is_none_or(|origin| {
        let host = origin.split_once("://").map(|(_, host)| host);
        url_origin(&state.config.public_url) == origin || (host.is_some() && host == header("host"))
    });
    is_marked(&parts.headers) && same_origin
}

/// What a change from anywhere else is answered with.
pub(super) fn foreign_page() -> ApiError {
    Error::new(
        ErrorCode::ForeignPage,
        "a signed-in browser changes things from this server's own pages alone (they send `x-requested-with: patchbay`); use an API key elsewhere",
    )
    .into()
}

fn url_origin(public_url: &str) -> String {
    url::Url::parse(public_url).map(|url| url.origin().ascii_serialization()).unwrap_or_default()
}

/// A request that a page of ours sent.
pub(crate) struct OwnPage;

impl FromRequestParts<AppState> for OwnPage {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, ApiError> {
        if is_own_page(parts, state) { Ok(Self) } else { Err(foreign_page()) }
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
        let header =
            |url, token, seconds| cookie_header(url, token, Duration::from_secs(seconds)).to_str().unwrap().to_owned();
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

//! A browser that is logged in to the dashboard: its cookie, and the protection against cross-site request forgery.

use std::{sync::Arc, time::Duration};

use axum::{
    extract::FromRequestParts,
    http::{HeaderMap, HeaderValue, Method, request::Parts},
};
use patchbay_engine::{Caller, Error, ErrorCode, MemberSession};
use patchbay_vault::Secret;

use crate::{cookies::LOGIN, error::ApiError, state::AppState, urls::RouteUrls};

/// The header that this server's pages send with every change. Pages of other sites cannot send it: a custom header needs
/// a CORS preflight, which this API does not allow.
const CSRF_HEADER: &str = "x-requested-with";
const CSRF_HEADER_VALUE: &str = "patchbay";

/// Returns the `Set-Cookie` value of a login. An empty token with the age 0 removes the cookie.
pub(crate) fn cookie_header(urls: &RouteUrls, token: &str, max_age: Duration) -> HeaderValue {
    LOGIN.header(urls, "", token, max_age.as_secs())
}

/// Returns the token with which the browser is logged in, and its session. A cookie that is not the token of a session is
/// skipped, because a planted cookie must not log the operator out.
///
/// # Errors
///
/// 503 `StorageUnavailableError`.
pub(crate) async fn login(state: &AppState, headers: &HeaderMap) -> Result<Option<(Secret, MemberSession)>, Error> {
    for (_, token) in LOGIN.read(&state.config.urls, headers) {
        if let Some(session) = state.engine.members.session(&token).await? {
            return Ok(Some((token, session)));
        }
    }
    Ok(None)
}

/// Returns the caller of the browser's login, in the project that the request names; none without a cookie.
///
/// # Errors
///
/// 401 `UnauthorizedError` if the browser is not logged in; 403 `ForeignPageError` for a change that a page of another site
/// may have sent; 404 `ProjectNotFoundError` for another project.
pub(super) async fn caller(parts: &Parts, state: &AppState) -> Result<Option<Arc<Caller>>, Error> {
    let cookies = LOGIN.read(&state.config.urls, &parts.headers);
    if !cookies.is_empty() && !is_same_origin(parts, state) {
        return Err(csrf_rejected());
    }
    // One that is not ASCII is the name of no project, not the absence of a name.
    let project = parts.headers.get("x-project-id").map(|value| String::from_utf8_lossy(value.as_bytes()));
    let mut refusal = None;
    for (_, token) in cookies {
        match state.engine.members.caller(&token, project.as_deref()).await {
            Ok(caller) => return Ok(Some(caller)),
            Err(error) if error.code == ErrorCode::Unauthorized => refusal = Some(error),
            Err(error) => return Err(error),
        }
    }
    refusal.map_or(Ok(None), Err)
}

/// Returns true if a request has the cookie of a login, valid or not.
pub(super) fn has_login(parts: &Parts, state: &AppState) -> bool {
    !LOGIN.read(&state.config.urls, &parts.headers).is_empty()
}

/// Returns true if a request has the header of this server's own pages.
pub(crate) fn has_csrf_header(headers: &HeaderMap) -> bool {
    headers.get(CSRF_HEADER).is_some_and(|value| value == CSRF_HEADER_VALUE)
}

/// Returns true if a request reads, or if a page of this server sent it. Reading is always allowed: another site cannot
/// see the response.
fn is_same_origin(parts: &Parts, state: &AppState) -> bool {
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
fn csrf_rejected() -> Error {
    Error::new(
        ErrorCode::ForeignPage,
        "a logged-in browser can make changes only from this server's own pages (they send `x-requested-with: patchbay`); use an API key elsewhere",
    )
}

/// A request that a page of this server sent.
pub(crate) struct SameOrigin;

impl FromRequestParts<AppState> for SameOrigin {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, ApiError> {
        if is_same_origin(parts, state) { Ok(Self) } else { Err(csrf_rejected().into()) }
    }
}

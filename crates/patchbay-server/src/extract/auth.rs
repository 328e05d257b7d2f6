//! Authentication of requests: an API key, a logged-in browser, or a connect session.

use std::{convert::Infallible, sync::Arc};

use axum::{
    extract::FromRequestParts,
    http::{HeaderMap, HeaderValue, Method, header, request::Parts},
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use patchbay_engine::{Caller, Error, ErrorCode, HubSession, KeyQuota};
use patchbay_metrics::{LimitOf, metrics};
use patchbay_model::AccountId;
use patchbay_vault::Secret;
use serde_json::{Map, Value};

use super::browser;
use crate::{
    error::{ApiError, HubError},
    limits::{ClientAddress, RequestOwner, enter},
    state::AppState,
};

const ACCOUNT_HEADER: &str = "x-account-id";

/// The caller behind a valid API key or a logged-in browser. A layer that has authenticated the request leaves the caller
/// in its extensions.
pub(crate) struct Authenticated(pub(crate) Arc<Caller>);

impl FromRequestParts<AppState> for Authenticated {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, ApiError> {
        if let Some(caller) = parts.extensions.get::<Arc<Caller>>() {
            return Ok(Self(caller.clone()));
        }
        let (caller, quota) = authenticate(parts, state).await.map_err(|error| counted(parts, state, error))?;
        let owner = RequestOwner::of(&parts.extensions);
        if let Some(quota) = quota {
            owner.has_quota(quota);
            quota.check().inspect_err(|_| metrics().rate_limited.of(LimitOf::Key).add_one())?;
        }
        enter(&owner, &caller.project_id).await?;
        Ok(Self(caller))
    }
}

/// Returns the caller of a request, and what is left to its API key. A logged-in browser has no such limit: a person does
/// not send that many, and the pages of the dashboard send several requests at once.
async fn authenticate(parts: &Parts, state: &AppState) -> Result<(Arc<Caller>, Option<KeyQuota>), Error> {
    if let Some(key) = api_key(&parts.headers) {
        return state.engine.api_keys.count(&key).await;
    }
    // A malformed key is an error; the cookie is not used instead.
    if !parts.headers.contains_key(header::AUTHORIZATION)
        && let Some(caller) = browser::caller(parts, state).await?
    {
        return Ok((caller, None));
    }
    Err(no_credentials())
}

/// Returns the caller of credentials without counting a request: those of a stream are checked again and again.
///
/// # Errors
///
/// 401 `UnauthorizedError` if they are not valid; 404 `ProjectNotFoundError` for a project that is gone.
pub(super) async fn recognize(parts: &Parts, state: &AppState) -> Result<Arc<Caller>, Error> {
    if let Some(key) = api_key(&parts.headers) {
        return state.engine.api_keys.authenticate(&key).await;
    }
    browser::caller(parts, state).await?.ok_or_else(no_credentials)
}

fn no_credentials() -> Error {
    Error::new(
        ErrorCode::Unauthorized,
        "an API key is required; send it as the user name of Basic authentication, with an empty password, or as a Bearer token",
    )
}

/// Counts the failed authentication of a request, and returns its error.
///
/// A page of this server without a login is not counted: it guesses nothing, and must see the 401 to show the login form.
fn counted(parts: &Parts, state: &AppState, error: Error) -> Error {
    let has_credentials = ["authorization", "x-hub-session-token"].iter().any(|name| parts.headers.contains_key(*name))
        || browser::has_login(parts, state);
    if browser::has_csrf_header(&parts.headers) && !has_credentials {
        return error;
    }
    let address = ClientAddress::of(&parts.extensions, &parts.headers, &state.config.trusted_proxies);
    state.limits.failed_authentications.count(address, error)
}

/// The caller of a page that everyone may read and that shows more to callers with a key or a logged-in browser. A key
/// that is not valid counts as none.
pub(crate) struct OptionalAuth(pub(crate) Option<Arc<Caller>>);

impl FromRequestParts<AppState> for OptionalAuth {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, Infallible> {
        // The page is shown to everybody, also to a key that has sent too much; guesses are counted nevertheless.
        let caller = Authenticated::from_request_parts(parts, state).await.ok();
        Ok(Self(caller.map(|Authenticated(caller)| caller)))
    }
}

/// Returns the key of `Basic base64(key:)`, `Basic base64(key)` or `Bearer key`.
fn api_key(headers: &HeaderMap) -> Option<Secret> {
    let value = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, rest) = value.split_once(' ')?;
    if scheme.eq_ignore_ascii_case("bearer") {
        return Some(Secret::new(rest.trim()));
    }
    if !scheme.eq_ignore_ascii_case("basic") {
        return None;
    }
    let decoded = Secret::new(String::from_utf8(STANDARD.decode(rest.trim()).ok()?).ok()?);
    let key = decoded.expose().split(':').next().unwrap_or_default();
    (!key.is_empty()).then(|| Secret::new(key))
}

/// A connect session that has not expired. A layer that has found it leaves it in the request's extensions.
pub(crate) struct HubAuth(pub(crate) HubSession);

impl FromRequestParts<AppState> for HubAuth {
    type Rejection = HubError;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, HubError> {
        if let Some(hub) = parts.extensions.get::<HubSession>() {
            return Ok(Self(hub.clone()));
        }
        let token = parts.headers.get("x-hub-session-token").and_then(|value| value.to_str().ok()).unwrap_or_default();
        let found = state.engine.sessions.for_hub(&Secret::new(token)).await;
        // The stock Hub ignores a 401 in response to a change and reports success; it shows a 400.
        let is_ignored = parts.method == Method::PATCH && !token.is_empty();
        let found = found.map_err(|error| {
            let error = counted(parts, state, error);
            if is_ignored && error.status() == 401 { error.with_status(400) } else { error }
        });
        let hub = found?;
        enter(&RequestOwner::of(&parts.extensions), &hub.session.project_id).await?;
        Ok(Self(hub))
    }
}

/// The account that a call acts with, from the header `x-account-id`; none if it is missing or empty.
pub(crate) struct AccountHeader(Result<Option<AccountId>, Error>);

impl AccountHeader {
    /// Returns the account of the header, otherwise the one that the `headers` of the body name.
    ///
    /// # Errors
    ///
    /// 400 `ValidationError` if neither names one, and for a header that is not ASCII: no account has such an ID, and the body must not
    /// choose another one.
    pub(crate) fn or_of_body(self, headers: Option<&Map<String, Value>>) -> Result<AccountId, Error> {
        self.0?.or_else(|| account_of_body(headers)).ok_or_else(|| {
            let message = "Missing x-account-id header in request: name the linked account to act with";
            Error::new(ErrorCode::Validation, message)
        })
    }
}

impl FromRequestParts<AppState> for AccountHeader {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &AppState) -> Result<Self, Infallible> {
        let value = parts.headers.get(ACCOUNT_HEADER).map(|value| ascii(ACCOUNT_HEADER, value)).transpose();
        Ok(Self(value.map(|value| value.map(str::trim).filter(|id| !id.is_empty()).map(AccountId::new))))
    }
}

/// Returns the text of a header that selects something. One that cannot be read is not a missing one.
///
/// # Errors
///
/// 400 `ValidationError` for a value that is not ASCII.
pub(crate) fn ascii<'a>(name: &str, value: &'a HeaderValue) -> Result<&'a str, Error> {
    value.to_str().map_err(|_| {
        let message = format!("the header {name} contains bytes that are not ASCII, so it names nothing");
        Error::new(ErrorCode::Validation, message)
    })
}

/// Returns the account that the `headers` of a body name, in any case: SDKs without another place for it send it there.
fn account_of_body(headers: Option<&Map<String, Value>>) -> Option<AccountId> {
    let found = headers?.iter().find(|(name, _)| name.eq_ignore_ascii_case(ACCOUNT_HEADER));
    let id = found?.1.as_str()?.trim();
    (!id.is_empty()).then(|| AccountId::new(id))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key_of(value: &str) -> Option<String> {
        let headers = HeaderMap::from_iter([(header::AUTHORIZATION, value.parse().unwrap())]);
        api_key(&headers).map(|key| key.expose().to_owned())
    }

    #[test]
    fn the_account_of_a_body_is_read_in_any_case() {
        let of = |headers: serde_json::Value| account_of_body(headers.as_object()).map(|id| id.as_str().to_owned());
        assert_eq!(of(serde_json::json!({ "X-Account-Id": " a ", "accept": "b" })).as_deref(), Some("a"));
        for none in
            [serde_json::json!({}), serde_json::json!({ "x-account-id": "" }), serde_json::json!({ "x-account-id": 5 })]
        {
            assert_eq!(of(none.clone()), None, "{none}");
        }
        assert_eq!(account_of_body(None), None);
    }

    #[test]
    fn a_header_that_is_not_ascii_does_not_leave_the_choice_to_the_body() {
        let body = serde_json::json!({ "x-account-id": "b" });
        let chosen = |value: &[u8]| {
            let value = HeaderValue::from_bytes(value).unwrap();
            let header = ascii(ACCOUNT_HEADER, &value).map(|id| Some(AccountId::new(id)));
            AccountHeader(header).or_of_body(body.as_object())
        };
        assert_eq!(chosen(b"a").unwrap().as_str(), "a");
        for wrong in [&b"a\xff"[..], "\u{e4}".as_bytes()] {
            assert_eq!(chosen(wrong).unwrap_err().code, ErrorCode::Validation);
        }
    }

    #[test]
    fn keys_are_read_in_every_spelling() {
        let basic = |text: &str| format!("Basic {}", STANDARD.encode(text));
        assert_eq!(key_of(&basic("v1.local.k:")).as_deref(), Some("v1.local.k"));
        assert_eq!(key_of(&basic("v1.local.k")).as_deref(), Some("v1.local.k"));
        assert_eq!(key_of("Bearer v1.local.k").as_deref(), Some("v1.local.k"));
        for wrong in ["Basic %%%", "Basic ", "Digest x", "v1.local.k", &basic(":password")] {
            assert_eq!(key_of(wrong), None, "{wrong}");
        }
    }
}

//! Authentication of requests: an API key, a logged-in browser, or a connect session.

use std::{convert::Infallible, sync::Arc};

use axum::{
    extract::FromRequestParts,
    http::{HeaderMap, Method, header, request::Parts},
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use patchbay_engine::{Caller, Error, ErrorCode, HubSession};
use patchbay_model::AccountId;
use patchbay_vault::Secret;

use super::browser;
use crate::{
    error::{ApiError, HubError},
    state::AppState,
};

/// The caller behind a valid API key or a logged-in browser. A layer that has authenticated the request
/// leaves the caller in its extensions.
pub(crate) struct Authenticated(pub(crate) Arc<Caller>);

impl FromRequestParts<AppState> for Authenticated {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, ApiError> {
        if let Some(caller) = parts.extensions.get::<Arc<Caller>>() {
            return Ok(Self(caller.clone()));
        }
        Self::authenticate(parts, state).await.map(Self)
    }
}

impl Authenticated {
    async fn authenticate(parts: &Parts, state: &AppState) -> Result<Arc<Caller>, ApiError> {
        if let Some(key) = api_key(&parts.headers) {
            return Ok(state.engine.api_keys.authenticate(&key).await?);
        }
        // A malformed key is an error; the cookie is not used instead.
        if !parts.headers.contains_key(header::AUTHORIZATION)
            && let Some(caller) = browser::caller(parts, state).await?
        {
            return Ok(caller);
        }
        Err(Error::new(
            ErrorCode::Unauthorized,
            "an API key is required; send it as the user name of Basic authentication, with an empty password",
        )
        .into())
    }
}

/// The caller of a page that everyone may read and that shows more to callers with a key or a logged-in browser. A key
/// that is not valid counts as none.
pub(crate) struct OptionalAuth(pub(crate) Option<Arc<Caller>>);

impl FromRequestParts<AppState> for OptionalAuth {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, Infallible> {
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
        let found = found.map_err(|error| if is_ignored { error.with_status(400) } else { error });
        Ok(Self(found?))
    }
}

/// The account that a call acts with, from the header `x-account-id`.
pub(crate) struct AccountHeader(pub(crate) AccountId);

impl FromRequestParts<AppState> for AccountHeader {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &AppState) -> Result<Self, ApiError> {
        let value =
            parts.headers.get("x-account-id").and_then(|value| value.to_str().ok()).map(str::trim).unwrap_or_default();
        if value.is_empty() {
            return Err(Error::new(
                ErrorCode::Validation,
                "Missing x-account-id header in request: name the linked account to act with",
            )
            .into());
        }
        Ok(Self(AccountId::new(value)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key_of(value: &str) -> Option<String> {
        let headers = HeaderMap::from_iter([(header::AUTHORIZATION, value.parse().unwrap())]);
        api_key(&headers).map(|key| key.expose().to_owned())
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

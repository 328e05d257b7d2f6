//! How long a rate limit may delay a call's requests to the provider.

use std::time::Duration;

use axum::{extract::FromRequestParts, http::request::Parts};
use patchbay_engine::{Error, ErrorCode, Problem};

use crate::{error::ApiError, state::AppState};

const HEADER: &str = "x-rate-limit-wait";

/// The longest delay that the caller accepts, from the header `x-rate-limit-wait`; `None` without the header.
pub(crate) struct RateLimitWait(pub(crate) Option<Duration>);

impl FromRequestParts<AppState> for RateLimitWait {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &AppState) -> Result<Self, ApiError> {
        let Some(value) = parts.headers.get(HEADER) else { return Ok(Self(None)) };
        let millis = value.to_str().ok().and_then(|text| text.trim().parse().ok());
        let millis = millis.ok_or_else(|| {
            let path = format!("headers.{HEADER}");
            let message = format!("`{path}` must be a whole number of milliseconds, such as 0 or 5000");
            let problem = Problem { path: path.into(), code: "type", message: message.clone() };
            Error::new(ErrorCode::Validation, message).with_problems(vec![problem])
        })?;
        Ok(Self(Some(Duration::from_millis(millis))))
    }
}

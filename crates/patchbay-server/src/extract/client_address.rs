//! The client's address of a request.

use std::convert::Infallible;

use axum::{extract::FromRequestParts, http::request::Parts};

use crate::{limits::ClientAddress, state::AppState};

impl FromRequestParts<AppState> for ClientAddress {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, Infallible> {
        Ok(Self::of(&parts.extensions, &parts.headers, &state.config.trusted_proxies))
    }
}

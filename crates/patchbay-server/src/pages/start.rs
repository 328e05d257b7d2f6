//! The start page, and the pages for failed authorizations and for screens that are not in this build.

use axum::{extract::State, response::Response};
use minijinja::context;

use super::render::page;
use crate::state::AppState;

/// `GET /`: returns the start page.
pub(crate) async fn start(State(state): State<AppState>) -> Response {
    let sandbox = state
        .config
        .sandbox
        .as_ref()
        .map(|sandbox| context! { id => &sandbox.client_id, secret => &sandbox.client_secret });
    page(
        "start.html",
        context! { version => state.config.version, public_url => state.config.urls.base(), sandbox => sandbox },
    )
}

/// Returns the page of a window whose authorization at a provider linked no account.
pub(crate) fn not_connected(message: &str) -> Response {
    page("not_connected.html", context! { message => message })
}

/// Returns the page that replaces a screen which is not in this build. It does not show the token in the query.
pub(super) async fn not_built(State(state): State<AppState>) -> Response {
    page("not_built.html", context! { public_url => state.config.urls.base() })
}

//! The start page, and the page that stands in for what is not in this build.

use axum::{extract::State, response::Response};
use minijinja::context;

use super::render::page;
use crate::state::AppState;

/// `/`
pub(crate) async fn start(State(state): State<AppState>) -> Response {
    let sandbox = state
        .config
        .sandbox
        .as_ref()
        .map(|sandbox| context! { id => &sandbox.client_id, secret => &sandbox.client_secret });
    page(
        "start.html",
        context! { version => state.config.version, public_url => &state.config.public_url, sandbox => sandbox },
    )
}

/// What a window shows when a sign-in at a provider linked nothing.
pub(crate) fn sign_in_refused(message: &str) -> Response {
    page("sign_in.html", context! { message => message })
}

/// The Hub's page and the dashboard, while their assets are not in the binary. The token in the query is
/// neither read nor shown.
pub(super) async fn not_built(State(state): State<AppState>) -> Response {
    page("not_built.html", context! { public_url => &state.config.public_url })
}

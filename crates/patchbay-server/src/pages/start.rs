//! The start page, and the page for screens that are not in this build.

use axum::{extract::State, response::Response};
use minijinja::context;

use super::{docs, render::page};
use crate::state::AppState;

/// `GET /`: returns the start page.
pub(crate) async fn start(State(state): State<AppState>) -> Response {
    let sandbox = state
        .config
        .sandbox
        .as_ref()
        .map(|sandbox| context! { id => &sandbox.client_id, secret => &sandbox.client_secret });
    let values =
        context! { version => state.config.version, public_url => state.config.urls.base(), sandbox => sandbox };
    docs::with_policy(page("start.html", context! { script => super::web::docs_script(&state), query => "", ..values }))
}

/// Returns the page that replaces a screen which is not in this build. It does not show the token in the query.
pub(super) async fn not_built(State(state): State<AppState>) -> Response {
    page("not_built.html", context! { public_url => state.config.urls.base() })
}

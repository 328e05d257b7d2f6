//! The OpenAPI document.

use axum::{extract::State, http::header, response::Response};

use crate::{compression::Shared, extract::EntityTag, state::AppState};

/// `GET /openapi.json`: returns the OpenAPI document.
pub(crate) async fn openapi(State(state): State<AppState>, tag: EntityTag) -> Response {
    let mut response = tag.public().respond(|| ([(header::CONTENT_TYPE, "application/json")], state.document_text()));
    response.extensions_mut().insert(Shared { name: "/openapi.json".to_owned(), serial: 0 });
    response
}

//! The stylesheet. Its name contains a hash of its content, so that browsers cache it without expiry.

use std::sync::OnceLock;

use axum::{
    extract::Path,
    http::header,
    response::{IntoResponse, Response},
};
use patchbay_engine::{Error, ErrorCode};
use patchbay_model::content_hash;

use crate::error::ApiError;

const STYLESHEET: &str = include_str!("../templates/style.css");

/// Returns the stylesheet's path.
pub(super) fn style_path() -> &'static str {
    static PATH: OnceLock<String> = OnceLock::new();
    PATH.get_or_init(|| format!("/assets/style-{:016x}.css", content_hash(STYLESHEET.as_bytes())))
}

/// `GET /assets/{file}`: returns the stylesheet.
pub(crate) async fn asset(Path(file): Path<String>) -> Response {
    if style_path().strip_prefix("/assets/") == Some(file.as_str()) {
        let headers = [
            (header::CONTENT_TYPE, "text/css; charset=utf-8"),
            (header::CACHE_CONTROL, "public, max-age=31536000, immutable"),
        ];
        return (headers, STYLESHEET).into_response();
    }
    ApiError::from(Error::new(ErrorCode::RouteNotFound, "this file does not exist")).into_response()
}

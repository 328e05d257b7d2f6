//! The stylesheet. Its name contains a hash of its content, so that browsers cache it without expiry.

use std::sync::OnceLock;

use axum::{
    extract::Path,
    http::header,
    response::{IntoResponse, Response},
};
use patchbay_engine::{Error, ErrorCode};

use crate::error::ApiError;

const STYLESHEET: &str = include_str!("../templates/style.css");

/// Returns the stylesheet's path.
pub(super) fn style_path() -> &'static str {
    static PATH: OnceLock<String> = OnceLock::new();
    PATH.get_or_init(|| format!("/assets/style-{:016x}.css", fingerprint(STYLESHEET.as_bytes())))
}

/// Returns the FNV-1a hash: it must only change with the content.
pub(super) fn fingerprint(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3))
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

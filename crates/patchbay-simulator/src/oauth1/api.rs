//! The API behind it.

use axum::{
    Json,
    body::Bytes,
    extract::{OriginalUri, State},
    http::{HeaderMap, Method},
    response::{IntoResponse, Response},
};
use serde_json::json;

use super::{
    OAuth1Server,
    token::{By, Came},
};

pub(super) async fn me(
    State(server): State<OAuth1Server>,
    method: Method,
    OriginalUri(uri): OriginalUri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let came = Came { method: &method, uri: &uri, headers: &headers, body: &body };
    match server.verify(&came, By::Token) {
        Ok(_) => Json(json!({ "id": "u1", "name": "Ada" })).into_response(),
        Err(refused) => refused.response(&server.rules()),
    }
}

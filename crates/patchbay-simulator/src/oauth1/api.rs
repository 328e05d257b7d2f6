//! The API that accepts the provider's tokens.

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
    token::{IncomingRequest, TokenKind},
};

pub(super) async fn me(
    State(server): State<OAuth1Server>,
    method: Method,
    OriginalUri(uri): OriginalUri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let came = IncomingRequest { method: &method, uri: &uri, headers: &headers, body: &body };
    match server.verify(&came, TokenKind::Token) {
        Ok(_) => Json(json!({ "id": "u1", "name": "Ada" })).into_response(),
        Err(refused) => refused.response(&server.rules()),
    }
}

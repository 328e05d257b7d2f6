//! Responses that begin before they are known (`Prefer: heartbeat`): proxies and clients close connections on which nothing
//! arrives for a minute.

use std::{convert::Infallible, time::Duration};

use axum::{
    body::Body,
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
};
use bytes::Bytes;
use futures_util::stream;
use patchbay_engine::{Error, movable};

use crate::{error, extract::prefer};

const HEARTBEAT_INTERVAL: Duration = Duration::from_secs(10);

/// Returns true if the client prefers a heartbeat.
pub(super) fn is_preferred(headers: &HeaderMap) -> bool {
    prefer::preferences(headers).any(prefer::is_heartbeat)
}

/// Responds at once, with a line break every few seconds until the call ends. An error is in the body, because the status has
/// been sent.
pub(super) fn respond(call: impl Future<Output = Result<Bytes, Error>> + Send + 'static) -> Response {
    // The stream of the response is polled outside of the request.
    let call = movable(async move {
        call.await.unwrap_or_else(|error| serde_json::to_vec(&error::body(&error)).map(Bytes::from).unwrap_or_default())
    });
    let chunks = stream::unfold(Some(Box::pin(call)), |call| async move {
        let mut call = call?;
        tokio::select! {
            response = &mut call => Some((Ok::<_, Infallible>(response), None)),
            () = tokio::time::sleep(HEARTBEAT_INTERVAL) => Some((Ok(Bytes::from_static(b"\n")), Some(call))),
        }
    });
    let headers = [(header::CONTENT_TYPE.as_str(), "application/json"), ("preference-applied", "heartbeat")];
    (StatusCode::OK, headers, Body::from_stream(chunks)).into_response()
}

//! The outcome of a connection attempt, as a stream of server-sent events: the alternative to polling.
//!
//! A stream ends with its attempt, when the reader disconnects, or when the server stops. Comments keep it open until
//! then. Their number is limited, in all and for each session; other readers poll.

use std::{convert::Infallible, time::Duration};

use axum::{
    extract::{Path, State},
    http::{HeaderName, HeaderValue},
    response::{
        AppendHeaders, IntoResponse, Response,
        sse::{Event, Sse},
    },
};
use futures_util::{Stream, stream};
use patchbay_engine::{Engine, Error, ErrorCode, HubSession};
use patchbay_model::{AttemptId, AttemptStatus};
use tokio_util::sync::CancellationToken;

use crate::{
    dto::{
        errors::HubErrorOut,
        hub::AttemptOut,
        responses::{HubErrors, HubNotFoundErrors},
    },
    error::HubError,
    extract::HubAuth,
    limits::StreamPlace,
    state::AppState,
};

/// The interval of the comments: shorter than the idle timeouts of proxies.
const HEARTBEAT_INTERVAL: Duration = Duration::from_secs(15);
/// The `Retry-After` of a reader that gets no stream.
const RETRY_AFTER_SECS: u64 = 2;

/// A stream that waits for the end of an attempt.
struct AttemptStream {
    engine: Engine,
    hub: HubSession,
    id: AttemptId,
    stop: CancellationToken,
    _place: StreamPlace,
}

/// Streams the outcome of a connection attempt.
///
/// Sends comments until the attempt ends, then one event `attempt`. Its data is the response of
/// `GET /hub/connection_attempts/{id}`. The stream ends with the attempt.
#[utoipa::path(
    get, path = "/hub/connection_attempts/{id}/events", tag = "Hub", operation_id = "hub_events",
    security(("session" = [])), params(("id" = String, Path, format = "uuid", description = "The attempt's ID.")),
    responses(
        HubErrors, HubNotFoundErrors,
        (status = 200, description = "A stream of server-sent events.", body = String, content_type = "text/event-stream"),
        (status = 429, description = "Too many streams are open. Poll the attempt instead.", body = HubErrorOut, headers(("retry-after" = u64, description = "The seconds to wait before the next attempt."))),
    )
)]
pub(crate) async fn events(
    State(state): State<AppState>,
    HubAuth(hub): HubAuth,
    Path(id): Path<String>,
) -> Result<Response, HubError> {
    let id = AttemptId::new(id);
    // An attempt that this session does not have is rejected with a status, not with an event.
    state.engine.attempts.get(&hub, &id).await?;
    let Some(place) = state.limits.streams.open(&hub.session) else {
        let message = "too many streams of connection attempts are open; poll the attempt every few seconds instead";
        let error = Error::new(ErrorCode::TooManyStreams, message);
        return Err(error.with_retry_after(RETRY_AFTER_SECS).into());
    };
    let stream =
        AttemptStream { engine: state.engine.clone(), hub, id, stop: state.config.stop.clone(), _place: place };
    // Proxies that buffer responses would hold back the only event.
    let headers = AppendHeaders([(HeaderName::from_static("x-accel-buffering"), HeaderValue::from_static("no"))]);
    Ok((headers, Sse::new(stream.into_events())).into_response())
}

impl AttemptStream {
    fn into_events(self) -> impl Stream<Item = Result<Event, Infallible>> + Send + 'static {
        stream::unfold(Some(self), |stream| async move {
            let stream = stream?;
            let attempt = tokio::select! {
                () = stream.stop.cancelled() => return None,
                attempt = stream.engine.attempts.follow(&stream.hub, &stream.id, HEARTBEAT_INTERVAL) => attempt,
            };
            match attempt {
                Ok(attempt) if attempt.status == AttemptStatus::Pending => {
                    Some((Ok(Event::default().comment("waiting")), Some(stream)))
                }
                Ok(attempt) => {
                    let data = serde_json::to_string(&AttemptOut::new(&attempt)).unwrap_or_default();
                    Some((Ok(Event::default().event("attempt").data(data)), None))
                }
                // The reader then requests the attempt, and that response says why.
                Err(_) => None,
            }
        })
    }
}

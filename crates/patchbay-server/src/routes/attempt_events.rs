//! An attempt's end, told as it happens: server-sent events beside the polling that every Hub knows.
//!
//! A stream lives no longer than its attempt, says every few seconds that it is still there, and is gone when its
//! reader goes or the server stops. There are so many at once; who gets none polls.

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
use tokio::sync::OwnedSemaphorePermit;
use tokio_util::sync::CancellationToken;

use super::hub::attempt_out;
use crate::{error::HubError, extract::HubAuth, state::AppState};

/// Streams at once.
pub(crate) const MAX_STREAMS: usize = 256;
/// How often a stream says that it is still there: before proxies take it for dead.
const HEARTBEAT: Duration = Duration::from_secs(15);

/// One stream, until its attempt has ended.
struct Following {
    engine: Engine,
    hub: HubSession,
    id: AttemptId,
    stop: CancellationToken,
    _place: OwnedSemaphorePermit,
}

/// Tells an attempt's end as soon as it comes: one event `attempt` whose data are what the attempt's own address
/// gives, comments until then. Ends with the attempt.
#[utoipa::path(get, path = "/hub/connection_attempts/{id}/events", tag = "Hub", security(("session" = [])), params(("id" = String, Path, description = "The attempt.")),
    responses((status = 200, description = "A stream of events (`text/event-stream`); `attempt` with `{status, account, error}`.", body = String, content_type = "text/event-stream"),
        (status = 429, description = "Too many are followed at once; ask for the attempt instead.", body = Object)))]
pub(crate) async fn events(
    State(state): State<AppState>,
    HubAuth(hub): HubAuth,
    Path(id): Path<String>,
) -> Result<Response, HubError> {
    let id = AttemptId::new(id);
    // One that this session does not have is refused with a status, not with an event.
    state.engine.get_attempt(&hub, &id).await?;
    let Ok(place) = state.streams.clone().try_acquire_owned() else {
        let message = "too many connection attempts are followed at once; ask for the attempt itself every few seconds";
        return Err(Error::new(ErrorCode::TooManyStreams, message).with_retry_after(2).into());
    };
    let following = Following { engine: state.engine, hub, id, stop: state.config.stop.clone(), _place: place };
    // Proxies that gather answers would hold back the one event that there is.
    let headers = AppendHeaders([(HeaderName::from_static("x-accel-buffering"), HeaderValue::from_static("no"))]);
    Ok((headers, Sse::new(following.stream())).into_response())
}

impl Following {
    fn stream(self) -> impl Stream<Item = Result<Event, Infallible>> + Send + 'static {
        stream::unfold(Some(self), |following| async move {
            let following = following?;
            let looked = tokio::select! {
                () = following.stop.cancelled() => return None,
                looked = following.engine.follow_attempt(&following.hub, &following.id, HEARTBEAT) => looked,
            };
            match looked {
                Ok(attempt) if attempt.status == AttemptStatus::Pending => {
                    Some((Ok(Event::default().comment("waiting")), Some(following)))
                }
                Ok(attempt) => {
                    let event = Event::default().event("attempt").data(attempt_out(&attempt).to_string());
                    Some((Ok(event), None))
                }
                // The reader asks for itself, and is told why.
                Err(_) => None,
            }
        })
    }
}

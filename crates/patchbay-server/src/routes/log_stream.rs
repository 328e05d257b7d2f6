//! The live tail of the logs, as a stream of server-sent events, and their export.
//!
//! The tail looks for new logs every second: other servers write to the same database. A stream ends when its reader disconnects, the
//! server stops, or its key or login may no longer read logs: each look, and each page of an export, asks again. Their number is
//! limited, also for one project.

use std::{collections::BTreeMap, convert::Infallible, sync::Arc, time::Duration};

use axum::{
    body::Body,
    extract::State,
    http::{HeaderName, HeaderValue, header, request::Parts},
    response::{
        AppendHeaders, IntoResponse, Response,
        sse::{Event, KeepAlive, Sse},
    },
};
use futures_util::{Stream, stream};
use patchbay_engine::{Caller, Cursor, Dimension, Engine, Error, ErrorCode, LogFilter, LogPageQuery, Order, RunRow};
use patchbay_model::Timestamp;
use serde_json::{Map, Value};
use tokio::time::{Interval, MissedTickBehavior, interval};
use tokio_util::sync::CancellationToken;

use crate::{
    dto::{
        errors::ErrorOut,
        logs::{ActionLogOut, ExportFormat, ExportIn, LISTED_KINDS, LogFilters},
        responses::{BodyErrors, KeyErrors, ValidationErrors},
    },
    error::ApiError,
    extract::{ApiJson, Authenticated, QueryMap, Standing, has_ended},
    limits::LogStreamPlace,
    state::AppState,
};

/// The time between two looks for new logs.
const LOOK_INTERVAL: Duration = Duration::from_secs(1);
/// How long a call may have taken to appear in the tail, in seconds.
const WINDOW_SECONDS: i64 = 120;
/// The largest number of logs that one look finds.
const MAX_PER_LOOK: u32 = 1_000;
/// The number of logs that an export reads at once.
const EXPORT_PAGE: u32 = 500;
/// The interval of the comments: shorter than the idle timeouts of proxies.
const HEARTBEAT_INTERVAL: Duration = Duration::from_secs(15);
/// The `Retry-After` of a reader that gets no stream.
const RETRY_AFTER_SECS: u64 = 10;

fn listed(mut filter: LogFilter) -> LogFilter {
    let kinds = LISTED_KINDS.iter().map(|kind| kind.as_str().to_owned()).collect();
    filter.any_of.push((Dimension::LogType, kinds));
    filter
}

/// A tail of the logs.
struct Tail {
    engine: Engine,
    standing: Standing,
    filter: LogFilter,
    stop: CancellationToken,
    ticks: Interval,
    /// The logs that were sent or were there before, with their starts.
    seen: BTreeMap<String, Timestamp>,
    /// What is sent next.
    waiting: Vec<RunRow>,
    _place: LogStreamPlace,
}

impl Tail {
    /// Returns the logs that are new, oldest first, if the caller may still read them.
    async fn look(&mut self) -> Result<Vec<RunRow>, Error> {
        let oldest = self.engine.clock().now().plus_seconds(-WINDOW_SECONDS);
        self.seen.retain(|_, started_at| *started_at >= oldest);
        let start = Some(self.filter.start.map_or(oldest, |start| start.max(oldest)));
        let filter = LogFilter { start, ..self.filter.clone() };
        let caller = self.standing.caller().await?;
        let found = self.engine.logs.newest(&caller, filter, MAX_PER_LOOK).await?;
        let mut new = Vec::new();
        for run in found.into_iter().rev() {
            if self.seen.insert(run.id.to_string(), run.started_at).is_none() {
                new.push(run);
            }
        }
        Ok(new)
    }

    fn into_events(self) -> impl Stream<Item = Result<Event, Infallible>> + Send + 'static {
        stream::unfold(self, |mut tail| async move {
            while tail.waiting.is_empty() {
                tokio::select! {
                    () = tail.stop.cancelled() => return None,
                    _ = tail.ticks.tick() => {}
                }
                match tail.look().await {
                    Ok(new) => tail.waiting = new,
                    Err(error) if has_ended(&error) => return None,
                    // While the logs cannot be read, the tail waits.
                    Err(_) => {}
                }
                tail.waiting.reverse();
            }
            let run = tail.waiting.pop()?;
            let id = run.id.to_string();
            let data = serde_json::to_string(&ActionLogOut::from(run)).unwrap_or_default();
            Some((Ok(Event::default().event("log").id(id).data(data)), tail))
        })
    }
}

/// Streams new logs.
///
/// An event `log` for each new log of an action or a raw request, whose data is the log. It appears up to two seconds after its
/// call; calls that took longer than two minutes are not in the stream. The stream ends when the key is disabled or deleted, or the
/// login ends. Scope: `platform:read`.
#[utoipa::path(
    get, path = "/logs/stream", tag = "Logs", operation_id = "logs_stream",
    params(("filters" = Option<String>, Query, description = "The filters of `POST /logs` as JSON text.")),
    responses(
        KeyErrors, ValidationErrors,
        (status = 200, description = "A stream of server-sent events.", body = String, content_type = "text/event-stream"),
        (status = 429, description = "Too many streams are open. Read pages instead.", body = ErrorOut),
    )
)]
pub(crate) async fn tail(
    State(state): State<AppState>,
    Authenticated(caller): Authenticated,
    mut query: QueryMap,
    parts: Parts,
) -> Result<Response, ApiError> {
    let filters = query.single_text(&["filters"])?;
    query.finish()?;
    let filters = filters.map(|text| serde_json::from_str::<LogFilters>(&text));
    let filters = filters.transpose().map_err(|error| {
        Error::new(ErrorCode::Validation, format!("filters must be the filters of POST /logs as JSON text: {error}"))
    })?;
    let (filter, _) = filters.unwrap_or_default().into_filter()?;
    let Some(place) = state.limits.log_streams.open(&caller.project_id) else {
        let message = "too many streams of logs are open; read pages of POST /logs instead";
        return Err(Error::new(ErrorCode::TooManyStreams, message).with_retry_after(RETRY_AFTER_SECS).into());
    };
    let mut ticks = interval(LOOK_INTERVAL);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut tail = Tail {
        engine: state.engine.clone(),
        standing: Standing::of(&parts, &state),
        filter: listed(filter),
        stop: state.config.stop.clone(),
        ticks,
        seen: BTreeMap::new(),
        waiting: Vec::new(),
        _place: place,
    };
    // What is there already is not new. A caller who may not read gets the error as a status.
    tail.look().await?;
    // Proxies that buffer responses would hold back events.
    let headers = AppendHeaders([(HeaderName::from_static("x-accel-buffering"), HeaderValue::from_static("no"))]);
    let events = Sse::new(tail.into_events()).keep_alive(KeepAlive::new().interval(HEARTBEAT_INTERVAL));
    Ok((headers, events).into_response())
}

/// An export that is being written.
struct Export {
    engine: Engine,
    caller: Arc<Caller>,
    standing: Standing,
    filter: LogFilter,
    order: Order,
    format: ExportFormat,
    next: Option<String>,
    is_first: bool,
}

impl Export {
    /// Returns a further page, if the caller may still read it.
    async fn next_page(&mut self) -> Result<String, Error> {
        self.caller = self.standing.caller().await?;
        self.page().await
    }

    async fn page(&mut self) -> Result<String, Error> {
        let query = LogPageQuery {
            filter: self.filter.clone(),
            order: self.order,
            page: 1,
            page_size: EXPORT_PAGE,
            next: self.next.take(),
        };
        let page = self.engine.logs.runs_at_once(&self.caller, query).await?;
        self.next = page.next.as_ref().map(Cursor::encode);
        let mut text = String::new();
        for run in page.rows {
            let log = serde_json::to_value(ActionLogOut::from(run)).unwrap_or_default();
            match (self.format, log) {
                (ExportFormat::Csv, Value::Object(members)) => {
                    if std::mem::take(&mut self.is_first) {
                        text.push_str(&members.keys().map(String::as_str).collect::<Vec<_>>().join(","));
                        text.push_str("\r\n");
                    }
                    text.push_str(&csv_line(&members));
                }
                (_, log) => {
                    text.push_str(&log.to_string());
                    text.push('\n');
                }
            }
        }
        Ok(text)
    }
}

/// Returns a line of CSV (RFC 4180). A text that a spreadsheet would read as a formula begins with an apostrophe.
fn csv_line(members: &Map<String, Value>) -> String {
    let cell = |value: &Value| {
        let text = match value {
            Value::Null => return String::new(),
            Value::String(text) if text.starts_with(['=', '+', '-', '@', '\t', '\r']) => format!("'{text}"),
            Value::String(text) => text.clone(),
            other => other.to_string(),
        };
        if text.contains([',', '"', '\n', '\r']) { format!("\"{}\"", text.replace('"', "\"\"")) } else { text }
    };
    let mut line = members.values().map(cell).collect::<Vec<_>>().join(",");
    line.push_str("\r\n");
    line
}

/// Exports logs as JSON lines or CSV.
///
/// The response is streamed, whatever its size. An export that fails midway breaks off before the end of the body. Scope: `platform:read`.
#[utoipa::path(
    post, path = "/logs/export", tag = "Logs", operation_id = "logs_export", request_body = ExportIn,
    responses(
        KeyErrors, BodyErrors,
        (status = 200, content((String = "application/x-ndjson"), (String = "text/csv")), description = "The logs."),
    )
)]
pub(crate) async fn export(
    State(state): State<AppState>,
    Authenticated(caller): Authenticated,
    parts: Parts,
    ApiJson(query): ApiJson<ExportIn>,
) -> Result<Response, ApiError> {
    let (filters, format) = query.into_parts();
    let (filter, order) = filters.into_filter()?;
    let mut export = Export {
        engine: state.engine.clone(),
        caller,
        standing: Standing::of(&parts, &state),
        filter: listed(filter),
        order,
        format,
        next: None,
        is_first: true,
    };
    let first = export.page().await?;
    let (media_type, name) = match format {
        ExportFormat::Jsonl => ("application/x-ndjson", "attachment; filename=\"logs.jsonl\""),
        ExportFormat::Csv => ("text/csv; charset=utf-8", "attachment; filename=\"logs.csv\""),
    };
    let pages = stream::unfold((Some(first), export), |(ready, mut export)| async move {
        if let Some(text) = ready {
            return Some((Ok(text), (None, export)));
        }
        export.next.as_ref()?;
        match export.next_page().await {
            Ok(text) => Some((Ok(text), (None, export))),
            Err(error) => Some((Err(std::io::Error::other(error.message)), (None, Export { next: None, ..export }))),
        }
    });
    let headers = [(header::CONTENT_TYPE, media_type), (header::CONTENT_DISPOSITION, name)];
    Ok((headers, Body::from_stream(pages)).into_response())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn cells_are_quoted_and_begin_no_formula() {
        let members = json!({ "a": "x", "b": "a,\"b\"\n", "c": null, "d": 7, "e": "=1+1", "f": true, "g": "-x" });
        assert_eq!(csv_line(members.as_object().unwrap()), "x,\"a,\"\"b\"\"\n\",,7,'=1+1,true,'-x\r\n");
    }
}

//! JSON bodies, with error messages that never contain the request's values.

use std::sync::Arc;

use axum::{
    body::{Body, HttpBody as _},
    extract::{FromRequest, OptionalFromRequest, Request},
    http::{HeaderMap, header},
    response::{IntoResponse, Response},
};
use http_body_util::BodyExt;
use patchbay_connector::{json_tree, nearest};
use patchbay_engine::{Error, ErrorCode, LARGE_BODY_BYTES, Problem, memory_spent, work_away};
use patchbay_model::{FREE_BYTES, MemorySpent, Reservation};
use serde::de::DeserializeOwned;
use tokio::time::{Duration, Instant, timeout_at};
use zeroize::{Zeroize, Zeroizing};

use super::{ignored::IgnoredFields, lenient::Lenient, prefer::is_strict};
use crate::{
    config::ServerConfig,
    error::{ApiError, HubError},
    state::AppState,
};

/// The part of an oversized body that is read and discarded, in bytes.
const MAX_DRAINED_BYTES: usize = 64 * 1024 * 1024;
/// The largest body of a request without a key, in bytes: anyone can send one.
pub(crate) const MAX_SMALL_BODY_BYTES: usize = 16 * 1024;
/// The largest body of the Hub API, in bytes. A form has a few values of at most 64 KiB.
const MAX_HUB_BODY_BYTES: usize = 1024 * 1024;
/// The largest body of a route that reads or changes the configuration, in bytes.
const MAX_CONFIGURATION_BODY_BYTES: usize = 1024 * 1024;
/// The longest wait for the next chunk of a body. A client that sends byte by byte holds a connection that others need.
const CHUNK_TIMEOUT: Duration = Duration::from_secs(30);
/// The longest time that a whole body may take.
const BODY_TIMEOUT: Duration = Duration::from_mins(10);

/// Returns the largest body of the Hub API, in bytes.
pub(crate) fn hub_body_limit(config: &ServerConfig) -> usize {
    config.body_limit_bytes.min(MAX_HUB_BODY_BYTES)
}

/// A JSON body of the API that describes the configuration: it is small. An unknown member is an error.
pub(crate) struct ApiJson<T>(pub(crate) T);

/// A JSON body of the API that is a list, otherwise as [`ApiJson`].
pub(crate) struct ApiList<T>(pub(crate) Vec<T>);

/// A JSON body of a route of the original contract. Unknown members are ignored, and the response names them.
pub(crate) struct WireJson<T>(pub(crate) T);

/// A JSON body of the API that contains data for a provider, as large as the operator allows; and its memory if it is large.
/// Unknown members are ignored, and the response names them.
pub(crate) struct DataJson<T>(pub(crate) T, pub(crate) Option<Arc<Reservation>>);

/// A small JSON body of the API, for requests without a key.
pub(crate) struct SmallJson<T>(pub(crate) T);

/// A JSON body of the Hub API. Unknown members are ignored, and the response names them.
pub(crate) struct HubJson<T>(pub(crate) T);

/// The bytes of a body. They are wiped after use and whenever the buffer grows, because they may contain secrets. A large
/// body reserves its memory.
#[derive(Debug, Default)]
pub(crate) struct BodyBuffer {
    bytes: Zeroizing<Vec<u8>>,
    memory: Reservation,
}

impl BodyBuffer {
    /// Appends bytes. `limit` is how many there are at most: until then the capacity doubles.
    ///
    /// # Errors
    ///
    /// [`MemorySpent`] if the process has no memory left for them.
    fn extend(&mut self, data: &[u8], limit: usize) -> Result<(), MemorySpent> {
        let (length, before) = (self.bytes.len() + data.len(), self.bytes.capacity());
        if before < length {
            let capacity = length.max((before * 2).min(limit));
            // Both buffers exist until the bytes are copied.
            self.memory.grow_to(before + capacity)?;
            let mut grown = Vec::with_capacity(capacity);
            grown.extend_from_slice(&self.bytes);
            self.bytes.zeroize();
            *self.bytes = grown;
            self.memory.shrink_to(capacity);
        }
        self.bytes.extend_from_slice(data);
        Ok(())
    }
}

impl AsRef<[u8]> for BodyBuffer {
    fn as_ref(&self) -> &[u8] {
        &self.bytes
    }
}

impl std::ops::Deref for BodyBuffer {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.bytes
    }
}

impl<T: DeserializeOwned + Send + 'static> FromRequest<AppState> for ApiJson<T> {
    type Rejection = Response;

    async fn from_request(request: Request, state: &AppState) -> Result<Self, Response> {
        let limit = state.config.body_limit_bytes.min(MAX_CONFIGURATION_BODY_BYTES);
        let body = read(request, limit, Unknown::Error).await;
        body.map(|(body, _)| Self(body)).map_err(|error| ApiError::from(error).into_response())
    }
}

impl<T: DeserializeOwned + Send + 'static> FromRequest<AppState> for ApiList<T> {
    type Rejection = Response;

    async fn from_request(request: Request, state: &AppState) -> Result<Self, Response> {
        let limit = state.config.body_limit_bytes.min(MAX_CONFIGURATION_BODY_BYTES);
        let body = read(request, limit, Unknown::ErrorInList).await;
        body.map(|(body, _)| Self(body)).map_err(|error| ApiError::from(error).into_response())
    }
}

impl<T: DeserializeOwned + Send + 'static> FromRequest<AppState> for WireJson<T> {
    type Rejection = Response;

    async fn from_request(request: Request, state: &AppState) -> Result<Self, Response> {
        let limit = state.config.body_limit_bytes.min(MAX_CONFIGURATION_BODY_BYTES);
        let body = read(request, limit, Unknown::Ignored).await;
        body.map(|(body, _)| Self(body)).map_err(|error| ApiError::from(error).into_response())
    }
}

impl<T: DeserializeOwned + Send + 'static> FromRequest<AppState> for DataJson<T> {
    type Rejection = Response;

    async fn from_request(request: Request, state: &AppState) -> Result<Self, Response> {
        let body = read(request, state.config.body_limit_bytes, Unknown::Ignored).await;
        let (body, memory) = body.map_err(|error| ApiError::from(error).into_response())?;
        Ok(Self(body, Some(memory).filter(|memory| memory.bytes() > 0).map(Arc::new)))
    }
}

impl<T: DeserializeOwned + Send + 'static> FromRequest<AppState> for SmallJson<T> {
    type Rejection = Response;

    async fn from_request(request: Request, _: &AppState) -> Result<Self, Response> {
        let body = read(request, MAX_SMALL_BODY_BYTES, Unknown::Error).await;
        body.map(|(body, _)| Self(body)).map_err(|error| ApiError::from(error).into_response())
    }
}

impl<T: DeserializeOwned + Send + 'static> FromRequest<AppState> for HubJson<T> {
    type Rejection = Response;

    async fn from_request(request: Request, state: &AppState) -> Result<Self, Response> {
        let body = read(request, hub_body_limit(&state.config), Unknown::Ignored).await;
        body.map(|(body, _)| Self(body)).map_err(|error| HubError::from(error).into_response())
    }
}

/// An optional body: an empty body, and one that is not JSON, is `None`.
impl<T: DeserializeOwned + Send + 'static> OptionalFromRequest<AppState> for HubJson<T> {
    type Rejection = Response;

    async fn from_request(request: Request, state: &AppState) -> Result<Option<Self>, Response> {
        if !is_json(request.headers()) || request.body().is_end_stream() {
            return Ok(None);
        }
        <Self as FromRequest<AppState>>::from_request(request, state).await.map(Some)
    }
}

/// The treatment of unknown members of a body, which is an object unless it says otherwise.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Unknown {
    /// They are ignored, and the response names them.
    Ignored,
    /// The first one is an error.
    Error,
    /// The body is a list; the first one in any of its items is an error.
    ErrorInList,
}

/// Reads a body. Returns the memory of its values, too.
async fn read<T: DeserializeOwned + Send + 'static>(
    request: Request,
    limit: usize,
    unknown: Unknown,
) -> Result<(T, Reservation), Error> {
    if !is_json(request.headers()) {
        return Err(Error::new(
            ErrorCode::UnsupportedMediaType,
            "the body must be JSON: send the header content-type: application/json",
        ));
    }
    let unknown = match unknown {
        Unknown::Ignored if is_strict(request.headers()) => Unknown::Error,
        unknown => unknown,
    };
    let places = (unknown == Unknown::Ignored).then(|| IgnoredFields::of(request.extensions()));
    let bytes = collect(request.into_body(), limit).await?;
    let Parsed { value, ignored, memory } = parse_away(bytes, unknown).await?;
    if let Some(places) = places.filter(|_| !ignored.is_empty()) {
        places.add("body", ignored);
    }
    Ok((value, memory))
}

/// A body that was parsed.
pub(super) struct Parsed<T> {
    pub(super) value: T,
    /// The names of the members that were ignored.
    ignored: Vec<String>,
    /// The memory of its values.
    memory: Reservation,
}

/// Parses a JSON body: a large one on another thread, so that the calls of this thread continue.
///
/// # Errors
///
/// The errors of [`parse`].
pub(super) async fn parse_away<T: DeserializeOwned + Send + 'static>(
    bytes: BodyBuffer,
    unknown: Unknown,
) -> Result<Parsed<T>, Error> {
    if bytes.len() <= LARGE_BODY_BYTES {
        return parse(&bytes, unknown);
    }
    work_away(move || parse(&bytes, unknown)).await?
}

/// Reads the whole body. If it is too large, the rest is read for a while and discarded: a client that is still sending
/// would otherwise see a broken connection and not the response.
///
/// # Errors
///
/// 400 `ValidationError` if the connection broke, 408 `BodyTimeoutError`, 413 `PayloadTooLargeError`, 503 `ServerBusyError`
/// if the process has no memory left for it.
pub(crate) async fn collect(mut body: Body, limit: usize) -> Result<BodyBuffer, Error> {
    let (mut buffer, mut received) = (Ok(BodyBuffer::default()), 0_usize);
    let deadline = Instant::now() + BODY_TIMEOUT;
    loop {
        let frame = timeout_at(deadline.min(Instant::now() + CHUNK_TIMEOUT), body.frame()).await;
        let Some(frame) = frame.map_err(|_| body_timeout())? else { break };
        let incomplete = |_| Error::new(ErrorCode::Validation, "the body is incomplete");
        let Ok(data) = frame.map_err(incomplete)?.into_data() else { continue };
        received = received.saturating_add(data.len());
        if received <= limit {
            if let Ok(bytes) = &mut buffer
                && let Err(spent) = bytes.extend(&data, limit)
            {
                buffer = Err(spent);
            }
        } else if received > limit.saturating_add(MAX_DRAINED_BYTES) {
            break;
        }
    }
    if received <= limit {
        return buffer.map_err(|spent| memory_spent("the body was not read", spent));
    }
    let message = match limit / 1024 {
        kibibytes @ ..1024 => format!("the body is larger than {kibibytes} KiB, the limit of this operation"),
        1024 => "the body is larger than 1 MiB, the limit of this operation".to_owned(),
        kibibytes => format!(
            "the body is larger than the limit of {} MiB; the operator can raise it (limits.bodyMebibytes)",
            kibibytes / 1024
        ),
    };
    Err(Error::new(ErrorCode::PayloadTooLarge, message))
}

fn body_timeout() -> Error {
    let message = format!(
        "the body did not arrive in time: each chunk must arrive within {} seconds, the whole within {} minutes",
        CHUNK_TIMEOUT.as_secs(),
        BODY_TIMEOUT.as_secs() / 60
    );
    Error::new(ErrorCode::BodyTimeout, message)
}

/// Parses a JSON body.
///
/// # Errors
///
/// 400 `MalformedJsonError` if it is not JSON, 400 `ValidationError` if it is not what `T` reads, 413 `PayloadTooLargeError`
/// if its values would take too much memory, 503 `ServerBusyError` if the process has no memory left for them.
fn parse<T: DeserializeOwned>(bytes: &[u8], unknown: Unknown) -> Result<Parsed<T>, Error> {
    let bytes = json_tree::without_mark(bytes);
    let is_list = bytes.trim_ascii_start().first() == Some(&b'[');
    match (bytes.trim_ascii().is_empty(), is_list, unknown == Unknown::ErrorInList) {
        // serde would read a list as the members in declaration order.
        (_, true, false) => {
            return Err(Error::new(ErrorCode::Validation, "the body must be a JSON object, not a list"));
        }
        (true, _, false) => return Err(Error::new(ErrorCode::MalformedJson, "the body is empty; send a JSON object")),
        (true, _, true) => return Err(Error::new(ErrorCode::MalformedJson, "the body is empty; send a JSON list")),
        (false, false, true) => return Err(Error::new(ErrorCode::Validation, "the body must be a JSON list")),
        (false, _, _) => {}
    }
    let memory = claim(bytes)?;
    let mut deserializer = serde_json::Deserializer::from_slice(bytes);
    let (mut track, mut ignored) = (serde_path_to_error::Track::new(), Vec::new());
    let lenient = Lenient {
        inner: serde_path_to_error::Deserializer::new(&mut deserializer, &mut track),
        ignored: (unknown == Unknown::Ignored).then_some(&mut ignored),
    };
    let value = T::deserialize(lenient).map_err(|inner| {
        let path = track.path().to_string();
        if inner.is_data() {
            let text = inner.to_string();
            let (code, message) = deserialize_error(text.split(" at line ").next().unwrap_or_default());
            let path = if path == "." { "body".to_owned() } else { format!("body.{path}") };
            let problem = Problem { path: path.as_str().into(), code, message: message.clone() };
            return Error::new(ErrorCode::Validation, format!("{path}: {message}")).with_problems(vec![problem]);
        }
        let message = format!("the body is not valid JSON (line {}, column {})", inner.line(), inner.column());
        Error::new(ErrorCode::MalformedJson, message)
    })?;
    deserializer.end().map_err(|error| {
        let message = format!("the body continues after its JSON (line {}, column {})", error.line(), error.column());
        Error::new(ErrorCode::MalformedJson, message)
    })?;
    Ok(Parsed { value, ignored, memory })
}

/// Reserves the memory of a body's values, if it is large.
///
/// # Errors
///
/// 413 `PayloadTooLargeError` if its values would take too much memory, 503 `ServerBusyError` if the process has no memory
/// left for them.
pub(crate) fn claim(bytes: &[u8]) -> Result<Reservation, Error> {
    let mut memory = Reservation::default();
    if bytes.len() > FREE_BYTES {
        let size = json_tree::measure(bytes).map_err(|large| {
            Error::new(ErrorCode::PayloadTooLarge, format!("the body cannot be read: {large}; send less"))
        })?;
        memory.grow_to(size).map_err(|spent| memory_spent("the body was not read", spent))?;
    }
    Ok(memory)
}

/// Returns a problem's code and message for an error of serde: without the request's values, which may be secret, and with
/// the most similar name.
fn deserialize_error(serde_text: &str) -> (&'static str, String) {
    let quoted = |text: &str| text.split('`').nth(1).unwrap_or_default().to_owned();
    if serde_text.starts_with("missing field") {
        return ("required", format!("`{}` is required", quoted(serde_text)));
    }
    if let Some((unknown, known)) =
        serde_text.strip_prefix("unknown field ").and_then(|rest| rest.split_once(", expected "))
    {
        let unknown = quoted(unknown);
        let known = known.split('`').skip(1).step_by(2).collect::<Vec<_>>();
        let hint = match nearest(&unknown, known.iter().copied()) {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!("the fields are: {}", known.join(", ")),
        };
        return ("unknown_field", format!("unknown field `{unknown}`; {hint}"));
    }
    match serde_text.split_once(", expected ") {
        Some((_, expected)) => ("type", format!("expected {}", json_type(expected))),
        None => ("invalid", "it is not valid".to_owned()),
    }
}

/// Returns the JSON name of what serde expects in the words of Rust.
fn json_type(expected: &str) -> &str {
    match expected.strip_prefix("a ").unwrap_or(expected).split(' ').next().unwrap_or_default() {
        "i8" | "i16" | "i32" | "i64" | "i128" | "isize" => "a whole number",
        "u8" | "u16" | "u32" | "u64" | "u128" | "usize" => "a whole number that is not negative",
        "f32" | "f64" | "number" => "a number",
        "bool" | "boolean" => "true or false",
        "string" | "borrowed" | "character" => "a string",
        "struct" | "map" => "an object",
        "sequence" | "tuple" => "a list",
        "unit" => "null",
        "any" => "another value",
        _ => expected,
    }
}

pub(super) fn is_json(headers: &HeaderMap) -> bool {
    let kind = content_type(headers);
    kind == "application/json" || (kind.starts_with("application/") && kind.ends_with("+json"))
}

/// Returns the media type without its parameters, in lower case; empty if the header is missing.
pub(super) fn content_type(headers: &HeaderMap) -> String {
    let value = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    value.split(';').next().unwrap_or_default().trim().to_ascii_lowercase()
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::*;

    #[derive(Deserialize, Debug)]
    #[serde(deny_unknown_fields)]
    #[expect(dead_code, reason = "only read")]
    struct NamedBody {
        name: String,
        count: u32,
    }

    #[test]
    fn values_of_the_request_are_never_in_the_message() {
        for (body, message) in [
            (r#"{"name": "a", "count": "s3cret"}"#, "body.count: expected a whole number that is not negative"),
            (r#"{"name": "a"}"#, "body: `count` is required"),
            (r#"{"name": "a", "count": 1, "nmae": "s3cret"}"#, "body.nmae: unknown field `nmae`; did you mean `name`?"),
            (r#"["s3cret", 1]"#, "the body must be a JSON object, not a list"),
            (r#"{"name": "s3cret"#, "the body is not valid JSON (line 1, column 16)"),
        ] {
            let error = parse::<NamedBody>(body.as_bytes(), Unknown::Error).map(|_| ()).unwrap_err();
            assert_eq!(error.message, message);
        }
    }

    #[test]
    fn messages_name_json_types() {
        #[derive(Deserialize, Debug, Default)]
        #[serde(default)]
        struct EveryType {
            whole: i64,
            count: u16,
            float: f64,
            truth: bool,
            text: String,
            list: Vec<String>,
            map: std::collections::BTreeMap<String, u8>,
            object: Inner,
            optional: Option<i32>,
            metadata: serde_json::Map<String, serde_json::Value>,
        }
        #[derive(Deserialize, Debug, Default)]
        #[expect(dead_code, reason = "only read")]
        struct Inner {
            x: u8,
        }
        for (body, message) in [
            (r#"{"whole": "s3cret"}"#, "body.whole: expected a whole number"),
            (r#"{"whole": 1.5}"#, "body.whole: expected a whole number"),
            (r#"{"count": -1}"#, "body.count: expected a whole number that is not negative"),
            (r#"{"count": 70000}"#, "body.count: expected a whole number that is not negative"),
            (r#"{"float": "s3cret"}"#, "body.float: expected a number"),
            (r#"{"truth": "s3cret"}"#, "body.truth: expected true or false"),
            (r#"{"text": {"s3cret": 1}}"#, "body.text: expected a string"),
            (r#"{"list": "s3cret"}"#, "body.list: expected a list"),
            (r#"{"map": "s3cret"}"#, "body.map: expected an object"),
            (r#"{"object": "s3cret"}"#, "body.object: expected an object"),
            (r#"{"object": {"x": "s3cret"}}"#, "body.object.x: expected a whole number that is not negative"),
            (r#"{"optional": "s3cret"}"#, "body.optional: expected a whole number"),
            (r#"{"metadata": "s3cret"}"#, "body.metadata: expected an object"),
            (r#""s3cret""#, "body: expected an object"),
            ("5", "body: expected an object"),
        ] {
            let error = parse::<EveryType>(body.as_bytes(), Unknown::Error).map(|_| ()).unwrap_err();
            assert_eq!(error.message, message, "{body}");
        }
    }

    #[test]
    fn unknown_members_are_returned_or_refused() {
        #[derive(Deserialize, Debug)]
        #[expect(dead_code, reason = "only read")]
        struct Known {
            name: String,
        }
        let body = br#"{"name": "a", "nmae": "s3cret"}"#;
        assert_eq!(parse::<Known>(body, Unknown::Ignored).unwrap().ignored, ["nmae"]);
        let error = parse::<Known>(body, Unknown::Error).map(|_| ()).unwrap_err();
        assert_eq!(error.message, "body.nmae: unknown field `nmae`; did you mean `name`?");
        assert_eq!(error.problems[0].code, "unknown_field");
    }

    #[tokio::test]
    async fn a_large_body_of_empty_values_is_refused() {
        let body = format!("{{\"name\": [{}{{}}]}}", "{},".repeat(5_000_000));
        let mut buffer = BodyBuffer::default();
        buffer.extend(body.as_bytes(), body.len()).unwrap();
        let error = parse_away::<serde_json::Value>(buffer, Unknown::Error).await.map(|_| ()).unwrap_err();
        assert_eq!(error.code, ErrorCode::PayloadTooLarge);
        assert!(error.message.contains("too many small values"), "{}", error.message);
    }

    fn slow_body(every: Duration, pieces: usize) -> axum::body::Body {
        axum::body::Body::from_stream(futures_util::stream::unfold(0, move |sent| async move {
            tokio::time::sleep(every).await;
            (sent < pieces).then_some((Ok::<_, std::io::Error>(bytes::Bytes::from_static(b"x")), sent + 1))
        }))
    }

    fn code(outcome: Result<BodyBuffer, Error>) -> Option<ErrorCode> {
        outcome.err().map(|error| error.code)
    }

    #[tokio::test(start_paused = true)]
    async fn slow_bodies_time_out() {
        let slow = collect(slow_body(Duration::from_secs(29), 5), 10).await;
        assert_eq!(&*slow.ok().unwrap(), b"xxxxx");
        let stopped = collect(slow_body(Duration::from_secs(31), 5), 10).await;
        assert_eq!(code(stopped), Some(ErrorCode::BodyTimeout));
        let endless = collect(slow_body(Duration::from_secs(29), usize::MAX), 10).await;
        assert_eq!(code(endless), Some(ErrorCode::BodyTimeout));
    }
}

//! JSON bodies, with our own words for what is wrong with them.

use axum::{
    body::{Body, HttpBody as _},
    extract::{FromRequest, OptionalFromRequest, Request},
    http::{HeaderMap, header},
    response::{IntoResponse, Response},
};
use bytes::BytesMut;

use http_body_util::BodyExt;
use patchbay_connector::nearest;
use patchbay_engine::{Error, ErrorCode, Problem};
use serde::de::DeserializeOwned;
use tokio::time::{Duration, Instant, timeout_at};

use crate::{
    error::{ApiError, HubError},
    state::AppState,
};

/// How much of a body that is too large is read and thrown away, in bytes.
const DRAINED: usize = 64 * 1024 * 1024;
/// The largest body of those who need not be known yet, in bytes: anyone may send one.
pub(crate) const SMALL: usize = 16 * 1024;
/// How long the next piece of a body may take, and the whole of it. Who sends byte by byte holds a place that others
/// wait for.
const PIECE: Duration = Duration::from_secs(30);
const WHOLE: Duration = Duration::from_mins(10);

/// A JSON body of the API.
pub(crate) struct ApiJson<T>(pub(crate) T);

/// A small JSON body of the API, for requests that come before anyone is known.
pub(crate) struct SmallJson<T>(pub(crate) T);

/// A JSON body of the Hub API.
pub(crate) struct HubJson<T>(pub(crate) T);

impl<T: DeserializeOwned> FromRequest<AppState> for ApiJson<T> {
    type Rejection = Response;

    async fn from_request(request: Request, state: &AppState) -> Result<Self, Response> {
        read(request, state.config.body_limit_bytes)
            .await
            .map(Self)
            .map_err(|error| ApiError::from(error).into_response())
    }
}

impl<T: DeserializeOwned> FromRequest<AppState> for SmallJson<T> {
    type Rejection = Response;

    async fn from_request(request: Request, _: &AppState) -> Result<Self, Response> {
        read(request, SMALL).await.map(Self).map_err(|error| ApiError::from(error).into_response())
    }
}

impl<T: DeserializeOwned> FromRequest<AppState> for HubJson<T> {
    type Rejection = Response;

    async fn from_request(request: Request, state: &AppState) -> Result<Self, Response> {
        read(request, state.config.body_limit_bytes)
            .await
            .map(Self)
            .map_err(|error| HubError::from(error).into_response())
    }
}

/// A body that may be left out: nothing, or something that is not JSON, is none.
impl<T: DeserializeOwned> OptionalFromRequest<AppState> for HubJson<T> {
    type Rejection = Response;

    async fn from_request(request: Request, state: &AppState) -> Result<Option<Self>, Response> {
        if !is_json(request.headers()) || request.body().is_end_stream() {
            return Ok(None);
        }
        <Self as FromRequest<AppState>>::from_request(request, state).await.map(Some)
    }
}

async fn read<T: DeserializeOwned>(request: Request, limit: usize) -> Result<T, Error> {
    if !is_json(request.headers()) {
        return Err(Error::new(
            ErrorCode::UnsupportedMediaType,
            "the body must be JSON: send the header content-type: application/json",
        ));
    }
    let bytes = collect(request.into_body(), limit).await?;
    parse(&bytes)
}

/// The whole body. One that is too large is read on for a while and thrown away: a client that is still
/// sending would see a broken connection in place of the answer.
pub(crate) async fn collect(mut body: Body, limit: usize) -> Result<BytesMut, Error> {
    let (mut kept, mut seen) = (BytesMut::new(), 0_usize);
    let end = Instant::now() + WHOLE;
    loop {
        let frame = timeout_at(end.min(Instant::now() + PIECE), body.frame()).await.map_err(|_| too_slow())?;
        let Some(frame) = frame else { break };
        let cut = |_| Error::new(ErrorCode::Validation, "the body was cut short");
        let Ok(data) = frame.map_err(cut)?.into_data() else { continue };
        seen = seen.saturating_add(data.len());
        if seen <= limit {
            kept.extend_from_slice(&data);
        } else if seen > limit.saturating_add(DRAINED) {
            break;
        }
    }
    if seen <= limit {
        return Ok(kept);
    }
    let message = match limit / 1024 {
        small @ ..1024 => format!("the body is larger than the {small} KiB that are taken here"),
        large => format!(
            "the body is larger than the limit of {} MiB; the operator can raise it (limits.bodyMebibytes)",
            large / 1024
        ),
    };
    Err(Error::new(ErrorCode::PayloadTooLarge, message))
}

fn too_slow() -> Error {
    let message = format!(
        "the body did not come in time: each piece must come within {} seconds, the whole within {} minutes",
        PIECE.as_secs(),
        WHOLE.as_secs() / 60
    );
    Error::new(ErrorCode::BodyTimeout, message)
}

pub(super) fn parse<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Error> {
    // serde would read a list as the members in their order.
    if bytes.trim_ascii_start().first() == Some(&b'[') {
        return Err(Error::new(ErrorCode::Validation, "the body must be a JSON object, not a list"));
    }
    let mut deserializer = serde_json::Deserializer::from_slice(bytes);
    let value = serde_path_to_error::deserialize(&mut deserializer).map_err(|error| {
        let path = error.path().to_string();
        let inner = error.into_inner();
        if inner.is_data() {
            let said = inner.to_string();
            let (code, message) = in_our_words(said.split(" at line ").next().unwrap_or_default());
            let path = if path == "." { "body".to_owned() } else { format!("body.{path}") };
            let problem = Problem { path: path.clone(), code, message: message.clone() };
            return Error::new(ErrorCode::Validation, format!("{path}: {message}")).with_problems(vec![problem]);
        }
        let message = format!("the body is not valid JSON (line {}, column {})", inner.line(), inner.column());
        Error::new(ErrorCode::MalformedJson, message)
    })?;
    deserializer.end().map_err(|error| {
        let message = format!("the body goes on after its JSON (line {}, column {})", error.line(), error.column());
        Error::new(ErrorCode::MalformedJson, message)
    })?;
    Ok(value)
}

/// What serde says, without the request's values, which may be secret, and with the nearest name.
fn in_our_words(said: &str) -> (&'static str, String) {
    let quoted = |text: &str| text.split('`').nth(1).unwrap_or_default().to_owned();
    if said.starts_with("missing field") {
        return ("required", format!("`{}` is required", quoted(said)));
    }
    if let Some((unknown, known)) = said.strip_prefix("unknown field ").and_then(|rest| rest.split_once(", expected "))
    {
        let unknown = quoted(unknown);
        let known = known.split('`').skip(1).step_by(2).collect::<Vec<_>>();
        let hint = match nearest(&unknown, known.iter().copied()) {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!("the fields are: {}", known.join(", ")),
        };
        return ("unknown_field", format!("there is no field `{unknown}`; {hint}"));
    }
    match said.split_once(", expected ") {
        Some((_, expected)) => ("type", format!("expected {expected}")),
        None => ("invalid", "it is not valid".to_owned()),
    }
}

pub(super) fn is_json(headers: &HeaderMap) -> bool {
    let kind = content_type(headers);
    kind == "application/json" || (kind.starts_with("application/") && kind.ends_with("+json"))
}

/// The media type without its parameters, in lower case; empty where there is none.
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
    struct Body {
        name: String,
        count: u32,
    }

    #[test]
    fn values_of_the_request_are_never_in_the_message() {
        for (body, message) in [
            (r#"{"name": "a", "count": "s3cret"}"#, "body.count: expected u32"),
            (r#"{"name": "a"}"#, "body: `count` is required"),
            (
                r#"{"name": "a", "count": 1, "nmae": "s3cret"}"#,
                "body.nmae: there is no field `nmae`; did you mean `name`?",
            ),
            (r#"["s3cret", 1]"#, "the body must be a JSON object, not a list"),
            (r#"{"name": "s3cret"#, "the body is not valid JSON (line 1, column 16)"),
        ] {
            assert_eq!(parse::<Body>(body.as_bytes()).unwrap_err().message, message);
        }
    }

    fn dripping(every: Duration, pieces: usize) -> axum::body::Body {
        axum::body::Body::from_stream(futures_util::stream::unfold(0, move |sent| async move {
            tokio::time::sleep(every).await;
            (sent < pieces).then_some((Ok::<_, std::io::Error>(bytes::Bytes::from_static(b"x")), sent + 1))
        }))
    }

    fn code(outcome: Result<BytesMut, Error>) -> Option<ErrorCode> {
        outcome.err().map(|error| error.code)
    }

    #[tokio::test(start_paused = true)]
    async fn a_body_that_drips_ends() {
        let slow = collect(dripping(Duration::from_secs(29), 5), 10).await;
        assert_eq!(slow.ok().as_deref(), Some(&b"xxxxx"[..]));
        let stopped = collect(dripping(Duration::from_secs(31), 5), 10).await;
        assert_eq!(code(stopped), Some(ErrorCode::BodyTimeout));
        let endless = collect(dripping(Duration::from_secs(29), usize::MAX), 10).await;
        assert_eq!(code(endless), Some(ErrorCode::BodyTimeout));
    }
}

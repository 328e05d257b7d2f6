//! JSON bodies, with our own words for what is wrong with them.

use axum::{
    body::Bytes,
    extract::{FromRequest, Request},
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
};
use http_body_util::{BodyExt, LengthLimitError, Limited};
use patchbay_engine::{Error, ErrorKind, Problem};
use serde::de::DeserializeOwned;

use crate::{
    error::{ApiError, HubError, body, refuse},
    state::AppState,
};

/// A JSON body of the API.
pub(crate) struct ApiJson<T>(pub(crate) T);

/// A JSON body of the Hub API.
pub(crate) struct HubJson<T>(pub(crate) T);

/// Why a body is refused: an engine-style error, or a status that the engine has no kind for.
pub(crate) enum BodyRefusal {
    Invalid(Error),
    Status(StatusCode, &'static str, String),
}

impl<T: DeserializeOwned> FromRequest<AppState> for ApiJson<T> {
    type Rejection = Response;

    async fn from_request(request: Request, state: &AppState) -> Result<Self, Response> {
        match read(request, state.config.body_limit_bytes).await {
            Ok(value) => Ok(Self(value)),
            Err(BodyRefusal::Invalid(error)) => Err(ApiError::from(error).into_response()),
            Err(BodyRefusal::Status(status, code, message)) => {
                let mut whole = serde_json::to_value(body(&refuse(ErrorKind::Invalid, code, message), super::now())).unwrap_or_default();
                whole["statusCode"] = status.as_u16().into();
                whole["data"]["statusCode"] = status.as_u16().into();
                Err((status, axum::Json(whole)).into_response())
            }
        }
    }
}

impl<T: DeserializeOwned> FromRequest<AppState> for HubJson<T> {
    type Rejection = Response;

    async fn from_request(request: Request, state: &AppState) -> Result<Self, Response> {
        match read(request, state.config.body_limit_bytes).await {
            Ok(value) => Ok(Self(value)),
            Err(BodyRefusal::Invalid(error)) => Err(HubError::from(error).into_response()),
            Err(BodyRefusal::Status(status, code, message)) => {
                let body = serde_json::json!({ "statusCode": status.as_u16(), "message": message, "errorCode": code });
                Err((status, axum::Json(body)).into_response())
            }
        }
    }
}

async fn read<T: DeserializeOwned>(request: Request, limit: usize) -> Result<T, BodyRefusal> {
    if !is_json(request.headers()) {
        return Err(BodyRefusal::Status(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "UnsupportedMediaTypeError",
            "the body must be JSON: send the header content-type: application/json".to_owned(),
        ));
    }
    let collected = Limited::new(request.into_body(), limit).collect().await;
    let bytes: Bytes = match collected {
        Ok(collected) => collected.to_bytes(),
        Err(error) if error.is::<LengthLimitError>() => {
            let message = format!("the body is larger than the limit of {} MiB; the operator can raise it (limits.bodyMebibytes)", limit / 1024 / 1024);
            return Err(BodyRefusal::Status(StatusCode::PAYLOAD_TOO_LARGE, "PayloadTooLargeError", message));
        }
        Err(_) => return Err(BodyRefusal::Invalid(refuse(ErrorKind::Invalid, "ValidationError", "the body was cut short"))),
    };
    parse(&bytes).map_err(BodyRefusal::Invalid)
}

fn parse<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Error> {
    let mut deserializer = serde_json::Deserializer::from_slice(bytes);
    let value = serde_path_to_error::deserialize(&mut deserializer).map_err(|error| {
        let path = error.path().to_string();
        let inner = error.into_inner();
        if inner.is_data() {
            // serde's words end with the place; a value of the request is never in them but for names.
            let message = inner.to_string();
            let message = message.split(" at line ").next().unwrap_or_default().to_owned();
            let path = if path == "." { "body".to_owned() } else { format!("body.{path}") };
            let problem = Problem { path: path.clone(), code: "invalid", message: message.clone() };
            return refuse(ErrorKind::Invalid, "ValidationError", format!("{path}: {message}")).with_problems(vec![problem]);
        }
        let message = format!("the body is not valid JSON (line {}, column {})", inner.line(), inner.column());
        refuse(ErrorKind::Invalid, "MalformedJsonError", message)
    })?;
    deserializer.end().map_err(|error| {
        let message = format!("the body goes on after its JSON (line {}, column {})", error.line(), error.column());
        refuse(ErrorKind::Invalid, "MalformedJsonError", message)
    })?;
    Ok(value)
}

fn is_json(headers: &HeaderMap) -> bool {
    let Some(value) = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()) else { return false };
    let kind = value.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    kind == "application/json" || (kind.starts_with("application/") && kind.ends_with("+json"))
}

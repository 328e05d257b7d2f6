//! The raw proxy.

use std::time::Duration;

use axum::{
    body::Body,
    extract::State,
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
};
use bytes::{BufMut, Bytes, BytesMut};
use futures_util::stream;
use patchbay_connector::definition::HttpMethod;
use patchbay_engine::{Engine, Error, ProxyOutcome, ProxyRequest};
use serde::Deserialize;
use serde_json::{Map, Value, value::RawValue};
use utoipa::ToSchema;

use super::wire;
use crate::{
    error::{ApiError, ErrorBody, body},
    extract::{AccountHeader, ApiJson, Authenticated, Patience},
};

/// How often a heartbeat is sent.
const HEARTBEAT: Duration = Duration::from_secs(10);

/// A request to the provider's own host.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Proxied {
    /// A base URL on the connector's host, in place of the connector's own.
    #[serde(default)]
    url: Option<String>,
    /// get, post, put, patch or delete; get when absent.
    #[serde(default)]
    method: Option<String>,
    /// Path with query, beginning with `/`.
    #[serde(default)]
    path: Option<String>,
    /// Headers to add.
    #[serde(default)]
    #[schema(value_type = Option<Object>)]
    headers: Option<Map<String, Value>>,
    /// The JSON body, sent on as it stands here.
    #[serde(default)]
    #[schema(value_type = Option<Object>)]
    body: Option<Box<RawValue>>,
}

impl Proxied {
    fn into_request(self, account_id: patchbay_model::AccountId) -> Result<ProxyRequest, Error> {
        let method = match self.method.as_deref().unwrap_or("get").to_ascii_lowercase().as_str() {
            "get" => HttpMethod::Get,
            "post" => HttpMethod::Post,
            "put" => HttpMethod::Put,
            "patch" => HttpMethod::Patch,
            "delete" => HttpMethod::Delete,
            _ => return Err(wire::invalid("method", "method must be get, post, put, patch or delete")),
        };
        let mut headers = Vec::new();
        for (name, value) in self.headers.unwrap_or_default() {
            match value {
                Value::Null => {}
                Value::String(text) => headers.push((name, text)),
                Value::Number(_) | Value::Bool(_) => headers.push((name, value.to_string())),
                Value::Array(_) | Value::Object(_) => {
                    return Err(wire::invalid(&format!("headers.{name}"), "a header's value must be a text"));
                }
            }
        }
        let body =
            self.body.map(|raw| Bytes::from(Box::<str>::from(raw).into_string())).filter(|raw| raw.as_ref() != b"null");
        Ok(ProxyRequest {
            account_id,
            url: self.url,
            method,
            path: self.path.unwrap_or_else(|| "/".to_owned()),
            headers,
            body,
        })
    }
}

/// Sends a request to the provider with the account's credentials added.
#[utoipa::path(post, path = "/unified/proxy", tag = "Proxy", request_body = Proxied,
    params(
        ("x-account-id" = String, Header, description = "The account to act with."),
        ("prefer" = Option<String>, Header, description = "`heartbeat` keeps a long call open with newlines."),
        ("x-rate-limit-wait" = Option<u64>, Header, description = "How long, in milliseconds, a limit of the account may keep a request to the provider back; `0` fails at once with 429. As long as a call may take when absent."),
    ),
    responses(
        (status = 200, description = "`{status, headers, data}` as the provider answered, whatever its status.", body = Object),
        (status = 400, description = "The request is not valid, or leads to another host.", body = ErrorBody),
        (status = 412, description = "The account is suspended or its profile is disabled.", body = ErrorBody),
        (status = 429, description = "A limit of the account; the message says whose, `Retry-After` when to come back.", body = ErrorBody),
        (status = 502, description = "The provider cannot be reached.", body = ErrorBody),
    ))]
pub(crate) async fn send(
    State(engine): State<Engine>,
    Authenticated(caller): Authenticated,
    AccountHeader(account_id): AccountHeader,
    Patience(patience): Patience,
    headers: HeaderMap,
    ApiJson(proxied): ApiJson<Proxied>,
) -> Result<Response, ApiError> {
    let request = proxied.into_request(account_id)?;
    let wants_heartbeat = headers
        .get_all("prefer")
        .iter()
        .any(|value| value.to_str().is_ok_and(|value| value.to_ascii_lowercase().contains("heartbeat")));
    if !wants_heartbeat {
        let outcome = engine.run_proxy_within(&caller, request, patience).await?;
        return Ok(([(header::CONTENT_TYPE, "application/json")], written(&outcome)).into_response());
    }
    let call = async move {
        match engine.run_proxy_within(&caller, request, patience).await {
            Ok(outcome) => written(&outcome),
            // The status is on its way already; the error is in the body.
            Err(error) => serde_json::to_vec(&body(&error, crate::extract::now())).map(Bytes::from).unwrap_or_default(),
        }
    };
    let beats = stream::unfold(Some(Box::pin(call)), |call| async move {
        let mut call = call?;
        tokio::select! {
            answer = &mut call => Some((Ok::<_, std::convert::Infallible>(answer), None)),
            () = tokio::time::sleep(HEARTBEAT) => Some((Ok(Bytes::from_static(b"\n")), Some(call))),
        }
    });
    let headers = [(header::CONTENT_TYPE.as_str(), "application/json"), ("preference-applied", "heartbeat")];
    Ok((StatusCode::OK, headers, Body::from_stream(beats)).into_response())
}

/// `{"status":…,"headers":{…},"data":…}` with the provider's bytes as they are: they were checked to be JSON.
fn written(outcome: &ProxyOutcome) -> Bytes {
    let headers: Map<String, Value> =
        outcome.headers.iter().map(|(name, value)| (name.clone(), Value::from(value.as_str()))).collect();
    let headers = serde_json::to_vec(&headers).unwrap_or_else(|_| b"{}".to_vec());
    let mut out = BytesMut::with_capacity(outcome.body.len() + headers.len() + 48);
    out.put_slice(b"{\"status\":");
    out.put_slice(outcome.status.to_string().as_bytes());
    out.put_slice(b",\"headers\":");
    out.put_slice(&headers);
    out.put_slice(b",\"data\":");
    out.put_slice(&outcome.body);
    out.put_slice(b"}");
    out.freeze()
}

//! A running Patchbay's API, for commands that talk to it: through the guarded client, as everything that goes out.

use std::sync::Arc;

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Method, header};
use patchbay_egress::{EgressConfig, HttpClient, OutboundRequest};
use patchbay_model::{Clock, Entropy};
use patchbay_vault::Secret;
use serde_json::Value;
use tokio::time::{Duration, Instant};
use url::Url;

use crate::{Error, ErrorCode, runtime::IntoError as _};

/// How long an answer may take, in milliseconds.
const PATIENCE: u64 = 60_000;
/// The largest answer, in bytes.
const LARGEST: usize = 64 * 1024 * 1024;

/// A server, and a key of it.
pub struct Remote {
    http: HttpClient,
    base: Url,
    key: Secret,
}

/// What it answered: the status, and the body as JSON (its text where it is none).
#[derive(Clone, Debug)]
pub struct RemoteAnswer {
    /// The HTTP status.
    pub status: u16,
    /// The body.
    pub body: Value,
}

impl Remote {
    /// The server at `base`, which may be on a private network or this machine: whoever names it trusts it. `authorities`
    /// are PEM text, trusted beside those of the public web. 400
    /// `ValidationError` when it is no URL.
    pub fn new(
        base: &str,
        key: Secret,
        authorities: Option<String>,
        clock: Arc<dyn Clock>,
        entropy: Arc<dyn Entropy>,
    ) -> Result<Self, Error> {
        let wrong = |why: &str| {
            let message = format!("`{base}` {why}; write the server's URL, such as http://127.0.0.1:8080");
            Error::new(ErrorCode::Validation, message)
        };
        let url = Url::parse(base).map_err(|_| wrong("is not a URL"))?;
        if !matches!(url.scheme(), "http" | "https") || url.cannot_be_a_base() {
            return Err(wrong("is not an http or https URL"));
        }
        if !url.username().is_empty() || url.password().is_some() || url.query().is_some() {
            return Err(wrong("says more than where the server is"));
        }
        let config = EgressConfig {
            allowed_networks: Vec::new(),
            ca_pem: authorities,
            // Exactly this host and port are let through.
            upstreams: vec![(url.to_string(), url.to_string())],
            max_response_bytes: LARGEST,
        };
        Ok(Self { http: HttpClient::new(&config, clock, entropy)?, base: url, key })
    }

    /// Sends a request; the path's segments are escaped here. Any status is an answer, an error is that there was none.
    pub async fn send(&self, method: Method, path: &[&str], body: Option<&Value>) -> Result<RemoteAnswer, Error> {
        let mut url = self.base.clone();
        if let Ok(mut segments) = url.path_segments_mut() {
            segments.pop_if_empty().extend(path);
        }
        let mut headers = HeaderMap::new();
        let bearer = Secret::new(format!("Bearer {}", self.key.expose()));
        let mut authorization = HeaderValue::from_str(bearer.expose())
            .map_err(|_| Error::new(ErrorCode::Validation, "the API key holds characters that no header can carry"))?;
        authorization.set_sensitive(true);
        headers.insert(header::AUTHORIZATION, authorization);
        headers.insert(header::ACCEPT, HeaderValue::from_static("application/json"));
        let body = body.map(|body| {
            headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
            Bytes::from(body.to_string())
        });
        let idempotent = method == Method::GET;
        let outgoing =
            OutboundRequest { method, url, headers, body: body.unwrap_or_default(), idempotent, certificate: None };
        let deadline = Instant::now() + Duration::from_millis(PATIENCE);
        let answer = self.http.send(outgoing, deadline).await.map_err(|failure| failure.into_error("the server"))?;
        let text = || Value::String(String::from_utf8_lossy(&answer.body).into_owned());
        Ok(RemoteAnswer {
            status: answer.status.as_u16(),
            body: serde_json::from_slice(&answer.body).unwrap_or_else(|_| text()),
        })
    }
}

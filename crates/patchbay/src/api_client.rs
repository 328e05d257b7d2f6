//! The client of a running server's API, for the commands that use one. It obeys the egress policy like every request.

use std::sync::Arc;

use http::{HeaderMap, HeaderValue, Method, header};
use patchbay_egress::{EgressConfig, HttpClient, OutboundRequest, ProxyConfig, StreamingResponse};
use patchbay_engine::{Error, ErrorCode};
use patchbay_model::{Clock, Entropy};
use patchbay_runtime::IntoError as _;
use patchbay_vault::Secret;
use serde_json::Value;
use tokio::time::{Duration, Instant};
use url::Url;

/// The maximum time of a request.
const REQUEST_TIMEOUT: Duration = Duration::from_mins(1);
/// The maximum size of a response.
const MAX_RESPONSE_BYTES: usize = 64 * 1024 * 1024;

/// A client of one server, with an API key.
pub struct ApiClient {
    http: HttpClient,
    base: Url,
    key: Secret,
}

/// A response: its status, and its body as JSON, or as a string if it is not JSON.
#[derive(Clone, Debug)]
pub struct ServerResponse {
    /// The HTTP status.
    pub status: u16,
    /// The body.
    pub body: Value,
}

impl ApiClient {
    /// Creates a client of the server at `base`, which may be on a private network or on this machine: naming it is
    /// trusting it. `authorities` are CA certificates in PEM that are trusted in addition to the public ones.
    ///
    /// # Errors
    ///
    /// 400 `ValidationError` if `base` is not an http or https URL.
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
            return Err(wrong("must not contain a user, a password or a query"));
        }
        let config = EgressConfig {
            allowed_networks: Vec::new(),
            ca_pem: authorities,
            // Only this host and port are allowed.
            upstreams: vec![(url.to_string(), url.to_string())],
            max_response_bytes: MAX_RESPONSE_BYTES,
            proxy: ProxyConfig::default(),
        };
        Ok(Self { http: HttpClient::new(&config, clock, entropy)?, base: url, key })
    }

    /// Returns the URL of a path, whose segments are escaped here.
    fn url(&self, path: &[&str]) -> Url {
        let mut url = self.base.clone();
        if let Ok(mut segments) = url.path_segments_mut() {
            segments.pop_if_empty().extend(path);
        }
        url
    }

    fn authorization(&self) -> Result<HeaderValue, Error> {
        let bearer = Secret::new(format!("Bearer {}", self.key.expose()));
        let mut authorization = HeaderValue::from_str(bearer.expose()).map_err(|_| {
            Error::new(ErrorCode::Validation, "the API key contains characters that a header cannot contain")
        })?;
        authorization.set_sensitive(true);
        Ok(authorization)
    }

    /// Posts a body, and returns the response as soon as its head was received, with any status. `max_time` is for the head.
    ///
    /// # Errors
    ///
    /// An error of egress if there was no response.
    pub async fn post_streaming(
        &self,
        path: &[&str],
        query: &[(String, String)],
        mut headers: HeaderMap,
        body: Vec<u8>,
        max_time: Duration,
    ) -> Result<StreamingResponse, Error> {
        let mut url = self.url(path);
        if !query.is_empty() {
            url.query_pairs_mut().extend_pairs(query);
        }
        headers.insert(header::AUTHORIZATION, self.authorization()?);
        let body = body.into();
        let request =
            OutboundRequest { method: Method::POST, url, headers, body, idempotent: false, certificate: None };
        let response = self.http.send_streaming(request, None, Instant::now() + max_time, 0).await;
        response.map_err(|failure| failure.into_error("the server"))
    }

    /// Sends a request and returns the response with any status. The path's segments are escaped here.
    ///
    /// # Errors
    ///
    /// An error of egress if there was no response.
    pub async fn send(&self, method: Method, path: &[&str], body: Option<&Value>) -> Result<ServerResponse, Error> {
        let url = self.url(path);
        let mut headers = HeaderMap::new();
        headers.insert(header::AUTHORIZATION, self.authorization()?);
        headers.insert(header::ACCEPT, HeaderValue::from_static("application/json"));
        let body = body.map(|body| {
            headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
            body.to_string().into()
        });
        let idempotent = method == Method::GET;
        let request =
            OutboundRequest { method, url, headers, body: body.unwrap_or_default(), idempotent, certificate: None };
        let deadline = Instant::now() + REQUEST_TIMEOUT;
        let response = self.http.send(request, deadline).await.map_err(|failure| failure.into_error("the server"))?;
        let text = || Value::String(String::from_utf8_lossy(&response.body).into_owned());
        Ok(ServerResponse {
            status: response.status.as_u16(),
            body: serde_json::from_slice(&response.body).unwrap_or_else(|_| text()),
        })
    }
}

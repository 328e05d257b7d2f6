//! Planned faults: failures that a provider returns on demand.

use std::sync::{Arc, Mutex};

use axum::{
    body::{Body, Bytes},
    http::{HeaderName, HeaderValue, Response, StatusCode, header},
};
use futures_util::{StreamExt, stream};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;

/// A failure of a request.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum Fault {
    /// 429 with `Retry-After`, in seconds.
    RateLimited {
        /// Seconds.
        retry_after: u64,
    },
    /// Any status with any JSON body.
    Status {
        /// The status.
        status: u16,
        /// The JSON body; null for no body.
        #[serde(default)]
        body: Value,
        /// Additional headers.
        #[serde(default)]
        headers: Map<String, Value>,
    },
    /// Any status with any JSON body.
    Text {
        /// The status.
        status: u16,
        /// The content type.
        content_type: String,
        /// The body.
        body: String,
    },
    /// A delay before the normal response.
    Delay {
        /// Milliseconds.
        millis: u64,
    },
    /// A wait at a gate before the normal response. Only for tests in the simulator's process.
    #[serde(skip)]
    Hold(Gate),
    /// No response. The connection stays open.
    Hang,
    /// An HTML error page instead of JSON.
    Html,
    /// The page of a firewall or a reverse proxy, with any status, in place of the provider's response.
    Blocked {
        /// The status.
        status: u16,
    },
    /// A body that is shorter than its `Content-Length`, after which the connection is closed.
    TruncatedBody,
    /// A redirect.
    Redirect {
        /// The `Location` header.
        location: String,
        /// The status; 302 if absent.
        #[serde(default = "found")]
        status: u16,
    },
    /// The connection is closed without a response.
    Close,
    /// A JSON body of this many bytes.
    HugeBody {
        /// Bytes.
        bytes: usize,
    },
    /// A body that repeats an item.
    Repeated {
        /// The content type.
        #[serde(default = "json_type")]
        content_type: String,
        /// The text before the items.
        before: String,
        /// The item. In it, `#` becomes its number.
        item: String,
        /// The text after the items.
        after: String,
        /// The approximate length of the body, in bytes.
        bytes: usize,
    },
    /// A gzip body that decompresses to this many bytes.
    GzipBomb {
        /// The size after decompression, in bytes.
        bytes: usize,
    },
}

fn found() -> u16 {
    302
}

fn json_type() -> String {
    "application/json".to_owned()
}

/// A gate at which requests wait until a test opens it. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Gate {
    arrivals: Arc<Semaphore>,
    opened: CancellationToken,
}

impl Default for Gate {
    fn default() -> Self {
        Self { arrivals: Arc::new(Semaphore::new(0)), opened: CancellationToken::new() }
    }
}

impl Gate {
    /// Waits until a request has arrived that no earlier call has counted.
    pub async fn arrived(&self) {
        if let Ok(arrival) = self.arrivals.acquire().await {
            arrival.forget();
        }
    }

    /// Lets the waiting requests and all later ones continue.
    pub fn open(&self) {
        self.opened.cancel();
    }

    /// Waits until the gate is open.
    pub async fn pass(&self) {
        self.arrivals.add_permits(1);
        self.opened.cancelled().await;
    }
}

/// Selects the requests that fail.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct FaultFilter {
    /// Only this method.
    pub method: Option<String>,
    /// Only paths with this prefix, relative to the provider's mount.
    pub path_prefix: Option<String>,
}

/// A fault for the next matching requests.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct PlannedFault {
    /// Selects the requests.
    #[serde(default, rename = "match")]
    pub matching: FaultFilter,
    /// The number of requests that fail.
    pub times: u32,
    /// The failure.
    pub fault: Fault,
}

/// The planned faults.
#[derive(Default)]
pub struct Faults(Mutex<Vec<PlannedFault>>);

impl Faults {
    pub fn plan(&self, planned: PlannedFault) {
        self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner).push(planned);
    }

    pub fn clear(&self) {
        self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner).clear();
    }

    /// Returns the fault for a request, and counts it down.
    pub fn take(&self, method: &str, path: &str) -> Option<Fault> {
        let mut waiting = self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let place = waiting.iter().position(|planned| {
            planned.matching.method.as_deref().is_none_or(|wanted| wanted.eq_ignore_ascii_case(method))
                && planned.matching.path_prefix.as_deref().is_none_or(|prefix| path.starts_with(prefix))
        })?;
        let fault = waiting[place].fault.clone();
        waiting[place].times = waiting[place].times.saturating_sub(1);
        if waiting[place].times == 0 {
            waiting.remove(place);
        }
        Some(fault)
    }
}

impl Fault {
    /// Returns the failing response. `None` after a delay or a gate, which the normal response follows.
    pub async fn response(self) -> Option<Response<Body>> {
        let builder = Response::builder();
        let response = match self {
            Self::Delay { millis } => {
                tokio::time::sleep(std::time::Duration::from_millis(millis)).await;
                return None;
            }
            Self::Hold(gate) => {
                gate.pass().await;
                return None;
            }
            Self::Hang => std::future::pending().await,
            Self::RateLimited { retry_after } => builder
                .status(StatusCode::TOO_MANY_REQUESTS)
                .header(header::RETRY_AFTER, retry_after)
                .header(header::CONTENT_TYPE, "application/json")
                .body(Body::from(json!({ "detail": "Request was throttled." }).to_string())),
            Self::Status { status, body, headers } => {
                let mut builder = builder.status(status).header(header::CONTENT_TYPE, "application/json");
                for (name, value) in headers {
                    let value = value.as_str().unwrap_or_default();
                    if let (Ok(name), Ok(value)) = (HeaderName::try_from(name), HeaderValue::from_str(value)) {
                        builder = builder.header(name, value);
                    }
                }
                builder.body(if body.is_null() { Body::empty() } else { Body::from(body.to_string()) })
            }
            Self::Text { status, content_type, body } => {
                builder.status(status).header(header::CONTENT_TYPE, content_type).body(Body::from(body))
            }
            Self::Html => builder
                .header(header::CONTENT_TYPE, "text/html")
                .body(Body::from("<!doctype html><title>Maintenance</title><h1>We will be back soon</h1>")),
            Self::Blocked { status } => builder.status(status).header(header::CONTENT_TYPE, "text/html").body(Body::from(
                "<!DOCTYPE html><html><head><title>Request blocked</title></head><body><h1>Request blocked</h1></body></html>",
            )),
            Self::TruncatedBody => {
                let part = stream::once(async { Ok(Bytes::from_static(b"{\"results\": [{\"id\": ")) });
                let cut = stream::once(async { Err(std::io::Error::from(std::io::ErrorKind::ConnectionReset)) });
                builder
                    .header(header::CONTENT_TYPE, "application/json")
                    .header(header::CONTENT_LENGTH, 4096)
                    .body(Body::from_stream(part.chain(cut)))
            }
            Self::Redirect { location, status } => {
                builder.status(status).header(header::LOCATION, location).body(Body::empty())
            }
            Self::Close => {
                // A body that fails before its first byte makes the server close the connection.
                let cut =
                    stream::once(async { Err::<Bytes, _>(std::io::Error::from(std::io::ErrorKind::ConnectionReset)) });
                builder.header(header::CONTENT_LENGTH, 1).body(Body::from_stream(cut))
            }
            Self::HugeBody { bytes } => {
                let chunk = Bytes::from(vec![b' '; 64 * 1024]);
                let count = bytes.div_ceil(chunk.len());
                let body = stream::iter(std::iter::repeat_n(chunk, count)).map(Ok::<_, std::io::Error>);
                let end = stream::once(async { Ok(Bytes::from_static(b"{}")) });
                builder.header(header::CONTENT_TYPE, "application/json").body(Body::from_stream(body.chain(end)))
            }
            Self::Repeated { content_type, before, item, after, bytes } => {
                let mut body = before;
                let mut number = 0_u64;
                while body.len() < bytes {
                    body.push_str(&item.replace('#', &number.to_string()));
                    number += 1;
                }
                body.push_str(&after);
                builder.header(header::CONTENT_TYPE, content_type).body(Body::from(body))
            }
            Self::GzipBomb { bytes } => builder
                .header(header::CONTENT_TYPE, "application/json")
                .header(header::CONTENT_ENCODING, "gzip")
                .body(Body::from(gzip_of_spaces(bytes))),
        };
        Some(response.unwrap_or_else(|error| {
            let mut response = Response::new(Body::from(error.to_string()));
            *response.status_mut() = StatusCode::BAD_REQUEST;
            response
        }))
    }
}

fn gzip_of_spaces(bytes: usize) -> Vec<u8> {
    use std::io::Write as _;
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    let chunk = [b' '; 8 * 1024];
    for _ in 0..bytes.div_ceil(chunk.len()) {
        // Writing to memory does not fail.
        let _ = encoder.write_all(&chunk);
    }
    let _ = encoder.write_all(b"{}");
    encoder.finish().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_planned_fault_keeps_the_numbers_of_its_body() {
        let text = r#"{"match":{},"times":2,"fault":{"kind":"status","status":422,"body":{"a":1.50,"b":-0,"c":1e+400,"d":12345678901234567890123,"e":7}}}"#;
        let planned: PlannedFault = serde_json::from_str(text).unwrap();
        let Fault::Status { status: 422, body, .. } = &planned.fault else { panic!("{planned:?}") };
        assert_eq!(body.to_string(), r#"{"a":1.50,"b":-0,"c":1e+400,"d":12345678901234567890123,"e":7}"#);
        assert!(serde_json::to_string(&planned).unwrap().contains("12345678901234567890123"), "{planned:?}");
    }
}

//! Serves the handler of the conformance suite on a port of the loopback address, for `make conformance`. It prints its URL.

#[path = "../tests/fixture/mod.rs"]
mod fixture;

use std::{convert::Infallible, io, io::Write as _, sync::Arc, time::Instant};

use axum::{
    Router,
    body::{Body, to_bytes},
    extract::{Request, State},
    http::{Method, header},
    response::Response,
    routing::any,
};
use fixture::{Fixture, FixtureCaller, server};
use futures_util::{StreamExt as _, stream};
use patchbay_mcp::server::{AllowedHosts, McpBody, McpResponse, McpServer, body_too_large};
use patchbay_model::{Clock, Entropy, Timestamp};
use tokio_util::sync::CancellationToken;

/// The largest body.
const MAX_BODY_BYTES: usize = 4 * 1024 * 1024;

/// The clock of the system.
struct SystemClock(Instant);

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        let since = std::time::UNIX_EPOCH.elapsed().unwrap_or_default();
        Timestamp::from_micros(0).plus(since)
    }

    fn monotonic(&self) -> std::time::Duration {
        self.0.elapsed()
    }
}

/// The randomness of the system.
struct SystemEntropy;

impl Entropy for SystemEntropy {
    #[expect(clippy::disallowed_methods, reason = "here randomness comes from the system")]
    fn fill(&self, bytes: &mut [u8]) {
        aws_lc_rs::rand::fill(bytes).expect("the system has randomness");
    }
}

#[tokio::main]
async fn main() -> io::Result<()> {
    let stop = CancellationToken::new();
    let transport = server(Arc::new(SystemClock(Instant::now())), Arc::new(SystemEntropy), stop);
    let router = Router::new().route("/mcp", any(answer)).with_state(transport);
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
    writeln!(io::stdout(), "http://{}/mcp", listener.local_addr()?)?;
    axum::serve(listener, router).await
}

async fn answer(State(transport): State<McpServer<Fixture>>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let caller = FixtureCaller {
        principal: "conformance".to_owned(),
        client: parts.headers.get(header::USER_AGENT).map(|agent| format!("{agent:?}")).unwrap_or_default(),
        sessions: true,
        expires_at: None,
    };
    let allowed = AllowedHosts::new([], [], true).check(&parts.headers, parts.uri.authority());
    let response = match (allowed, parts.method) {
        (Err(refused), _) => *refused,
        (Ok(()), Method::POST) => match to_bytes(body, MAX_BODY_BYTES).await {
            Ok(body) => transport.post(caller, &parts.headers, &body).await,
            Err(_) => body_too_large(MAX_BODY_BYTES),
        },
        (Ok(()), Method::DELETE) => transport.delete(&caller, &parts.headers),
        (Ok(()), _) => transport.get(caller, &parts.headers).await,
    };
    let McpResponse { status, headers, body } = response;
    let body = match body {
        McpBody::Parts(parts) => Body::from_stream(stream::iter(parts.into_iter().map(Ok::<_, Infallible>))),
        McpBody::Events(events) => Body::from_stream(events.map(Ok::<_, Infallible>)),
    };
    let mut response = Response::new(body);
    (*response.status_mut(), *response.headers_mut()) = (status, headers);
    response
}

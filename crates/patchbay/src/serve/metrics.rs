//! Serves `/metrics` without a key, at an address of its own.
//!
//! It responds to nothing else. Few connections, short requests and few bytes are enough for monitoring.

use std::{convert::Infallible, net::SocketAddr, sync::Arc, time::Duration};

use anyhow::Context;
use axum::body::Body;
use http::{HeaderValue, Method, Request, Response, StatusCode, header};
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use patchbay_engine::{Engine, METRICS_CONTENT_TYPE};
use tokio::{
    net::TcpListener,
    sync::Semaphore,
    time::{sleep, timeout},
};
use tokio_util::sync::CancellationToken;

/// The number of connections at once. Others wait.
const MAX_CONNECTIONS: usize = 16;
/// The time within which the head of a request arrives; also how long a connection may be idle.
const HEAD_TIMEOUT: Duration = Duration::from_mins(1);
/// The longest time of a connection: monitoring connects again.
const MAX_AGE: Duration = Duration::from_mins(10);
/// The largest head of a request, in bytes.
const MAX_HEAD_BYTES: usize = 16 * 1024;
/// The pause after a failure to accept.
const ACCEPT_RETRY_INTERVAL: Duration = Duration::from_millis(50);

/// Opens the address.
pub(super) async fn listen(address: SocketAddr) -> anyhow::Result<TcpListener> {
    let listener = TcpListener::bind(address).await;
    listener.with_context(|| format!("cannot listen on {address} for metrics; is another program using the port?"))
}

/// Serves the metrics until `stop` is cancelled.
pub(super) async fn serve(listener: TcpListener, engine: Engine, stop: CancellationToken) {
    if let Ok(address) = listener.local_addr() {
        tracing::info!(%address, "metrics are served without a key");
    }
    let places = Arc::new(Semaphore::new(MAX_CONNECTIONS));
    let accepting = async {
        loop {
            let Ok(place) = places.clone().acquire_owned().await else { return };
            let stream = match listener.accept().await {
                Ok((stream, _)) => stream,
                Err(error) => {
                    tracing::warn!(%error, "cannot accept a connection of monitoring");
                    sleep(ACCEPT_RETRY_INTERVAL).await;
                    continue;
                }
            };
            let (engine, stop) = (engine.clone(), stop.clone());
            tokio::spawn(async move {
                let answer = service_fn(move |request| {
                    let engine = engine.clone();
                    async move { Ok::<_, Infallible>(respond(&engine, &request).await) }
                });
                let connection = http1::Builder::new()
                    .timer(TokioTimer::new())
                    .header_read_timeout(HEAD_TIMEOUT)
                    .max_buf_size(MAX_HEAD_BYTES)
                    .serve_connection(TokioIo::new(stream), answer);
                // What goes wrong on it concerns only its client.
                tokio::select! {
                    () = stop.cancelled() => {}
                    _ = timeout(MAX_AGE, connection) => {}
                }
                drop(place);
            });
        }
    };
    tokio::select! {
        () = stop.cancelled() => {}
        () = accepting => {}
    }
}

async fn respond(engine: &Engine, request: &Request<Incoming>) -> Response<Body> {
    let refuse = |status, text: &'static str| {
        let mut response = Response::new(Body::from(text));
        *response.status_mut() = status;
        response
    };
    if request.uri().path() != "/metrics" {
        return refuse(StatusCode::NOT_FOUND, "only /metrics is here\n");
    }
    if !matches!(*request.method(), Method::GET | Method::HEAD) {
        return refuse(StatusCode::METHOD_NOT_ALLOWED, "send GET\n");
    }
    let mut response = Response::new(Body::from(engine.metrics().await));
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(METRICS_CONTENT_TYPE));
    response
}

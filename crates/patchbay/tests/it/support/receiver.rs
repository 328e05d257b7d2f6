//! A receiver of webhooks in the test's process.

use std::{
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use axum::{
    Router,
    body::{Bytes, to_bytes},
    extract::Request,
    http::{HeaderMap, StatusCode},
};

/// What arrived: the headers and the body.
pub type Delivered = (HeaderMap, Bytes);

/// Decides the status for a request, and how long the answer takes.
type Answer = Arc<dyn Fn(&str) -> (Duration, StatusCode) + Send + Sync>;

/// A receiver, which is stopped when it is dropped.
pub struct Receiver {
    pub url: String,
    received: Arc<Mutex<Vec<Delivered>>>,
    _runtime: tokio::runtime::Runtime,
}

impl Receiver {
    /// Starts a receiver that accepts everything.
    pub fn start() -> Self {
        Self::answering(|_| (Duration::ZERO, StatusCode::NO_CONTENT))
    }

    /// Starts a receiver that answers by the path of a request.
    pub fn answering(answer: impl Fn(&str) -> (Duration, StatusCode) + Send + Sync + 'static) -> Self {
        let answer: Answer = Arc::new(answer);
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let received = Arc::<Mutex<Vec<Delivered>>>::default();
        let recorded = received.clone();
        let router = Router::new().fallback(move |request: Request| {
            let (recorded, answer) = (recorded.clone(), answer.clone());
            async move {
                let (head, body) = request.into_parts();
                let body = to_bytes(body, 1 << 20).await.unwrap();
                let (delay, status) = answer(head.uri.path());
                if status.is_success() {
                    recorded.lock().unwrap().push((head.headers, body));
                }
                if !delay.is_zero() {
                    tokio::time::sleep(delay).await;
                }
                status
            }
        });
        let url = runtime.block_on(async {
            let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
            let url = format!("http://{}", listener.local_addr().unwrap());
            tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
            url
        });
        Self { url, received, _runtime: runtime }
    }

    /// Returns what was accepted so far.
    pub fn received(&self) -> Vec<Delivered> {
        self.received.lock().unwrap().clone()
    }

    /// Waits until this many deliveries were accepted, and returns all.
    pub fn wait_for(&self, count: usize) -> Vec<Delivered> {
        let deadline = Instant::now() + Duration::from_mins(1);
        loop {
            let found = self.received.lock().unwrap().len();
            if found >= count {
                return self.received();
            }
            assert!(Instant::now() < deadline, "only {found} of {count} deliveries arrived");
            std::thread::yield_now();
        }
    }
}

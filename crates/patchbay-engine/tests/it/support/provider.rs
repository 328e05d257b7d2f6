//! Providers that a test bed serves on a loopback port.

use std::sync::{Arc, Mutex};

use axum::{
    Router,
    extract::Request,
    http::{HeaderMap, Method, Uri},
    response::Response,
    routing::any,
};
use patchbay_simulator::{OAuth1Server, OAuthServer};

/// A simulated provider.
pub trait Provider {
    /// Returns its routes.
    fn router(&self) -> Router;

    /// Returns the secrets that must not appear in an error or a log.
    fn secrets(&self) -> Vec<String> {
        Vec::new()
    }
}

impl Provider for () {
    fn router(&self) -> Router {
        Router::new()
    }
}

impl Provider for OAuthServer {
    fn router(&self) -> Router {
        self.router()
    }
}

impl Provider for OAuth1Server {
    fn router(&self) -> Router {
        self.router()
    }

    fn secrets(&self) -> Vec<String> {
        self.secrets()
    }
}

/// Serves `router` until the test ends, and returns its URL.
pub async fn serve(router: Router) -> String {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
    url
}

/// A provider that responds as a closure says, and records its requests.
#[derive(Clone)]
pub struct HttpProvider {
    router: Router,
    requests: Requests,
}

type Requests = Arc<Mutex<Vec<(Method, Uri, HeaderMap)>>>;

impl HttpProvider {
    /// Creates a provider that responds to every request with `respond`.
    pub fn new<F, R>(respond: F) -> Self
    where
        F: Fn(Request) -> R + Clone + Send + Sync + 'static,
        R: Future<Output = Response> + Send + 'static,
    {
        let requests = Requests::default();
        let recorded = requests.clone();
        let router = Router::new().fallback(any(move |request: Request| {
            let received = (request.method().clone(), request.uri().clone(), request.headers().clone());
            recorded.lock().unwrap().push(received);
            respond(request)
        }));
        Self { router, requests }
    }

    /// Returns the requests since the last call of this method, oldest first: `GET /path?query`.
    pub fn take_requests(&self) -> Vec<String> {
        let requests = std::mem::take(&mut *self.requests.lock().unwrap());
        requests.into_iter().map(|(method, uri, _)| format!("{method} {uri}")).collect()
    }

    /// Returns the number of requests that [`Self::take_requests`] would return.
    pub fn request_count(&self) -> usize {
        self.requests.lock().unwrap().len()
    }

    /// Returns a header of the newest request to `path`.
    pub fn last_header(&self, path: &str, name: &str) -> Option<String> {
        let requests = self.requests.lock().unwrap();
        let (_, _, headers) = requests.iter().rev().find(|(_, uri, _)| uri.path() == path)?;
        Some(headers.get(name)?.to_str().unwrap().to_owned())
    }
}

impl Provider for HttpProvider {
    fn router(&self) -> Router {
        self.router.clone()
    }
}

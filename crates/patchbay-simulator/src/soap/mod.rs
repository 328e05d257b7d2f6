//! A provider that speaks SOAP alone: people of a payroll, behind WS-Security with a `UsernameToken`.
//!
//! It is strict: version, namespaces, `SOAPAction`, the token's own rules. It reads envelopes with a reader of its
//! own, so that a client's mistakes are not its own too.

mod envelope;
mod operations;
mod security;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::{
    Router,
    body::{Body, Bytes},
    extract::State,
    http::{HeaderMap, Method, Response, Uri, header},
    routing::any,
};

use self::envelope::{Refusal, Version};
use crate::fault::{Faults, Planned};

/// The namespace of its operations.
pub const NAMESPACE: &str = "urn:payroll:2026";

/// A simulated SOAP service. Cheap to clone.
#[derive(Clone)]
pub struct SoapServer(Arc<Parts>);

struct Parts {
    user: String,
    password: String,
    faults: Faults,
    people: Mutex<Vec<operations::Person>>,
    calls: Mutex<Vec<String>>,
}

impl SoapServer {
    /// A service that lets this user in.
    pub fn new(user: &str, password: &str) -> Self {
        Self(Arc::new(Parts {
            user: user.to_owned(),
            password: password.to_owned(),
            faults: Faults::default(),
            people: Mutex::new(operations::seed()),
            calls: Mutex::default(),
        }))
    }

    /// `/payroll`, for every version.
    pub fn router(&self) -> Router {
        Router::new().route("/payroll", any(answer)).with_state(self.clone())
    }

    /// Lets something go wrong.
    pub fn plan(&self, planned: Planned) {
        self.0.faults.plan(planned);
    }

    /// The operations that were asked for so far, in order, also those that were refused.
    pub fn calls(&self) -> Vec<String> {
        locked(&self.0.calls).clone()
    }

    fn people(&self) -> MutexGuard<'_, Vec<operations::Person>> {
        locked(&self.0.people)
    }

    fn call(&self, method: &Method, headers: &HeaderMap, body: &[u8]) -> (Version, Result<String, Refusal>) {
        let version = Version::of(headers);
        (version, self.perform(version, method, headers, body))
    }

    fn perform(&self, version: Version, method: &Method, headers: &HeaderMap, body: &[u8]) -> Result<String, Refusal> {
        if method != Method::POST {
            return Err(Refusal::callers("a SOAP message is posted"));
        }
        let envelope = envelope::read(version, body)?;
        locked(&self.0.calls).push(envelope.operation.name.clone());
        envelope::check_action(version, headers, &envelope.operation.name)?;
        security::check(envelope.security.as_ref(), &self.0.user, &self.0.password)?;
        operations::run(self, &envelope.operation, &self.0.password)
    }
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

async fn answer(
    State(server): State<SoapServer>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response<Body> {
    if let Some(fault) = server.0.faults.take(method.as_str(), uri.path())
        && let Some(response) = fault.response().await
    {
        return response;
    }
    let (version, outcome) = server.call(&method, &headers, &body);
    let (status, text) = match outcome {
        Ok(body) => (200, version.envelope(&body)),
        Err(refusal) => (refusal.status, version.envelope(&refusal.body(version))),
    };
    let mut response = Response::new(Body::from(text));
    *response.status_mut() = axum::http::StatusCode::from_u16(status).unwrap_or_default();
    response.headers_mut().insert(header::CONTENT_TYPE, version.content_type());
    response
}

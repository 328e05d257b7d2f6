//! A SOAP service: the people of a payroll, protected by WS-Security with a `UsernameToken`.
//!
//! It checks the version, namespaces, `SOAPAction` and the token strictly. It has its own envelope parser, so that it does
//! not share the client's bugs.

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

use self::envelope::{SoapFault, Version};
use crate::fault::{Faults, PlannedFault};

/// The namespace of its operations.
pub const NAMESPACE: &str = "urn:payroll:2026";

/// A simulated SOAP service. Cheap to clone.
#[derive(Clone)]
pub struct SoapServer(Arc<SoapParts>);

struct SoapParts {
    user: String,
    password: String,
    faults: Faults,
    people: Mutex<Vec<operations::Person>>,
    calls: Mutex<Vec<String>>,
}

impl SoapServer {
    /// Creates a service that accepts this user.
    pub fn new(user: &str, password: &str) -> Self {
        Self(Arc::new(SoapParts {
            user: user.to_owned(),
            password: password.to_owned(),
            faults: Faults::default(),
            people: Mutex::new(operations::seed()),
            calls: Mutex::default(),
        }))
    }

    /// Returns the router: `/payroll` for both versions.
    pub fn router(&self) -> Router {
        Router::new().route("/payroll", any(answer)).with_state(self.clone())
    }

    /// Plans a fault.
    pub fn plan(&self, planned: PlannedFault) {
        self.0.faults.plan(planned);
    }

    /// Returns the requested operations so far in order, including rejected ones.
    pub fn calls(&self) -> Vec<String> {
        locked(&self.0.calls).clone()
    }

    fn people(&self) -> MutexGuard<'_, Vec<operations::Person>> {
        locked(&self.0.people)
    }

    fn call(&self, method: &Method, headers: &HeaderMap, body: &[u8]) -> (Version, Result<String, SoapFault>) {
        let version = Version::of(headers);
        (version, self.perform(version, method, headers, body))
    }

    fn perform(
        &self,
        version: Version,
        method: &Method,
        headers: &HeaderMap,
        body: &[u8],
    ) -> Result<String, SoapFault> {
        if method != Method::POST {
            return Err(SoapFault::client_error("a SOAP message is posted"));
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

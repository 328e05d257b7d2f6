//! An authorization server with a protected API (RFC 6749). It is as strict as the standards; [`OAuthRules`] select the
//! deviations of real providers.
//!
//! It reports which tokens it would still accept, so that a test can check that no valid token was lost.

mod api;
mod authorize;
mod discovery;
mod id_token;
mod register;
mod rules;
mod store;
mod token;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::{
    Router,
    extract::{Request, State},
    middleware::{self, Next},
    response::Response,
    routing::{get, post},
};
use patchbay_model::{Clock, Entropy};

pub(crate) use authorize::consent_page;
pub(crate) use discovery::replaced;
pub use rules::{Approval, OAuthRules, TokenResponseShape};
use store::OAuthStore;

use crate::fault::{Faults, PlannedFault};

/// A simulated authorization server. Cheap to clone.
#[derive(Clone)]
pub struct OAuthServer(Arc<OAuthParts>);

struct OAuthParts {
    clock: Arc<dyn Clock>,
    rules: Mutex<OAuthRules>,
    store: Mutex<OAuthStore>,
    faults: Faults,
    grants: Mutex<Vec<String>>,
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl OAuthServer {
    /// Creates a server with these rules.
    pub fn new(clock: Arc<dyn Clock>, entropy: Arc<dyn Entropy>, rules: OAuthRules) -> Self {
        Self(Arc::new(OAuthParts {
            clock,
            rules: Mutex::new(rules),
            store: Mutex::new(OAuthStore::new(entropy)),
            faults: Faults::default(),
            grants: Mutex::default(),
        }))
    }

    /// Returns the router: `/authorize`, `/token`, `/revoke`, `/introspect`, the metadata, and the API under `/api`.
    pub fn router(&self) -> Router {
        Router::new()
            .route("/authorize", get(authorize::page).post(authorize::decide))
            .route("/token", post(token::token))
            .route("/revoke", post(token::revoke))
            .route("/introspect", post(token::introspect))
            .route("/register", post(register::register))
            .route("/.well-known/oauth-authorization-server", get(discovery::metadata))
            .route("/.well-known/openid-configuration", get(discovery::openid))
            .route("/api/me", get(api::me))
            .route("/api/things", get(api::things).post(api::add))
            .layer(middleware::from_fn_with_state(self.clone(), faults))
            .with_state(self.clone())
    }

    /// Changes the rules.
    pub fn change(&self, change: impl FnOnce(&mut OAuthRules)) {
        change(&mut locked(&self.0.rules));
    }

    /// Plans a fault.
    pub fn plan(&self, planned: PlannedFault) {
        self.0.faults.plan(planned);
    }

    /// Returns the `grant_type` of every token request so far, including rejected ones.
    pub fn token_requests(&self) -> Vec<String> {
        locked(&self.0.grants).clone()
    }

    /// Returns true if the server would accept an access or refresh token.
    pub fn accepts(&self, token: &str) -> bool {
        locked(&self.0.store).accepts(token, self.now())
    }

    /// Returns true if an API that trusts this server would accept an access token.
    pub fn accepts_access_token(&self, token: &str) -> bool {
        self.scope_of(token).is_some()
    }

    /// Returns the scope of a valid access token.
    pub fn scope_of(&self, token: &str) -> Option<String> {
        locked(&self.0.store).scope_of(token, self.now()).map(str::to_owned)
    }

    /// Returns how often a refresh token was used again after it was replaced, which revokes its grant.
    pub fn reused_refresh_tokens(&self) -> usize {
        locked(&self.0.store).reused
    }

    /// Revokes every grant, as an administrator at the provider does.
    pub fn revoke_all(&self) {
        locked(&self.0.store).revoke_all();
    }

    /// Expires every access token at once, before its announced expiry.
    pub fn expire_access_tokens(&self) {
        locked(&self.0.store).expire_access_tokens();
    }

    /// Returns the newest refresh token of each valid grant.
    pub fn live_refresh_tokens(&self) -> Vec<String> {
        locked(&self.0.store).live_refresh_tokens()
    }

    /// Drops every dynamically registered client, as a restart does.
    pub fn forget_clients(&self) {
        locked(&self.0.store).forget_clients();
    }

    /// Returns the number of client registrations so far.
    pub fn registrations(&self) -> usize {
        locked(&self.0.store).registrations
    }

    /// Returns the number of items that were added through the API.
    pub fn things(&self) -> usize {
        locked(&self.0.store).things
    }

    fn rules(&self) -> OAuthRules {
        locked(&self.0.rules).clone()
    }

    fn store(&self) -> MutexGuard<'_, OAuthStore> {
        locked(&self.0.store)
    }

    fn note(&self, grant: &str) {
        locked(&self.0.grants).push(grant.to_owned());
    }

    /// Returns the server's time, in seconds since 1970.
    fn now(&self) -> i64 {
        self.0.clock.now().as_seconds() + locked(&self.0.rules).clock_skew_seconds
    }
}

async fn faults(State(server): State<OAuthServer>, request: Request, next: Next) -> Response {
    let (method, path) = (request.method().as_str().to_owned(), request.uri().path().to_owned());
    if let Some(fault) = server.0.faults.take(&method, &path)
        && let Some(response) = fault.response().await
    {
        return response;
    }
    next.run(request).await
}

//! An authorization server with an API behind it (RFC 6749): strict where the standards are, and as odd as real
//! providers are where [`OAuthRules`] say so.
//!
//! It tells what it would still honour, so that a test can claim that nothing of worth was lost.

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
pub use rules::{Approval, OAuthRules, Shape};
use store::Store;

use crate::fault::{Faults, Planned};

/// A simulated authorization server. Cheap to clone.
#[derive(Clone)]
pub struct OAuthServer(Arc<Parts>);

struct Parts {
    clock: Arc<dyn Clock>,
    rules: Mutex<OAuthRules>,
    store: Mutex<Store>,
    faults: Faults,
    grants: Mutex<Vec<String>>,
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl OAuthServer {
    /// A server with these rules.
    pub fn new(clock: Arc<dyn Clock>, entropy: Arc<dyn Entropy>, rules: OAuthRules) -> Self {
        Self(Arc::new(Parts {
            clock,
            rules: Mutex::new(rules),
            store: Mutex::new(Store::new(entropy)),
            faults: Faults::default(),
            grants: Mutex::default(),
        }))
    }

    /// `/authorize`, `/token`, `/revoke`, `/introspect`, the metadata, and the API under `/api`.
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

    /// Lets something go wrong.
    pub fn plan(&self, planned: Planned) {
        self.0.faults.plan(planned);
    }

    /// The `grant_type` of every token request so far, also of refused ones.
    pub fn token_requests(&self) -> Vec<String> {
        locked(&self.0.grants).clone()
    }

    /// Whether an access or refresh token would still be taken.
    pub fn honours(&self, token: &str) -> bool {
        locked(&self.0.store).honours(token, self.now())
    }

    /// Whether an access token is taken by who stands behind this server.
    pub fn takes(&self, token: &str) -> bool {
        self.scope_of(token).is_some()
    }

    /// The scope of an access token that is taken.
    pub fn scope_of(&self, token: &str) -> Option<String> {
        locked(&self.0.store).scope_of(token, self.now()).map(str::to_owned)
    }

    /// Takes everything back that was granted so far, as an administrator at the provider does.
    pub fn revoke_all(&self) {
        locked(&self.0.store).revoke_all();
    }

    /// Ends every access token at once, whatever life was told.
    pub fn end_access_tokens(&self) {
        locked(&self.0.store).end_access_tokens();
    }

    /// The newest refresh tokens, one for each grant that lives.
    pub fn live_refresh_tokens(&self) -> Vec<String> {
        locked(&self.0.store).live_refresh_tokens()
    }

    /// Forgets every client that registered itself, as a restart does.
    pub fn forget_clients(&self) {
        locked(&self.0.store).forget_clients();
    }

    /// How many clients registered themselves so far.
    pub fn registrations(&self) -> usize {
        locked(&self.0.store).registrations
    }

    /// How often things were added through the API.
    pub fn things(&self) -> usize {
        locked(&self.0.store).things
    }

    fn rules(&self) -> OAuthRules {
        locked(&self.0.rules).clone()
    }

    fn store(&self) -> MutexGuard<'_, Store> {
        locked(&self.0.store)
    }

    fn note(&self, grant: &str) {
        locked(&self.0.grants).push(grant.to_owned());
    }

    /// Its own time, in seconds.
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

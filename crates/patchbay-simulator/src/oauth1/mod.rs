//! A provider with OAuth 1.0a (RFC 5849) and a protected API. It verifies every request as the standard requires;
//! [`OAuth1Rules`] select the deviations of real providers.

mod api;
mod authorize;
mod rules;
mod signature;
mod store;
mod token;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::{
    Router,
    extract::{Request, State},
    middleware::{self, Next},
    response::Response,
    routing::{any, get},
};
use patchbay_model::{Clock, Entropy};

pub use self::rules::{OAuth1Denial, OAuth1Rules};
use self::store::OAuth1Store;
use crate::fault::{Faults, PlannedFault};

/// A simulated provider. Cheap to clone.
#[derive(Clone)]
pub struct OAuth1Server(Arc<OAuth1Parts>);

struct OAuth1Parts {
    clock: Arc<dyn Clock>,
    rules: Mutex<OAuth1Rules>,
    store: Mutex<OAuth1Store>,
    faults: Faults,
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl OAuth1Server {
    /// Creates a provider with these rules.
    pub fn new(clock: Arc<dyn Clock>, entropy: Arc<dyn Entropy>, rules: OAuth1Rules) -> Self {
        Self(Arc::new(OAuth1Parts {
            clock,
            rules: Mutex::new(rules),
            store: Mutex::new(OAuth1Store::new(entropy)),
            faults: Faults::default(),
        }))
    }

    /// Returns the router: `/request_token`, `/authorize`, `/access_token`, and the API under `/api`.
    pub fn router(&self) -> Router {
        Router::new()
            .route("/request_token", any(token::request))
            .route("/authorize", get(authorize::page).post(authorize::decide))
            .route("/access_token", any(token::access))
            .route("/api/me", any(api::me))
            .layer(middleware::from_fn_with_state(self.clone(), faults))
            .with_state(self.clone())
    }

    /// Changes the rules.
    pub fn change(&self, change: impl FnOnce(&mut OAuth1Rules)) {
        change(&mut locked(&self.0.rules));
    }

    /// Plans a fault.
    pub fn plan(&self, planned: PlannedFault) {
        self.0.faults.plan(planned);
    }

    /// Returns the paths of all accepted signed requests so far.
    pub fn taken(&self) -> Vec<String> {
        locked(&self.0.store).taken.clone()
    }

    /// Returns the number of token requests so far, including rejected ones.
    pub fn token_requests(&self) -> usize {
        locked(&self.0.store).token_requests
    }

    /// Returns every secret that was issued so far, of request tokens and of tokens.
    pub fn secrets(&self) -> Vec<String> {
        locked(&self.0.store).secrets()
    }

    /// Returns true if the provider would accept a token.
    pub fn accepts(&self, token: &str) -> bool {
        locked(&self.0.store).token_secret(token).is_some()
    }

    /// Returns the valid tokens.
    pub fn live_tokens(&self) -> Vec<String> {
        locked(&self.0.store).live_tokens()
    }

    /// Revokes every grant, as the customer does in the account's settings.
    pub fn revoke_all(&self) {
        locked(&self.0.store).revoke_all();
    }

    fn rules(&self) -> OAuth1Rules {
        locked(&self.0.rules).clone()
    }

    fn store(&self) -> MutexGuard<'_, OAuth1Store> {
        locked(&self.0.store)
    }

    /// Returns the provider's time, in seconds since 1970.
    fn now(&self) -> i64 {
        self.0.clock.now().as_seconds() + locked(&self.0.rules).clock_skew_seconds
    }
}

async fn faults(State(server): State<OAuth1Server>, request: Request, next: Next) -> Response {
    let (method, path) = (request.method().as_str().to_owned(), request.uri().path().to_owned());
    if let Some(fault) = server.0.faults.take(&method, &path)
        && let Some(response) = fault.response().await
    {
        return response;
    }
    next.run(request).await
}

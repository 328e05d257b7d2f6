//! A browser that authorizes at the provider.

use patchbay_engine::{
    AuthorizationCallback, AuthorizationRedirect, CallbackOutcome, Error, NewAuthorization, NewSession,
};
use patchbay_model::{AccountId, AttemptId, AttemptStatus, ProfileId};
use patchbay_vault::Secret;
use url::Url;

use super::{Provider, TestBed, new_authorization, session_for};

/// A customer's browser: it follows the redirect to the provider, and brings the response back to the callback. No secret
/// of the provider may appear in what it sees.
pub struct Browser {
    /// The redirect to the provider.
    pub start: AuthorizationRedirect,
    /// The token of the connect session.
    pub token: Secret,
    pub attempt: AttemptId,
    connector: String,
}

impl Browser {
    /// Starts an authorization in a new session.
    pub async fn open<P: Provider>(bed: &TestBed<P>, profile: &ProfileId) -> Result<Self, Error> {
        Self::open_session(bed, profile, session_for("customer")).await
    }

    /// Starts an authorization in this session.
    pub async fn open_session<P: Provider>(
        bed: &TestBed<P>,
        profile: &ProfileId,
        session: NewSession,
    ) -> Result<Self, Error> {
        let (created, _) = bed.session(session).await;
        Self::open_with(bed, profile, created.token, None).await
    }

    /// Starts an authorization in the session with this token.
    pub async fn open_with<P: Provider>(
        bed: &TestBed<P>,
        profile: &ProfileId,
        token: Secret,
        return_url: Option<&str>,
    ) -> Result<Self, Error> {
        let hub = bed.engine.sessions.for_hub(&token).await.unwrap();
        let attempt = bed.engine.attempts.start(&hub).await.unwrap().id;
        let request = NewAuthorization {
            return_url: return_url.map(str::to_owned),
            ..new_authorization(&token, profile, &attempt)
        };
        let start = Box::pin(bed.engine.oauth.start(request)).await;
        let stored = bed.engine.attempts.get(&hub, &attempt).await.unwrap();
        bed.assert_no_secret(&format!("{start:?} {stored:?}"));
        let start = start?;
        bed.assert_no_secret(start.location.expose());
        Ok(Self { start, token, attempt, connector: bed.connector.clone() })
    }

    /// Returns the authorization URL.
    pub fn location(&self) -> Url {
        Url::parse(self.start.location.expose()).unwrap()
    }

    /// Returns a parameter of the authorization URL.
    pub fn parameter(&self, name: &str) -> Option<String> {
        let location = self.location();
        location.query_pairs().find(|(known, _)| known == name).map(|(_, value)| value.into_owned())
    }

    /// Visits the provider, and returns the parameters with which it redirects to the callback.
    pub async fn visit_provider<P: Provider>(&self, bed: &TestBed<P>) -> Vec<(String, Secret)> {
        let location = self.location();
        let url = format!("{}{}?{}", bed.provider_url, location.path(), location.query().unwrap());
        let back = redirect_of(url).await;
        let callback = format!("http://localhost/connect/oauth2/{}/callback?", self.connector);
        assert!(back.starts_with(&callback), "{back}");
        let back = Url::parse(&back).unwrap();
        back.query_pairs().map(|(name, value)| (name.into_owned(), Secret::new(value))).collect()
    }

    /// Returns the request to the callback with these parameters and the browser's cookie.
    pub fn callback(&self, parameters: Vec<(String, Secret)>) -> AuthorizationCallback {
        let cookies = vec![(self.start.cookie_suffix.clone(), self.start.browser_secret.clone())];
        AuthorizationCallback { connector: self.connector.clone(), parameters, cookies }
    }

    /// Visits the provider and then the callback, and returns the response to the callback.
    pub async fn complete<P: Provider>(&self, bed: &TestBed<P>) -> Result<CallbackOutcome, Error> {
        let parameters = self.visit_provider(bed).await;
        self.send_callback(bed, self.callback(parameters)).await
    }

    /// Visits the provider and then the callback, and returns the linked account.
    pub async fn finish<P: Provider>(&self, bed: &TestBed<P>) -> Result<AccountId, Error> {
        let parameters = self.visit_provider(bed).await;
        self.finish_with(bed, self.callback(parameters)).await
    }

    /// Sends a request to the callback, and returns the linked account. An unknown authorization is an error, too.
    pub async fn finish_with<P: Provider>(
        &self,
        bed: &TestBed<P>,
        callback: AuthorizationCallback,
    ) -> Result<AccountId, Error> {
        let CallbackOutcome { outcome, return_url, .. } = self.send_callback(bed, callback).await?;
        assert_eq!(return_url, "http://localhost/embedded/accounts/callback");
        outcome.map(|account| account.expect("no confirmation is configured"))
    }

    /// Sends a request to the callback, and returns the response.
    pub async fn send_callback<P: Provider>(
        &self,
        bed: &TestBed<P>,
        callback: AuthorizationCallback,
    ) -> Result<CallbackOutcome, Error> {
        let outcome = Box::pin(bed.engine.oauth.finish(callback)).await;
        bed.assert_no_secret(&format!("{outcome:?}"));
        outcome
    }

    /// Returns the status of the connection attempt and the code of its error.
    pub async fn attempt<P: Provider>(&self, bed: &TestBed<P>) -> (AttemptStatus, Option<String>) {
        let hub = bed.engine.sessions.for_hub(&self.token).await.unwrap();
        let attempt = bed.engine.attempts.get(&hub, &self.attempt).await.unwrap();
        bed.assert_no_secret(&format!("{attempt:?}"));
        (attempt.status, attempt.error.map(|error| error.code))
    }
}

/// Returns the parameters that do not have these names.
pub fn without(parameters: &[(String, Secret)], names: &[&str]) -> Vec<(String, Secret)> {
    parameters.iter().filter(|(name, _)| !names.contains(&name.as_str())).cloned().collect()
}

/// Returns the `Location` of the redirect at a URL.
async fn redirect_of(url: String) -> String {
    tokio::task::spawn_blocking(move || {
        let agent: ureq::Agent = ureq::Agent::config_builder().max_redirects(0).build().into();
        let response = agent.get(&url).call().unwrap();
        response.headers().get("location").unwrap().to_str().unwrap().to_owned()
    })
    .await
    .unwrap()
}

//! An engine, the simulated provider, and a browser between the two.

use std::sync::Arc;

use patchbay_engine::{
    AuthorizationCallback, AuthorizationRedirect, CallbackOutcome, Caller, Engine, Error, NewAuthorization, NewProfile,
    NewSession, RunRequest,
};
use patchbay_model::{
    AccountId, AccountKind, AttemptId, AttemptStatus, EnabledActions, Metadata, Owner, Profile, ProfileId,
    testing::{ManualClock, SeededEntropy},
};
use patchbay_simulator::{OAuth1Rules, OAuth1Server};
use patchbay_vault::Secret;
use serde_json::{Map, Value};
use url::Url;

use crate::support;

pub const APP_SECRET: &str = "canary-consumer-secret-19fe";

pub struct World {
    pub engine: Engine,
    pub caller: Arc<Caller>,
    pub provider: OAuth1Server,
    /// Where the provider really listens.
    provider_url: String,
    _folder: tempfile::TempDir,
}

impl World {
    pub async fn new() -> Self {
        Self::with(|_| {}).await
    }

    pub async fn with(change: impl FnOnce(&mut OAuth1Rules)) -> Self {
        let mut rules = OAuth1Rules {
            consumers: vec![("app".into(), APP_SECRET.into())],
            // What is signed is the address that we know, not the one behind it.
            public_url: Some("https://oauth1.example.com".into()),
            ..OAuth1Rules::default()
        };
        change(&mut rules);
        let clock = Arc::new(ManualClock::at("2026-01-15T10:30:00Z"));
        let provider = OAuth1Server::new(clock, Arc::new(SeededEntropy::new(3)), rules);
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let provider_url = format!("http://{}", listener.local_addr().unwrap());
        let router = provider.router();
        tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        let connector = support::connector("tests/fixtures/oauth1");
        let upstreams = vec![("https://oauth1.example.com".to_owned(), provider_url.clone())];
        let (engine, caller, folder) = support::engine(connector, upstreams).await;
        Self { engine, caller, provider, provider_url, _folder: folder }
    }

    pub async fn profile(&self) -> Arc<Profile> {
        self.profile_of("sign_in", APP_SECRET).await
    }

    pub async fn profile_of(&self, method: &str, secret: &str) -> Arc<Profile> {
        let setup = [("consumerKey", "app"), ("consumerSecret", secret)];
        let new = NewProfile {
            connector: "oauth1".into(),
            name: Some(format!("Pier by {method}")),
            auth_config_key: Some(method.into()),
            environment: None,
            version_pin: None,
            active: true,
            default: false,
            enabled_actions: EnabledActions::All,
            setup: setup.map(|(key, value)| (key.to_owned(), Secret::new(value))).to_vec(),
        };
        self.engine.profiles.create(&self.caller, new).await.unwrap()
    }

    /// Creates the token of a connect session, to link or reconnect.
    pub async fn session(&self, account: Option<AccountId>) -> Secret {
        let new = NewSession {
            owner: Owner { id: "customer".into(), name: "Acme".into(), username: None },
            categories: Vec::new(),
            connector: None,
            profile_id: None,
            account_id: account,
            label: None,
            metadata: Metadata::new(),
            kind: AccountKind::Production,
            multiple: false,
            allowed_origins: Vec::new(),
            confirm_url: None,
            expires_in: None,
        };
        self.engine.sessions.create(&self.caller, new).await.unwrap().token
    }

    pub async fn run(&self, account: &AccountId) -> Result<Value, Error> {
        let request = RunRequest {
            account_id: account.clone(),
            profile_id: None,
            action: "oauth1_get_me".into(),
            path: Map::new(),
            query: Map::new(),
            headers: Map::new(),
            body: Map::new(),
            debug: false,
        };
        let outcome = self.engine.run_action(&self.caller, request).await;
        if let Err(error) = &outcome {
            self.tells_no_secret(&format!("{error:?}"));
        }
        Ok(Value::Object(outcome?.result))
    }

    /// Checks that the client secret and the secrets of all tokens do not appear.
    pub fn tells_no_secret(&self, text: &str) {
        for secret in self.provider.secrets().iter().map(String::as_str).chain([APP_SECRET]) {
            assert!(!text.contains(secret), "{secret} is in {text}");
        }
    }

    /// How many requests for tokens were taken, by path.
    pub fn taken(&self, path: &str) -> usize {
        self.provider.taken().iter().filter(|taken| *taken == path).count()
    }
}

/// What a browser does: goes to the provider, and comes back with what it was given.
pub struct Browser {
    pub start: AuthorizationRedirect,
    pub token: Secret,
    pub attempt: AttemptId,
}

impl Browser {
    pub async fn begin(world: &World, profile: &ProfileId) -> Result<Self, Error> {
        let token = world.session(None).await;
        Self::begin_in(world, profile, token).await
    }

    pub async fn begin_in(world: &World, profile: &ProfileId, token: Secret) -> Result<Self, Error> {
        let hub = world.engine.sessions.for_hub(&token).await.unwrap();
        let attempt = world.engine.attempts.start(&hub).await.unwrap().id;
        let request = NewAuthorization {
            token: token.clone(),
            profile_id: profile.clone(),
            attempt_id: Some(attempt.clone()),
            return_url: None,
            fields: Vec::new(),
            allowed_origins: Vec::new(),
        };
        let start = Box::pin(world.engine.start_authorization(request)).await;
        let stored = world.engine.attempts.get(&hub, &attempt).await.unwrap();
        world.tells_no_secret(&format!("{start:?} {stored:?}"));
        let start = start?;
        world.tells_no_secret(start.location.expose());
        Ok(Self { start, token, attempt })
    }

    pub fn location(&self) -> Url {
        Url::parse(self.start.location.expose()).unwrap()
    }

    /// The parameters that the provider sends back.
    pub async fn at_provider(&self, world: &World) -> Vec<(String, Secret)> {
        let location = self.location();
        let real = format!("{}{}?{}", world.provider_url, location.path(), location.query().unwrap());
        let back = redirect_of(&real).await;
        assert!(back.starts_with("http://localhost/connect/oauth2/oauth1/callback?"), "{back}");
        let back = Url::parse(&back).unwrap();
        back.query_pairs().map(|(name, value)| (name.into_owned(), Secret::new(value))).collect()
    }

    pub fn answer(&self, parameters: Vec<(String, Secret)>) -> AuthorizationCallback {
        let cookies = vec![(self.start.cookie_suffix.clone(), self.start.browser_secret.clone())];
        AuthorizationCallback { connector: "oauth1".into(), parameters, cookies }
    }

    pub async fn finish(&self, world: &World) -> Result<AccountId, Error> {
        let parameters = self.at_provider(world).await;
        self.finish_with(world, self.answer(parameters)).await
    }

    /// The outcome; a sign-in that is not known is one too.
    pub async fn finish_with(&self, world: &World, callback: AuthorizationCallback) -> Result<AccountId, Error> {
        let outcome = Box::pin(world.engine.finish_authorization(callback)).await;
        world.tells_no_secret(&format!("{outcome:?}"));
        let CallbackOutcome { outcome, return_url, .. } = outcome?;
        assert_eq!(return_url, "http://localhost/embedded/accounts/callback");
        outcome.map(|account| account.expect("nobody confirms here"))
    }

    pub async fn attempt(&self, world: &World) -> (AttemptStatus, Option<String>) {
        let hub = world.engine.sessions.for_hub(&self.token).await.unwrap();
        let attempt = world.engine.attempts.get(&hub, &self.attempt).await.unwrap();
        world.tells_no_secret(&format!("{attempt:?}"));
        (attempt.status, attempt.error.map(|error| error.code))
    }
}

/// Parameters without those of these names.
pub fn without(parameters: &[(String, Secret)], names: &[&str]) -> Vec<(String, Secret)> {
    parameters.iter().filter(|(name, _)| !names.contains(&name.as_str())).cloned().collect()
}

/// Where an address sends a browser.
async fn redirect_of(url: &str) -> String {
    let url = url.to_owned();
    tokio::task::spawn_blocking(move || {
        let agent: ureq::Agent = ureq::Agent::config_builder().max_redirects(0).build().into();
        let answer = agent.get(&url).call().unwrap();
        answer.headers().get("location").unwrap().to_str().unwrap().to_owned()
    })
    .await
    .unwrap()
}

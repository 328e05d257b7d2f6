//! OAuth 1.0a against a simulated provider: authorization, the attacks on it, and the provider's errors.

mod attacks;
mod authorization;
mod provider_errors;

use std::sync::Arc;

use patchbay_engine::NewProfile;
use patchbay_model::{Profile, testing::SeededEntropy};
use patchbay_simulator::{OAuth1Rules, OAuth1Server};

use crate::support::{TestBed, new_profile, secrets, test_clock};

const APP_SECRET: &str = "canary-consumer-secret-19fe";

/// A bed with the connector `oauth1` and a simulated provider.
type OAuth1Bed = TestBed<OAuth1Server>;

impl OAuth1Bed {
    async fn start() -> Self {
        Self::with_rules(|_| {}).await
    }

    async fn with_rules(change: impl FnOnce(&mut OAuth1Rules)) -> Self {
        let mut rules = OAuth1Rules {
            consumers: vec![("app".into(), APP_SECRET.into())],
            // Requests are signed with the provider's public URL, not with the one that replaces it.
            public_url: Some("https://oauth1.example.com".into()),
            ..OAuth1Rules::default()
        };
        change(&mut rules);
        let clock = test_clock();
        let provider = OAuth1Server::new(clock.clone(), Arc::new(SeededEntropy::new(3)), rules);
        let bed = TestBed::builder().clock(clock).connector("oauth1").secret(APP_SECRET);
        bed.provider("https://oauth1.example.com", provider).start().await
    }

    /// Creates a profile with the consumer `app`.
    async fn consumer_profile(&self) -> Arc<Profile> {
        self.consumer_profile_with("sign_in", APP_SECRET).await
    }

    async fn consumer_profile_with(&self, method: &str, secret: &str) -> Arc<Profile> {
        let setup = secrets(&[("consumerKey", "app"), ("consumerSecret", secret)]);
        self.create_profile(NewProfile { setup, ..new_profile("oauth1", method) }).await
    }

    /// Returns the number of signed requests to a path that the provider accepted.
    fn count_accepted(&self, path: &str) -> usize {
        self.provider.taken().iter().filter(|accepted| *accepted == path).count()
    }
}

//! OAuth 2.0 against a simulated authorization server: authorization and the attacks on it, token requests, refreshes by
//! concurrent calls and processes, expiry, revocation.

mod authorization;
mod concurrent_refresh;
mod expiry_notices;
mod previous_clients;
mod refresh;
mod refusals;
mod revocation;
mod scopes;
mod token_requests;

use std::sync::Arc;

use patchbay_engine::{NewProfile, NewSession};
use patchbay_model::{Account, AccountId, EnabledActions, Profile, ProfileId, testing::SeededEntropy};
use patchbay_simulator::{Fault, FaultFilter, Gate, OAuthRules, OAuthServer, PlannedFault};
use patchbay_storage::Storage;

use crate::support::{Browser, TestBed, new_profile, secrets, session_for, test_clock};

/// The secret of the client `app`.
const APP_SECRET: &str = "canary-app-secret-55ab";
/// The secret of the client `other-app`.
const OTHER_SECRET: &str = "canary-other-secret-77cd";

/// A bed with the connector `oauth2` and a simulated authorization server.
type OAuth2Bed = TestBed<OAuthServer>;

/// Returns the clients of the provider. The secret of the second one never changes.
fn clients(secret: &str) -> Vec<(String, String)> {
    [("app", secret), ("other-app", OTHER_SECRET)].map(|(id, secret)| (id.to_owned(), secret.to_owned())).to_vec()
}

/// Returns a fault of the requests to `path`.
fn fault_at(path: &str, times: u32, fault: Fault) -> PlannedFault {
    PlannedFault { matching: FaultFilter { path_prefix: Some(path.into()), method: None }, times, fault }
}

impl OAuth2Bed {
    async fn start() -> Self {
        Self::with_rules(OAuthRules::default()).await
    }

    async fn with_rules(rules: OAuthRules) -> Self {
        Self::on(None, rules).await
    }

    /// Starts a bed on an empty database; on a new file without one.
    async fn on(storage: Option<Arc<dyn Storage>>, rules: OAuthRules) -> Self {
        let clock = test_clock();
        let rules = OAuthRules { clients: clients(APP_SECRET), ..rules };
        let provider = OAuthServer::new(clock.clone(), Arc::new(SeededEntropy::new(3)), rules);
        let mut bed = TestBed::builder().clock(clock).connector("oauth2").secret(APP_SECRET);
        if let Some(storage) = storage {
            bed = bed.storage(storage);
        }
        bed.provider("https://oauth2.example.com", provider).start().await
    }

    /// Creates a profile with the client `app`.
    async fn client_profile(&self, method: &str) -> Arc<Profile> {
        self.client_profile_with(method, ("app", APP_SECRET), EnabledActions::All).await
    }

    /// Creates a profile with a client ID and secret, if the method has them.
    async fn client_profile_with(&self, method: &str, client: (&str, &str), enabled: EnabledActions) -> Arc<Profile> {
        let setup = secrets(&[("clientId", client.0), ("clientSecret", client.1)]);
        let has_client = method == "sign_in" || method.starts_with("identity");
        let new = NewProfile {
            name: Some(format!("Harbor by {method}")),
            enabled_actions: enabled,
            setup: if has_client { setup } else { Vec::new() },
            ..new_profile("oauth2", method)
        };
        self.create_profile(new).await
    }

    /// Links an account by the grant `client_credentials`.
    async fn client_credentials_account(&self) -> Arc<Account> {
        let profile = self.client_profile("service").await;
        let credentials = [("clientId", "app"), ("clientSecret", APP_SECRET)];
        self.link_through(&profile, &credentials).await.unwrap()
    }

    /// Authorizes an account through the active profile, which is created first if there is none with a client.
    async fn authorize(&self) -> AccountId {
        let profile = match self.engine.profiles.active_of_connector(&self.caller, "oauth2").await.unwrap() {
            Some(profile)
                if profile.auth_config_key == "sign_in" && profile.setup_information.contains_key("clientId") =>
            {
                profile
            }
            _ => self.client_profile("sign_in").await,
        };
        self.authorize_owner(&profile.id, "customer").await
    }

    /// Authorizes an account of `owner`.
    async fn authorize_owner(&self, profile: &ProfileId, owner: &str) -> AccountId {
        let browser = Browser::open_session(self, profile, session_for(owner)).await.unwrap();
        browser.finish(self).await.unwrap()
    }

    /// Reconnects an account.
    async fn reconnect(&self, profile: &ProfileId, account: &AccountId) -> AccountId {
        self.reconnecting_browser(profile, account).await.finish(self).await.unwrap()
    }

    /// Starts the authorization that reconnects an account.
    async fn reconnecting_browser(&self, profile: &ProfileId, account: &AccountId) -> Browser {
        let session = NewSession { account_id: Some(account.clone()), ..session_for("customer") };
        Browser::open_session(self, profile, session).await.unwrap()
    }

    /// Returns the number of token requests of a grant.
    fn count_token_requests(&self, grant: &str) -> usize {
        self.provider.token_requests().iter().filter(|requested| *requested == grant).count()
    }

    /// Holds the next token request until the test opens the gate.
    fn hold_token_request(&self) -> Gate {
        let gate = Gate::default();
        self.provider.plan(fault_at("/token", 1, Fault::Hold(gate.clone())));
        gate
    }
}

//! The test bed: an engine on SQLite in a temporary folder, and a simulated provider.

use std::{path::Path, sync::Arc};

use patchbay_connector::definition::HttpMethod;
use patchbay_engine::{
    AccountPatch, AccountView, Caller, CreatedSession, Engine, Error, HubSession, LinkRequest, NewKey, NewProfile,
    NewSession, ProfilePatch, ProxyOutcome, RunOutcome, RunRequest,
};
use patchbay_logs::{LogFilter, Order, PageStart, RunId, RunQuery, RunRow};
use patchbay_model::{Account, AccountId, ApiScope, CallId, Profile, ProfileId, ProjectId, testing::ManualClock};
use patchbay_storage::Storage;
use serde_json::{Value, json};

use super::{EngineSetup, Provider, proxy_request, run_request, secrets, session_for};

/// An engine with its first project, a clock that stands still until a test advances it, and a simulated provider.
/// `example.rs` is a test to copy:
///
/// ```ignore
/// #[tokio::test]
/// async fn a_rejected_key_links_no_account() {
///     let provider = HttpProvider::new(|_| async { StatusCode::UNAUTHORIZED.into_response() });
///     let url = "https://api.two-methods.example.com";
///     let bed = TestBed::builder().connector("two_methods").provider(url, provider).start().await;
///     let error = bed.link("customer", &[("key", "canary-wrong")]).await.unwrap_err();
///     assert_eq!(error.code, ErrorCode::AccountAuthenticationFailed);
///     assert_eq!(bed.provider.take_requests(), ["GET /whoami"]);
/// }
/// ```
pub struct TestBed<P = ()> {
    pub engine: Engine,
    /// The first project's caller, with the scopes of the first API key.
    pub caller: Arc<Caller>,
    pub clock: Arc<ManualClock>,
    pub storage: Arc<dyn Storage>,
    pub provider: P,
    /// The URL at which the provider listens.
    pub provider_url: String,
    /// What further engines on the same data directory are started from.
    pub setup: EngineSetup,
    /// The key of the connector whose actions run.
    pub connector: String,
    pub(super) account: Option<AccountId>,
    pub(super) secrets: Vec<String>,
    pub(super) folder: tempfile::TempDir,
}

impl<P: Provider> TestBed<P> {
    /// Returns the account that the builder linked.
    pub fn account(&self) -> &AccountId {
        self.account.as_ref().expect("the builder links an account")
    }

    /// Returns the first project.
    pub fn project(&self) -> &ProjectId {
        &self.caller.project_id
    }

    /// Returns an account as it is stored.
    pub async fn stored(&self, account: &AccountId) -> Account {
        self.storage.accounts().get(self.project(), account).await.unwrap().unwrap()
    }

    /// Starts another engine on the same database, as after a crash: the first one is not shut down.
    pub async fn another_engine(&self) -> Engine {
        Engine::start(self.setup.parts()).await.unwrap()
    }

    /// Creates another project, and returns its caller.
    pub async fn stranger(&self) -> Arc<Caller> {
        let project = self.engine.projects.create("Theirs").await.unwrap();
        let new = NewKey { name: "theirs".into(), scopes: ApiScope::defaults(), text: None };
        let key = self.engine.api_keys.create(&project.id, new).await.unwrap();
        self.engine.api_keys.authenticate(&key.text).await.unwrap()
    }

    /// Creates a connect session and opens it in the Hub.
    pub async fn session(&self, new: NewSession) -> (CreatedSession, HubSession) {
        let created = self.engine.sessions.create(&self.caller, new).await.unwrap();
        let hub = self.engine.sessions.for_hub(&created.token).await.unwrap();
        (created, hub)
    }

    /// Returns the logged run of a call. The engine has been shut down, which writes what waits.
    pub async fn logged(&self, call: &CallId) -> RunRow {
        let logs = self.setup.logs.reader().unwrap();
        logs.run(self.project().as_str(), RunId::of_call(call)).await.unwrap().unwrap()
    }

    /// Returns all logged runs, newest first. The engine has been shut down.
    pub async fn all_logged(&self) -> Vec<RunRow> {
        let query = RunQuery {
            project: self.project().to_string(),
            filter: LogFilter::default(),
            order: Order::default(),
            start: PageStart::Offset(0),
            size: 1_000,
        };
        self.setup.logs.reader().unwrap().runs(&query).await.unwrap().rows
    }

    /// Returns the folder of the database.
    pub fn data_dir(&self) -> &Path {
        self.folder.path()
    }

    /// Returns the connector's profile that every project has from the start.
    pub async fn default_profile(&self) -> Arc<Profile> {
        self.engine.profiles.active_of_connector(&self.caller, &self.connector).await.unwrap().unwrap()
    }

    /// Returns a profile as it is now.
    pub async fn get_profile(&self, id: &ProfileId) -> Arc<Profile> {
        self.engine.profiles.get(&self.caller, id).await.unwrap()
    }

    /// Creates a profile.
    pub async fn create_profile(&self, new: NewProfile) -> Arc<Profile> {
        self.engine.profiles.create(&self.caller, new).await.unwrap()
    }

    /// Changes a profile.
    pub async fn patch_profile(&self, id: &ProfileId, patch: ProfilePatch) -> Result<Arc<Profile>, Error> {
        self.engine.profiles.patch(&self.caller, id, patch).await
    }

    /// Links an account of `owner` through the connector's first profile, as the Hub does.
    pub async fn link(&self, owner: &str, credentials: &[(&str, &str)]) -> Result<Arc<Account>, Error> {
        let new = NewSession { connector: Some(self.connector.clone()), ..session_for(owner) };
        let (_, hub) = self.session(new).await;
        let profile = self.engine.linking.profiles(&hub, Some(&self.connector)).await?.remove(0).profile;
        self.link_in(&hub, &profile.id, credentials).await
    }

    /// Links the account of the owner `customer` through a profile.
    pub async fn link_through(&self, profile: &Profile, credentials: &[(&str, &str)]) -> Result<Arc<Account>, Error> {
        self.link_with(session_for("customer"), profile, credentials).await
    }

    /// Links an account in a new session through a profile.
    pub async fn link_with(
        &self,
        session: NewSession,
        profile: &Profile,
        credentials: &[(&str, &str)],
    ) -> Result<Arc<Account>, Error> {
        let (_, hub) = self.session(session).await;
        self.link_in(&hub, &profile.id, credentials).await
    }

    async fn link_in(
        &self,
        hub: &HubSession,
        profile: &ProfileId,
        credentials: &[(&str, &str)],
    ) -> Result<Arc<Account>, Error> {
        let request = LinkRequest { profile_id: Some(profile.clone()), credentials: secrets(credentials) };
        Box::pin(self.engine.linking.link(hub, request)).await
    }

    /// Changes an account.
    pub async fn patch_account(&self, account: &AccountId, patch: AccountPatch) -> Result<AccountView, Error> {
        self.engine.accounts.patch(&self.caller, account, patch).await
    }

    /// Deletes an account.
    pub async fn delete_account(&self, account: &AccountId) -> Result<AccountView, Error> {
        Box::pin(self.engine.accounts.delete(&self.caller, account)).await
    }

    /// Returns an account as the API shows it.
    pub async fn view(&self, account: &AccountId) -> AccountView {
        self.engine.accounts.get(&self.caller, account).await.unwrap()
    }

    /// Runs an action of the connector without inputs, and returns `{data, next, …}`.
    pub async fn run(&self, account: &AccountId, action: &str) -> Result<Value, Error> {
        self.run_with(account, action, json!({})).await
    }

    /// Runs an action of the connector with inputs by location: `{"query": {…}, "body": {…}}`.
    pub async fn run_with(&self, account: &AccountId, action: &str, inputs: Value) -> Result<Value, Error> {
        let request = run_request(account, &self.public_id(action), &inputs);
        self.run_request(request).await.map(|outcome| Value::Object(outcome.result))
    }

    /// Runs an action.
    pub async fn run_request(&self, request: RunRequest) -> Result<RunOutcome, Error> {
        let outcome = Box::pin(self.engine.actions.run(&self.caller, request)).await;
        if let Err(error) = &outcome {
            self.assert_no_secret(&format!("{error:?}"));
        }
        outcome
    }

    /// Runs an action on another engine.
    pub async fn run_on(&self, engine: &Engine, account: &AccountId, action: &str) -> Result<Value, Error> {
        let request = run_request(account, &self.public_id(action), &json!({}));
        Ok(Value::Object(Box::pin(engine.actions.run(&self.caller, request)).await?.result))
    }

    /// Returns an action's public id.
    pub fn public_id(&self, action: &str) -> String {
        format!("{}_{action}", self.connector)
    }

    /// Sends a GET request through the proxy.
    pub async fn proxy(&self, account: &AccountId, path: &str) -> Result<ProxyOutcome, Error> {
        self.engine.proxy.run(&self.caller, proxy_request(account, HttpMethod::Get, path)).await
    }

    /// Checks that a text contains no secret of the bed and of its provider.
    pub fn assert_no_secret(&self, text: &str) {
        for secret in self.provider.secrets().iter().chain(&self.secrets) {
            assert!(!text.contains(secret), "{secret} is in {text}");
        }
    }
}

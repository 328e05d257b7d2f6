//! The server under test, and a client that panics if a response contains a secret.

pub mod canary;
mod client;
mod contract;
pub mod database;
pub mod fault_proxy;
pub mod fleet;
pub mod haproxy;
pub mod load;
pub mod oauth2;
mod provider;
pub mod pushing;
pub mod receiver;
pub mod rolling;
pub mod round_trips;
mod server;
mod statements;

pub use client::{ApiResponse, Client};
pub use provider::{FixtureProvider, Provider};
pub use server::{Server, binary, offline};

use std::time::{Duration, Instant};

use serde_json::{Value, json};

/// A server with one linked SpotDraft account.
pub struct LinkedServer {
    pub provider: Provider,
    pub server: Server,
    pub account: String,
    pub integration: String,
}

impl LinkedServer {
    pub fn new() -> Self {
        Self::with_arguments(&[])
    }

    pub fn with_arguments(arguments: &[&str]) -> Self {
        let provider = Provider::start();
        let server = Server::start(&provider, arguments);
        let token = server.session(json!({}));
        let integration = server.integration(&token);
        let answer = server.hub(&token).post("/hub/accounts", &link_body(&integration));
        assert_eq!(answer.status, 200, "{answer}");
        let account = answer.text("/id");
        Self { provider, server, account, integration }
    }

    /// Returns a client of the API with the account's header.
    pub fn api(&self) -> Client {
        self.server.api().header("x-account-id", &self.account)
    }

    /// Runs an action and returns the response.
    pub fn run(&self, action: &str, inputs: Value) -> ApiResponse {
        let mut body = inputs;
        body["action"] = json!(format!("spotdraft_{action}"));
        self.api().post("/actions/rpc", &body)
    }
}

/// Repeats a call for longer than a server takes to hear of all changes so far. It forgets what they concern, also if it made them
/// itself, and the calls read it again.
pub fn keep_calling(call: impl Fn()) {
    let end = Instant::now() + Duration::from_millis(1500);
    while Instant::now() < end {
        call();
    }
}

/// Returns the Hub's request to link an account with the planted credentials.
pub fn link_body(integration: &str) -> Value {
    json!({
        "integration_id": integration,
        "credentials": { "clientId": provider::CLIENT_ID, "clientSecret": canary::CLIENT_SECRET },
    })
}

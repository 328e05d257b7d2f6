//! A server under test and a client that never lets a secret pass.

pub mod canary;
mod client;
mod provider;
mod server;
mod stand;

pub use client::{Answer, Client};
pub use provider::Provider;
pub use server::{Server, binary, offline};
pub use stand::Stand;

use serde_json::{Value, json};

/// A server with one linked SpotDraft account, what most tests start from.
pub struct Linked {
    pub provider: Provider,
    pub server: Server,
    pub account: String,
    pub integration: String,
}

impl Linked {
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

    /// The API with the account's header.
    pub fn api(&self) -> Client {
        self.server.api().header("x-account-id", &self.account)
    }

    /// Runs an action and gives its answer.
    pub fn run(&self, action: &str, inputs: Value) -> Answer {
        let mut body = inputs;
        body["action"] = json!(format!("spotdraft_{action}"));
        self.api().post("/actions/rpc", &body)
    }
}

/// What the Hub sends for the planted credentials.
pub fn link_body(integration: &str) -> Value {
    json!({
        "integration_id": integration,
        "credentials": { "clientId": provider::CLIENT_ID, "clientSecret": canary::CLIENT_SECRET },
    })
}

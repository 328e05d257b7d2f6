//! A project that pushes connectors: its key, its server, and a small connector.

use std::path::Path;

use super::{ApiResponse, Client, Provider, Server, offline};

/// The scopes of a key that may push connectors, as the command line takes them.
pub const PUSH_SCOPES: &str = "platform:read,platform:write,actions:execute,connectors:read,connectors:write";

/// Creates a key of a project that may push connectors, in a directory that no server uses, and returns it.
pub fn pushing_key(data_dir: &Path, project: &str) -> String {
    offline(data_dir, &["api-key", "create", "--project", project, "--name", "push", "--scopes", PUSH_SCOPES])
}

/// Creates a project in a directory that no server uses, and returns a key of it that may push connectors.
pub fn pushing_project(data_dir: &Path, name: &str) -> String {
    let project = offline(data_dir, &["project", "create", name]);
    pushing_key(data_dir, &project)
}

/// A server with a project that may push connectors.
pub struct PushingServer {
    pub server: Server,
    /// A client with the key of the project.
    pub api: Client,
    _provider: Provider,
    _directory: tempfile::TempDir,
}

impl PushingServer {
    pub fn start() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let data_dir = directory.path().join("data");
        let key = pushing_project(&data_dir, "Ours");
        let provider = Provider::start();
        let server = Server::start_in(&data_dir, &provider, &[]);
        let api = server.with_key(&key);
        Self { server, api, _provider: provider, _directory: directory }
    }
}

/// Pushes a connector of one file, and returns the response.
pub fn push(client: &Client, text: String) -> ApiResponse {
    client.clone().header("content-type", "application/yaml").send("POST", "/connectors", Some(text))
}

/// Returns a small connector with a key, a version and a title.
pub fn small_connector(key: &str, version: &str, title: &str) -> String {
    format!(
        "Patchbay: 1.0.0\n\
         info: {{title: {title}, key: {key}, version: {version}, description: For tests of pushing.}}\n\
         categories: [documents]\n\
         baseUrl: https://api.us.spotdraft.com/api/v2.1\n\
         authentication:\n\
         \x20 - custom:\n\
         \x20     type: custom\n\
         \x20     label: Key\n\
         \x20     authorization: {{type: bearer, token: $.credentials.token}}\n\
         \x20     configFields: [{{key: token, label: Token, type: password, required: true, secret: true}}]\n\
         \x20     environments: [{{key: production, name: Production}}]\n\
         \x20     guides:\n\
         \x20       config:\n\
         \x20         sections: [{{title: Token, content: Copy the token.}}]\n\
         actions:\n\
         \x20 - actionId: list_things\n\
         \x20   categories: [documents]\n\
         \x20   actionType: list\n\
         \x20   label: List things\n\
         \x20   description: Lists things.\n\
         \x20   steps:\n\
         \x20     - {{stepId: things, description: Lists., stepFunction: {{functionName: request, parameters: {{url: /things, method: get}}}}}}\n\
         \x20   result: {{data: $.steps.things.output.data}}\n"
    )
}

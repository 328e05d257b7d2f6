//! A simulated provider for a fixture of the engine, in the test's process, and the servers that use it.

use std::path::{Path, PathBuf};

use axum::Router;

use super::{Provider, Server};

/// A running provider. Dropping it stops it.
pub struct FixtureProvider {
    /// The URL at which it listens.
    pub address: String,
    connectors: tempfile::TempDir,
    spotdraft: Provider,
    _runtime: tokio::runtime::Runtime,
}

impl FixtureProvider {
    /// Starts a provider with `router` for the connector of a fixture.
    pub fn start(fixture: &str, router: Router) -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let address = runtime.block_on(async {
            let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
            let address = format!("http://{}", listener.local_addr().unwrap());
            tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
            address
        });
        let file = format!("{fixture}.connector.yaml");
        let fixtures = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../patchbay-engine/tests/fixtures");
        let connectors = tempfile::tempdir().unwrap();
        let folder = connectors.path().join(fixture);
        std::fs::create_dir(&folder).unwrap();
        std::fs::copy(fixtures.join(fixture).join(&file), folder.join(&file)).unwrap();
        Self { address, connectors, spotdraft: Provider::start(), _runtime: runtime }
    }

    /// Starts a server with the connector. Requests for each URL in `upstreams` go to the given path of the provider.
    pub fn server(&self, upstreams: &[(&str, &str)], arguments: &[&str]) -> Server {
        let own = self.arguments(upstreams, arguments);
        Server::start(&self.spotdraft, &own.iter().map(String::as_str).collect::<Vec<_>>())
    }

    /// Starts a server as [`Self::server`] does, in a directory that is not removed with it.
    pub fn server_in(&self, data_dir: &Path, upstreams: &[(&str, &str)], arguments: &[&str]) -> Server {
        let own = self.arguments(upstreams, arguments);
        Server::start_in(data_dir, &self.spotdraft, &own.iter().map(String::as_str).collect::<Vec<_>>())
    }

    fn arguments(&self, upstreams: &[(&str, &str)], arguments: &[&str]) -> Vec<String> {
        let mut own = vec!["--connectors".to_owned(), self.connectors.path().display().to_string()];
        for (url, path) in upstreams {
            own.extend(["--upstream".to_owned(), format!("{url}={}{path}", self.address)]);
        }
        own.extend(arguments.iter().map(|argument| (*argument).to_owned()));
        own
    }
}

//! Two servers on one PostgreSQL database, with one key ring.

use std::{
    fs,
    path::Path,
    time::{Duration, Instant},
};

use patchbay_storage::conformance::postgres_server::PostgresServer;
use serde_json::json;

use super::{ApiResponse, Client, Provider, Server, binary, database::block_on, link_body};

/// Two servers with one key ring.
pub struct Fleet {
    pub one: Server,
    pub two: Server,
    pub provider: Provider,
    pub postgres: PostgresServer,
    pub url: String,
    pub directory: tempfile::TempDir,
}

impl Fleet {
    pub fn start() -> Self {
        Self::with_arguments(&[])
    }

    pub fn with_arguments(arguments: &[&str]) -> Self {
        let postgres = PostgresServer::start();
        let url = block_on(postgres.create_database("patchbay", None));
        let directory = tempfile::tempdir().unwrap();
        let provider = Provider::start();
        // The tests ask again and again.
        let arguments = [&["--database-url", &url, "--key-requests-per-minute", "0"], arguments].concat();
        let one = Server::start_in(&directory.path().join("one"), &provider, &arguments);
        share_key_ring(directory.path(), "one", "two");
        let two = Server::start_in(&directory.path().join("two"), &provider, &arguments);
        Self { one, two, provider, postgres, url, directory }
    }

    /// Links an account on the first server, and returns its id.
    pub fn link(&self) -> String {
        let token = self.one.session(json!({}));
        let integration = self.one.integration(&token);
        let answer = self.one.hub(&token).post("/hub/accounts", &link_body(&integration));
        assert_eq!(answer.status, 200, "{answer}");
        answer.text("/id")
    }

    /// Runs a command with a data directory of its own, and returns its output.
    pub fn command(&self, arguments: &[&str]) -> String {
        if !self.directory.path().join("command").exists() {
            share_key_ring(self.directory.path(), "one", "command");
        }
        let mut command = binary();
        command.env("PATCHBAY_DATABASE_URL", &self.url).args(arguments).arg("--data-dir");
        let output = command.arg(self.directory.path().join("command")).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap().trim().to_owned()
    }

    /// Changes the database as a person does.
    pub fn meddle(&self, statements: &'static str) {
        block_on(async {
            let pool = sqlx::PgPool::connect(&self.url).await.unwrap();
            sqlx::raw_sql(statements).execute(&pool).await.unwrap();
            pool.close().await;
        });
    }
}

/// Gives a data directory the key ring of another one.
pub fn share_key_ring(directory: &Path, from: &str, to: &str) {
    let to = directory.join(to);
    fs::create_dir_all(&to).unwrap();
    fs::copy(directory.join(from).join("keyring.json"), to.join("keyring.json")).unwrap();
}

/// Asks until the answer is the expected one. The bound is only for a test that fails.
pub fn eventually(
    what: &str,
    ask: impl Fn() -> ApiResponse,
    is_expected: impl Fn(&ApiResponse) -> bool,
) -> ApiResponse {
    let deadline = Instant::now() + Duration::from_mins(1);
    loop {
        let answer = ask();
        if is_expected(&answer) {
            return answer;
        }
        assert!(Instant::now() < deadline, "{what}: {answer}");
        std::thread::yield_now();
    }
}

/// Runs an action on an account.
pub fn run(client: &Client, account: &str) -> ApiResponse {
    let client = client.clone().header("x-account-id", account);
    client.post("/actions/rpc", &json!({ "action": "spotdraft_list_contract_types" }))
}

/// Returns whether an answer has a status.
pub fn status(expected: u16) -> impl Fn(&ApiResponse) -> bool {
    move |answer| answer.status == expected
}

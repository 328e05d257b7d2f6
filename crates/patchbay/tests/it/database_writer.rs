//! A person who writes to the database without the key ring gains no access and sends no secret elsewhere: the server is stopped,
//! rows are changed with SQL, and the next start refuses them with an error in words.

use std::{fs, path::Path};

use patchbay_vault::Vault;
use serde_json::json;

use crate::support::{
    ApiResponse, Client, Provider, Server,
    database::{keep, restore, select, sql},
    link_body, offline,
    pushing::{PUSH_SCOPES, push, pushing_key, small_connector},
};

/// The secret of the accounts of the pushed connector. The provider receives it.
const TOKEN: &str = "typed-token-5c1d";
const EVIL: &str = "https://evil.example.com";

/// A server whose database is changed while it is stopped.
struct Bed {
    provider: Provider,
    server: Server,
    key: String,
    account: String,
    _directory: tempfile::TempDir,
}

impl Bed {
    /// Starts a server with the pushed connector `acme` 1.0.0 and an account of it.
    fn start() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let data_dir = directory.path().join("data");
        let provider = Provider::start();
        // The first start creates the project of the key from the environment.
        Server::start_in(&data_dir, &provider, &[]).terminate();
        let key = pushing_key(&data_dir, "default-10001");
        let server = Server::start_in(&data_dir, &provider, &[]);
        let mut bed = Self { provider, server, key, account: String::new(), _directory: directory };
        let pushed = bed.push("1.0.0");
        assert_eq!(pushed.status, 201, "{pushed}");
        let made = bed.api().post("/auth_configs", &json!({ "connector_key": "acme" }));
        assert!(made.status == 201 || made.status == 409, "{made}");
        let session = bed.server.session(json!({ "provider": "acme" }));
        let hub = bed.server.hub(&session);
        let integration = hub.get("/hub/connectors?provider=acme").text("/integrations/0/integration_id");
        let body = json!({ "integration_id": integration, "credentials": { "token": TOKEN } });
        let linked = hub.post("/hub/accounts", &body);
        assert_eq!(linked.status, 200, "{linked}");
        bed.account = linked.text("/id");
        assert!(bed.run().is_from_provider());
        bed
    }

    fn api(&self) -> Client {
        self.server.with_key(&self.key)
    }

    fn push(&self, version: &str) -> ApiResponse {
        push(&self.api(), small_connector("acme", version, "Acme"))
    }

    fn run(&self) -> ApiResponse {
        let api = self.api().header("x-account-id", &self.account);
        api.post("/actions/rpc", &json!({ "action": "acme_list_things" }))
    }

    /// Stops the server, changes the database, and starts it again.
    fn change(&mut self, statements: &str) {
        let data_dir = self.server.data_dir.clone();
        assert_eq!(self.server.terminate(), Some(0));
        sql(&data_dir, statements);
        self.server = Server::start_in(&data_dir, &self.provider, &[]);
        self.provider.forget_requests();
    }

    fn assert_nothing_was_sent(&self) {
        assert!(self.provider.requests().is_empty(), "{:?}", self.provider.requests());
    }
}

/// What these tests ask about a response.
trait Outcome {
    /// Returns true if the provider was called: it has no such path.
    fn is_from_provider(&self) -> bool;
    /// Panics unless the response is the error of a row that somebody else wrote.
    fn assert_refused(&self, what: &str);
}

impl Outcome for ApiResponse {
    fn is_from_provider(&self) -> bool {
        self.status == 404 && self.code() == "ProviderError"
    }

    fn assert_refused(&self, what: &str) {
        assert_eq!((self.status, self.code()), (500, "VaultError".to_owned()), "{what}: {self}");
        assert!(self.body.contains("the database was changed or damaged"), "{what}: {self}");
    }
}

#[test]
fn a_pushed_connector_that_was_changed_in_the_database_is_refused_and_sends_nothing() {
    let mut bed = Bed::start();
    assert_eq!(bed.push("1.1.0-rc.1").status, 201);
    let evil = format!("UPDATE connector_files SET text = replace(text, 'https://api.us.spotdraft.com', '{EVIL}')");
    let seal_of = |version: &str| format!("(SELECT seal FROM connector_versions WHERE version = '{version}')");
    for (what, statements) in [
        ("another address", format!("{evil} WHERE version = '1.0.0';")),
        ("another address, without a seal", format!("{evil}; UPDATE connector_versions SET seal = NULL;")),
        (
            "the seal of another version",
            format!("{evil} WHERE version = '1.0.0'; UPDATE connector_versions SET seal = {} WHERE version = '1.0.0';",
                seal_of("1.1.0-rc.1")),
        ),
        (
            "another digest",
            "UPDATE connector_versions SET digest = zeroblob(32) WHERE version = '1.0.0';".to_owned(),
        ),
        (
            "one more file",
            "INSERT INTO connector_files SELECT project_id, key, version, 'zzz.items.partial.yaml', '# more' \
             FROM connector_versions WHERE version = '1.0.0';".to_owned(),
        ),
        ("no files", "DELETE FROM connector_files WHERE version = '1.0.0';".to_owned()),
        (
            "a newer version with the files and the seal of another one",
            format!(
                "INSERT INTO connector_versions SELECT project_id, key, '9.0.0', digest, file_count, size_bytes, created_at, \
                 seal FROM connector_versions WHERE version = '1.0.0';
                 INSERT INTO connector_files SELECT project_id, key, '9.0.0', name, replace(text, '1.0.0', '9.0.0') \
                 FROM connector_files WHERE version = '1.0.0'; {evil} WHERE version = '9.0.0';"
            ),
        ),
    ] {
        bed.change(&statements);
        bed.run().assert_refused(what);
        bed.run().assert_refused(what);
        bed.assert_nothing_was_sent();
        let log = bed.server.logged("A STORED RECORD WAS CHANGED OUTSIDE OF PATCHBAY");
        assert!(log.contains("acme"), "{log}");
        let version = if what.starts_with("a newer") { "9.0.0" } else { "1.0.0" };
        let files = bed.api().get(&format!("/connectors/acme/versions/{version}"));
        files.assert_refused(what);
        assert!(!files.body.contains(EVIL), "{files}");
        // The rest of the project works.
        for path in ["/connectors", "/connectors/acme", "/auth_configs", "/accounts", "/actions"] {
            assert_eq!(bed.api().get(path).status, 200, "{what}: {path}");
        }
        // The remedy in the message.
        if version == "9.0.0" {
            assert_eq!(bed.api().delete("/connectors/acme/versions/9.0.0").status, 200);
        } else {
            let pushed = bed.push("1.0.0");
            assert_eq!(pushed.status, 201, "{what}: {pushed}");
            assert_eq!(bed.push("1.0.0").status, 200);
        }
        let run = bed.run();
        assert!(run.is_from_provider(), "{what}: {run}");
    }
}

#[test]
fn an_api_key_that_was_changed_in_the_database_opens_nothing() {
    let mut bed = Bed::start();
    let weak = bed.api().post("/api_keys", &json!({ "name": "weak", "scopes": ["platform:read"] }));
    let (weak, id) = (weak.text("/key"), weak.text("/id"));
    let own = "v1.local.a-key-of-the-writer-7d20c4b1";
    let hash = Vault::hash_token(own).hex();
    let of_weak = format!("WHERE id = '{id}'");
    for (what, key, statements) in [
        ("more scopes", &*weak, format!("UPDATE api_keys SET scopes = 'platform:read credentials:read' {of_weak};")),
        ("another project", &*weak, format!("UPDATE api_keys SET project_id = 'other' {of_weak};")),
        ("no seal", &*weak, format!("UPDATE api_keys SET seal = NULL {of_weak};")),
        (
            "the seal of another key",
            &*weak,
            format!("UPDATE api_keys SET seal = (SELECT seal FROM api_keys WHERE name = 'push') {of_weak};"),
        ),
        ("another secret", own, format!("UPDATE api_keys SET hash = x'{hash}' WHERE name = 'push';")),
        (
            "a key of the writer",
            own,
            format!(
                "INSERT INTO api_keys (id, project_id, name, hash, scopes, enabled, created_at) SELECT 'writer', \
                 project_id, 'x', x'{hash}', '{}', 1, 0 FROM api_keys WHERE name = 'push';",
                PUSH_SCOPES.replace(',', " ")
            ),
        ),
    ] {
        let data_dir = bed.server.data_dir.clone();
        bed.server.terminate();
        keep(&data_dir);
        sql(&data_dir, &statements);
        bed.server = Server::start_in(&data_dir, &bed.provider, &[]);
        bed.server.with_key(key).get("/accounts").assert_refused(what);
        bed.server.terminate();
        restore(&data_dir);
        bed.server = Server::start_in(&data_dir, &bed.provider, &[]);
    }
    // A disabled key stays disabled, and no change of the API seals what the writer wrote.
    let path = format!("/api_keys/{id}");
    assert_eq!(bed.api().patch(&path, &json!({ "enabled": false })).status, 200);
    bed.change(&format!("UPDATE api_keys SET enabled = 1 {of_weak};"));
    bed.server.with_key(&weak).get("/accounts").assert_refused("enabled again");
    bed.api().patch(&path, &json!({ "name": "renamed" })).assert_refused("a change");
    bed.server.with_key(&weak).get("/accounts").assert_refused("after the change");
    assert_eq!(bed.api().delete(&path).status, 204);
    assert_eq!(bed.server.with_key(&weak).get("/accounts").status, 401);
}

#[test]
fn the_environments_key_is_created_again_if_its_row_was_changed() {
    let mut bed = Bed::start();
    assert_eq!(bed.server.api().get("/accounts").status, 200);
    bed.change("UPDATE api_keys SET scopes = 'platform:read credentials:read' WHERE name = 'environment';");
    assert_eq!(bed.server.api().get("/accounts").status, 200);
    let session =
        bed.server.api().post("/connect_sessions", &json!({ "origin_owner_id": "a", "origin_owner_name": "A" }));
    assert_eq!(session.status, 201, "it has the scopes of the environment's key: {session}");
    let keys = bed.server.api().get("/api_keys").body;
    assert!(!keys.contains("credentials:read"), "{keys}");
}

#[test]
fn a_login_that_was_written_into_the_database_is_refused() {
    let mut bed = Bed::start();
    let link = offline(&bed.server.data_dir.clone(), &["login-link"]);
    let page = |server: &Server| server.anonymous().header("x-requested-with", "patchbay");
    let log_in = |server: &Server, link: &str| {
        let token = link.rsplit('=').next().unwrap();
        page(server).post("/auth/login", &json!({ "login_token": token }))
    };
    let answer = log_in(&bed.server, &link);
    assert_eq!(answer.status, 200, "{answer}");
    let cookie = answer.header("set-cookie").unwrap().split(';').next().unwrap().to_owned();
    let password = "a long and unusual password";
    let set = page(&bed.server).header("cookie", &cookie).send(
        "PUT",
        "/auth/password",
        Some(json!({ "password": password }).to_string()),
    );
    assert_eq!(set.status, 204, "{set}");

    // A session of the writer's own, with the member of the real one.
    let own = "a-token-of-the-writer";
    let hash = Vault::hash_token(own).hex();
    bed.change(&format!(
        "INSERT INTO browser_sessions (hash, member_id, created_at, expires_at) \
         SELECT x'{hash}', id, 0, 9000000000000000 FROM members;"
    ));
    let name = cookie.split('=').next().unwrap();
    let forged = page(&bed.server).header("cookie", &format!("{name}={own}"));
    forged.get("/accounts").assert_refused("a session of the writer");
    assert_eq!(page(&bed.server).header("cookie", &cookie).get("/accounts").status, 200);

    // A login link of the writer's own.
    bed.change(&format!(
        "INSERT INTO login_tokens (hash, project_id, expires_at) VALUES (x'{hash}', 'default-10001', 9000000000000000);"
    ));
    log_in(&bed.server, &format!("={own}")).assert_refused("a login link of the writer");

    // Another password.
    bed.change("UPDATE members SET password_hash = '$argon2id$v=19$m=8,t=1,p=1$c29tZXNhbHQ$c29tZWhhc2g';");
    let answer = page(&bed.server).post("/auth/login", &json!({ "password": "the writer's" }));
    answer.assert_refused("another password");
    page(&bed.server).header("cookie", &cookie).get("/accounts").assert_refused("a session of a changed member");
}

#[test]
fn a_secret_is_not_sent_by_another_connector_that_the_database_names() {
    let bed = Bed::start();
    let (data_dir, account) = (bed.server.data_dir.clone(), bed.account.clone());
    // An account of the built-in connector, whose secret has another name.
    let token = bed.server.session(json!({}));
    let other = bed.server.hub(&token).post("/hub/accounts", &link_body(&bed.server.integration(&token))).text("/id");
    let mut bed = bed;
    assert_eq!(select(&data_dir, "SELECT count(*) || '' FROM accounts"), "2");
    bed.change(&format!(
        "UPDATE accounts SET (connector, profile_id, auth_config_key) = (SELECT connector, profile_id, auth_config_key FROM \
         accounts WHERE id = '{account}') WHERE id = '{other}'; \
         UPDATE account_secrets SET field = 'token' WHERE account_id = '{other}' AND field = 'clientSecret';"
    ));
    let api = bed.api().header("x-account-id", &other);
    let run = api.post("/actions/rpc", &json!({ "action": "acme_list_things" }));
    assert!(run.status == 412 || run.status == 500, "{run}");
    bed.assert_nothing_was_sent();
}

/// Makes the rows and the key ring those of a version that did not seal rows.
fn make_older(data_dir: &Path) {
    let tables = ["api_keys", "login_tokens", "members", "browser_sessions", "connector_versions"];
    sql(data_dir, &tables.map(|table| format!("UPDATE {table} SET seal = NULL;")).concat());
    let ring = data_dir.join("keyring.json");
    let text = fs::read_to_string(&ring).unwrap();
    assert!(text.contains("\"sealed_rows\": true"), "{text}");
    fs::write(&ring, text.replace("  \"sealed_rows\": true,\n", "")).unwrap();
}

#[test]
fn rows_of_an_earlier_version_are_trusted_once() {
    let mut bed = Bed::start();
    let data_dir = bed.server.data_dir.clone();
    bed.server.terminate();
    make_older(&data_dir);
    bed.server = Server::start_in(&data_dir, &bed.provider, &[]);
    bed.server.logged("sealed the rows of an earlier version");
    assert!(bed.run().is_from_provider());
    assert_eq!(select(&data_dir, "SELECT count(*) || '' FROM api_keys WHERE seal IS NULL"), "0");
    // Never again: a row without a seal is refused, also if its content is right.
    bed.change("UPDATE connector_versions SET seal = NULL;");
    bed.run().assert_refused("a row without a seal");
    bed.assert_nothing_was_sent();
    assert_eq!(bed.push("1.0.0").status, 201);
    assert!(bed.run().is_from_provider());
}

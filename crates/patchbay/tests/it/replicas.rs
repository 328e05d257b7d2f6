//! Two servers on one PostgreSQL database: what one changes, the other one knows.

use std::{
    fs::{self, Permissions},
    os::unix::fs::PermissionsExt,
    process::Stdio,
};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use patchbay_storage::conformance::postgres_server::PostgresServer;
use serde_json::{Value, json};

use crate::support::{
    ApiResponse, Server, binary, canary,
    database::block_on,
    fleet::{Fleet, eventually, run, share_key_ring, status},
    keep_calling,
    pushing::{PUSH_SCOPES, push, small_connector},
};

#[test]
fn a_key_that_one_server_disables_or_deletes_is_refused_by_the_other() {
    let fleet = Fleet::start();
    let (api, other) = (fleet.one.api(), &fleet.two);
    let created = api.post("/api_keys", &json!({ "name": "shared" }));
    let (id, key) = (created.text("/id"), created.text("/key"));
    let path = format!("/api_keys/{id}");
    let client = other.with_key(&key);
    assert_eq!(client.get("/accounts").status, 200, "a key that one server creates is known to the other at once");
    for round in 0..5 {
        assert_eq!(api.patch(&path, &json!({ "enabled": false })).status, 200);
        assert_eq!(
            fleet.one.with_key(&key).get("/accounts").status,
            401,
            "the server that disables it is exact at once"
        );
        eventually(&format!("disabled, round {round}"), || client.get("/accounts"), status(401));
        assert_eq!(api.patch(&path, &json!({ "enabled": true })).status, 200);
        eventually("an unknown key is not remembered", || client.get("/accounts"), status(200));
    }
    assert_eq!(api.delete(&path).status, 204);
    eventually("deleted", || client.get("/accounts"), status(401));
}

#[test]
fn an_account_that_is_linked_on_one_server_runs_and_ends_on_the_other() {
    let fleet = Fleet::start();
    let account = fleet.link();
    let answer = run(&fleet.two.api(), &account);
    assert_eq!(answer.status, 200, "{answer}");
    let path = format!("/accounts/{account}");
    let suspended = fleet.one.api().patch(&path, &json!({ "status": "suspended" }));
    assert_eq!(suspended.status, 200, "{suspended}");
    eventually("suspended", || run(&fleet.two.api(), &account), |answer| answer.status != 200);
    assert_eq!(fleet.one.api().patch(&path, &json!({ "status": "active" })).status, 200);
    eventually("active", || run(&fleet.two.api(), &account), status(200));
    assert_eq!(fleet.two.api().delete(&path).status, 200);
    eventually("deleted", || run(&fleet.one.api(), &account), status(404));
}

#[test]
fn a_connector_that_is_pushed_to_one_server_is_in_use_on_the_other() {
    let fleet = Fleet::start();
    // A command may change the database while servers run.
    let projects = fleet.command(&["project", "list"]);
    let project = projects.split_whitespace().next().unwrap();
    let key = fleet.command(&["api-key", "create", "--project", project, "--name", "push", "--scopes", PUSH_SCOPES]);
    let (one, two) = (fleet.one.with_key(&key), fleet.two.with_key(&key));
    for version in ["1.0.0", "1.1.0"] {
        let pushed = push(&one, small_connector("acme", version, "Acme"));
        assert_eq!(pushed.status, 201, "{pushed}");
        let path = format!("/connectors/acme/versions/{version}");
        eventually("pushed", || two.get(&path), status(200));
    }
    let profile = two.post("/auth_configs", &json!({ "connector_key": "acme", "connector_pinned_version": "1.0.0" }));
    assert!(matches!(profile.status, 200 | 201), "{profile}");
    let refused = one.delete("/connectors/acme/versions/1.0.0");
    assert_eq!(refused.status, 409, "a pin of the other server counts: {refused}");
    assert_eq!(two.delete("/connectors/acme/versions/1.1.0").status, 200);
    eventually("deleted", || one.get("/connectors/acme/versions/1.1.0"), status(404));
}

#[test]
fn the_follower_of_an_attempt_hears_of_its_end_on_another_server() {
    let fleet = Fleet::start();
    let token = fleet.one.session(json!({}));
    let attempt = fleet.one.hub(&token).post("/hub/connection_attempts", &json!({ "token": token })).text("/id");
    let path = format!("/hub/connection_attempts/{attempt}");
    let (follower, events) = (fleet.two.hub(&token), format!("{path}/events"));
    let following = std::thread::spawn(move || follower.get(&events));
    assert_eq!(fleet.one.hub(&token).delete(&path).status, 204);
    let answer = following.join().unwrap();
    assert!(answer.body.contains("cancelled"), "{answer}");
}

#[test]
fn the_servers_are_listed_and_one_of_them_leads() {
    let mut fleet = Fleet::start();
    let count = |answer: &ApiResponse, name: &str| {
        let answer = answer.json();
        let servers = answer["data"].as_array().unwrap().clone();
        servers.iter().filter(|server| server[name] == Value::Bool(true)).count()
    };
    let both = |answer: &ApiResponse| answer.json()["data"].as_array().is_some_and(|all| all.len() == 2);
    let list = |server: &Server| server.api().get("/admin/replicas");
    for server in [&fleet.one, &fleet.two] {
        let answer = eventually("both live", || list(server), |answer| both(answer) && count(answer, "leader") == 1);
        assert_eq!(count(&answer, "this"), 1, "{answer}");
        let addresses = answer.json()["data"].to_string();
        assert!(addresses.contains(server.base.strip_prefix("http://").unwrap()), "{addresses}");
    }
    // The leader steps down when it stops, and the other one takes over.
    assert_eq!(fleet.one.terminate(), Some(0));
    let is_left = |answer: &ApiResponse| !both(answer) && count(answer, "leader") == 1;
    eventually("one is left and leads", || list(&fleet.two), is_left);
}

/// A process that was stopped does not know what it missed: it looks before it uses anything that it has in memory.
#[test]
fn a_server_that_was_paused_refuses_a_key_that_was_disabled_meanwhile() {
    let fleet = Fleet::start();
    let created = fleet.one.api().post("/api_keys", &json!({ "name": "shared" }));
    let (id, key) = (created.text("/id"), created.text("/key"));
    let client = fleet.two.with_key(&key);
    assert_eq!(client.get("/accounts").status, 200);
    fleet.two.signal("-STOP");
    let disabled = fleet.one.api().patch(&format!("/api_keys/{id}"), &json!({ "enabled": false }));
    assert_eq!(disabled.status, 200, "{disabled}");
    // The pause is longer than what a server tolerates. The database's clock measures it, while the server stands still.
    fleet.meddle("SELECT pg_sleep(1.5)");
    let asking = std::thread::spawn(move || client.get("/accounts"));
    fleet.two.signal("-CONT");
    let answer = asking.join().unwrap();
    assert_eq!(answer.status, 401, "its first answer: {answer}");
}

/// Warm calls go on while the database is away, for as long as the operator allows. What needs the database is refused.
#[test]
fn warm_calls_go_on_without_the_database() {
    let fleet = Fleet::with_arguments(&["--cache-stale-seconds", "3600"]);
    let strict = {
        share_key_ring(fleet.directory.path(), "one", "strict");
        let arguments = ["--database-url", &fleet.url, "--cache-stale-seconds", "0"];
        Server::start_in(&fleet.directory.path().join("strict"), &fleet.provider, &arguments)
    };
    let account = fleet.link();
    for server in [&fleet.one, &strict] {
        keep_calling(|| assert_eq!(run(&server.api(), &account).status, 200));
    }
    fleet.postgres.pause();
    eventually("without its database", || run(&strict.api(), &account), status(503));
    let is_stale = |answer: &ApiResponse| answer.header("x-patchbay-stale").is_some();
    eventually("stale", || fleet.one.anonymous().get("/readyz"), is_stale);
    for _ in 0..50 {
        let answer = run(&fleet.one.api(), &account);
        assert_eq!(answer.status, 200, "{answer}");
    }
    let ready = fleet.one.anonymous().get("/readyz");
    assert_eq!(ready.status, 200, "{ready}");
    assert!(ready.json()["stale_seconds"].is_u64(), "{ready}");
    assert_eq!(strict.anonymous().get("/readyz").status, 503);
    let write = fleet.one.api().post("/api_keys", &json!({ "name": "later" }));
    assert_eq!(write.status, 503, "{write}");

    fleet.postgres.resume();
    for server in [&fleet.one, &strict] {
        eventually(
            "recovers by itself",
            || run(&server.api(), &account),
            |answer| answer.status == 200 && !is_stale(answer),
        );
    }
    canary::assert_absent(fleet.one.log().as_bytes(), "the log");
}

/// Of servers that start at once with an empty database, one creates and shows the secrets of the first start.
#[test]
fn servers_that_start_at_once_have_one_first_start() {
    let postgres = PostgresServer::start();
    let url = block_on(postgres.create_database("patchbay", None));
    let directory = tempfile::tempdir().unwrap();
    let ring = json!({
        "format": "patchbay-keyring-1",
        "active": "0000000000000001",
        "keys": [{ "id": "0000000000000001", "key": STANDARD.encode([7; 32]), "created_at": "2026-01-01T00:00:00Z" }],
    });
    let starting = ["one", "two", "three"].map(|name| {
        let (data_dir, url) = (directory.path().join(name), url.clone());
        fs::create_dir(&data_dir).unwrap();
        fs::set_permissions(&data_dir, Permissions::from_mode(0o700)).unwrap();
        fs::write(data_dir.join("keyring.json"), ring.to_string()).unwrap();
        fs::set_permissions(data_dir.join("keyring.json"), Permissions::from_mode(0o600)).unwrap();
        std::thread::spawn(move || {
            let mut command = binary();
            command.args(["serve", "--listen", "127.0.0.1:0", "--database-url", &url, "--data-dir"]).arg(&data_dir);
            Server::spawn(command, &data_dir)
        })
    });
    let mut servers = starting.map(|starting| starting.join().unwrap());
    for server in &mut servers {
        assert_eq!(server.terminate(), Some(0));
    }
    let logs = servers.iter().map(Server::log).collect::<Vec<_>>();
    let shown = logs.iter().filter(|log| log.contains("login_token=")).collect::<Vec<_>>();
    assert_eq!(shown.len(), 1, "{}", logs.join("\n---\n"));
    assert_eq!(shown[0].matches("v1.local.").count(), 1, "one key: {}", shown[0]);
}

#[test]
fn wrong_passwords_are_counted_by_all_servers() {
    let fleet = Fleet::start();
    let guess = |server: &Server| {
        let page = server.anonymous().header("x-requested-with", "patchbay");
        page.post("/auth/login", &json!({ "password": "not the password" }))
    };
    // The sixth attempt begins a delay, whichever server counts it.
    for number in 0..6 {
        let answer = guess(if number % 2 == 0 { &fleet.one } else { &fleet.two });
        assert_eq!(answer.status, 401, "{number}: {answer}");
    }
    for server in [&fleet.one, &fleet.two] {
        let answer = guess(server);
        assert_eq!((answer.status, answer.code()), (429, "TooManyAttemptsError".to_owned()), "{answer}");
    }
}

/// A rotation on one server waits until each other one has the new key. Then all of them use it.
#[test]
fn a_new_key_is_used_when_all_servers_have_it() {
    let fleet = Fleet::start();
    let account = fleet.link();
    assert_eq!(run(&fleet.two.api(), &account).status, 200);
    eventually(
        "both live",
        || fleet.one.api().get("/admin/replicas"),
        |answer| answer.json()["data"].as_array().is_some_and(|all| all.len() == 2),
    );
    let keyring = |name: &str, command: &str| {
        let mut process = binary();
        process.env("PATCHBAY_DATABASE_URL", &fleet.url).args(["keyring", command, "--json", "--data-dir"]);
        process.arg(fleet.directory.path().join(name));
        process
    };
    let active = |name: &str| {
        let output = keyring(name, "status").output().unwrap();
        let status: Value =
            serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{error}: {output:?}"));
        let keys = status["keys"].as_array().unwrap().clone();
        keys.iter().find(|key| key["active"] == true).unwrap()["id"].as_str().unwrap().to_owned()
    };
    let old = active("one");
    // A command without a server cannot wait for the others.
    share_key_ring(fleet.directory.path(), "one", "none");
    let refused = keyring("none", "rotate").output().unwrap();
    let message = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert!(!refused.status.success() && message.contains("run the command on one of them"), "{message}");

    let rotating = keyring("one", "rotate").stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    fleet.one.logged("copy the key ring to the data directories of these servers");
    assert_eq!(active("two"), old, "it waits for the other server");
    assert_eq!(run(&fleet.two.api(), &account).status, 200);
    share_key_ring(fleet.directory.path(), "one", "two");
    fleet.two.signal("-HUP");
    let output = rotating.wait_with_output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let new = active("one");
    assert_ne!(new, old);
    // The other server learns of the change from the database: its file still names the old key.
    fleet.two.signal("-HUP");
    fleet.two.logged("the servers of the database use another key now");
    assert_eq!(active("two"), new);
    assert_eq!(run(&fleet.two.api(), &account).status, 200);
}

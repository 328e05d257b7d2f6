//! Keys are rotated while the server serves, and without it.

use std::process::Output;

use serde_json::{Value, json};

use crate::support::{Linked, Server, binary, canary};

fn keys(server: &Server, arguments: &[&str]) -> Output {
    binary().arg("keys").args(arguments).arg("--data-dir").arg(&server.data_dir).output().unwrap()
}

fn answer(output: &Output) -> Value {
    let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    canary::assert_absent(&output.stdout, "what the command printed");
    assert!(output.status.success(), "{out}{err}");
    serde_json::from_str(&out).unwrap_or_else(|error| panic!("{error}: {out}"))
}

fn failure(output: &Output) -> String {
    assert!(!output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// The ids of the keys that are not active, and the active one.
fn ids(status: &Value) -> (Vec<String>, String) {
    let id = |key: &Value| key["id"].as_str().unwrap().to_owned();
    let keys = status["keys"].as_array().unwrap();
    let old = keys.iter().filter(|key| key["active"] == false).map(id).collect();
    (old, keys.iter().find(|key| key["active"] == true).map(id).unwrap())
}

/// A profile with a sealed set-up field, beside the account with sealed credentials.
fn add_secret_profile(linked: &Linked) {
    let body = json!({
        "connector_key": "github", "authentication_config_key": "oauth2",
        "setup_information": { "clientId": "app", "clientSecret": canary::CLIENT_SECRET },
    });
    let made = linked.server.api().post("/auth_configs", &body);
    assert_eq!(made.status, 201, "{made}");
}

#[test]
fn keys_are_rotated_while_the_server_serves() {
    let mut linked = Linked::new();
    add_secret_profile(&linked);
    let before = answer(&keys(&linked.server, &["status", "--json"]));
    let (old, first) = ids(&before);
    assert_eq!((old.len(), before["left"].as_u64()), (0, Some(0)));
    let records = before["records"].as_u64().unwrap();
    assert!(records >= 3, "account, profile and canary: {before}");

    let rotated = answer(&keys(&linked.server, &["rotate", "--json"]));
    assert_eq!((rotated["resealed"].as_u64(), &rotated["resumed"]), (Some(records), &json!(false)), "{rotated}");
    let after = answer(&keys(&linked.server, &["status", "--json"]));
    let (old, active) = ids(&after);
    assert_eq!((old.as_slice(), after["left"].as_u64()), (&[first.clone()][..], Some(0)));
    assert_ne!(active, first);
    let answered = linked.run("list_contracts", json!({}));
    assert_eq!(answered.status, 200, "{answered}");

    let error = failure(&keys(&linked.server, &["retire", &active]));
    assert!(error.contains("is the active one"), "{error}");
    let error = failure(&keys(&linked.server, &["retire", "nonsense"]));
    assert!(error.contains("16 hexadecimal digits"), "{error}");
    answer(&keys(&linked.server, &["retire", &first, "--json"]));
    let answered = linked.run("list_contracts", json!({}));
    assert_eq!(answered.status, 200, "{answered}");

    // Without the server: the same commands, on its files.
    assert_eq!(linked.server.terminate(), Some(0));
    assert!(!linked.server.data_dir.join("control.sock").exists());
    let alone = answer(&keys(&linked.server, &["status", "--json"]));
    assert_eq!(ids(&alone), (vec![], active));
    let rotated = answer(&keys(&linked.server, &["rotate", "--json"]));
    assert_eq!(rotated["resealed"].as_u64(), Some(records), "{rotated}");
    let again = Server::start_in(&linked.server.data_dir, &linked.provider, &[]);
    let answered = again
        .api()
        .header("x-account-id", &linked.account)
        .post("/actions/rpc", &json!({ "action": "spotdraft_list_contracts" }));
    assert_eq!(answered.status, 200, "{answered}");
}

#[test]
fn a_killed_server_leaves_nothing_in_the_way() {
    let mut linked = Linked::new();
    linked.server.kill();
    assert!(linked.server.data_dir.join("control.sock").exists());
    let text = keys(&linked.server, &["status"]);
    let text = String::from_utf8_lossy(&text.stdout).into_owned();
    assert!(text.contains("records use the active key"), "{text}");
    let again = Server::start_in(&linked.server.data_dir, &linked.provider, &[]);
    let (old, _) = ids(&answer(&keys(&again, &["status", "--json"])));
    assert!(old.is_empty());
}

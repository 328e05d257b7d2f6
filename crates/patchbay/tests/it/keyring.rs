//! Wrapping keys are rotated through the running server, and without a server.

use std::process::Output;

use serde_json::{Value, json};

use crate::support::{LinkedServer, Server, binary, canary};

fn keyring(server: &Server, arguments: &[&str]) -> Output {
    binary().arg("keyring").args(arguments).arg("--data-dir").arg(&server.data_dir).output().unwrap()
}

fn report(output: &Output) -> Value {
    let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    canary::assert_absent(&output.stdout, "what the command printed");
    assert!(output.status.success(), "{out}{err}");
    serde_json::from_str(&out).unwrap_or_else(|error| panic!("{error}: {out}"))
}

fn failure(output: &Output) -> String {
    assert!(!output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// Returns the ids of the previous keys, and of the active one.
fn ids(status: &Value) -> (Vec<String>, String) {
    let id = |key: &Value| key["id"].as_str().unwrap().to_owned();
    let keys = status["keys"].as_array().unwrap();
    let old = keys.iter().filter(|key| key["active"] == false).map(id).collect();
    (old, keys.iter().find(|key| key["active"] == true).map(id).unwrap())
}

/// Adds a profile with a sealed setup field; the account already has sealed credentials.
fn add_secret_profile(linked: &LinkedServer) {
    let body = json!({
        "connector_key": "github", "authentication_config_key": "oauth2",
        "setup_information": { "clientId": "app", "clientSecret": canary::CLIENT_SECRET },
    });
    let created = linked.server.api().post("/auth_configs", &body);
    assert_eq!(created.status, 201, "{created}");
}

#[test]
fn keys_are_rotated_with_and_without_a_running_server() {
    let mut linked = LinkedServer::new();
    add_secret_profile(&linked);
    let before = report(&keyring(&linked.server, &["status", "--json"]));
    let (old, first) = ids(&before);
    assert_eq!((old.len(), before["left"].as_u64()), (0, Some(0)));
    let records = before["records"].as_u64().unwrap();
    assert!(records >= 3, "account, profile and canary: {before}");

    let rotated = report(&keyring(&linked.server, &["rotate", "--json"]));
    assert_eq!((rotated["resealed"].as_u64(), &rotated["resumed"]), (Some(records), &json!(false)), "{rotated}");
    let after = report(&keyring(&linked.server, &["status", "--json"]));
    let (old, active) = ids(&after);
    assert_eq!((old.as_slice(), after["left"].as_u64()), (&[first.clone()][..], Some(0)));
    assert_ne!(active, first);
    let response = linked.run("list_contracts", json!({}));
    assert_eq!(response.status, 200, "{response}");

    let error = failure(&keyring(&linked.server, &["retire", &active]));
    assert!(error.contains("is the active one"), "{error}");
    let error = failure(&keyring(&linked.server, &["retire", "nonsense"]));
    assert!(error.contains("16 hexadecimal digits"), "{error}");
    report(&keyring(&linked.server, &["retire", &first, "--json"]));
    let response = linked.run("list_contracts", json!({}));
    assert_eq!(response.status, 200, "{response}");

    // Without a server, the commands run on the files.
    assert_eq!(linked.server.terminate(), Some(0));
    assert!(!linked.server.data_dir.join("control.sock").exists());
    let offline = report(&keyring(&linked.server, &["status", "--json"]));
    assert_eq!(ids(&offline), (vec![], active));
    let rotated = report(&keyring(&linked.server, &["rotate", "--json"]));
    assert_eq!(rotated["resealed"].as_u64(), Some(records), "{rotated}");
    let again = Server::start_in(&linked.server.data_dir, &linked.provider, &[]);
    let response = again
        .api()
        .header("x-account-id", &linked.account)
        .post("/actions/rpc", &json!({ "action": "spotdraft_list_contracts" }));
    assert_eq!(response.status, 200, "{response}");
}

#[test]
fn the_commands_and_the_server_run_after_a_server_was_killed() {
    let mut linked = LinkedServer::new();
    linked.server.kill();
    assert!(linked.server.data_dir.join("control.sock").exists());
    let text = keyring(&linked.server, &["status"]);
    let text = String::from_utf8_lossy(&text.stdout).into_owned();
    assert!(text.contains("records use the active key"), "{text}");
    let again = Server::start_in(&linked.server.data_dir, &linked.provider, &[]);
    let (old, _) = ids(&report(&keyring(&again, &["status", "--json"])));
    assert!(old.is_empty());
}

#[test]
fn old_command_names_run_the_new_commands_and_print_a_note() {
    let directory = tempfile::tempdir().unwrap();
    let run = |arguments: &[&str]| {
        let output = binary().args(arguments).arg("--data-dir").arg(directory.path()).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        (String::from_utf8(output.stdout).unwrap(), String::from_utf8(output.stderr).unwrap())
    };
    let project = run(&["project", "create", "Acme"]).0;
    let list: &[&str] = &["list", "--project", project.trim()];
    for (old, new, arguments) in [("key", "api-key", list), ("keys", "keyring", &["status"])] {
        let (out, note) = run(&[&[old], arguments].concat());
        assert_eq!(
            note,
            format!(
                "note: `patchbay {old}` is now `patchbay {new}`; the old name will be removed in the next version\n"
            )
        );
        assert_eq!(run(&[&[new], arguments].concat()), (out, String::new()));
    }
    let help = String::from_utf8(binary().arg("--help").output().unwrap().stdout).unwrap();
    assert!(help.contains("\n  api-key ") && help.contains("\n  keyring "), "{help}");
    assert!(!help.contains("\n  key ") && !help.contains("\n  keys "), "{help}");
}

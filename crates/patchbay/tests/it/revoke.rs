//! Revocation of accounts: of one when it is deleted, and of many with the command line and the API.

use std::process::Output;

use serde_json::{Value, json};

use crate::support::{LinkedServer, Server, binary, canary};

fn revoke(server: &Server, project: &str, arguments: &[&str]) -> Output {
    let mut command = binary();
    command.args(["accounts", "revoke", "--project", project]).args(arguments);
    let output = command.arg("--data-dir").arg(&server.data_dir).output().unwrap();
    canary::assert_absent(&output.stdout, "the report");
    output
}

fn report(output: &Output) -> Value {
    let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{out}{err}");
    serde_json::from_str(&out).unwrap_or_else(|error| panic!("{error}: {out}"))
}

/// Returns the project of the planted API key.
fn project(linked: &LinkedServer) -> String {
    linked.server.session_answer(json!({})).text("/project_id")
}

#[test]
fn accounts_are_revoked_in_bulk_on_a_running_server() {
    let mut linked = LinkedServer::new();
    let project = project(&linked);
    let dry = report(&revoke(&linked.server, &project, &["--connector", "spotdraft", "--dry-run", "--json"]));
    assert_eq!((dry["accounts"].as_array().unwrap().len(), &dry["accounts"][0]["wiped"]), (1, &json!(false)), "{dry}");
    assert_eq!(dry["accounts"][0]["id"], Value::from(linked.account.as_str()));
    assert_eq!(linked.run("list_contract_types", json!({})).status, 200);

    let by_api = linked.server.api().post("/accounts/revoke", &json!({ "connector": "spotdraft", "dry_run": true }));
    assert_eq!(
        (by_api.status, by_api.json()["accounts"][0]["message"].clone()),
        (200, dry["accounts"][0]["message"].clone())
    );
    for body in [
        json!({}),
        json!({ "since": "yesterday" }),
        json!({ "until": "2026-01-01T00:00:00Z", "since": "2026-01-02T00:00:00Z" }),
    ] {
        let refused = linked.server.api().post("/accounts/revoke", &body);
        assert_eq!((refused.status, refused.code()), (400, "ValidationError".to_owned()), "{refused}");
    }
    let nobody = revoke(&linked.server, "no-such-project", &["--connector", "spotdraft"]);
    assert!(!nobody.status.success());
    assert!(String::from_utf8_lossy(&nobody.stderr).contains("project `no-such-project` does not exist"));

    let output = revoke(&linked.server, &project, &["--since", "2020-01-01T00:00:00Z"]);
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{text}");
    assert!(
        text.contains("1 accounts: 0 confirmed by the provider, 1 to be revoked at the provider by hand"),
        "{text}"
    );
    let refused = linked.run("list_contract_types", json!({}));
    assert_eq!((refused.status, refused.code()), (412, "AccountRevokedError".to_owned()), "{refused}");
    let account = linked.server.api().get(&format!("/accounts/{}", linked.account)).json();
    assert_eq!(
        (&account["status"], &account["status_reasons"][0]["code"]),
        (&json!("error"), &json!("AccountRevokedError"))
    );
    assert!(linked.server.logged("an account was revoked").contains("audit=true"));

    assert_eq!(linked.server.terminate(), Some(0));
    let offline = revoke(&linked.server, &project, &["--connector", "spotdraft"]);
    assert!(!offline.status.success());
    assert!(String::from_utf8_lossy(&offline.stderr).contains("no server runs on"));
}

#[test]
fn a_deleted_account_returns_the_providers_revocation_status() {
    let linked = LinkedServer::new();
    let deleted = linked.server.api().delete(&format!("/accounts/{}", linked.account));
    assert_eq!(deleted.status, 200, "{deleted}");
    assert_eq!(deleted.text("/id"), linked.account);
    insta::assert_snapshot!(serde_json::to_string_pretty(&deleted.json()["revocation"]).unwrap());
}

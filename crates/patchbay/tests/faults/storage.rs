//! Killed processes and damaged files: what was confirmed is kept, and damage is an error in words.

use serde_json::json;

use crate::support::{Provider, Server, link_body};

/// The number of times that a process is killed.
const ROUNDS: u64 = 20;

#[test]
#[ignore = "takes a minute; `make faults` runs it"]
fn a_killed_process_loses_nothing_that_it_confirmed() {
    let (provider, directory) = (Provider::start(), tempfile::tempdir().unwrap());
    let data_dir = directory.path().join("data");
    let mut server = Server::start_in(&data_dir, &provider, &[]);
    let token = server.session(json!({}));
    let linked = server.hub(&token).post("/hub/accounts", &link_body(&server.integration(&token)));
    assert_eq!(linked.status, 200, "{linked}");
    let path = format!("/accounts/{}", linked.text("/id"));
    let mut confirmed = Vec::new();
    for round in 0..ROUNDS {
        // The number of writes before the kill differs from round to round.
        for write in 0..=(round * 7 % 11) {
            let label = format!("round {round}, write {write}");
            let change = server.api().patch(&path, &json!({ "label": label }));
            assert_eq!(change.status, 200, "{change}");
            confirmed.push(label);
        }
        server.kill();
        server = Server::start_in(&data_dir, &provider, &[]);
        let account = server.api().get(&path);
        assert_eq!(account.json()["label"], json!(confirmed.last()), "round {round}: {account}");
    }
    eprintln!("{ROUNDS} kills, {} confirmed writes, none lost", confirmed.len());
}

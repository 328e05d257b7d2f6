//! Servers that stop while others of their database go on.

use patchbay_storage::conformance::postgres_server::PostgresServer;

use crate::support::{
    LinkedServer, Provider, Server, binary, canary,
    database::block_on,
    fleet::{eventually, share_key_ring, status},
    rolling,
};

/// What a server logs that still serves after the signal.
const WAITS: &str = "still serving until load balancers have noticed";

#[test]
fn a_rolling_restart_behind_haproxy_fails_no_request() {
    let outcomes = rolling::restart(1, 1);
    eprintln!("{outcomes:?}");
    let names = outcomes.keys().map(String::as_str).collect::<Vec<_>>();
    assert_eq!(names, ["200", "201"], "{outcomes:?}");
}

#[test]
fn a_server_that_stops_is_not_ready_and_still_serves() {
    let mut linked = LinkedServer::with_arguments(&["--shutdown-drain-seconds", "600"]);
    let ready = linked.server.anonymous().get("/readyz");
    assert_eq!((ready.status, ready.header("connection")), (200, None));
    linked.server.signal("-TERM");
    let stopping = eventually("not ready", || linked.server.anonymous().get("/readyz"), status(503));
    assert_eq!((stopping.code(), stopping.header("connection")), ("StorageUnavailableError".to_owned(), Some("close")));
    for _ in 0..3 {
        let answer = linked.run("list_contract_types", serde_json::json!({}));
        assert_eq!((answer.status, answer.header("connection")), (200, Some("close")), "{answer}");
    }
    assert_eq!(linked.server.anonymous().get("/healthz").status, 200);
    // A second signal ends it at once.
    assert_eq!(linked.server.terminate(), Some(143));
}

/// A server that is the only one of its database has no load balancer that could send requests elsewhere.
#[test]
fn only_a_server_with_others_waits_for_load_balancers() {
    let postgres = PostgresServer::start();
    let url = block_on(postgres.create_database("patchbay", None));
    let directory = tempfile::tempdir().unwrap();
    let provider = Provider::start();
    let start = |name: &str| {
        let data_dir = directory.path().join(name);
        let mut command = binary();
        command.env_remove("PATCHBAY_SHUTDOWN_DRAIN_SECONDS").env("PATCHBAY_API_KEY", canary::API_KEY);
        command.args(["serve", "--listen", "127.0.0.1:0", "--database-url", &url, "--data-dir"]).arg(&data_dir);
        for upstream in provider.upstreams() {
            command.args(["--upstream", &upstream]);
        }
        Server::spawn(command, &data_dir)
    };
    let mut single = start("one");
    assert_eq!(single.terminate(), Some(0));
    assert!(!single.log().contains(WAITS), "{}", single.log());
    let mut one = start("one");
    share_key_ring(directory.path(), "one", "two");
    let mut two = start("two");
    let both = || one.api().get("/admin/replicas");
    eventually("both live", both, |answer| answer.json()["data"].as_array().is_some_and(|all| all.len() == 2));
    two.signal("-TERM");
    two.logged(WAITS);
    assert_eq!(two.terminate(), Some(143));
    // Nobody knows yet that it has gone.
    one.signal("-TERM");
    one.logged(WAITS);
    assert_eq!(one.terminate(), Some(143));
}

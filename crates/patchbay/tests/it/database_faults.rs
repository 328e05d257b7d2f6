//! A database server that goes away and comes back, while calls and changes go on: the short half of `faults`.

use patchbay_storage::conformance::postgres_server::PostgresServer;
use serde_json::json;

use crate::support::{
    LinkedServer,
    database::block_on,
    fault_proxy::{FaultProxy, Faults},
    keep_calling,
};

#[test]
fn calls_go_on_without_the_database_and_changes_say_when_to_come_again() {
    let mut postgres = PostgresServer::start_with(&["synchronous_commit=on"]);
    block_on(postgres.create_database("patchbay", None));
    let proxy = FaultProxy::start(&postgres.socket());
    let linked =
        LinkedServer::with_arguments(&["--database-url", &proxy.url("patchbay"), "--key-requests-per-minute", "0"]);
    let session = json!({ "origin_owner_id": "customer", "origin_owner_name": "Customer" });
    let change = || linked.server.api().post("/connect_sessions", &session);
    keep_calling(|| assert_eq!(linked.run("list_contract_types", json!({})).status, 200));
    let before = proxy.requests();
    let confirmed = change().text("/token");
    assert!(proxy.requests() > before, "the server uses the proxy");

    let check_away = || {
        let refused = change();
        assert_eq!((refused.status, refused.code()), (503, "StorageUnavailableError".to_owned()), "{refused}");
        assert!(refused.header("retry-after").is_some(), "{refused}");
        let health = linked.server.anonymous().get("/healthz");
        assert_eq!(health.status, 200, "{health}");
    };
    let check_back = || {
        loop {
            let created = change();
            if created.status == 201 {
                break;
            }
            assert_eq!(created.status, 503, "{created}");
        }
        let settings = linked.server.hub(&confirmed).get("/hub/settings");
        assert_eq!(settings.status, 200, "{settings}");
    };

    // The network.
    proxy.set(Faults { refuses: true, ..Faults::default() });
    proxy.cut();
    check_away();
    assert_eq!(linked.run("list_contract_types", json!({})).status, 200, "a call that changes nothing goes on");
    proxy.set(Faults::default());
    check_back();

    // The server.
    postgres.kill();
    check_away();
    postgres.restart();
    check_back();
}

//! What a server asks its database while it answers calls.

use std::{collections::BTreeMap, thread};

use patchbay_storage::conformance::postgres_server::PostgresServer;
use serde_json::json;

use super::{
    LinkedServer, canary,
    database::block_on,
    fault_proxy::FaultProxy,
    keep_calling,
    load::{Connection, RPC, copy_connector},
};

/// The threads that call.
const THREADS: usize = 4;

/// The statements of the background, by a part of their text: the looks at the log of changes, the announcements of this server and
/// its leadership, the logs in batches, and what encloses each of them.
const BACKGROUND: [&str; 8] =
    ["FROM changes", "changes c ON", " replicas", " leader", "log_", "BEGIN", "COMMIT", "SELECT 1"];

/// Checks that so many warm calls have no statement executed. Returns how many the background had executed meanwhile.
pub fn assert_none(calls: usize) -> u64 {
    let postgres = PostgresServer::start();
    block_on(postgres.create_database("patchbay", None));
    let proxy = FaultProxy::start(&postgres.socket());
    let connectors = tempfile::tempdir().unwrap();
    copy_connector(&connectors.path().join("spotdraft"));
    let (url, connectors) = (proxy.url("patchbay"), connectors.path().display().to_string());
    let linked = LinkedServer::with_arguments(&[
        "--database-url",
        &url,
        "--key-requests-per-minute",
        "0",
        "--connectors",
        &connectors,
    ]);
    keep_calling(|| assert_eq!(linked.run("list_contract_types", json!({})).status, 200));

    let before = proxy.executed();
    thread::scope(|scope| {
        for _ in 0..THREADS {
            let mut connection = Connection::new(&linked.server.base, canary::API_KEY, &linked.account, RPC.0, RPC.1);
            scope.spawn(move || {
                for _ in 0..calls / THREADS {
                    assert_eq!(connection.call().unwrap().status, 200);
                }
            });
        }
    });
    let executed = since(&before, proxy.executed());
    let is_background = |statement: &str| BACKGROUND.iter().any(|part| statement.contains(part));
    let others = executed.iter().filter(|(statement, _)| !is_background(statement)).collect::<BTreeMap<_, _>>();
    assert!(others.is_empty(), "{calls} warm calls had executed: {others:#?}");
    // Nothing that a call does hides behind a transaction of the background.
    let begun = |statement: &str| statement.starts_with("BEGIN") || statement == "COMMIT";
    let sum =
        |wanted: bool| executed.iter().filter(|(name, _)| begun(name) == wanted).map(|(_, count)| count).sum::<u64>();
    assert!(sum(true) <= 2 * sum(false), "{executed:#?}");
    let all = sum(true) + sum(false);
    assert!(all < calls as u64, "{executed:#?}");

    // What a call does not do, the proxy sees.
    linked.server.session(json!({}));
    let changed = since(&before, proxy.executed());
    assert!(changed.keys().any(|statement| statement.contains("INTO connect_sessions")), "{changed:#?}");
    all
}

/// Returns the statements that were executed since an earlier count.
fn since(before: &BTreeMap<String, u64>, now: BTreeMap<String, u64>) -> BTreeMap<String, u64> {
    let counts = now.into_iter().map(|(statement, count)| {
        let earlier = before.get(&statement).copied().unwrap_or_default();
        (statement, count - earlier)
    });
    counts.filter(|(_, count)| *count > 0).collect()
}

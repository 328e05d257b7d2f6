//! A rolling restart of two servers behind HAProxy, under load.

use std::{
    collections::BTreeMap,
    panic::{self, AssertUnwindSafe},
    sync::{
        Mutex,
        atomic::{AtomicBool, Ordering},
    },
    thread,
};

use super::{
    Client, Server, canary,
    fleet::Fleet,
    haproxy::HaProxy,
    load::{Connection, RPC, copy_connector},
};

/// The request that changes something.
const CHANGE: (&str, &str) = ("/connect_sessions", r#"{"origin_owner_id":"customer","origin_owner_name":"Customer"}"#);

/// Restarts each of two servers `rounds` times, while `callers` threads of each kind send requests through HAProxy. Returns how many
/// requests there were of each outcome.
///
/// The kinds: calls on a kept connection, changes on a kept connection, and calls on a new connection each.
pub fn restart(rounds: usize, callers: usize) -> BTreeMap<String, usize> {
    let connectors = tempfile::tempdir().unwrap();
    copy_connector(&connectors.path().join("spotdraft"));
    let connectors = connectors.path().display().to_string();
    let own = ["--connectors", &connectors, "--shutdown-drain-seconds", "2"];
    let mut fleet = Fleet::with_arguments(&own);
    let account = fleet.link();
    let proxy = HaProxy::start([&fleet.one.base, &fleet.two.base]);
    let (stop, outcomes) = (AtomicBool::new(false), Mutex::new(BTreeMap::<String, usize>::new()));
    let confirmed = Mutex::new(Vec::new());
    let count = |outcome: String| *outcomes.lock().unwrap().entry(outcome).or_default() += 1;
    thread::scope(|scope| {
        for caller in 0..3 * callers {
            let (stop, count, base, account, confirmed) = (&stop, &count, &proxy.base, &account, &confirmed);
            scope.spawn(move || {
                let ((path, body), is_kept) = if caller % 3 == 1 { (CHANGE, true) } else { (RPC, caller % 3 == 0) };
                let open = || Connection::new(base, canary::API_KEY, account, path, body);
                let mut connection = open();
                while !stop.load(Ordering::Relaxed) {
                    let reply = connection.call();
                    let is_lost = reply.is_err();
                    count(match reply {
                        Ok(reply) if reply.status == 201 => {
                            confirmed.lock().unwrap().push(reply.text("token"));
                            "201".to_owned()
                        }
                        Ok(reply) if reply.status == 200 => "200".to_owned(),
                        Ok(reply) => reply.head + &reply.body,
                        Err(error) => error.to_string(),
                    });
                    if is_lost || !is_kept {
                        connection = open();
                    }
                }
            });
        }
        until_end(&stop, || {
            for _ in 0..rounds {
                for name in ["one", "two"] {
                    let server = if name == "one" { &mut fleet.one } else { &mut fleet.two };
                    let address = server.base.strip_prefix("http://").unwrap().to_owned();
                    server.signal("-TERM");
                    server.logged("still serving until load balancers have noticed");
                    // It accepts connections meanwhile.
                    assert_eq!(Client::new(&server.base).get("/readyz").status, 503);
                    proxy.sees(name, "DOWN");
                    assert_eq!(server.ended(), Some(0));
                    let data_dir = fleet.directory.path().join(name);
                    let arguments =
                        [&["--database-url", &*fleet.url, "--key-requests-per-minute", "0"], &own[..]].concat();
                    *server = Server::start_at(&address, &data_dir, &fleet.provider, &arguments);
                    proxy.sees(name, "UP");
                }
            }
        });
    });
    for token in confirmed.into_inner().unwrap() {
        assert_eq!(fleet.one.hub(&token).get("/hub/settings").status, 200, "a confirmed change was lost");
    }
    outcomes.into_inner().unwrap()
}

/// Runs work beside threads, and lets them stop when it ends, however it does.
pub fn until_end(stop: &AtomicBool, work: impl FnOnce()) {
    let outcome = panic::catch_unwind(AssertUnwindSafe(work));
    stop.store(true, Ordering::Relaxed);
    if let Err(failed) = outcome {
        panic::resume_unwind(failed);
    }
}

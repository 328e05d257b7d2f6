//! A project with hundreds of connections beside a project with one: how much longer do the other one's calls take?

use std::{
    sync::{
        atomic::{AtomicBool, AtomicU64, Ordering},
        mpsc,
    },
    thread,
    time::{Duration, Instant},
};

use serde_json::json;

use crate::support::{
    Provider, Server, binary, canary, link_body,
    load::{Connection, RPC, copy_connector},
    offline,
};

/// The connections of the busy project.
const CONNECTIONS: usize = 512;
/// The threads that use them.
const THREADS: usize = 8;
/// The measured calls of the quiet project.
const CALLS: usize = 400;

/// Returns the median time of the calls of a connection.
fn median(connection: &mut Connection) -> Duration {
    let mut times = (0..CALLS)
        .map(|_| {
            let start = Instant::now();
            assert_eq!(connection.call().unwrap().status, 200);
            start.elapsed()
        })
        .collect::<Vec<_>>();
    times.sort_unstable();
    times[CALLS / 2]
}

/// A server with an account in each of two projects, and without a limit of API keys.
struct Bed {
    busy_key: String,
    busy_account: String,
    quiet_key: String,
    quiet_account: String,
    server: Server,
    _provider: Provider,
    _directory: tempfile::TempDir,
}

impl Bed {
    fn start() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let data_dir = directory.path().join("data");
        let provider = Provider::start();
        let connectors = directory.path().join("connectors");
        copy_connector(&connectors.join("spotdraft"));
        let mut command = binary();
        command.arg("serve").arg("--connectors").arg(&connectors).args([
            "--listen",
            "127.0.0.1:0",
            "--log",
            "warn",
            "--key-requests-per-minute",
            "0",
        ]);
        command.env("PATCHBAY_API_KEY", canary::API_KEY).arg("--data-dir").arg(&data_dir);
        for upstream in provider.upstreams() {
            command.args(["--upstream", &upstream]);
        }
        // The first start creates the first project.
        Server::start_in(&data_dir, &provider, &[]).terminate();
        let project = offline(&data_dir, &["project", "create", "Quiet"]);
        let quiet_key = offline(&data_dir, &["api-key", "create", "--project", &project, "--name", "quiet"]);
        let busy_key = canary::API_KEY.to_owned();
        let server = Server::spawn(command, &data_dir);
        let [busy_account, quiet_account] = [&busy_key, &quiet_key].map(|key| {
            let session = json!({ "origin_owner_id": "customer", "origin_owner_name": "Customer" });
            let token = server.with_key(key).post("/connect_sessions", &session).text("/token");
            let integration = server.integration(&token);
            server.hub(&token).post("/hub/accounts", &link_body(&integration)).text("/id")
        });
        Self { busy_key, busy_account, quiet_key, quiet_account, server, _provider: provider, _directory: directory }
    }

    /// Measures the quiet project's calls without and with the busy project's connections, which send `body` to `path`.
    fn holds(&self, name: &str, path: &str, body: &str) {
        let mut quiet = Connection::new(&self.server.base, &self.quiet_key, &self.quiet_account, RPC.0, RPC.1);
        median(&mut quiet);
        let without = median(&mut quiet);
        let (stop, calls) = (AtomicBool::new(false), AtomicU64::new(0));
        let with = thread::scope(|scope| {
            let (has_load, loaded) = mpsc::channel();
            // Few threads: they share the processors with the server.
            for _ in 0..THREADS {
                let has_load = has_load.clone();
                let open = || Connection::new(&self.server.base, &self.busy_key, &self.busy_account, path, body);
                let mut connections = (0..CONNECTIONS / THREADS).map(|_| open()).collect::<Vec<_>>();
                let (stop, calls) = (&stop, &calls);
                scope.spawn(move || {
                    connections.iter_mut().for_each(|connection| connection.send().unwrap());
                    while !stop.load(Ordering::Relaxed) {
                        for connection in &mut connections {
                            assert_eq!(connection.receive().unwrap().status, 200);
                            connection.send().unwrap();
                            calls.fetch_add(1, Ordering::Relaxed);
                        }
                        let _ = has_load.send(());
                    }
                    connections.iter_mut().for_each(|connection| assert_eq!(connection.receive().unwrap().status, 200));
                });
            }
            // The load is there before the measurement begins.
            (0..2 * THREADS).for_each(|_| loaded.recv().unwrap());
            let (before, start) = (calls.load(Ordering::Relaxed), Instant::now());
            let with = median(&mut quiet);
            let made = u32::try_from(calls.load(Ordering::Relaxed) - before).unwrap();
            let rate = f64::from(made) / start.elapsed().as_secs_f64();
            stop.store(true, Ordering::Relaxed);
            eprintln!(
                "{name}: median {without:?}, with {CONNECTIONS} connections {with:?}, which make {rate:.0} calls/s"
            );
            with
        });
        assert!(with < without * 3, "{name}: {with:?} is not less than three times {without:?}");
    }
}

#[test]
#[ignore = "measures time under load; `make faults` runs it"]
fn a_busy_project_does_not_slow_another() {
    let bed = Bed::start();
    bed.holds("actions", RPC.0, RPC.1);
    bed.holds("the proxy", "/unified/proxy", r#"{"method":"get","path":"/contract_types/"}"#);
    bed.holds("a list", "/accounts", "");
}

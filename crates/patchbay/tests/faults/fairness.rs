//! A project with hundreds of connections beside a project with one: how much longer do the other one's calls take?

use std::{
    fs,
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::TcpStream,
    path::Path,
    sync::{
        atomic::{AtomicBool, AtomicU64, Ordering},
        mpsc,
    },
    thread,
    time::{Duration, Instant},
};

use serde_json::json;

use crate::support::{Provider, Server, binary, canary, link_body, offline};

/// The connections of the busy project.
const CONNECTIONS: usize = 512;
/// The threads that use them.
const THREADS: usize = 8;
/// The measured calls of the quiet project.
const CALLS: usize = 400;

/// The path and body of an action's call.
const RPC: (&str, &str) = ("/actions/rpc", r#"{"action":"spotdraft_list_contract_types"}"#);

/// A kept connection that sends one request again and again.
struct Connection {
    reader: BufReader<TcpStream>,
    request: String,
}

impl Connection {
    /// Opens a connection that posts `body` to `path`, or reads it if `body` is empty.
    fn open(server: &Server, key: &str, account: &str, path: &str, body: &str) -> Self {
        let address = server.base.strip_prefix("http://").unwrap();
        let stream = TcpStream::connect(address).unwrap();
        stream.set_nodelay(true).unwrap();
        stream.set_read_timeout(Some(Duration::from_mins(1))).unwrap();
        let method = if body.is_empty() { "GET" } else { "POST" };
        let length = body.len();
        let request = format!(
            "{method} {path} HTTP/1.1\r\nhost: {address}\r\nauthorization: Bearer {key}\r\nx-account-id: {account}\r\n\
             content-type: application/json\r\ncontent-length: {length}\r\n\r\n{body}"
        );
        Self { reader: BufReader::new(stream), request }
    }

    /// Calls once, and returns the status.
    fn call(&mut self) -> u16 {
        self.send();
        self.receive()
    }

    fn send(&mut self) {
        self.reader.get_mut().write_all(self.request.as_bytes()).unwrap();
    }

    fn receive(&mut self) -> u16 {
        let (mut status, mut length) = (0, 0);
        loop {
            let mut line = String::new();
            self.reader.read_line(&mut line).unwrap();
            let line = line.trim_end();
            if line.is_empty() {
                break;
            }
            if let Some(rest) = line.strip_prefix("HTTP/1.1 ") {
                status = rest.split(' ').next().unwrap().parse().unwrap();
            }
            if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length: ") {
                length = value.parse().unwrap();
            }
        }
        let mut body = vec![0; length];
        self.reader.read_exact(&mut body).unwrap();
        status
    }
}

/// Returns the median time of the calls of a connection.
fn median(connection: &mut Connection) -> Duration {
    let mut times = (0..CALLS)
        .map(|_| {
            let start = Instant::now();
            assert_eq!(connection.call(), 200);
            start.elapsed()
        })
        .collect::<Vec<_>>();
    times.sort_unstable();
    times[CALLS / 2]
}

/// Copies the connector, with a rate limit that no call reaches: the limiter stays in the path.
fn copy_connector(to: &Path) {
    let from = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../connectors/spotdraft");
    fs::create_dir_all(to).unwrap();
    for file in fs::read_dir(from).unwrap().map(|entry| entry.unwrap().path()).filter(|path| path.is_file()) {
        let text = fs::read_to_string(&file).unwrap();
        let text = text.replace("mainRatelimit: 10\n", "mainRatelimit: 10000000\n");
        fs::write(to.join(file.file_name().unwrap()), text).unwrap();
    }
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
        let mut quiet = Connection::open(&self.server, &self.quiet_key, &self.quiet_account, RPC.0, RPC.1);
        median(&mut quiet);
        let without = median(&mut quiet);
        let (stop, calls) = (AtomicBool::new(false), AtomicU64::new(0));
        let with = thread::scope(|scope| {
            let (has_load, loaded) = mpsc::channel();
            // Few threads: they share the processors with the server.
            for _ in 0..THREADS {
                let has_load = has_load.clone();
                let open = || Connection::open(&self.server, &self.busy_key, &self.busy_account, path, body);
                let mut connections = (0..CONNECTIONS / THREADS).map(|_| open()).collect::<Vec<_>>();
                let (stop, calls) = (&stop, &calls);
                scope.spawn(move || {
                    connections.iter_mut().for_each(Connection::send);
                    while !stop.load(Ordering::Relaxed) {
                        for connection in &mut connections {
                            assert_eq!(connection.receive(), 200);
                            connection.send();
                            calls.fetch_add(1, Ordering::Relaxed);
                        }
                        let _ = has_load.send(());
                    }
                    connections.iter_mut().for_each(|connection| assert_eq!(connection.receive(), 200));
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

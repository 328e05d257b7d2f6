//! Runs the binary as a child process with its own data directory.

use std::{
    io::{BufRead, BufReader, Read},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::{Arc, Mutex},
    thread::JoinHandle,
    time::{Duration, Instant},
};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde_json::{Value, json};

use super::{ApiResponse, Client, Provider, canary, database};

/// Returns a command of the binary under test. If the tests run on PostgreSQL, a script gives it the database of its data
/// directory.
pub fn binary() -> Command {
    const PROGRAM: &str = env!("CARGO_BIN_EXE_patchbay");
    const ON_POSTGRES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/support/on-postgres.sh");
    let server = database::postgres_server();
    let mut command = Command::new(if server.is_some() { ON_POSTGRES } else { PROGRAM });
    // A developer's own settings must not change what is tested.
    command.env_clear();
    // A server that stops does not wait for load balancers, unless a test is about them: a flag outranks the variable.
    command.env("PATCHBAY_SHUTDOWN_DRAIN_SECONDS", "0");
    if let Some(server) = server {
        command.env("PATCHBAY_TEST_DATABASE", server).arg(PROGRAM);
    }
    command
}

/// Runs a command on a data directory that no server uses, and returns its standard output.
pub fn offline(data_dir: &Path, arguments: &[&str]) -> String {
    let output = binary().args(arguments).arg("--data-dir").arg(data_dir).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

/// A running server. Dropping it stops it and searches its log and files for secrets.
pub struct Server {
    pub base: String,
    pub data_dir: PathBuf,
    child: Child,
    log: Arc<Mutex<String>>,
    readers: Vec<JoinHandle<()>>,
    directory: Option<tempfile::TempDir>,
}

impl Server {
    /// Starts a server with the planted API key. Requests for SpotDraft's hosts go to `provider`.
    pub fn start(provider: &Provider, arguments: &[&str]) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let data_dir = directory.path().join("data");
        let mut server = Self::start_in(&data_dir, provider, arguments);
        server.directory = Some(directory);
        server
    }

    /// Starts a server in a directory that is not removed with it.
    pub fn start_in(data_dir: &Path, provider: &Provider, arguments: &[&str]) -> Self {
        Self::start_at("127.0.0.1:0", data_dir, provider, arguments)
    }

    /// Starts a server at an address, in a directory that is not removed with it.
    pub fn start_at(address: &str, data_dir: &Path, provider: &Provider, arguments: &[&str]) -> Self {
        let mut command = binary();
        command.env("PATCHBAY_API_KEY", canary::API_KEY).arg("serve").args(["--listen", address, "--data-dir"]);
        command.arg(data_dir).args(["--log", "debug"]);
        for upstream in provider.upstreams() {
            command.args(["--upstream", &upstream]);
        }
        command.args(arguments);
        Self::spawn(command, data_dir)
    }

    /// Starts a prepared command, which must print its address.
    pub fn spawn(mut command: Command, data_dir: &Path) -> Self {
        let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let log = Arc::new(Mutex::new(String::new()));
        let mut stderr = BufReader::new(child.stderr.take().unwrap());
        let collected = log.clone();
        let stderr_reader = std::thread::spawn(move || {
            let mut line = String::new();
            while stderr.read_line(&mut line).unwrap_or(0) > 0 {
                collected.lock().unwrap().push_str(&std::mem::take(&mut line));
            }
        });
        let mut stdout = BufReader::new(child.stdout.take().unwrap());
        let mut first = String::new();
        stdout.read_line(&mut first).unwrap();
        let Some(base) = first.trim().strip_prefix("listening on ").map(str::to_owned) else {
            let status = child.wait().unwrap();
            stderr_reader.join().unwrap();
            panic!("the server did not start ({status}): {first}{}", log.lock().unwrap());
        };
        let collected = log.clone();
        let stdout_reader = std::thread::spawn(move || {
            let mut rest = String::new();
            let _ = stdout.read_to_string(&mut rest);
            if !rest.is_empty() {
                collected.lock().unwrap().push_str("MORE THAN ONE LINE ON STANDARD OUTPUT");
            }
        });
        Self {
            base,
            data_dir: data_dir.to_owned(),
            child,
            log,
            readers: vec![stderr_reader, stdout_reader],
            directory: None,
        }
    }

    /// Returns a client without credentials.
    pub fn anonymous(&self) -> Client {
        Client::new(&self.base)
    }

    /// Returns a client with the planted API key.
    pub fn api(&self) -> Client {
        self.with_key(canary::API_KEY)
    }

    /// Returns a client with an API key.
    pub fn with_key(&self, key: &str) -> Client {
        self.anonymous().header("authorization", &format!("Basic {}", STANDARD.encode(format!("{key}:"))))
    }

    /// Returns a client with a session token, as the Hub has.
    pub fn hub(&self, token: &str) -> Client {
        self.anonymous().header("x-hub-session-token", token).header("x-hub-version", "1.11.4")
    }

    /// Creates a session and returns its token. `changes` override the default request.
    pub fn session(&self, changes: Value) -> String {
        self.session_answer(changes).text("/token")
    }

    /// Creates a session and returns the response. `changes` override the default request.
    #[expect(clippy::needless_pass_by_value, reason = "a test writes the value where it calls")]
    pub fn session_answer(&self, changes: Value) -> ApiResponse {
        let mut body = json!({ "origin_owner_id": "customer-123", "origin_owner_name": "Acme" });
        body.as_object_mut().unwrap().extend(changes.as_object().unwrap().clone());
        let answer = self.api().post("/connect_sessions", &body);
        assert_eq!(answer.status, 201, "{answer}");
        answer
    }

    /// Returns the integration id of the SpotDraft profile from the Hub API.
    pub fn integration(&self, token: &str) -> String {
        let answer = self.hub(token).get("/hub/connectors?provider=spotdraft");
        answer.text("/integrations/0/integration_id")
    }

    /// Returns the log so far. Another thread collects it: wait for expected lines with `logged`, and check for
    /// unexpected ones after the server has stopped.
    pub fn log(&self) -> String {
        self.log.lock().unwrap().clone()
    }

    /// Waits until the log contains `text`, and returns it.
    pub fn logged(&self, text: &str) -> String {
        let deadline = Instant::now() + Duration::from_mins(1);
        loop {
            let log = self.log();
            if log.contains(text) {
                return log;
            }
            assert!(Instant::now() < deadline, "`{text}` was not logged:\n{log}");
            std::thread::yield_now();
        }
    }

    /// Waits until the server is ready.
    pub fn ready_again(&self) {
        let deadline = Instant::now() + Duration::from_mins(1);
        loop {
            let ready = self.anonymous().get("/readyz");
            if ready.status == 200 {
                return;
            }
            assert!(Instant::now() < deadline, "{ready}");
            std::thread::yield_now();
        }
    }

    /// Returns the process id.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Returns the memory that a line of `/proc/PID/status` names (`VmRSS`: resident now, `VmHWM`: at its peak), in KiB.
    pub fn memory_kib(&self, line: &str) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.pid())).unwrap();
        let value = status.lines().find_map(|found| found.strip_prefix(line)?.strip_prefix(':')).unwrap();
        value.split_ascii_whitespace().next().unwrap().parse().unwrap()
    }

    /// Kills the process (SIGKILL).
    pub fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
        for reader in self.readers.drain(..) {
            reader.join().unwrap();
        }
    }

    /// Sends a signal, such as `-HUP`.
    pub fn signal(&self, name: &str) {
        let sent = Command::new("/bin/kill").args([name, &self.pid().to_string()]).status().unwrap();
        assert!(sent.success());
    }

    /// Sends SIGTERM, waits, and returns the exit code.
    pub fn terminate(&mut self) -> Option<i32> {
        self.signal("-TERM");
        self.ended()
    }

    /// Waits for the end of the process, and returns the exit code.
    pub fn ended(&mut self) -> Option<i32> {
        let status = self.child.wait().unwrap();
        for reader in self.readers.drain(..) {
            reader.join().unwrap();
        }
        status.code()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if !self.readers.is_empty() {
            self.terminate();
        }
        if std::thread::panicking() {
            eprintln!("--- the server's log ---\n{}", self.log());
            return;
        }
        let log = self.log();
        assert!(!log.contains("MORE THAN ONE LINE"), "{log}");
        assert!(!log.contains("panicked"), "{log}");
        canary::assert_absent(log.as_bytes(), "the log");
        // The directory is removed after the search.
        let directory = self.directory.take();
        if self.data_dir.exists() {
            canary::assert_absent_in_files(&self.data_dir);
        }
        if let Some(contents) = database::dump(&self.data_dir) {
            canary::assert_absent(&contents, "the database");
        }
        if directory.is_some() {
            database::remove(&self.data_dir);
        }
    }
}

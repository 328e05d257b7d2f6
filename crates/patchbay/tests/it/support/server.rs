//! The binary as a child process, with a data directory of its own.

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

use super::{Answer, Client, Provider, canary};

/// The binary under test.
pub fn binary() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_patchbay"));
    // A developer's own settings must not change what is tested.
    command.env_clear();
    command
}

/// Runs a command on a data directory that no server uses, and gives what it prints.
pub fn offline(data_dir: &Path, arguments: &[&str]) -> String {
    let output = binary().args(arguments).arg("--data-dir").arg(data_dir).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

/// A running server. Stopped, and searched for secrets, when it is dropped.
pub struct Server {
    pub base: String,
    pub data_dir: PathBuf,
    child: Child,
    log: Arc<Mutex<String>>,
    readers: Vec<JoinHandle<()>>,
    directory: Option<tempfile::TempDir>,
}

impl Server {
    /// Starts with the planted API key, SpotDraft's hosts sent to `provider`.
    pub fn start(provider: &Provider, arguments: &[&str]) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let data_dir = directory.path().join("data");
        let mut server = Self::start_in(&data_dir, provider, arguments);
        server.directory = Some(directory);
        server
    }

    /// Starts in a directory that outlives it.
    pub fn start_in(data_dir: &Path, provider: &Provider, arguments: &[&str]) -> Self {
        let mut command = binary();
        command.env("PATCHBAY_API_KEY", canary::API_KEY).arg("serve").args(["--listen", "127.0.0.1:0", "--data-dir"]);
        command.arg(data_dir).args(["--log", "debug"]);
        for upstream in provider.upstreams() {
            command.args(["--upstream", &upstream]);
        }
        command.args(arguments);
        Self::spawn(command, data_dir)
    }

    /// Starts a prepared command; it must print where it listens.
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

    /// Without any credentials.
    pub fn anonymous(&self) -> Client {
        Client::new(&self.base)
    }

    /// With the planted API key.
    pub fn api(&self) -> Client {
        self.with_key(canary::API_KEY)
    }

    /// With a key.
    pub fn with_key(&self, key: &str) -> Client {
        self.anonymous().header("authorization", &format!("Basic {}", STANDARD.encode(format!("{key}:"))))
    }

    /// As the Hub with a session's token.
    pub fn hub(&self, token: &str) -> Client {
        self.anonymous().header("x-hub-session-token", token).header("x-hub-version", "1.11.4")
    }

    /// A session's token; `changes` override the usual request.
    pub fn session(&self, changes: Value) -> String {
        self.session_answer(changes).text("/token")
    }

    /// What asking for a session answers.
    #[expect(clippy::needless_pass_by_value, reason = "a test writes the value where it calls")]
    pub fn session_answer(&self, changes: Value) -> Answer {
        let mut body = json!({ "origin_owner_id": "customer-123", "origin_owner_name": "Acme" });
        body.as_object_mut().unwrap().extend(changes.as_object().unwrap().clone());
        let answer = self.api().post("/connect_sessions", &body);
        assert_eq!(answer.status, 201, "{answer}");
        answer
    }

    /// The SpotDraft profile's id, as the Hub sees it.
    pub fn integration(&self, token: &str) -> String {
        let answer = self.hub(token).get("/hub/connectors?provider=spotdraft");
        answer.text("/integrations/0/integration_id")
    }

    /// What it has logged so far. Another thread reads it: what must be there is waited for
    /// (`logged`), what must not be is looked for after the server's end.
    pub fn log(&self) -> String {
        self.log.lock().unwrap().clone()
    }

    /// The log, as soon as it holds `text`.
    pub fn logged(&self, text: &str) -> String {
        let patience = Instant::now() + Duration::from_mins(1);
        loop {
            let log = self.log();
            if log.contains(text) {
                return log;
            }
            assert!(Instant::now() < patience, "`{text}` was not logged:\n{log}");
            std::thread::yield_now();
        }
    }

    /// Its process id.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Ends it at once, with no chance to tidy up.
    pub fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
        for reader in self.readers.drain(..) {
            reader.join().unwrap();
        }
    }

    /// Sends SIGTERM and waits; gives the exit code.
    pub fn terminate(&mut self) -> Option<i32> {
        let sent = Command::new("/bin/kill").args(["-TERM", &self.child.id().to_string()]).status().unwrap();
        assert!(sent.success());
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
        // The directory goes after it has been searched.
        let _directory = self.directory.take();
        if self.data_dir.exists() {
            canary::assert_absent_in_files(&self.data_dir);
        }
    }
}

//! A `PgBouncer` of its own in front of a test's PostgreSQL server.
//!
//! Its files are in the server's directory, it listens on a Unix socket there, and it ends with the value.

use std::{
    io::{BufRead, BufReader, Read},
    path::{Path, PathBuf},
    process::{Child, Stdio},
};

use super::postgres_server::{PostgresServer, as_account, mortal, unprivileged};

const PROGRAMS: [&str; 3] = ["/usr/sbin/pgbouncer", "/usr/bin/pgbouncer", "/usr/local/bin/pgbouncer"];
const PORT: u16 = 6432;

/// When a connection gets another server.
#[derive(Clone, Copy, Debug)]
pub enum PoolMode {
    /// Never.
    Session,
    /// After each transaction.
    Transaction,
}

/// A running pooler.
pub struct PgBouncer {
    child: Child,
    directory: String,
    settings: PathBuf,
}

impl PgBouncer {
    /// Starts a pooler for all databases of a server. Returns when it accepts connections. A server has one at a time.
    pub fn start(server: &PostgresServer, mode: PoolMode) -> Self {
        let directory = server.directory.path().display().to_string();
        let mode = match mode {
            PoolMode::Session => "session",
            PoolMode::Transaction => "transaction",
        };
        let text = format!(
            "[databases]\n* = host={directory} port=5432 user=patchbay\n[pgbouncer]\nlisten_port = {PORT}\nunix_socket_dir = {directory}\n\
             auth_type = any\npool_mode = {mode}\nmax_client_conn = 500\ndefault_pool_size = 20\nserver_idle_timeout = 1\n"
        );
        let settings = server.directory.path().join("pgbouncer.ini");
        std::fs::write(&settings, text).unwrap();
        let child = launch(&settings);
        Self { child, directory, settings }
    }

    /// Kills the pooler: all connections through it are cut.
    pub fn kill(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }

    /// Starts it again after it was killed. Returns when it accepts connections.
    pub fn restart(&mut self) {
        self.child = launch(&self.settings);
    }

    /// Returns the URL of a database through the pooler.
    pub fn url(&self, database: &str) -> String {
        format!("postgres://patchbay@localhost/{database}?host={}&port={PORT}", self.directory)
    }
}

fn launch(settings: &Path) -> Child {
    let found = PROGRAMS.iter().map(Path::new).find(|program| program.exists());
    let program = found.expect("PgBouncer is not installed: install it with `tools/need pgbouncer`");
    let mut command = mortal(program);
    command.arg(settings);
    let mut child =
        as_account(&mut command, unprivileged()).stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
    let mut log = BufReader::new(child.stderr.take().unwrap());
    let mut seen = String::new();
    while !seen.contains("process up") {
        assert!(log.read_line(&mut seen).unwrap() > 0, "PgBouncer ended at its start:\n{seen}");
    }
    std::thread::spawn(move || log.read_to_end(&mut Vec::new()));
    child
}

impl Drop for PgBouncer {
    fn drop(&mut self) {
        self.kill();
    }
}

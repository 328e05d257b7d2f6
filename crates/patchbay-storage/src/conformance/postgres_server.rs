//! A PostgreSQL server of its own for tests, from the installed binaries.
//!
//! Its files are in a temporary directory, it listens on a Unix socket there, and it ends with the value (and, on Linux, with the
//! thread that started it, however that ends). PostgreSQL refuses to run as root: then it runs as the user `postgres` or `nobody`.

use std::{
    fs::OpenOptions,
    io::{BufRead, BufReader, Read, Write as _},
    net::TcpListener,
    os::unix::{
        fs::{OpenOptionsExt as _, chown},
        process::CommandExt,
    },
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
};

use rustix::process::{Pid, Signal, geteuid, kill_process};
use sqlx::{Connection, PgConnection};
use tempfile::TempDir;

const MISSING: &str = "PostgreSQL is not installed. These tests start a server of their own: install its programs with \
     `tools/need postgresql` (on Debian: `sudo apt-get install postgresql`)";
/// The user of the database. It has no password: only users who may open the directory reach the socket.
const USER: &str = "patchbay";

/// The name that PostgreSQL gives to its socket.
pub const SOCKET: &str = ".s.PGSQL.5432";

/// Returns the URL of a database of the server whose socket is in `directory`.
pub fn url(directory: &Path, database: &str) -> String {
    format!("postgres://{USER}@localhost/{database}?host={}&port=5432", directory.display())
}

/// A running server.
pub struct PostgresServer {
    child: Child,
    pub(super) directory: TempDir,
    programs: PathBuf,
    /// The user and group ids under which it runs.
    account: Option<(u32, u32)>,
    /// The settings that a test adds.
    settings: Vec<String>,
}

impl PostgresServer {
    /// Creates a database cluster and starts its server. Returns when it accepts connections.
    pub fn start() -> Self {
        Self::start_with(&[])
    }

    /// Starts a server that also listens on a free port of 127.0.0.1, with TLS by this certificate. Returns the port too.
    pub fn start_with_tls(certificate: &str, key: &str) -> (Self, u16) {
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        // The server reads the files when it starts.
        let files = tempfile::tempdir().unwrap();
        let (certificate_file, key_file) = (files.path().join("server.crt"), files.path().join("server.key"));
        for (file, text) in [(&certificate_file, certificate), (&key_file, key)] {
            let mut options = OpenOptions::new();
            let opened = options.write(true).create(true).truncate(true).mode(0o600).open(file);
            opened.unwrap().write_all(text.as_bytes()).unwrap();
        }
        if let Some((user, group)) = unprivileged() {
            for path in [files.path(), &certificate_file, &key_file] {
                chown(path, Some(user), Some(group)).unwrap();
            }
        }
        let settings = [
            "listen_addresses=127.0.0.1".to_owned(),
            format!("port={port}"),
            "ssl=on".to_owned(),
            format!("ssl_cert_file={}", certificate_file.display()),
            format!("ssl_key_file={}", key_file.display()),
        ];
        (Self::start_with(&settings.each_ref().map(String::as_str)), port)
    }

    /// Starts a server with settings (`name=value`) in addition to, or in place of, those of tests.
    pub fn start_with(settings: &[&str]) -> Self {
        Self::start_in(&std::env::temp_dir(), None, settings)
    }

    /// Starts a server, as [`PostgresServer::start_with`] does, with its files in a directory. Its write-ahead log may be elsewhere: a
    /// server that cannot write it ends.
    pub fn start_in(parent: &Path, log: Option<&Path>, settings: &[&str]) -> Self {
        let programs = programs().unwrap_or_else(|| panic!("{MISSING}"));
        let account = unprivileged();
        let directory = own_directory(parent, account);
        let mut create = Command::new(programs.join("initdb"));
        create.arg("--pgdata").arg(directory.path().join("data")).args([
            "--username",
            USER,
            "--auth=trust",
            "--encoding=UTF8",
            "--locale=C.UTF-8",
        ]);
        create.args(["--no-sync", "--no-instructions"]);
        if let Some(log) = log {
            give_to(log, account);
            create.arg("--waldir").arg(log.join("wal"));
        }
        let created = as_account(&mut create, account).output().unwrap();
        assert!(created.status.success(), "initdb failed: {}", String::from_utf8_lossy(&created.stderr));
        let settings = settings.iter().map(|&setting| setting.to_owned()).collect::<Vec<_>>();
        let child = launch(&programs, directory.path(), account, &settings);
        Self { child, directory, programs, account, settings }
    }

    /// Starts a standby of this server, which follows it. From then on, a change is confirmed when the standby has it.
    pub async fn start_standby(&self) -> Self {
        let directory = own_directory(&std::env::temp_dir(), self.account);
        let mut copy = Command::new(self.programs.join("pg_basebackup"));
        copy.arg("--pgdata").arg(directory.path().join("data")).arg("--host").arg(self.directory.path());
        copy.args(["--port", "5432", "--username", USER, "--wal-method=stream", "--checkpoint=fast", "--no-sync"]);
        let copied = as_account(copy.arg("--write-recovery-conf"), self.account).output().unwrap();
        assert!(copied.status.success(), "pg_basebackup failed: {}", String::from_utf8_lossy(&copied.stderr));
        let child = launch(&self.programs, directory.path(), self.account, &self.settings);
        let settings = self.settings.clone();
        let standby = Self { child, directory, programs: self.programs.clone(), account: self.account, settings };
        let mut connection = PgConnection::connect(&self.url("postgres")).await.unwrap();
        for statement in ["ALTER SYSTEM SET synchronous_standby_names = '*'", "SELECT pg_reload_conf()"] {
            sqlx::raw_sql(statement).execute(&mut connection).await.unwrap();
        }
        connection.close().await.unwrap();
        standby
    }

    /// Makes a standby the primary server.
    pub async fn promote(&self) {
        let mut connection = PgConnection::connect(&self.url("postgres")).await.unwrap();
        // Its own changes are confirmed without a standby.
        for statement in
            ["SELECT pg_promote()", "ALTER SYSTEM RESET synchronous_standby_names", "SELECT pg_reload_conf()"]
        {
            sqlx::raw_sql(statement).execute(&mut connection).await.unwrap();
        }
        connection.close().await.unwrap();
    }

    /// Kills all processes of the server at once (SIGKILL), as a power failure of its machine does.
    pub fn kill(&mut self) {
        self.signal(Signal::KILL);
        let _ = self.child.wait();
    }

    /// Starts the server again after it was killed. Returns when it accepts connections.
    pub fn restart(&mut self) {
        self.child = launch(&self.programs, self.directory.path(), self.account, &self.settings);
    }

    /// Stops all processes of the server (SIGSTOP): connections stay open, and nobody answers.
    pub fn pause(&self) {
        self.signal(Signal::STOP);
    }

    /// Lets the server go on after [`PostgresServer::pause`].
    pub fn resume(&self) {
        self.signal(Signal::CONT);
    }

    /// Sends a signal to the server's processes.
    fn signal(&self, signal: Signal) {
        let server = i32::try_from(self.child.id()).ok().and_then(Pid::from_raw).unwrap();
        // The server itself comes first: it starts no further processes.
        let mut sent = vec![server];
        let _ = kill_process(server, signal);
        loop {
            let others = children(server).into_iter().filter(|child| !sent.contains(child)).collect::<Vec<_>>();
            if others.is_empty() {
                return;
            }
            for child in others {
                let _ = kill_process(child, signal);
                sent.push(child);
            }
        }
    }

    /// Returns the path of the socket on which the server listens.
    pub fn socket(&self) -> PathBuf {
        self.directory.path().join(SOCKET)
    }

    /// Returns the URL of a database.
    pub fn url(&self, database: &str) -> String {
        url(self.directory.path(), database)
    }

    /// Replaces the clock of a database that has the schema by one that stands still until a test sets it.
    pub async fn replace_clock(&self, database: &str) -> DatabaseTestClock {
        let mut connection = PgConnection::connect(&self.url(database)).await.unwrap();
        let replace = "CREATE TABLE test_clock (now bigint); INSERT INTO test_clock VALUES (1000000); \
             CREATE OR REPLACE FUNCTION clock_micros() RETURNS bigint LANGUAGE sql VOLATILE AS 'SELECT now FROM test_clock'";
        sqlx::raw_sql(replace).execute(&mut connection).await.unwrap();
        DatabaseTestClock(connection)
    }

    /// Creates a database: empty, or a copy of another one to which nobody is connected. Returns its URL.
    pub async fn create_database(&self, name: &str, template: Option<&str>) -> String {
        let statement = format!("CREATE DATABASE \"{name}\" TEMPLATE \"{}\"", template.unwrap_or("template0"));
        let mut connection = PgConnection::connect(&self.url("postgres")).await.unwrap();
        sqlx::raw_sql(sqlx::AssertSqlSafe(statement)).execute(&mut connection).await.unwrap();
        connection.close().await.unwrap();
        self.url(name)
    }
}

/// The clock of a database, which a test sets.
pub struct DatabaseTestClock(PgConnection);

impl DatabaseTestClock {
    /// Sets the time, in microseconds.
    pub async fn set(&mut self, micros: u64) {
        let set = sqlx::query("UPDATE test_clock SET now = $1").bind(i64::try_from(micros).unwrap());
        set.execute(&mut self.0).await.unwrap();
    }
}

impl Drop for PostgresServer {
    fn drop(&mut self) {
        if matches!(self.child.try_wait(), Ok(Some(_))) {
            return;
        }
        // A server that was stopped ends only when it goes on. Immediate shutdown: its children end too.
        self.resume();
        if let Some(server) = i32::try_from(self.child.id()).ok().and_then(Pid::from_raw) {
            let _ = kill_process(server, Signal::QUIT);
        }
        let _ = self.child.wait();
    }
}

/// Creates a directory for the files of a server.
fn own_directory(parent: &Path, account: Option<(u32, u32)>) -> TempDir {
    let directory = tempfile::Builder::new().prefix("patchbay-pg-").tempdir_in(parent).unwrap();
    give_to(directory.path(), account);
    directory
}

/// Gives a directory to the user as which the server runs.
fn give_to(directory: &Path, account: Option<(u32, u32)>) {
    if let Some((user, group)) = account {
        chown(directory, Some(user), Some(group)).unwrap();
    }
}

/// Starts the server of a cluster.
fn launch(programs: &Path, directory: &Path, account: Option<(u32, u32)>, settings: &[String]) -> Child {
    let mut serve = mortal(&programs.join("postgres"));
    serve.arg("-D").arg(directory.join("data")).arg("-k").arg(directory);
    let own = [
        "listen_addresses=",
        "port=5432",
        // A test's data need not survive a power failure.
        "fsync=off",
        "synchronous_commit=off",
        "full_page_writes=off",
        "max_connections=200",
        "shared_buffers=32MB",
        "log_min_messages=log",
    ];
    for setting in own.into_iter().chain(settings.iter().map(String::as_str)) {
        serve.arg("-c").arg(setting);
    }
    let mut child = as_account(&mut serve, account).stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
    await_ready(&mut child);
    child
}

/// Reads the server's log until it accepts connections, and then in the background, so that the pipe is never full.
fn await_ready(child: &mut Child) {
    let mut log = BufReader::new(child.stderr.take().unwrap());
    let mut seen = String::new();
    loop {
        let begin = seen.len();
        let length = log.read_line(&mut seen).unwrap();
        assert!(length > 0, "PostgreSQL ended at its start:\n{seen}");
        // A standby says that they are read-only.
        if seen[begin..].contains("ready to accept ") {
            break;
        }
    }
    std::thread::spawn(move || log.read_to_end(&mut Vec::new()));
}

/// Returns the processes that a process has started.
fn children(parent: Pid) -> Vec<Pid> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir("/proc").into_iter().flatten().flatten() {
        let number = entry.file_name().to_str().and_then(|name| name.parse().ok()).and_then(Pid::from_raw);
        // The name, in parentheses, may contain spaces. The state and the parent follow it.
        let state = std::fs::read_to_string(entry.path().join("stat")).unwrap_or_default();
        let of = state.rsplit_once(')').and_then(|(_, rest)| rest.split_whitespace().nth(1)?.parse::<i32>().ok());
        found.extend(number.filter(|_| of == Some(parent.as_raw_nonzero().get())));
    }
    found
}

/// Returns the directory of the server's programs, of the newest version that is installed.
fn programs() -> Option<PathBuf> {
    let mut versions = Vec::new();
    for version in std::fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten() {
        let number: Option<u32> = version.file_name().to_str().and_then(|name| name.parse().ok());
        versions.extend(number.map(|number| (number, version.path().join("bin"))));
    }
    versions.sort();
    let others = ["/usr/local/bin", "/opt/homebrew/bin", "/usr/pgsql/bin", "/usr/bin"].map(PathBuf::from);
    let mut candidates = versions.into_iter().rev().map(|(_, programs)| programs).chain(others);
    candidates.find(|programs| programs.join("postgres").exists() && programs.join("initdb").exists())
}

/// Returns the user and group ids under which the server runs; none if this process is not root.
pub(super) fn unprivileged() -> Option<(u32, u32)> {
    if !geteuid().is_root() {
        return None;
    }
    let users = std::fs::read_to_string("/etc/passwd").unwrap();
    let ids = |name: &str| {
        let line = users.lines().find(|line| line.split(':').next() == Some(name))?;
        let mut fields = line.split(':').skip(2).map(str::parse);
        Some((fields.next()?.ok()?, fields.next()?.ok()?))
    };
    Some(ids("postgres").or_else(|| ids("nobody")).expect("a user under which PostgreSQL can run"))
}

pub(super) fn as_account(command: &mut Command, account: Option<(u32, u32)>) -> &mut Command {
    match account {
        Some((user, group)) => command.uid(user).gid(group).current_dir("/"),
        None => command,
    }
}

/// Returns a command that the system ends with the thread that starts it, where `setpriv` can arrange that.
pub(super) fn mortal(program: &Path) -> Command {
    let setpriv = Path::new("/usr/bin/setpriv");
    if !setpriv.exists() {
        return Command::new(program);
    }
    let mut command = Command::new(setpriv);
    command.args(["--pdeathsig", "QUIT", "--"]).arg(program);
    command
}

//! Debian's HAProxy in front of servers, with the settings that the documentation recommends.

use std::{
    fs,
    io::{Read as _, Write as _},
    net::TcpListener,
    os::unix::net::UnixStream,
    path::PathBuf,
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

const MISSING: &str =
    "HAProxy is not installed: install it with `tools/need haproxy` (on Debian: `sudo apt-get install haproxy`)";

/// Returns the block of a page of the documentation that contains `part`.
pub fn documented(page: &str, part: &str) -> String {
    let path = format!("{}/../../docs/{page}", env!("CARGO_MANIFEST_DIR"));
    let text = fs::read_to_string(path).unwrap();
    let blocks = text.split("```").skip(1).step_by(2).map(|block| block.split_once('\n').unwrap().1.to_owned());
    blocks
        .into_iter()
        .find(|block| block.contains(part))
        .unwrap_or_else(|| panic!("no block of {page} contains {part}"))
}

/// Returns a free port of the loopback address.
pub fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

/// Returns a command of a program that Debian installs for the administrator.
pub fn system_program(name: &str) -> Command {
    let folders = ["/usr/sbin", "/usr/bin", "/usr/local/sbin", "/usr/local/bin"];
    let path = folders.map(|folder| PathBuf::from(folder).join(name)).into_iter().find(|path| path.exists());
    Command::new(path.unwrap_or_else(|| PathBuf::from(name)))
}

/// Returns the documented settings for servers at these addresses. HAProxy listens at `listen`, without TLS. The intervals of its
/// checks are a tenth of the documented ones.
pub fn settings(listen: &str, servers: [&str; 2]) -> String {
    let mut settings = documented("operate/replicas.md", "backend patchbay");
    for (from, to) in [
        ("bind :443 ssl crt /etc/haproxy/patchbay.pem", format!("bind {listen}")),
        ("10.0.0.7:8080", servers[0].to_owned()),
        ("10.0.0.8:8080", servers[1].to_owned()),
        ("inter 1s", "inter 100ms".to_owned()),
    ] {
        assert!(settings.contains(from), "{from} is not in the documented settings");
        settings = settings.replace(from, &to);
    }
    settings
}

/// A running HAProxy. Dropping it ends it.
pub struct HaProxy {
    pub base: String,
    child: Child,
    directory: tempfile::TempDir,
}

impl HaProxy {
    /// Starts HAProxy in front of the servers `one` and `two` at these URLs.
    pub fn start(servers: [&str; 2]) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let (file, socket) = (directory.path().join("haproxy.cfg"), directory.path().join("stats"));
        let listen = format!("127.0.0.1:{}", free_port());
        let own = format!("global\n    stats socket {}\n", socket.display());
        let servers = servers.map(|base| base.strip_prefix("http://").unwrap());
        fs::write(&file, own + &settings(&listen, servers)).unwrap();
        let mut command = system_program("haproxy");
        command.arg("-db").arg("-f").arg(&file).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        let child = command.spawn().unwrap_or_else(|error| panic!("{error}: {MISSING}"));
        let proxy = Self { base: format!("http://{listen}"), child, directory };
        ["one", "two"].iter().for_each(|server| proxy.sees(server, "UP"));
        proxy
    }

    /// Waits until HAProxy sees a server as `UP` or `DOWN`.
    pub fn sees(&self, server: &str, expected: &str) {
        let deadline = Instant::now() + Duration::from_mins(1);
        loop {
            let state = self.state(server);
            if state.starts_with(expected) && !state.contains('/') {
                return;
            }
            assert!(Instant::now() < deadline, "{server} is {state}, not {expected}");
            std::thread::yield_now();
        }
    }

    /// Returns what HAProxy says of a server; nothing while it starts.
    fn state(&self, server: &str) -> String {
        let Ok(mut socket) = UnixStream::connect(self.directory.path().join("stats")) else { return String::new() };
        let mut table = String::new();
        if socket.write_all(b"show stat\n").is_err() || socket.read_to_string(&mut table).is_err() {
            return String::new();
        }
        let mut lines = table.lines();
        let names = lines.next().unwrap_or_default();
        let Some(place) = names.split(',').position(|name| name == "status") else { return String::new() };
        let row = lines.find(|line| line.split(',').nth(1) == Some(server));
        row.and_then(|row| row.split(',').nth(place)).unwrap_or_default().to_owned()
    }
}

impl Drop for HaProxy {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

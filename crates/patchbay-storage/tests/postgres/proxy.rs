//! A proxy in front of a server's socket, which cuts connections where a test wants it.

use std::{
    io::{Read, Write},
    net::Shutdown,
    os::unix::net::{UnixListener, UnixStream},
    path::{Path, PathBuf},
    sync::{Arc, Mutex},
};

use patchbay_storage::conformance::postgres_server::{SOCKET, url};
use tempfile::TempDir;

/// Where the connection of the next COMMIT is cut.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Cut {
    /// The server does not receive the COMMIT.
    BeforeCommit,
    /// The server commits, and the client does not receive the answer.
    AfterCommit,
    /// As `AfterCommit`, and from then on connections lead to another server, which did not receive the transaction.
    FailOver(PathBuf),
}

/// A running proxy. Its threads end with the connections.
pub struct Proxy {
    directory: TempDir,
    next: Arc<Mutex<Option<Cut>>>,
}

impl Proxy {
    pub fn start(server: &Path) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let listener = UnixListener::bind(directory.path().join(SOCKET)).unwrap();
        let next = Arc::new(Mutex::new(None));
        let target = Arc::new(Mutex::new(server.to_owned()));
        let (cut, server) = (next.clone(), target);
        std::thread::spawn(move || {
            for client in listener.incoming() {
                let (client, server, cut) = (client.unwrap(), server.clone(), cut.clone());
                std::thread::spawn(move || forward(client, &server, &cut));
            }
        });
        Self { directory, next }
    }

    pub fn url(&self, database: &str) -> String {
        url(self.directory.path(), database)
    }

    pub fn cut_next(&self, cut: Cut) {
        *self.next.lock().unwrap() = Some(cut);
    }

    /// Returns whether the cut that was ordered last has been made.
    pub fn has_cut(&self) -> bool {
        self.next.lock().unwrap().is_none()
    }
}

fn forward(mut client: UnixStream, target: &Mutex<PathBuf>, cut: &Mutex<Option<Cut>>) {
    let mut server = UnixStream::connect(&*target.lock().unwrap()).unwrap();
    let (mut answers, mut receiver) = (server.try_clone().unwrap(), client.try_clone().unwrap());
    let back = std::thread::spawn(move || {
        let _ = std::io::copy(&mut answers, &mut receiver);
        let _ = receiver.shutdown(Shutdown::Both);
    });
    let mut bytes = vec![0; 65536];
    while let Ok(length @ 1..) = client.read(&mut bytes) {
        let sent = &bytes[..length];
        let wanted = if sent.windows(7).any(|word| word == b"COMMIT\0") { cut.lock().unwrap().take() } else { None };
        match wanted {
            Some(Cut::BeforeCommit) => break,
            Some(after @ (Cut::AfterCommit | Cut::FailOver(_))) => {
                if let Cut::FailOver(other) = after {
                    *target.lock().unwrap() = other;
                }
                // The client is cut off first. Then the server commits, and its answer goes nowhere.
                client.shutdown(Shutdown::Both).unwrap();
                server.write_all(sent).unwrap();
                break;
            }
            None if server.write_all(sent).is_err() => break,
            None => {}
        }
    }
    let _ = client.shutdown(Shutdown::Both);
    // The server reads what it was sent before it notices the end.
    let _ = server.shutdown(Shutdown::Write);
    let _ = back.join();
}

//! A proxy on loopback in front of a database server's socket. It does to connections what a bad network does: it delays, holds, cuts,
//! refuses, forgets them, or lets their bytes through one by one. It counts the statements that pass.

use std::{
    collections::BTreeMap,
    io::{Read, Write},
    net::{Shutdown, TcpListener, TcpStream},
    os::unix::net::UnixStream,
    path::{Path, PathBuf},
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use super::statements::Statements;

/// What happens to bytes that pass.
#[derive(Clone, Copy, Default)]
pub struct Faults {
    /// How long bytes travel in each direction.
    pub delay: Duration,
    /// The longest time in addition, which differs from piece to piece.
    pub jitter: Duration,
    /// Nothing reaches the server. It arrives when this ends, as in a network that sends again what was lost.
    pub loses_requests: bool,
    /// Nothing reaches the client.
    pub loses_answers: bool,
    /// How long each byte of an answer takes.
    pub trickle: Duration,
    /// New connections are closed at once.
    pub refuses: bool,
    /// The network forgets the open connections: they stay open, and nothing passes. New ones work.
    pub forgets: bool,
}

/// A running proxy. Its threads end with the process.
pub struct FaultProxy {
    port: u16,
    shared: Arc<Shared>,
}

struct Shared {
    server: PathBuf,
    faults: Mutex<Faults>,
    connections: Mutex<Vec<Arc<Link>>>,
    /// The pieces that clients sent: at least one for each round trip.
    requests: AtomicU64,
    /// How often clients had each statement executed.
    executed: Mutex<BTreeMap<String, u64>>,
}

/// A connection of a client, and the one to the server.
struct Link {
    client: TcpStream,
    server: UnixStream,
    /// Whether the network has forgotten it: nothing arrives, and neither side learns that.
    is_forgotten: AtomicBool,
}

impl FaultProxy {
    /// Starts a proxy in front of a Unix socket. If the path is a link, new connections follow it.
    pub fn start(server: &Path) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let shared = Arc::new(Shared {
            server: server.to_owned(),
            faults: Mutex::default(),
            connections: Mutex::default(),
            requests: AtomicU64::new(0),
            executed: Mutex::default(),
        });
        let accepting = shared.clone();
        thread::spawn(move || {
            for client in listener.incoming() {
                accepting.accept(client.unwrap());
            }
        });
        Self { port, shared }
    }

    /// Returns the URL of a database of the server.
    pub fn url(&self, database: &str) -> String {
        format!("postgres://patchbay@127.0.0.1:{}/{database}", self.port)
    }

    /// Replaces the faults.
    pub fn set(&self, faults: Faults) {
        if faults.forgets {
            for link in self.shared.connections.lock().unwrap().iter() {
                link.is_forgotten.store(true, Ordering::SeqCst);
            }
        }
        *self.shared.faults.lock().unwrap() = faults;
    }

    /// Ends all connections.
    pub fn cut(&self) {
        for link in self.shared.connections.lock().unwrap().drain(..) {
            link.close();
        }
    }

    /// Returns how often clients have had each statement executed so far. Each is at least one round trip.
    pub fn executed(&self) -> BTreeMap<String, u64> {
        self.shared.executed.lock().unwrap().clone()
    }

    /// Returns how many pieces clients have sent so far.
    pub fn requests(&self) -> u64 {
        self.shared.requests.load(Ordering::SeqCst)
    }
}

impl Shared {
    fn accept(self: &Arc<Self>, client: TcpStream) {
        if self.faults.lock().unwrap().refuses {
            return;
        }
        // Without a server, the connection is closed.
        let Ok(server) = UnixStream::connect(&self.server) else { return };
        client.set_nodelay(true).unwrap();
        let link = Arc::new(Link { client, server, is_forgotten: AtomicBool::new(false) });
        self.connections.lock().unwrap().push(link.clone());
        let (requests, answers) = (self.clone(), self.clone());
        let other = link.clone();
        thread::spawn(move || {
            let (from, to) = (&other.client, &other.server);
            requests.forward(&other, from, to, true);
        });
        thread::spawn(move || answers.forward(&link, &link.server, &link.client, false));
    }

    fn forward(&self, link: &Link, mut from: impl Read, mut to: impl Write, is_request: bool) {
        let mut bytes = vec![0; 65536];
        let mut pieces = 0_u32;
        let mut statements = Statements::default();
        while let Ok(length @ 1..) = from.read(&mut bytes) {
            if is_request {
                self.requests.fetch_add(1, Ordering::SeqCst);
                for statement in statements.executed(&bytes[..length]) {
                    *self.executed.lock().unwrap().entry(statement).or_default() += 1;
                }
            }
            pieces = pieces.wrapping_add(1);
            let faults = self.wait(link, is_request);
            // A jitter without randomness: neighbours differ.
            pause(faults.delay + faults.jitter * (pieces.wrapping_mul(37) % 100) / 100);
            if link.is_forgotten.load(Ordering::SeqCst) {
                continue;
            }
            let sent = if faults.trickle.is_zero() || is_request {
                to.write_all(&bytes[..length])
            } else {
                bytes[..length].iter().try_for_each(|byte| {
                    pause(faults.trickle);
                    to.write_all(&[*byte])
                })
            };
            if sent.is_err() {
                break;
            }
        }
        if !link.is_forgotten.load(Ordering::SeqCst) {
            link.close();
        }
    }

    /// Waits while bytes of this direction are lost, and returns the faults.
    fn wait(&self, link: &Link, is_request: bool) -> Faults {
        loop {
            let faults = *self.faults.lock().unwrap();
            let is_held = if is_request { faults.loses_requests } else { faults.loses_answers };
            if !is_held || link.is_forgotten.load(Ordering::SeqCst) {
                return faults;
            }
            pause(Duration::from_millis(20));
        }
    }
}

impl Link {
    fn close(&self) {
        let _ = self.client.shutdown(Shutdown::Both);
        let _ = self.server.shutdown(Shutdown::Both);
    }
}

/// Lets a time pass.
pub fn pause(time: Duration) {
    let end = Instant::now() + time;
    loop {
        let left = end.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return;
        }
        thread::park_timeout(left);
    }
}

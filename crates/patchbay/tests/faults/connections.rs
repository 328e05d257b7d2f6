//! Strangers who open connections and say nothing, do not read, or ask for more than they take: the next honest caller is
//! answered at once, and the server's memory hardly grows.

use std::{
    io::{Read, Write},
    net::TcpStream,
    time::{Duration, Instant},
};

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use crate::support::{Provider, Server};

/// The largest growth of the server's memory, in KiB.
const MAX_GROWTH_KIB: u64 = 64 * 1024;
/// The longest median of an honest caller's time, with a connection of its own.
const MAX_MEDIAN: Duration = Duration::from_millis(50);
/// The number of silent connections, if the system allows as many.
const SILENT: usize = 10_000;
/// A document of hundreds of kilobytes that anyone can read.
const DOCUMENT: &str = "GET /openapi.json HTTP/1.1\r\nhost: a\r\n\r\n";

struct Bed {
    server: Server,
    before: u64,
    descriptors_before: usize,
    _provider: Provider,
}

impl Bed {
    fn start() -> Self {
        let limit = getrlimit(Resource::Nofile);
        setrlimit(Resource::Nofile, Rlimit { current: limit.maximum, maximum: limit.maximum }).unwrap();
        let provider = Provider::start();
        let server = Server::start(&provider, &[]);
        // Built once, at the first request.
        for path in ["/openapi.json", "/docs", "/llms.txt", "/llms-full.txt"] {
            assert_eq!(server.anonymous().get(path).status, 200, "{path}");
        }
        let mut bed = Self { server, before: 0, descriptors_before: 0, _provider: provider };
        bed.honest();
        bed.before = bed.memory();
        bed.descriptors_before = bed.descriptors();
        bed
    }

    fn memory(&self) -> u64 {
        self.server.memory_kib("VmRSS")
    }

    fn descriptors(&self) -> usize {
        std::fs::read_dir(format!("/proc/{}/fd", self.server.pid())).unwrap().count()
    }

    fn connect(&self) -> TcpStream {
        TcpStream::connect(self.server.base.trim_start_matches("http://")).unwrap()
    }

    /// Returns the median time of honest callers.
    fn honest(&self) -> Duration {
        let mut times = (0..21)
            .map(|_| {
                let start = Instant::now();
                let mut stream = self.connect();
                stream.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
                stream.write_all(b"GET /healthz HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n").unwrap();
                let mut answer = String::new();
                stream.read_to_string(&mut answer).unwrap();
                assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
                start.elapsed()
            })
            .collect::<Vec<_>>();
        times.sort_unstable();
        times[times.len() / 2]
    }

    /// Checks that an attack costs others little time, and the server little memory.
    fn harms_nobody(&self, name: &str, attackers: &[TcpStream]) {
        let (median, grown) = (self.honest(), self.memory().saturating_sub(self.before));
        eprintln!("{name}: {} connections, an honest caller waits {median:?}, {grown} KiB more", attackers.len());
        assert!(median < MAX_MEDIAN, "{name}: {median:?}");
        assert!(grown < MAX_GROWTH_KIB, "{name}: {grown} KiB");
    }

    /// Checks that an attack harms nobody, and that its connections are closed in the end.
    fn holds(&self, name: &str, attackers: Vec<TcpStream>) {
        let count = attackers.len();
        self.harms_nobody(name, &attackers);
        let start = Instant::now();
        // The attackers still say and read nothing.
        while self.descriptors() > self.descriptors_before + count / 10 {
            assert!(start.elapsed() < Duration::from_mins(3), "{name}: not closed");
            assert!(self.honest() < MAX_MEDIAN, "{name}");
        }
        drop(attackers);
        eprintln!("{name}: closed after {:?}", start.elapsed());
        assert!(self.honest() < MAX_MEDIAN);
    }
}

#[test]
#[ignore = "takes minutes; `make faults` runs it"]
fn silent_connections_keep_nobody_out() {
    let bed = Bed::start();
    let allowed = getrlimit(Resource::Nofile).current.map_or(SILENT, |limit| usize::try_from(limit).unwrap() - 100);
    for first in ["", "PRI", "PRI * HTTP/2.0\r\n\r\nSM\r\n", "G", "GET / HTTP/1.1\r\nhost: a\r\n"] {
        let count = if first.is_empty() { SILENT.min(allowed) } else { 1_000.min(allowed) };
        let attackers = std::iter::repeat_with(|| {
            let mut stream = bed.connect();
            stream.write_all(first.as_bytes()).unwrap();
            stream
        });
        bed.holds(&format!("silent after {first:?}"), attackers.take(count).collect());
    }
}

#[test]
#[ignore = "takes minutes; `make faults` runs it"]
fn clients_that_never_read_cost_little() {
    let bed = Bed::start();
    for coding in ["identity", "gzip", "br"] {
        let request = DOCUMENT.replace("\r\n\r\n", &format!("\r\naccept-encoding: {coding}\r\n\r\n"));
        let attackers = std::iter::repeat_with(|| {
            let mut stream = bed.connect();
            stream.write_all(request.repeat(30).as_bytes()).unwrap();
            stream
        });
        bed.holds(&format!("300 clients that never read {coding}"), attackers.take(300).collect());
    }
}

#[test]
#[ignore = "takes minutes; `make faults` runs it"]
fn pipelined_requests_are_answered_at_the_readers_pace() {
    let bed = Bed::start();
    let requests = DOCUMENT.repeat(9_000);
    let attackers = std::iter::repeat_with(|| {
        let mut stream = bed.connect();
        stream.set_write_timeout(Some(Duration::from_secs(2))).unwrap();
        // The server stops reading.
        let _ = stream.write_all(requests.as_bytes());
        stream
    });
    let attackers = attackers.take(8).collect::<Vec<_>>();
    bed.harms_nobody("pipelined", &attackers);
    drop(attackers);
    assert!(bed.honest() < MAX_MEDIAN);
}

/// Returns the bytes of a client of HTTP/2 with 200 requests, whose responses have room for `window` bytes each. `accepts` is
/// the field `accept-encoding` (RFC 7541, appendix A, has the numbers of names and fields).
fn http2_requests(window: u8, path: &str, accepts: &[u8]) -> Vec<u8> {
    let frame = |kind: u8, flags: u8, stream: u32, payload: &[u8]| {
        let length = u32::try_from(payload.len()).unwrap().to_be_bytes();
        [&length[1..], &[kind, flags], &stream.to_be_bytes(), payload].concat()
    };
    let mut bytes = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_vec();
    // SETTINGS_INITIAL_WINDOW_SIZE (4).
    bytes.extend(frame(4, 0, 0, &[0, 4, 0, 0, 0, window]));
    let length = u8::try_from(path.len()).unwrap();
    // GET, http, the path and an authority; the end of the headers and of the request.
    let head = [b"\x82\x86\x04", &[length][..], path.as_bytes(), b"\x01\x01a", accepts].concat();
    (0..200).for_each(|stream| bytes.extend(frame(1, 5, 1 + 2 * stream, &head)));
    bytes
}

#[test]
#[ignore = "takes minutes; `make faults` runs it"]
fn http2_streams_without_a_window_cost_little() {
    let (gzip, br) = (&b"\x0f\x01\x04gzip"[..], &b"\x0f\x01\x02br"[..]);
    let bed = Bed::start();
    let attack = |bytes: &[u8]| {
        let attackers = std::iter::repeat_with(|| {
            let mut stream = bed.connect();
            stream.write_all(bytes).unwrap();
            stream
        });
        attackers.take(50).collect::<Vec<_>>()
    };
    for window in [0, 1] {
        for (path, accepts) in [
            ("/openapi.json", &b""[..]),
            ("/openapi.json", gzip),
            ("/openapi.json", br),
            ("/docs", b""),
            ("/docs", br),
            // A page that is made for each request.
            ("/docs/connectors?category=crm", b""),
            ("/docs/connectors?category=crm", br),
            ("/llms-full.txt", b""),
            ("/llms.txt", b""),
            ("/healthz", b""),
            ("/nothing", b""),
        ] {
            let accepted = String::from_utf8_lossy(accepts.get(3..).unwrap_or_default());
            // What the cases before left behind counts too.
            let start = bed.memory();
            let attackers = attack(&http2_requests(window, path, accepts));
            bed.harms_nobody(&format!("{path} {accepted} for a window of {window}"), &attackers);
            eprintln!("  of that, {} KiB in this case", bed.memory().saturating_sub(start));
        }
    }
    bed.holds("50 connections with 200 streams each", attack(&http2_requests(0, "/openapi.json", b"")));
}

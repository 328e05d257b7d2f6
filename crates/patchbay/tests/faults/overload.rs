//! Five times the connections that a server needs to be busy: what it answers in all, its memory, and who else is answered.

use std::{
    sync::{
        Barrier,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use patchbay_storage::conformance::postgres_server::PostgresServer;

use crate::support::{
    LinkedServer, canary,
    database::block_on,
    fault_proxy::pause,
    load::{Connection, RPC, copy_connector},
    rolling::until_end,
};

/// The connections with which the server is busy, and five times as many.
const BUSY: usize = 64;
const OVERLOADED: usize = 5 * BUSY;
/// The stack of a thread that calls: there are thousands.
const STACK_BYTES: usize = 256 * 1024;
/// How long each load lasts before it is measured, and how long it is measured.
const WARM_UP: Duration = Duration::from_secs(2);
const MEASURED: Duration = Duration::from_secs(8);
/// How long somebody else waits at most for the health of the server or the page of the login.
const OTHERS_WITHIN: Duration = Duration::from_secs(1);
/// The same while calls are refused; in a build without optimizations, everything takes longer.
const OTHERS_OF_TOO_MANY_WITHIN: Duration = Duration::from_secs(if cfg!(debug_assertions) { 5 } else { 1 });
/// How much the memory may grow while the load stays the same, in KiB.
const MEMORY_DRIFT_KIB: u64 = 16 * 1024;

/// The connections of which most calls can begin at once, and five times as many, of which most are refused.
const MANY: usize = 400;
const TOO_MANY: usize = 5 * MANY;
/// How long a client waits after a refusal: what `Retry-After` says.
const RETRY_AFTER: Duration = Duration::from_secs(1);
/// How soon a call is refused at the median. In a build without optimizations, everything takes longer.
const REFUSED_WITHIN: Duration = Duration::from_millis(if cfg!(debug_assertions) { 2_000 } else { 50 });

/// What a load came to.
struct Outcome {
    /// The successful calls in a second.
    goodput: f64,
    refused: u64,
    /// The median time of a refusal of one more client; none if it was not refused.
    refusal: Option<Duration>,
    /// The longest time of a request of somebody else.
    others: Duration,
}

/// Calls on so many connections at once, each again as soon as it was answered, or when the refusal says.
fn load(linked: &LinkedServer, connections: usize) -> Outcome {
    let (stop, good, refused) = (AtomicBool::new(false), AtomicU64::new(0), AtomicU64::new(0));
    let ready = Barrier::new(connections + 2);
    let open = || Connection::new(&linked.server.base, canary::API_KEY, &linked.account, RPC.0, RPC.1);
    thread::scope(|scope| {
        for _ in 0..connections {
            let (mut connection, small) = (open(), thread::Builder::new().stack_size(STACK_BYTES));
            let (stop, good, refused, ready) = (&stop, &good, &refused, &ready);
            let call = move || {
                ready.wait();
                while !stop.load(Ordering::Relaxed) {
                    let reply = connection.call().unwrap();
                    if reply.status == 200 {
                        good.fetch_add(1, Ordering::Relaxed);
                        continue;
                    }
                    assert!(matches!(reply.status, 429 | 503), "{}{}", reply.head, reply.body);
                    assert!(reply.head.contains("retry-after: 1\r\n"), "{}", reply.head);
                    refused.fetch_add(1, Ordering::Relaxed);
                    pause(RETRY_AFTER);
                }
            };
            small.spawn_scoped(scope, call).unwrap();
        }
        let sampled = scope.spawn(|| {
            let (mut connection, mut times) = (open(), Vec::new());
            ready.wait();
            while !stop.load(Ordering::Relaxed) {
                let began = Instant::now();
                if connection.call().unwrap().status != 200 {
                    times.push(began.elapsed());
                }
                pause(Duration::from_millis(20));
            }
            times.sort_unstable();
            times.get(times.len() / 2).copied()
        });
        ready.wait();
        pause(WARM_UP);
        let (before, began, mut others) = (good.load(Ordering::Relaxed), Instant::now(), Duration::ZERO);
        let mut goodput = 0.0;
        until_end(&stop, || {
            while began.elapsed() < MEASURED {
                for path in ["/healthz", "/readyz", "/login"] {
                    let asked = Instant::now();
                    let answer = linked.server.anonymous().get(path);
                    assert!(answer.status < 400 || answer.status == 404, "{path}: {answer}");
                    others = others.max(asked.elapsed());
                }
                pause(Duration::from_millis(100));
            }
            let calls = u32::try_from(good.load(Ordering::Relaxed) - before).unwrap();
            goodput = f64::from(calls) / began.elapsed().as_secs_f64();
        });
        Outcome { goodput, refused: refused.load(Ordering::Relaxed), refusal: sampled.join().unwrap(), others }
    })
}

fn start(database: &[&str]) -> (LinkedServer, tempfile::TempDir) {
    let directory = tempfile::tempdir().unwrap();
    copy_connector(&directory.path().join("spotdraft"));
    let connectors = directory.path().display().to_string();
    let mut arguments = vec!["--connectors", &connectors, "--key-requests-per-minute", "0"];
    arguments.extend(database);
    (LinkedServer::with_arguments(&arguments), directory)
}

fn holds(name: &str, database: &[&str]) {
    let (linked, _directory) = start(database);
    let busy = load(&linked, BUSY);
    load(&linked, OVERLOADED);
    let before = linked.server.memory_kib("VmRSS");
    let overloaded = load(&linked, OVERLOADED);
    let after = linked.server.memory_kib("VmRSS");
    eprintln!(
        "{name}: {:.0} calls/s on {BUSY} connections, {:.0} on {OVERLOADED} and {} refused; others waited {:?} and {:?}; memory \
         {before} KiB, then {after} KiB",
        busy.goodput, overloaded.goodput, overloaded.refused, busy.others, overloaded.others
    );
    assert!(overloaded.goodput >= 0.9 * busy.goodput, "{name}: {} of {}", overloaded.goodput, busy.goodput);
    assert!(overloaded.others < OTHERS_WITHIN, "{name}: {:?}", overloaded.others);
    assert!(after < before + MEMORY_DRIFT_KIB, "{name}: {before} KiB, then {after} KiB");
    let again = load(&linked, BUSY);
    assert!(again.goodput >= 0.8 * busy.goodput, "{name}: {} of {} afterwards", again.goodput, busy.goodput);
}

#[test]
#[ignore = "measures time under load; `make faults` runs it"]
fn five_times_the_load_of_a_busy_server_is_answered() {
    holds("SQLite", &[]);
    let postgres = PostgresServer::start();
    let url = block_on(postgres.create_database("patchbay", None));
    holds("PostgreSQL", &["--database-url", &url]);
}

/// With more calls than a thread can answer soon, the rest are refused, which costs the others little.
#[test]
#[ignore = "measures time under load; `make faults` runs it"]
fn calls_that_cannot_be_answered_soon_are_refused_soon() {
    let (linked, _directory) = start(&[]);
    let many = load(&linked, MANY);
    load(&linked, TOO_MANY);
    let before = linked.server.memory_kib("VmRSS");
    let overloaded = load(&linked, TOO_MANY);
    let after = linked.server.memory_kib("VmRSS");
    eprintln!(
        "{:.0} calls/s on {MANY} connections ({} refused), {:.0} on {TOO_MANY} and {} refused, one more client within {:?}; others \
         waited {:?} and {:?}; memory {before} KiB, then {after} KiB",
        many.goodput,
        many.refused,
        overloaded.goodput,
        overloaded.refused,
        overloaded.refusal,
        many.others,
        overloaded.others
    );
    assert!(overloaded.refused > 100, "only {} were refused", overloaded.refused);
    assert!(overloaded.refusal.is_some_and(|time| time < REFUSED_WITHIN), "{:?}", overloaded.refusal);
    assert!(overloaded.goodput >= 0.9 * many.goodput, "{} of {}", overloaded.goodput, many.goodput);
    assert!(overloaded.others < OTHERS_OF_TOO_MANY_WITHIN, "{:?}", overloaded.others);
    assert!(after < before + before / 8, "{before} KiB, then {after} KiB");
}

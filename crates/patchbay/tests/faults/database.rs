//! A PostgreSQL server that is killed, paused, cut off, overrun or far away, while calls and changes go on.
//!
//! Each test counts the answers by kind and status, and checks: calls that need no change go on; a change is stored, or its answer is
//! 503 with `Retry-After` after a bounded time; each one that was confirmed is there in the end; and the server recovers by itself.

use std::{
    collections::BTreeMap,
    fs,
    io::Write as _,
    os::unix::fs::symlink,
    path::PathBuf,
    process::Command,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

use patchbay_storage::conformance::postgres_server::PostgresServer;
use serde_json::json;
use tempfile::TempDir;

use crate::support::{
    ApiResponse, Client, LinkedServer, Server,
    database::block_on,
    fault_proxy::{FaultProxy, Faults, pause},
    load::copy_connector,
};

/// How long a fault lasts.
const FAULT: Duration = Duration::from_secs(30);
/// How soon changes succeed after the fault.
const RECOVERY: Duration = Duration::from_secs(5);
/// How long a change may take that finds no connection, on a busy machine: it waits for two seconds.
const REFUSED_WITHIN: Duration = Duration::from_secs(4);
/// How long a change may take whose connection is silent: it is given up after 12 seconds, and tried once more on another one.
const GIVEN_UP_WITHIN: Duration = Duration::from_secs(20);
/// How long a change may take whose COMMIT was not answered: the server is asked for its outcome for 30 seconds.
const SETTLED_WITHIN: Duration = Duration::from_secs(50);

/// A server on PostgreSQL behind a proxy, with a linked account.
struct Bed {
    linked: LinkedServer,
    proxy: FaultProxy,
    postgres: PostgresServer,
    /// Contains the link to the socket of the database server, which leads elsewhere after a fail-over.
    address: TempDir,
    connectors: TempDir,
}

/// One answer.
struct Answer {
    is_change: bool,
    began: Instant,
    took: Duration,
    status: u16,
    code: String,
    /// Whether a refusal says when to come again.
    says_when: bool,
    /// The token of the connect session that a change created.
    token: Option<String>,
}

/// Threads that call and change all the time.
struct Load {
    stop: Arc<AtomicBool>,
    threads: Vec<JoinHandle<Vec<Answer>>>,
}

impl Bed {
    fn start(settings: &[&str]) -> Self {
        // What was confirmed must survive that the server is killed.
        let mut own = vec!["synchronous_commit=on"];
        own.extend(settings);
        Self::on(PostgresServer::start_with(&own))
    }

    /// Starts a server on a database server whose confirmed changes survive that it is killed.
    fn on(postgres: PostgresServer) -> Self {
        block_on(postgres.create_database("patchbay", None));
        let address = tempfile::tempdir().unwrap();
        let link = address.path().join("socket");
        symlink(postgres.socket(), &link).unwrap();
        let proxy = FaultProxy::start(&link);
        let url = proxy.url("patchbay");
        let connectors = tempfile::tempdir().unwrap();
        copy_connector(&connectors.path().join("spotdraft"));
        let linked = LinkedServer::with_arguments(&Self::arguments(&url, &connectors));
        let bed = Self { linked, proxy, postgres, address, connectors };
        // Each thread of the server has answered once: everything that calls need is in memory.
        for _ in 0..20 {
            assert_eq!(call(&bed.linked.api()).status, 200);
        }
        bed
    }

    /// Returns the arguments of a server without limits of calls.
    fn arguments<'a>(url: &'a str, connectors: &'a TempDir) -> [&'a str; 6] {
        let connectors = connectors.path().to_str().unwrap();
        ["--database-url", url, "--key-requests-per-minute", "0", "--connectors", connectors]
    }

    /// Starts threads: `callers` that run an action, and `writers` that create connect sessions.
    fn load(&self, callers: usize, writers: usize) -> Load {
        let stop = Arc::new(AtomicBool::new(false));
        let threads = (0..callers + writers).map(|number| {
            let (stop, is_change) = (stop.clone(), number >= callers);
            let client = if is_change { self.linked.server.api() } else { self.linked.api() };
            thread::spawn(move || {
                let mut answers = Vec::new();
                while !stop.load(Ordering::SeqCst) {
                    answers.push(ask(&client, is_change));
                    pause(Duration::from_millis(20));
                }
                answers
            })
        });
        let threads = threads.collect();
        Load { stop, threads }
    }

    /// Calls and changes for a time, without a fault.
    fn load_for(&self, time: Duration) -> Vec<Answer> {
        let load = self.load(2, 6);
        pause(time);
        load.stop()
    }

    /// Waits at the end of a fault until a change succeeds, lets the load go on, and returns its answers. Checks that the server
    /// recovered soon, and lost nothing.
    fn recovered(&self, name: &str, load: Load, more: Duration) -> Vec<Answer> {
        let (began, client) = (Instant::now(), self.linked.server.api());
        while change(&client).status != 201 {
            assert!(began.elapsed() < Duration::from_mins(1), "it did not recover");
        }
        let recovery = began.elapsed();
        pause(more);
        let answers = load.stop();
        report(name, &answers);
        eprintln!("{name}: recovered {} ms after the fault", recovery.as_millis());
        assert!(recovery < RECOVERY, "{name}: {recovery:?}");
        self.assert_kept(&answers);
        answers
    }

    /// Checks that each session whose creation was confirmed exists.
    fn assert_kept(&self, answers: &[Answer]) {
        let confirmed = answers.iter().filter_map(|answer| answer.token.as_deref()).collect::<Vec<_>>();
        assert!(confirmed.len() > 20, "only {} changes were confirmed", confirmed.len());
        for token in &confirmed {
            let settings = self.linked.server.hub(token).get("/hub/settings");
            assert_eq!(settings.status, 200, "a confirmed change was lost: {settings}");
        }
        eprintln!("{} confirmed changes, none lost", confirmed.len());
    }
}

impl Load {
    fn stop(self) -> Vec<Answer> {
        self.stop.store(true, Ordering::SeqCst);
        self.threads.into_iter().flat_map(|thread| thread.join().unwrap()).collect()
    }
}

fn call(client: &Client) -> ApiResponse {
    client.post("/actions/rpc", &json!({ "action": "spotdraft_list_contract_types" }))
}

fn change(client: &Client) -> ApiResponse {
    client.post("/connect_sessions", &json!({ "origin_owner_id": "customer", "origin_owner_name": "Customer" }))
}

fn ask(client: &Client, is_change: bool) -> Answer {
    let began = Instant::now();
    let answer = if is_change { change(client) } else { call(client) };
    let is_confirmed = is_change && answer.status == 201;
    Answer {
        is_change,
        began,
        took: began.elapsed(),
        status: answer.status,
        code: if answer.status < 400 { String::new() } else { answer.code() },
        says_when: answer.header("retry-after").is_some(),
        token: is_confirmed.then(|| answer.text("/token")),
    }
}

/// Prints how often each answer was given, and the longest time.
fn report(name: &str, answers: &[Answer]) {
    let mut counts = BTreeMap::<_, (usize, Duration)>::new();
    for answer in answers {
        let kind = if answer.is_change { "change" } else { "call" };
        let (count, longest) = counts.entry((kind, answer.status, answer.code.as_str())).or_default();
        (*count, *longest) = (*count + 1, answer.took.max(*longest));
    }
    for ((kind, status, code), (count, longest)) in &counts {
        eprintln!("{name}: {count} × {kind} {status} {code}, at most {} ms", longest.as_millis());
    }
}

/// Checks what holds during every fault: calls go on, and changes are confirmed or refused as they should.
fn assert_bounded(answers: &[Answer], longest: Duration) {
    let failed = answers.iter().filter(|answer| !answer.is_change && answer.status != 200).count();
    assert_eq!(failed, 0, "calls that need no change failed");
    for answer in answers {
        if !answer.is_change && answer.status == 200 {
            continue;
        }
        assert!(answer.took < longest, "{} {} took {:?}", answer.status, answer.code, answer.took);
        if answer.status != 201 {
            assert_eq!((answer.status, answer.code.as_str()), (503, "StorageUnavailableError"));
            assert!(answer.says_when, "a refusal without Retry-After");
        }
    }
}

/// Returns the answers to requests that were sent between two moments.
fn between(answers: &[Answer], from: Instant, to: Instant) -> impl Iterator<Item = &Answer> {
    answers.iter().filter(move |answer| answer.began > from && answer.began < to)
}

#[test]
#[ignore = "takes a minute; `make faults` runs it"]
fn a_killed_database_comes_back() {
    let mut bed = Bed::start(&[]);
    let load = bed.load(2, 6);
    pause(Duration::from_secs(2));
    bed.postgres.kill();
    let down = Instant::now();
    pause(FAULT);
    let up = Instant::now();
    bed.postgres.restart();
    let back = Instant::now();
    let answers = bed.recovered("killed", load, Duration::from_secs(3));
    assert_bounded(&answers, 2 * REFUSED_WITHIN);
    let late = down + Duration::from_secs(3);
    for answer in
        between(&answers, late, up.checked_sub(Duration::from_secs(3)).unwrap()).filter(|answer| answer.is_change)
    {
        assert_eq!(answer.status, 503, "the database is away");
        assert!(answer.took < REFUSED_WITHIN, "{:?}", answer.took);
    }
    for answer in between(&answers, back + RECOVERY, Instant::now()) {
        assert!(answer.status < 300, "{} {}", answer.status, answer.code);
    }
}

#[test]
#[ignore = "takes a minute; `make faults` runs it"]
fn a_paused_database_holds_nobody_for_long() {
    let bed = Bed::start(&[]);
    let load = bed.load(2, 6);
    pause(Duration::from_secs(2));
    bed.postgres.pause();
    let down = Instant::now();
    pause(FAULT);
    bed.postgres.resume();
    let up = Instant::now();
    let answers = bed.recovered("paused", load, Duration::from_secs(8));
    assert_bounded(&answers, SETTLED_WITHIN);
    // The silent connections were given up: a later change is refused soon.
    let late = down + GIVEN_UP_WITHIN;
    let refused =
        between(&answers, late, up.checked_sub(Duration::from_secs(3)).unwrap()).filter(|answer| answer.is_change);
    for answer in refused {
        assert!(answer.took < REFUSED_WITHIN, "{} took {:?}", answer.status, answer.took);
    }
}

#[test]
#[ignore = "takes a minute; `make faults` runs it"]
fn connections_that_the_network_forgot_are_given_up() {
    let bed = Bed::start(&[]);
    let load = bed.load(2, 12);
    pause(Duration::from_secs(2));
    bed.proxy.set(Faults { forgets: true, ..Faults::default() });
    let forgotten = Instant::now();
    pause(FAULT);
    let answers = load.stop();
    report("half-open", &answers);
    assert_bounded(&answers, SETTLED_WITHIN);
    for answer in between(&answers, forgotten + GIVEN_UP_WITHIN, Instant::now()) {
        assert!(answer.status < 300, "{} {} after the connections were given up", answer.status, answer.code);
    }
    bed.assert_kept(&answers);
    // The pool is whole again: more requests at once than it has connections.
    let client = &bed.linked.server.api();
    let all = thread::scope(|scope| {
        let changes = (0..40).map(|_| scope.spawn(move || change(client).status)).collect::<Vec<_>>();
        changes.into_iter().map(|change| change.join().unwrap()).collect::<Vec<_>>()
    });
    assert_eq!(all, [201; 40]);
}

#[test]
#[ignore = "takes two minutes; `make faults` runs it"]
fn a_direction_that_is_lost_leaves_nothing_undecided() {
    let bed = Bed::start(&[]);
    for (name, faults) in [
        ("no requests", Faults { loses_requests: true, ..Faults::default() }),
        ("no answers", Faults { loses_answers: true, ..Faults::default() }),
    ] {
        let load = bed.load(2, 6);
        pause(Duration::from_secs(2));
        bed.proxy.set(faults);
        pause(FAULT);
        bed.proxy.set(Faults::default());
        let answers = bed.recovered(name, load, Duration::from_secs(8));
        assert_bounded(&answers, SETTLED_WITHIN);
    }
}

#[test]
#[ignore = "takes a minute; `make faults` runs it"]
fn cut_connections_and_refused_ones_are_errors_of_the_moment() {
    let bed = Bed::start(&[]);
    let load = bed.load(2, 6);
    for _ in 0..10 {
        pause(Duration::from_secs(1));
        bed.proxy.cut();
    }
    bed.proxy.set(Faults { refuses: true, ..Faults::default() });
    bed.proxy.cut();
    pause(Duration::from_secs(5));
    bed.proxy.set(Faults::default());
    let answers = bed.recovered("cut", load, Duration::from_secs(2));
    assert_bounded(&answers, GIVEN_UP_WITHIN);
}

#[test]
#[ignore = "takes a minute; `make faults` runs it"]
fn a_database_without_free_connections_refuses_soon() {
    let bed = Bed::start(&["max_connections=25", "superuser_reserved_connections=0"]);
    let socket = bed.postgres.url("patchbay");
    let load = bed.load(2, 20);
    pause(Duration::from_secs(1));
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let held = runtime.block_on(async {
        let mut held = Vec::new();
        // Another program takes every connection, those of the server too.
        for _ in 0..200 {
            if let Ok(mut connection) = <sqlx::PgConnection as sqlx::Connection>::connect(&socket).await {
                sqlx::raw_sql("SET application_name = 'other'").execute(&mut connection).await.unwrap();
                held.push(connection);
            }
            if let Some(connection) = held.first_mut() {
                let end = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'patchbay'";
                sqlx::raw_sql(end).execute(connection).await.unwrap();
            }
            if held.len() >= 24 {
                break;
            }
        }
        held
    });
    let full = Instant::now();
    eprintln!("{} connections of another program", held.len());
    assert!(held.len() >= 20, "{}", held.len());
    pause(Duration::from_secs(10));
    for path in ["/healthz", "/login"] {
        let began = Instant::now();
        let answer = bed.linked.server.anonymous().get(path);
        assert!(answer.status < 500 && began.elapsed() < Duration::from_secs(1), "{path}: {answer}");
    }
    let free = Instant::now();
    drop(held);
    drop(runtime);
    let answers = bed.recovered("no connections", load, Duration::from_secs(2));
    assert_bounded(&answers, 2 * REFUSED_WITHIN);
    let refused = between(&answers, full, free).filter(|answer| answer.status == 503).count();
    assert!(refused > 20, "only {refused} were refused");
}

#[test]
#[ignore = "measures time; `make faults` runs it"]
fn a_distant_database_slows_no_call() {
    const CALLS: u64 = 300;
    let bed = Bed::start(&[]);
    let median = || {
        let client = bed.linked.api();
        let mut times = (0..CALLS)
            .map(|_| {
                let began = Instant::now();
                assert_eq!(call(&client).status, 200);
                began.elapsed()
            })
            .collect::<Vec<_>>();
        times.sort_unstable();
        times[times.len() / 2]
    };
    let near = median();
    let far = Faults { delay: Duration::from_millis(50), jitter: Duration::from_millis(10), ..Faults::default() };
    bed.proxy.set(far);
    let before = bed.proxy.requests();
    let distant = median();
    let pieces = bed.proxy.requests() - before;
    eprintln!(
        "median of a call {near:?}; with 100 ms more to the database {distant:?}; {pieces} pieces for {CALLS} calls"
    );
    assert!(distant < 2 * near + Duration::from_millis(2), "{near:?}, {distant:?}");
    // Records of calls are written in batches, and nothing else.
    assert!(pieces < CALLS / 2, "{pieces} pieces were sent to the database");
    // A change works, however slowly, and byte by byte.
    let client = bed.linked.server.api();
    assert_eq!(change(&client).status, 201);
    bed.proxy.set(Faults { trickle: Duration::from_micros(500), ..far });
    assert_eq!(change(&client).status, 201);
}

#[test]
#[ignore = "takes a minute; `make faults` runs it"]
fn a_killed_server_on_postgresql_loses_nothing_that_it_confirmed() {
    let mut bed = Bed::start(&[]);
    // A directory of its own: that of the first server is removed with it.
    let directory = tempfile::tempdir().unwrap();
    let data_dir = directory.path().to_owned();
    fs::copy(bed.linked.server.data_dir.join("keyring.json"), data_dir.join("keyring.json")).unwrap();
    let url = bed.proxy.url("patchbay");
    let mut confirmed = Vec::new();
    for round in 0..10_u64 {
        for _ in 0..=(round * 7 % 11) {
            let created = change(&bed.linked.server.api());
            assert_eq!(created.status, 201, "{created}");
            confirmed.push(created.text("/token"));
        }
        bed.linked.server.kill();
        let arguments = Bed::arguments(&url, &bed.connectors);
        let began = Instant::now();
        bed.linked.server = Server::start_in(&data_dir, &bed.linked.provider, &arguments);
        assert!(began.elapsed() < Duration::from_secs(20), "round {round}: {:?}", began.elapsed());
        for token in &confirmed {
            let settings = bed.linked.server.hub(token).get("/hub/settings");
            assert_eq!(settings.status, 200, "round {round}: {settings}");
        }
    }
    eprintln!("10 kills, {} confirmed changes, none lost", confirmed.len());
}

#[test]
#[ignore = "takes a minute; `make faults` runs it"]
fn a_promoted_standby_takes_over_without_a_loss() {
    let mut bed = Bed::start(&[]);
    let standby = block_on(bed.postgres.start_standby());
    let load = bed.load(2, 6);
    pause(Duration::from_secs(2));
    bed.postgres.kill();
    let down = Instant::now();
    pause(Duration::from_secs(3));
    block_on(standby.promote());
    let link = bed.address.path().join("socket");
    fs::remove_file(&link).unwrap();
    symlink(standby.socket(), &link).unwrap();
    let answers = bed.recovered("promoted", load, Duration::from_secs(3));
    assert_bounded(&answers, SETTLED_WITHIN);
    let afterwards = between(&answers, down + Duration::from_secs(3) + RECOVERY, Instant::now());
    assert!(afterwards.filter(|answer| answer.is_change).all(|answer| answer.status == 201));
    // The connections of the old server are not mistaken for some of the new one.
    bed.postgres = standby;
    let answers = bed.load_for(Duration::from_secs(2));
    assert!(answers.iter().all(|answer| answer.status < 300));
}

/// A small file system in memory, if this process may mount one.
struct Disk(TempDir);

impl Disk {
    fn mount(size: &str) -> Option<Self> {
        let directory = tempfile::tempdir().unwrap();
        let mut mount = Command::new("mount");
        mount.args(["-t", "tmpfs", "-o", &format!("size={size}"), "tmpfs"]).arg(directory.path());
        let is_mounted = mount.output().is_ok_and(|output| output.status.success());
        if !is_mounted {
            eprintln!("SKIPPED: this user may not mount a file system in memory");
        }
        is_mounted.then(|| Self(directory))
    }

    /// Leaves no byte free. Returns the file that takes the room.
    fn fill(&self) -> PathBuf {
        let filler = self.0.path().join("filler");
        let mut file = fs::File::create(&filler).unwrap();
        while file.write_all(&[0; 4096]).is_ok() {}
        filler
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("--lazy").arg(self.0.path()).status();
    }
}

#[test]
#[ignore = "takes a minute; `make faults` runs it"]
fn a_full_disk_of_the_database_refuses_changes_until_there_is_room() {
    let Some(disk) = Disk::mount("96m") else { return };
    let log = tempfile::tempdir().unwrap();
    let settings = ["synchronous_commit=on", "shared_buffers=8MB"];
    let bed = Bed::on(PostgresServer::start_in(disk.0.path(), Some(log.path()), &settings));
    let load = bed.load(2, 6);
    pause(Duration::from_secs(2));
    let filler = disk.fill();
    let full = Instant::now();
    pause(FAULT);
    let ready = bed.linked.server.anonymous().get("/readyz");
    let room = Instant::now();
    fs::remove_file(filler).unwrap();
    let answers = bed.recovered("full", load, Duration::from_secs(3));
    assert_bounded(&answers, REFUSED_WITHIN);
    let refused = between(&answers, full, room).filter(|answer| answer.status == 503).count();
    eprintln!("full: {refused} changes were refused; /readyz said {}", ready.status);
    assert!(refused > 20, "only {refused} were refused");
    drop(bed);
}

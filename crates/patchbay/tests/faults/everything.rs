//! All faults at once, in an order that a seed decides: of the network to the database, of the database server, and of two servers,
//! while calls, changes, refreshes and revocations go on.
//!
//! `PATCHBAY_FAULTS_SECONDS` says how long (600 by default), `PATCHBAY_FAULTS_SEED` in which order.

use std::{
    thread,
    time::{Duration, Instant},
};

use serde_json::json;

use crate::{
    fleet::{Fleet, Traffic},
    support::{
        fault_proxy::{Faults, pause},
        fleet::{eventually, status},
        rolling::until_end,
    },
};

/// How long the servers may take to recover from the faults of a step.
const RECOVERY: Duration = Duration::from_mins(1);
/// How soon accounts can be used in the end: leases of killed servers have ended.
const ACCOUNTS_WITHIN: Duration = Duration::from_secs(90);

/// Numbers that a seed decides (the constants are Knuth's).
struct Numbers(u64);

impl Numbers {
    /// Returns a number below `bound`.
    fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % bound
    }

    fn server(&mut self) -> usize {
        usize::from(self.below(2) == 1)
    }
}

/// Returns a number from the environment.
fn setting(name: &str, default: u64) -> u64 {
    #[expect(clippy::disallowed_methods, reason = "who runs it chooses how long and in which order")]
    let text = std::env::var(name).unwrap_or_default();
    if text.is_empty() { default } else { text.parse().unwrap_or_else(|error| panic!("{name}: {error}")) }
}

/// Chooses a fault of the network to the database.
fn network(numbers: &mut Numbers) -> (&'static str, Faults) {
    let calm = Faults::default();
    match numbers.below(7) {
        0 => ("far", Faults { delay: Duration::from_millis(50), jitter: Duration::from_millis(20), ..calm }),
        1 => ("refuses", Faults { refuses: true, ..calm }),
        2 => ("forgets", Faults { forgets: true, ..calm }),
        3 => ("loses requests", Faults { loses_requests: true, ..calm }),
        4 => ("loses answers", Faults { loses_answers: true, ..calm }),
        5 => ("slow bytes", Faults { trickle: Duration::from_micros(20), ..calm }),
        _ => ("calm", calm),
    }
}

/// One step: faults of the network and of processes, and then their end.
fn step(fleet: &mut Fleet, traffic: &Traffic, numbers: &mut Numbers) -> String {
    let (name, faults) = network(numbers);
    let (server, time) = (numbers.server(), Duration::from_millis(1_000 + numbers.below(5_000)));
    let process = numbers.below(7);
    fleet.proxy.set(faults);
    if numbers.below(3) == 0 {
        fleet.proxy.cut();
    }
    // A token that a provider has issued to a server that is killed before it stored it is lost, whatever the others do.
    if process != 0 {
        fleet.provider.oauth.expire_access_tokens();
    }
    let what = match process {
        0 => {
            fleet.servers[server].kill();
            pause(time);
            "a server is killed"
        }
        1 => {
            fleet.servers[server].signal("-STOP");
            pause(time);
            fleet.servers[server].signal("-CONT");
            "a server is paused"
        }
        2 => {
            fleet.postgres.pause();
            pause(time);
            fleet.postgres.resume();
            "the database is paused"
        }
        3 => {
            fleet.postgres.kill();
            pause(time);
            fleet.postgres.restart();
            "the database is killed"
        }
        4 => {
            fleet.servers[server].terminate();
            pause(time);
            "a server is stopped"
        }
        _ => {
            pause(time);
            "no process"
        }
    };
    fleet.proxy.set(Faults::default());
    if process == 0 || process == 4 {
        fleet.restart(server);
        traffic.follows(fleet, server);
    }
    format!("network {name}, {what}, {time:?}")
}

/// Waits until both servers can do everything again, and checks that one refuses what the other one revokes.
fn recovers(fleet: &Fleet, step: &str) {
    let began = Instant::now();
    for server in &fleet.servers {
        loop {
            let ready = server.anonymous().get("/readyz");
            let is_there = ready.status == 200 && ready.header("x-patchbay-stale").is_none();
            let change = json!({ "origin_owner_id": "customer", "origin_owner_name": "Customer" });
            if is_there && server.api().post("/connect_sessions", &change).status == 201 {
                break;
            }
            assert!(began.elapsed() < RECOVERY, "{step}: {ready}");
            pause(Duration::from_millis(50));
        }
    }
    eprintln!("{step}: recovered within {:?}", began.elapsed());
    let [one, two] = &fleet.servers;
    let created = one.api().post("/api_keys", &json!({ "name": "shared" }));
    assert_eq!(created.status, 201, "{created}");
    let client = two.with_key(&created.text("/key"));
    assert_eq!(client.get("/accounts").status, 200);
    let path = format!("/api_keys/{}", created.text("/id"));
    assert_eq!(one.api().delete(&path).status, 204);
    eventually("a deleted key", || client.get("/accounts"), status(401));
}

#[test]
#[ignore = "takes ten minutes; `make faults` runs it"]
fn everything_at_once_loses_nothing() {
    let (seconds, seed) = (setting("PATCHBAY_FAULTS_SECONDS", 600), setting("PATCHBAY_FAULTS_SEED", 1));
    eprintln!("{seconds} seconds, seed {seed}");
    let mut numbers = Numbers(seed);
    let mut fleet = Fleet::start(4, [0, 0]);
    let traffic = Traffic::new(&fleet);
    let mut steps = 0;
    thread::scope(|scope| {
        for server in 0..2 {
            let traffic = &traffic;
            for account in fleet.accounts.clone() {
                scope.spawn(move || traffic.send(server, Some(&account)));
            }
            scope.spawn(move || traffic.send(server, None));
        }
        until_end(&traffic.stop, || {
            let end = Instant::now() + Duration::from_secs(seconds);
            while Instant::now() < end {
                let done = step(&mut fleet, &traffic, &mut numbers);
                recovers(&fleet, &done);
                steps += 1;
            }
        });
    });
    eprintln!("{steps} steps");
    // A call whose token must be refreshed while the database is away waits as long as its own time allows.
    let refused = ["503 StorageUnavailableError", "503 ServerStoppedError", "408 TimeoutError"];
    let expected = [&["200", "201", "lost"][..], &refused].concat();
    traffic.assert_kept("everything", &fleet, &expected);
    fleet.assert_accounts(ACCOUNTS_WITHIN);
}

//! Several servers on one database: restarted in turn, killed, paused, and with clocks that differ.

use std::{
    collections::BTreeMap,
    sync::{
        Mutex,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use patchbay_simulator::{Fault, FaultFilter, PlannedFault};
use patchbay_storage::conformance::postgres_server::PostgresServer;
use serde_json::{Value, json};

use crate::support::{
    ApiResponse, Server, binary, canary,
    database::block_on,
    fault_proxy::{FaultProxy, pause},
    fleet::{eventually, share_key_ring, status},
    load::{Connection, Reply},
    oauth2::{OAuth2Bed, attempt, begin_with, finish, get_me, profile},
    rolling,
    round_trips::assert_none,
};

/// The request that changes something, and the call.
const CHANGE: (&str, &str) = ("/connect_sessions", r#"{"origin_owner_id":"customer","origin_owner_name":"Customer"}"#);
const CALL: (&str, &str) = ("/actions/rpc", r#"{"action":"oauth2_get_me"}"#);
/// How soon an account can be used whose token a killed server was refreshing: the lease of that server has ended.
const LEASE_ENDS_WITHIN: Duration = Duration::from_secs(45);

#[test]
#[ignore = "takes minutes; `make faults` runs it"]
fn rolling_restarts_behind_haproxy_fail_no_request() {
    let began = Instant::now();
    let outcomes = rolling::restart(8, 4);
    eprintln!("16 restarts in {:?}: {outcomes:?}", began.elapsed());
    assert_eq!(outcomes.keys().map(String::as_str).collect::<Vec<_>>(), ["200", "201"], "{outcomes:?}");
}

#[test]
#[ignore = "takes a minute; `make faults` runs it"]
fn ten_thousand_warm_calls_have_no_statement_executed() {
    let began = Instant::now();
    let others = assert_none(10_000);
    eprintln!("10,000 calls in {:?}; the background had {others} statements executed", began.elapsed());
}

/// Two servers on PostgreSQL behind a proxy, with accounts at a provider that replaces each refresh token that is used, and revokes a
/// grant whose replaced token is used again.
pub struct Fleet {
    pub servers: [Server; 2],
    pub accounts: Vec<String>,
    pub proxy: FaultProxy,
    pub postgres: PostgresServer,
    pub provider: OAuth2Bed,
    /// By how many seconds the clocks of the servers are wrong.
    clocks: [i64; 2],
    directory: tempfile::TempDir,
}

impl Fleet {
    /// Starts two servers whose clocks are wrong by so many seconds, with `accounts` accounts.
    pub fn start(accounts: usize, clocks: [i64; 2]) -> Self {
        // What was confirmed must survive that the database server is killed.
        let postgres = PostgresServer::start_with(&["synchronous_commit=on"]);
        block_on(postgres.create_database("patchbay", None));
        let proxy = FaultProxy::start(&postgres.socket());
        let (provider, directory) = (OAuth2Bed::start(), tempfile::tempdir().unwrap());
        let one = spawn(&provider, &proxy, &directory, 0, clocks[0]);
        share_key_ring(directory.path(), "0", "1");
        let two = spawn(&provider, &proxy, &directory, 1, clocks[1]);
        let profile = profile(&one);
        let accounts = (0..accounts).map(|number| link(&provider, &one, &profile, number)).collect();
        Self { servers: [one, two], accounts, proxy, postgres, provider, clocks, directory }
    }

    /// Starts a server again that has ended.
    pub fn restart(&mut self, server: usize) {
        self.servers[server] = spawn(&self.provider, &self.proxy, &self.directory, server, self.clocks[server]);
    }

    /// Checks that each account can be used on each server.
    pub fn assert_accounts(&self, within: Duration) {
        let deadline = Instant::now() + within;
        for server in &self.servers {
            for account in &self.accounts {
                let mut answer = get_me(server, account);
                while answer.status != 200 && Instant::now() < deadline {
                    pause(Duration::from_millis(100));
                    answer = get_me(server, account);
                }
                assert_eq!(answer.status, 200, "{answer}");
            }
        }
        assert_eq!(self.provider.oauth.reused_refresh_tokens(), 0, "a refresh token was used twice");
    }
}

/// Links an account of a customer of its own.
fn link(provider: &OAuth2Bed, server: &Server, profile: &str, customer: usize) -> String {
    let owner = format!("customer-{customer}");
    let begun = begin_with(server, profile, json!({ "provider": "oauth2", "origin_owner_id": owner }));
    let back = provider.visit(begun.answer.header("location").unwrap());
    assert_eq!(finish(server, &back, &begun.cookie).status, 303);
    attempt(server, &begun)["account"]["id"].as_str().unwrap().to_owned()
}

fn spawn(
    provider: &OAuth2Bed,
    proxy: &FaultProxy,
    directory: &tempfile::TempDir,
    server: usize,
    wrong_by: i64,
) -> Server {
    let data_dir = directory.path().join(server.to_string());
    let url = proxy.url("patchbay");
    let own = ["--database-url", &url, "--key-requests-per-minute", "0", "--call-budget-seconds", "5"];
    let mut command = binary();
    command.env("PATCHBAY_API_KEY", canary::API_KEY).env("PATCHBAY_TEST_CLOCK_WRONG_BY_SECONDS", wrong_by.to_string());
    command.args(["serve", "--listen", "127.0.0.1:0", "--log", "info", "--data-dir"]).arg(&data_dir);
    command.args(provider.fixture.arguments(&[("https://oauth2.example.com", "")], &own));
    Server::spawn(command, &data_dir)
}

/// Requests that are sent to the servers all the time.
pub struct Traffic {
    /// Ends all requests.
    pub stop: AtomicBool,
    /// The URLs of the servers.
    bases: [Mutex<String>; 2],
    outcomes: Mutex<BTreeMap<String, usize>>,
    /// The tokens of the sessions whose creation was confirmed.
    confirmed: Mutex<Vec<String>>,
}

impl Traffic {
    pub fn new(fleet: &Fleet) -> Self {
        let bases = fleet.servers.each_ref().map(|server| Mutex::new(server.base.clone()));
        Self { stop: AtomicBool::new(false), bases, outcomes: Mutex::default(), confirmed: Mutex::default() }
    }

    /// Sends requests to one server until the end: changes, or calls with an account.
    pub fn send(&self, server: usize, account: Option<&str>) {
        let (path, body) = if account.is_some() { CALL } else { CHANGE };
        let kind = if account.is_some() { "call" } else { "change" };
        let open = || {
            Connection::new(
                &self.bases[server].lock().unwrap(),
                canary::API_KEY,
                account.unwrap_or_default(),
                path,
                body,
            )
        };
        let mut connection = open();
        while !self.stop.load(Ordering::SeqCst) {
            let outcome = match connection.call() {
                Ok(reply) => {
                    if reply.status == 201 {
                        self.confirmed.lock().unwrap().push(reply.text("token"));
                    }
                    outcome(&reply)
                }
                Err(_lost) => {
                    connection = open();
                    "lost".to_owned()
                }
            };
            *self.outcomes.lock().unwrap().entry(format!("{kind} {outcome}")).or_default() += 1;
            pause(Duration::from_millis(10));
        }
    }

    /// Leads requests to the address of a server that was started again.
    pub fn follows(&self, fleet: &Fleet, server: usize) {
        fleet.servers[server].base.clone_into(&mut self.bases[server].lock().unwrap());
    }

    /// Prints the outcomes, checks that only the expected ones are among them, and that no confirmed change was lost.
    pub fn assert_kept(self, name: &str, fleet: &Fleet, expected: &[&str]) {
        let (outcomes, confirmed) = (self.outcomes.into_inner().unwrap(), self.confirmed.into_inner().unwrap());
        eprintln!("{name}: {outcomes:?}");
        for outcome in outcomes.keys() {
            assert!(expected.iter().any(|known| outcome.ends_with(known)), "{name}: {outcome}");
        }
        assert!(confirmed.len() > 20, "{name}: only {} changes were confirmed", confirmed.len());
        for (number, token) in confirmed.iter().enumerate() {
            let answer = fleet.servers[number % 2].hub(token).get("/hub/settings");
            assert_eq!(answer.status, 200, "{name}: a confirmed change was lost: {answer}");
        }
        eprintln!("{name}: {} confirmed changes, none lost", confirmed.len());
    }
}

/// Returns the status and the code of a reply.
fn outcome(reply: &Reply) -> String {
    if reply.status < 300 {
        return reply.status.to_string();
    }
    let says_when =
        if reply.head.to_ascii_lowercase().contains("\r\nretry-after:") { "" } else { " without Retry-After" };
    format!("{} {}{says_when}", reply.status, reply.text("errorCode"))
}

/// Lets every access token end, and waits until each account was refreshed and used on a server.
fn refresh_all(fleet: &Fleet, server: usize) {
    fleet.provider.oauth.expire_access_tokens();
    for account in &fleet.accounts {
        eventually("refreshed", || get_me(&fleet.servers[server], account), status(200));
    }
}

#[test]
#[ignore = "takes minutes; `make faults` runs it"]
fn a_killed_replica_loses_nothing_and_the_other_goes_on() {
    let mut fleet = Fleet::start(4, [0, 0]);
    let traffic = Traffic::new(&fleet);
    thread::scope(|scope| {
        for server in 0..2 {
            let traffic = &traffic;
            for account in fleet.accounts.clone() {
                scope.spawn(move || traffic.send(server, Some(&account)));
            }
            scope.spawn(move || traffic.send(server, None));
        }
        rolling::until_end(&traffic.stop, || {
            for round in 0..6 {
                let victim = round % 2;
                pause(Duration::from_secs(2));
                fleet.servers[victim].kill();
                // The accounts are refreshed by the other one, and by both at once when it is back.
                refresh_all(&fleet, 1 - victim);
                fleet.restart(victim);
                traffic.follows(&fleet, victim);
                refresh_all(&fleet, victim);
            }
        });
    });
    traffic.assert_kept("killed", &fleet, &["200", "201", "lost"]);
    fleet.assert_accounts(LEASE_ENDS_WITHIN);
}

#[test]
#[ignore = "takes a minute; `make faults` runs it"]
fn the_refresh_of_a_killed_replica_goes_on_elsewhere() {
    let mut fleet = Fleet::start(1, [0, 0]);
    let account = fleet.accounts[0].clone();
    let matching = FaultFilter { path_prefix: Some("/token".into()), method: None };
    fleet.provider.oauth.plan(PlannedFault { matching, times: 1, fault: Fault::Delay { millis: 20_000 } });
    fleet.provider.oauth.expire_access_tokens();
    let mut call = Connection::new(&fleet.servers[0].base, canary::API_KEY, &account, CALL.0, CALL.1);
    call.send().unwrap();
    // The call has noticed that its token has ended, and asks for another one, when another call finds the lease.
    pause(Duration::from_secs(1));
    fleet.servers[0].kill();
    let killed = Instant::now();
    let deadline = killed + LEASE_ENDS_WITHIN;
    while get_me(&fleet.servers[1], &account).status != 200 {
        assert!(Instant::now() < deadline, "the lease does not end");
        pause(Duration::from_millis(200));
    }
    eprintln!("the account was refreshed {:?} after the server was killed", killed.elapsed());
    fleet.restart(0);
    fleet.assert_accounts(Duration::from_secs(10));
}

#[test]
#[ignore = "takes a minute; `make faults` runs it"]
fn a_replica_that_was_paused_for_a_minute_refuses_what_was_revoked_meanwhile() {
    const WAITING: usize = 16;
    let fleet = Fleet::start(1, [0, 0]);
    let [one, two] = &fleet.servers;
    let created = one.api().post("/api_keys", &json!({ "name": "shared" }));
    let (id, key) = (created.text("/id"), created.text("/key"));
    let account = &fleet.accounts[0];
    let connections = || (0..WAITING).map(|_| Connection::new(&two.base, &key, account, CALL.0, CALL.1));
    let mut connections = connections().collect::<Vec<_>>();
    for connection in &mut connections {
        assert_eq!(connection.call().unwrap().status, 200);
    }
    two.signal("-STOP");
    let disabled = one.api().patch(&format!("/api_keys/{id}"), &json!({ "enabled": false }));
    assert_eq!(disabled.status, 200, "{disabled}");
    // These requests wait in the sockets: they are the first ones that it answers.
    connections.iter_mut().for_each(|connection| connection.send().unwrap());
    pause(Duration::from_mins(1));
    two.signal("-CONT");
    let mut outcomes = BTreeMap::<String, usize>::new();
    for connection in &mut connections {
        *outcomes.entry(outcome(&connection.receive().unwrap())).or_default() += 1;
    }
    eprintln!("{WAITING} requests with a revoked key, sent during the pause: {outcomes:?}");
    assert!(outcomes.keys().all(|outcome| !outcome.starts_with("20")), "{outcomes:?}");
}

#[test]
#[ignore = "takes a minute; `make faults` runs it"]
fn replicas_whose_clocks_are_twenty_minutes_apart_agree() {
    let fleet = Fleet::start(4, [600, -600]);
    let [ahead, behind] = &fleet.servers;
    // A session is valid on both, and ends on both.
    for (creator, reader) in [(ahead, behind), (behind, ahead)] {
        let session = creator.session_answer(json!({ "expires_in": 300 }));
        assert_eq!(reader.hub(&session.text("/token")).get("/hub/settings").status, 200);
    }
    let text = |server: &Server| server.session_answer(json!({})).text("/expires_at");
    let (first, second) = (text(ahead), text(behind));
    assert_eq!(first[..13], second[..13], "{first} and {second} are more than an hour apart");
    // One leads, whatever the clocks say, and both count as alive.
    let list = || ahead.api().get("/admin/replicas");
    let count = |answer: &ApiResponse| {
        let all = answer.json()["data"].as_array().cloned().unwrap_or_default();
        (all.len(), all.iter().filter(|server| server["leader"] == Value::Bool(true)).count())
    };
    for _ in 0..10 {
        eventually("two live, one leads", list, |answer| count(answer) == (2, 1));
        pause(Duration::from_secs(1));
    }
    // The leases hold: both refresh at once, and no refresh token is used twice.
    let before = fleet.provider.oauth.token_requests().len();
    for _ in 0..10 {
        fleet.provider.oauth.expire_access_tokens();
        thread::scope(|scope| {
            for (server, account) in
                fleet.servers.iter().flat_map(|server| fleet.accounts.iter().map(move |account| (server, account)))
            {
                scope.spawn(move || {
                    eventually("refreshed", || get_me(server, account), status(200));
                });
            }
        });
    }
    let requests = fleet.provider.oauth.token_requests().len() - before;
    eprintln!("10 ends of 4 tokens, used on two servers at once: {requests} token requests");
    assert!(requests >= 40, "{requests}");
    fleet.assert_accounts(Duration::from_secs(10));
}

//! Servers that share limits on one PostgreSQL, by a clock of the tests.

use std::num::NonZeroU32;

use patchbay_egress::{Share, SharedRules, Turn};
use patchbay_storage::{
    conformance::postgres_server::{DatabaseTestClock, PostgresServer},
    postgres::PostgresStorage,
};

use super::*;
use crate::key_budget::KeyBudget;

const SECOND: u64 = 1_000_000;

/// A database whose clock a test sets.
struct TestDatabase {
    storage: Arc<PostgresStorage>,
    clock: DatabaseTestClock,
    _server: PostgresServer,
}

impl TestDatabase {
    async fn start() -> Self {
        let server = PostgresServer::start();
        let url = server.create_database("limits", None).await;
        let storage = Arc::new(PostgresStorage::open(&url, 8).await.unwrap());
        let clock = server.replace_clock("limits").await;
        Self { storage, clock, _server: server }
    }

    fn servers(&self, number: u32) -> Vec<Arc<FleetLimits>> {
        let servers = (0..number).map(|_| FleetLimits::new(self.storage.clone())).collect::<Vec<_>>();
        servers.iter().for_each(|server| server.set_servers(number as usize));
        servers
    }
}

/// Returns the largest number of times in a window.
fn most(times: &[u64], window: u64) -> usize {
    let before = |moment: u64| times.partition_point(|time| *time < moment);
    times.iter().map(|start| before(*start + window) - before(*start)).max().unwrap_or(0)
}

/// Each of the busy servers sends a request whenever it may, for 10 seconds. Returns the times, and the number of leases.
async fn send(database: &mut TestDatabase, servers: &[Arc<FleetLimits>], busy: usize, limit: f64) -> (Vec<u64>, usize) {
    let number = u32::try_from(servers.len()).unwrap();
    let rules = SharedRules { limit, window: Duration::from_secs(1), burst_windows: 0.0, servers: number };
    let (mut shares, mut sent, mut leases) = (vec![Share::default(); servers.len()], Vec::new(), 0);
    let name = format!("{busy} of {number} at {limit}");
    for now in (0..10 * SECOND).step_by(2_000) {
        let time = Duration::from_micros(now);
        for (server, share) in servers.iter().zip(&mut shares).take(busy) {
            loop {
                match share.take(&rules, time, time) {
                    Turn::At(_) => sent.push(now),
                    Turn::TooLate(_) => break,
                    Turn::Lease(_) => {
                        database.clock.set(SECOND + now).await;
                        leases += 1;
                        let answer = server.lease(&name, rules.wish(Duration::ZERO)).await.unwrap();
                        if answer.is_granted {
                            share.add(&rules, time, &answer);
                        } else {
                            share.refuse(time, &answer);
                        }
                    }
                }
            }
        }
    }
    (sent, leases)
}

#[tokio::test]
async fn servers_of_one_database_share_the_rate_of_an_account() {
    let mut database = TestDatabase::start().await;
    for number in [2, 4] {
        let servers = database.servers(number);
        for busy in [1, servers.len()] {
            let (sent, leases) = send(&mut database, &servers, busy, 100.0).await;
            let most = most(&sent, SECOND);
            assert!(most <= 125, "{busy} of {number} servers: {most} in a second");
            assert!(sent.len() >= 800, "{busy} of {number} servers: {} in 10 seconds", sent.len());
            assert!(leases <= sent.len(), "{leases} leases for {} requests", sent.len());
        }
    }
    // A server that sends little asks nobody: one request in each of ten seconds.
    let servers = database.servers(2);
    let rules = SharedRules { limit: 10.0, window: Duration::from_secs(1), burst_windows: 0.0, servers: 2 };
    let mut share = Share::default();
    for second in 1..=10 {
        let now = Duration::from_secs(second);
        assert_eq!(share.take(&rules, now, now), Turn::At(now));
    }
    // While the database is away, nothing is leased.
    database.storage.close().await;
    assert_eq!(servers[0].lease("away", rules.wish(Duration::ZERO)).await, None);
}

#[tokio::test]
async fn servers_of_one_database_share_the_budget_of_a_key() {
    const LIMIT: u32 = 1_000;
    let mut database = TestDatabase::start().await;
    for number in [1, 2, 4] {
        let servers = database.servers(number);
        for busy in [1, servers.len()] {
            let budgets = servers.iter().map(|_| KeyBudget::new(NonZeroU32::new(LIMIT).unwrap())).collect::<Vec<_>>();
            let (mut accepted, name) = (Vec::new(), format!("{busy} of {number}"));
            // Five minutes, and in each half of a second more requests than are allowed.
            for now in (0..300 * SECOND).step_by(500_000) {
                database.clock.set(SECOND + now).await;
                let time = Duration::from_micros(now);
                for (server, budget) in servers.iter().zip(&budgets).take(busy) {
                    for _ in 0..40 {
                        let quota = budget.count(|| time, &**server, &name).await;
                        assert!(quota.remaining < LIMIT && quota.reset_secs <= 75, "{quota:?}");
                        if quota.retry_after.is_some() {
                            break;
                        }
                        accepted.push(now);
                    }
                }
            }
            let case = format!("{busy} of {number} servers: {} in five minutes", accepted.len());
            assert!(accepted.len() >= 4_000, "{case}");
            // The budget of a minute may be used at once, and is restored while it is.
            let (first, later) = accepted.split_at(accepted.partition_point(|time| *time < 60 * SECOND));
            assert!(first.len() <= 2_500, "{case}: {} in the first", first.len());
            let most = most(later, 60 * SECOND);
            assert!(most <= 1_250, "{case}: {most} in a minute");
        }
    }
}

#[tokio::test]
async fn what_a_provider_says_travels_by_the_row() {
    let database = TestDatabase::start().await;
    let replicas = database.storage.replicas().unwrap();
    let account = AccountId::new("a");
    replicas.block_account(&account, Duration::from_secs(30)).await.unwrap();
    replicas.block_account(&account, Duration::from_secs(20)).await.unwrap();
    replicas.block_account(&AccountId::new("b"), Duration::from_secs(9)).await.unwrap();
    assert_eq!(replicas.blocked_accounts(Some(&account)).await.unwrap(), [(account, Duration::from_secs(30))]);
    assert_eq!(replicas.blocked_accounts(None).await.unwrap().len(), 2);
    database.storage.close().await;
}

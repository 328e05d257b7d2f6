//! Servers that send as much as they may, with a clock of their own.

use proptest::prelude::*;

use super::*;

const SECOND: u64 = 1_000_000;

fn micros(micros: u64) -> Duration {
    Duration::from_micros(micros)
}

/// The row of a limit, with the rule of the storage.
#[derive(Default)]
struct LimitRow {
    restored_at: Duration,
    leases: usize,
}

impl LimitRow {
    fn lease(&mut self, wish: LeaseWish, now: Duration) -> LeaseAnswer {
        self.leases += 1;
        let restored_at = self.restored_at.max(now) + wish.cost;
        let wait = restored_at.saturating_sub(wish.capacity).saturating_sub(now);
        let is_granted = wait <= wish.max_wait;
        if is_granted {
            self.restored_at = restored_at;
        }
        LeaseAnswer { is_granted, wait, restored_in: self.restored_at.saturating_sub(now) }
    }
}

/// Servers that share a limit, and what they have sent.
struct Fleet {
    rules: SharedRules,
    shares: Vec<Share>,
    row: LimitRow,
    sent: Vec<Duration>,
}

impl Fleet {
    fn new(limit: f64, servers: u32) -> Self {
        let rules = SharedRules { limit, window: Duration::from_secs(1), burst_windows: 0.0, servers };
        let shares = (0..servers).map(|_| Share::default()).collect();
        Self { rules, shares, row: LimitRow::default(), sent: Vec::new() }
    }

    /// A server wants to send a request at `now`, and waits for nothing. Returns whether it did.
    fn send(&mut self, server: usize, now: Duration, is_row_there: bool) -> bool {
        let share = &mut self.shares[server];
        let mut turn = share.take(&self.rules, now, now);
        if let Turn::Lease(_) = turn {
            if is_row_there {
                let answer = self.row.lease(self.rules.wish(Duration::ZERO), now);
                if answer.is_granted {
                    share.add(&self.rules, now, &answer);
                    turn = share.take(&self.rules, now, now);
                }
            } else {
                share.lose_row(now);
                turn = share.take(&self.rules, now, now);
            }
        }
        let is_sent = turn == Turn::At(now);
        if is_sent {
            self.sent.push(now);
        }
        is_sent
    }

    /// Returns the largest number of requests in a window.
    fn most(&self) -> usize {
        let within = |start: Duration| {
            let from = self.sent.partition_point(|time| *time < start);
            self.sent.partition_point(|time| *time < start + self.rules.window) - from
        };
        self.sent.iter().map(|start| within(*start)).max().unwrap_or(0)
    }

    /// The largest number that the documentation states: 25 % above the limit, or one request for each server and one more.
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a test's limits are small")]
    fn allowed(&self) -> usize {
        let small = self.rules.limit + f64::from(2 * self.rules.servers + 1);
        if self.rules.limit * SAVED < f64::from(self.rules.servers) {
            return small as usize;
        }
        (self.rules.limit * 1.25) as usize
    }
}

#[test]
fn busy_servers_stay_within_the_stated_error() {
    for servers in [2, 4] {
        for limit in [1.0, 5.0, 20.0, 40.0, 100.0, 1_000.0] {
            // All of them, only one, and one beside others that send little.
            for busy in [servers, 1] {
                for quiet_every in [u64::MAX, SECOND / 3] {
                    let mut fleet = Fleet::new(limit, servers);
                    for now in (0..20 * SECOND).step_by(500) {
                        for server in 0..servers as usize {
                            let is_busy = server < busy as usize;
                            if is_busy || now % quiet_every == 0 {
                                fleet.send(server, micros(now), true);
                            }
                        }
                    }
                    let (most, allowed) = (fleet.most(), fleet.allowed());
                    let case =
                        format!("{servers} servers, {busy} busy, {limit} a second, others every {quiet_every} µs");
                    assert!(most <= allowed, "{case}: {most} in a second, more than {allowed}");
                    let sent = u32::try_from(fleet.sent.len()).unwrap();
                    assert!(f64::from(sent) >= 0.8 * 20.0 * limit, "{case}: only {sent} in 20 seconds");
                }
            }
        }
    }
}

#[test]
fn a_server_that_sends_little_leases_nothing() {
    let mut fleet = Fleet::new(100.0, 2);
    for now in (0..60 * SECOND).step_by(100_000) {
        assert!(fleet.send(0, micros(now), true));
    }
    assert_eq!((fleet.sent.len(), fleet.row.leases), (600, 0));
    // One lease is enough for a chunk.
    let now = micros(60 * SECOND);
    assert_eq!(fleet.rules.chunk(), 5);
    while fleet.row.leases == 0 {
        assert!(fleet.send(0, now, true));
    }
    for _ in 0..4 {
        assert!(fleet.send(0, now, true));
    }
    assert_eq!(fleet.row.leases, 1);
}

#[test]
fn each_server_has_its_part_while_the_row_is_away() {
    let mut fleet = Fleet::new(100.0, 4);
    for now in (0..20 * SECOND).step_by(1_000) {
        for server in 0..4 {
            fleet.send(server, micros(now), false);
        }
    }
    assert!(fleet.most() <= fleet.allowed(), "{}", fleet.most());
    assert!(fleet.sent.len() >= 1_600, "{}", fleet.sent.len());
    assert_eq!(fleet.row.leases, 0);
    // A single busy server has only its part.
    let mut fleet = Fleet::new(100.0, 4);
    for now in (0..20 * SECOND).step_by(1_000) {
        fleet.send(0, micros(now), false);
    }
    assert!((400..=520).contains(&fleet.sent.len()), "{}", fleet.sent.len());
}

#[test]
fn a_request_waits_for_its_chunk_or_is_too_late() {
    let rules = SharedRules { limit: 10.0, window: Duration::from_secs(1), burst_windows: 0.0, servers: 2 };
    let (mut share, now) = (Share::default(), micros(SECOND));
    assert_eq!(share.take(&rules, now, now), Turn::At(now), "the server's own part");
    assert_eq!(share.take(&rules, now, micros(9 * SECOND)), Turn::Lease(now + SECOND_OF_A_PART));
    let answer = LeaseAnswer { is_granted: true, wait: micros(50_000), restored_in: Duration::ZERO };
    share.add(&rules, now, &answer);
    let start = now + micros(50_000);
    assert_eq!(share.take(&rules, now, start), Turn::TooLate(start));
    assert_eq!(share.take(&rules, now, start + micros(1)), Turn::At(start));
    assert_eq!(share.left(&rules, now), 0);
    assert!(share.is_restored(now + SECOND_OF_A_PART) && !share.is_restored(now));
}

/// One request a second is a server's own part of ten requests a second.
const SECOND_OF_A_PART: Duration = Duration::from_secs(1);

proptest! {
    /// Whatever servers send and when, and however often the row is away, no second exceeds the stated error.
    #[test]
    fn no_sequence_exceeds_the_stated_error(
        servers in 2_u32..6,
        limit in 1_u32..300,
        steps in prop::collection::vec((0_u64..40_000, 0_usize..6, 1_usize..30), 1..300),
    ) {
        let mut fleet = Fleet::new(f64::from(limit), servers);
        let mut now = 0;
        for (gap, server, requests) in steps {
            now += gap;
            for _ in 0..requests {
                fleet.send(server % servers as usize, micros(now), true);
            }
        }
        let (most, allowed) = (fleet.most(), fleet.allowed());
        prop_assert!(most <= allowed, "{most} in a second, more than {allowed}");
    }
}

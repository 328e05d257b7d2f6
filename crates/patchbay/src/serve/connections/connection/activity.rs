//! What a connection waits for, and since when.
//!
//! The connection's own thread writes; the thread that accepts connections reads, to find the one that has waited for
//! its client longest. Every value is an atomic of its own: no request takes a lock or registers a timer. A timer of the
//! connection looks at the values a few times a minute ([`Activity::verdict`]).

use std::{
    sync::{
        LazyLock,
        atomic::{AtomicBool, AtomicU8, AtomicU32, AtomicU64, Ordering::Relaxed},
    },
    time::{Duration, Instant},
};

use super::clocks::Clocks;

/// The number of generations in which stalled bodies are counted.
const GENERATIONS: u8 = 4;

/// Returns the time in milliseconds since the first call; never 0, which means "not waiting".
fn now() -> u64 {
    static START: LazyLock<Instant> = LazyLock::new(Instant::now);
    u64::try_from(START.elapsed().as_millis()).unwrap_or(u64::MAX).saturating_add(1)
}

/// The protocol of a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Protocol {
    Http1,
    Http2,
}

/// What a connection waits for.
#[derive(Debug)]
pub(crate) struct Activity {
    is_http2: AtomicBool,
    /// Since when the connection waits for its client; 0 while the server works.
    waiting_since: AtomicU64,
    /// Since when the socket has not accepted bytes; 0 if it does.
    blocked_since: AtomicU64,
    /// Whether the first head has been received.
    was_used: AtomicBool,
    /// Whether a byte of the next head has been received, between two requests of HTTP/1.1.
    head_began: AtomicBool,
    /// Whether the first line of that head has been received.
    line_ended: AtomicBool,
    /// The number of requests whose response is not complete.
    open: AtomicU32,
    /// The number of requests so far; it wraps around.
    begun: AtomicU32,
    /// The number of those that wait for the client: for the rest of the request, or for room for the response.
    at_client: AtomicU32,
    /// The number of bodies of HTTP/2 responses that wait for the client, by the generation in which that began.
    stalled: [AtomicU32; GENERATIONS as usize],
    generation: AtomicU8,
    generation_since: AtomicU64,
    /// Whether everything that belongs to requests has been written. What HTTP/1.1 writes then is hyper's own.
    is_settled: AtomicBool,
    /// Whether the client may still be sending the body of the last request.
    is_unread: AtomicBool,
}

/// What to do with a connection.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// Look again after this time.
    Wait(Duration),
    /// Close it when the requests under way are answered.
    Leave,
    /// Close it: the head of a request did not arrive in time.
    HeadTimeout,
    /// Close it: the client does not read.
    Cut,
}

impl Activity {
    pub(crate) fn new() -> Self {
        Self {
            is_http2: AtomicBool::new(false),
            waiting_since: AtomicU64::new(now()),
            blocked_since: AtomicU64::new(0),
            was_used: AtomicBool::new(false),
            head_began: AtomicBool::new(false),
            line_ended: AtomicBool::new(false),
            open: AtomicU32::new(0),
            begun: AtomicU32::new(0),
            at_client: AtomicU32::new(0),
            stalled: [const { AtomicU32::new(0) }; GENERATIONS as usize],
            generation: AtomicU8::new(0),
            generation_since: AtomicU64::new(now()),
            is_settled: AtomicBool::new(true),
            is_unread: AtomicBool::new(false),
        }
    }

    /// Records which protocol the client speaks.
    pub(crate) fn speaks(&self, protocol: Protocol) {
        self.is_http2.store(protocol == Protocol::Http2, Relaxed);
    }

    pub(crate) fn is_http2(&self) -> bool {
        self.is_http2.load(Relaxed)
    }

    /// Returns since when the connection waits for its client; `None` while the server works.
    pub(crate) fn waits_since(&self) -> Option<u64> {
        let times = [self.waiting_since.load(Relaxed), self.blocked_since.load(Relaxed)];
        times.into_iter().filter(|since| *since != 0).min()
    }

    /// Records received bytes.
    pub(crate) fn received(&self, bytes: &[u8]) {
        if self.open.load(Relaxed) != 0 || self.is_http2() {
            return;
        }
        if !self.head_began.load(Relaxed) {
            self.head_began.store(true, Relaxed);
            // The first head's clock began with the connection.
            if self.was_used.load(Relaxed) {
                self.waiting_since.store(now(), Relaxed);
            }
        }
        if !self.line_ended.load(Relaxed) && bytes.contains(&b'\n') {
            self.line_ended.store(true, Relaxed);
        }
    }

    /// Returns true if a part of a head has been received.
    pub(crate) fn head_began(&self) -> bool {
        self.head_began.load(Relaxed)
    }

    /// Returns true if the first line of a head has been received.
    pub(crate) fn line_ended(&self) -> bool {
        self.line_ended.load(Relaxed)
    }

    /// Records that the socket accepted bytes. `is_all` is true if nothing is left to write.
    pub(crate) fn wrote(&self, is_all: bool) {
        if self.blocked_since.load(Relaxed) != 0 {
            self.blocked_since.store(0, Relaxed);
            if self.open.load(Relaxed) == 0 {
                self.waiting_since.store(now(), Relaxed);
            }
        }
        if is_all && self.open.load(Relaxed) == 0 {
            self.is_settled.store(true, Relaxed);
        }
    }

    /// Records that the socket accepts no bytes.
    pub(crate) fn blocked(&self) {
        if self.blocked_since.load(Relaxed) == 0 {
            self.blocked_since.store(now(), Relaxed);
        }
    }

    pub(crate) fn is_blocked(&self) -> bool {
        self.blocked_since.load(Relaxed) != 0
    }

    /// Returns true if the next bytes that an HTTP/1.1 connection writes belong to no request.
    pub(crate) fn owes_nothing(&self) -> bool {
        !self.is_http2() && self.is_settled.load(Relaxed) && self.open.load(Relaxed) == 0
    }

    /// Returns the number of requests so far, if each of them has its response; `None` for HTTP/2.
    pub(crate) fn answered(&self) -> Option<u32> {
        (!self.is_http2() && self.open.load(Relaxed) == 0).then(|| self.begun.load(Relaxed))
    }

    /// Returns true if the client may still be sending a body that nobody reads.
    pub(crate) fn is_unread(&self) -> bool {
        self.is_unread.load(Relaxed)
    }

    /// Records that a request begins.
    pub(crate) fn begin(&self) {
        self.open.fetch_add(1, Relaxed);
        self.begun.fetch_add(1, Relaxed);
        self.waiting_since.store(0, Relaxed);
        self.was_used.store(true, Relaxed);
        self.head_began.store(false, Relaxed);
        self.line_ended.store(false, Relaxed);
        self.is_settled.store(false, Relaxed);
        self.is_unread.store(false, Relaxed);
    }

    /// Records that the response of a request is complete, or was given up.
    pub(crate) fn end(&self) {
        let open = self.open.fetch_sub(1, Relaxed) - 1;
        if open == 0 || open == self.at_client.load(Relaxed) {
            self.waiting_since.store(now(), Relaxed);
        }
    }

    /// Records that a request waits for the client.
    pub(crate) fn waits(&self) {
        let at_client = self.at_client.fetch_add(1, Relaxed) + 1;
        if at_client == self.open.load(Relaxed) {
            self.waiting_since.store(now(), Relaxed);
        }
    }

    /// Records that a request no longer waits for the client.
    pub(crate) fn resumes(&self) {
        self.at_client.fetch_sub(1, Relaxed);
        self.waiting_since.store(0, Relaxed);
    }

    /// Records that a body of a response waits for the client. Returns what [`moves`](Self::moves) takes.
    pub(crate) fn stalls(&self) -> u8 {
        self.waits();
        let generation = self.generation.load(Relaxed);
        self.stalled[usize::from(generation)].fetch_add(1, Relaxed);
        generation
    }

    /// Records that a body of a response moves again.
    pub(crate) fn moves(&self, generation: u8) {
        self.stalled[usize::from(generation)].fetch_sub(1, Relaxed);
        self.resumes();
    }

    /// Records that the body of a request was not read to its end.
    pub(crate) fn leaves_body(&self) {
        self.is_unread.store(true, Relaxed);
    }

    /// Returns what to do with the connection now.
    pub(crate) fn verdict(&self, clocks: &Clocks) -> Verdict {
        self.verdict_at(now(), clocks)
    }

    fn verdict_at(&self, now: u64, clocks: &Clocks) -> Verdict {
        let since = |moment: u64| Duration::from_millis(now.saturating_sub(moment));
        let mut next = clocks.tick();
        let blocked = self.blocked_since.load(Relaxed);
        if blocked != 0 {
            if since(blocked) >= clocks.write {
                return Verdict::Cut;
            }
            next = next.min(clocks.write.saturating_sub(since(blocked)));
        }
        let waiting = self.waiting_since.load(Relaxed);
        if self.open.load(Relaxed) == 0 && waiting != 0 {
            let is_head = !self.was_used.load(Relaxed) || self.head_began.load(Relaxed);
            let limit = if is_head { clocks.head } else { clocks.idle };
            if since(waiting) >= limit {
                return if is_head { Verdict::HeadTimeout } else { Verdict::Leave };
            }
            next = next.min(limit.saturating_sub(since(waiting)));
        } else if self.is_http2() {
            if self.stalled.iter().any(|count| count.load(Relaxed) > 0) && waiting != 0 {
                // Every request waits for the client, and a response is among them.
                if since(waiting) >= clocks.write {
                    return Verdict::Cut;
                }
                next = next.min(clocks.write.saturating_sub(since(waiting)));
            }
            if self.has_old_stall(now, clocks) {
                return Verdict::Leave;
            }
        }
        // Not in a busy loop, even if a clock has less than a millisecond left.
        Verdict::Wait(next.max(Duration::from_millis(1)))
    }

    /// Returns true if a body of a response has waited for the client through two generations, which together take the
    /// time of a write: a client that goes on with other requests must not keep responses waiting without end.
    fn has_old_stall(&self, now: u64, clocks: &Clocks) -> bool {
        let age = Duration::from_millis(now.saturating_sub(self.generation_since.load(Relaxed)));
        if age < clocks.write / 2 {
            return false;
        }
        let next = (self.generation.load(Relaxed) + 1) % GENERATIONS;
        self.generation.store(next, Relaxed);
        self.generation_since.store(now, Relaxed);
        // The next slot contains what began three generations ago.
        self.stalled[usize::from(next)].load(Relaxed) > 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CLOCKS: Clocks = Clocks::DOCUMENTED;

    fn after(activity: &Activity, time: Duration) -> Verdict {
        activity.verdict_at(now() + u64::try_from(time.as_millis()).unwrap(), &CLOCKS)
    }

    fn is_waiting(verdict: &Verdict) -> bool {
        matches!(verdict, Verdict::Wait(_))
    }

    #[test]
    fn the_first_head_has_one_clock_from_the_connection_on() {
        let activity = Activity::new();
        assert!(is_waiting(&after(&activity, CLOCKS.head / 2)));
        activity.received(b"PRI * HT");
        assert_eq!(after(&activity, CLOCKS.head), Verdict::HeadTimeout);
        activity.speaks(Protocol::Http2);
        activity.received(b"a SETTINGS frame");
        assert_eq!(after(&activity, CLOCKS.head), Verdict::HeadTimeout);
    }

    #[test]
    fn a_used_connection_may_be_idle_longer_than_a_head_may_take() {
        let activity = Activity::new();
        activity.begin();
        assert_eq!(activity.waits_since(), None, "the server works");
        assert!(is_waiting(&after(&activity, Duration::from_hours(1))));
        activity.end();
        activity.wrote(true);
        assert!(is_waiting(&after(&activity, CLOCKS.idle / 2)));
        assert_eq!(after(&activity, CLOCKS.idle), Verdict::Leave);
        activity.received(b"G");
        assert_eq!(after(&activity, CLOCKS.head), Verdict::HeadTimeout);
    }

    #[test]
    fn pings_do_not_extend_an_idle_connection() {
        let activity = Activity::new();
        activity.speaks(Protocol::Http2);
        activity.begin();
        activity.end();
        activity.received(b"a PING frame");
        activity.wrote(true);
        assert!(is_waiting(&after(&activity, CLOCKS.head * 2)));
        assert_eq!(after(&activity, CLOCKS.idle), Verdict::Leave);
    }

    #[test]
    fn a_write_without_progress_has_a_clock() {
        let activity = Activity::new();
        activity.begin();
        activity.blocked();
        assert!(is_waiting(&after(&activity, CLOCKS.write / 2)));
        assert_eq!(after(&activity, CLOCKS.write), Verdict::Cut);
        activity.wrote(false);
        assert!(is_waiting(&after(&activity, CLOCKS.write * 10)));
    }

    #[test]
    fn an_http2_response_that_waits_for_the_client_ends_the_connection() {
        let activity = Activity::new();
        activity.speaks(Protocol::Http2);
        activity.begin();
        let stall = activity.stalls();
        assert_eq!(after(&activity, CLOCKS.write), Verdict::Cut);
        // Another request is under way: nothing is cut, but the connection does not take another one.
        activity.begin();
        let mut elapsed = Duration::ZERO;
        let verdict = loop {
            elapsed += CLOCKS.tick();
            match after(&activity, elapsed) {
                Verdict::Wait(_) => {}
                verdict => break verdict,
            }
        };
        assert_eq!(verdict, Verdict::Leave);
        assert!(elapsed >= CLOCKS.write && elapsed <= CLOCKS.write * 2, "{elapsed:?}");
        activity.moves(stall);
        assert!(is_waiting(&after(&activity, CLOCKS.write * 20)));
    }

    #[test]
    fn a_body_that_arrives_slowly_makes_room_but_is_not_cut_off() {
        let activity = Activity::new();
        activity.begin();
        activity.waits();
        assert!(activity.waits_since().is_some());
        assert!(is_waiting(&after(&activity, CLOCKS.idle * 2)));
        activity.resumes();
        assert_eq!(activity.waits_since(), None);
    }
}

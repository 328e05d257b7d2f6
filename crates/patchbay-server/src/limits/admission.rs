//! Which calls a thread begins while it is given more than it can answer.
//!
//! A thread that begins all of them answers each later than the one before, until clients give up and nothing that it does is of use.
//! So it refuses what it cannot answer soon, which costs little, and answers the rest as fast as ever:
//!
//! - Up to [`ALWAYS`] calls under way begin at once, without a look at a clock.
//! - Above that, the thread watches how late it runs its timers. As long as it is punctual, any number of calls begins: those that wait
//!   for slow providers cost it nothing. While it is late, fewer and fewer may be under way, and more and more again afterwards.
//! - A call that may not begin waits. The newest begins first: its client has waited least, and is the most likely to be there still.
//!   The one that has waited longest is refused when [`MAX_WAITING`] others wait, or after [`PATIENCE`].
//!
//! Nothing else counts or waits: health checks, logins, the Hub and pages are answered while calls are refused. Projects share what
//! begins (`turns`).

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use patchbay_engine::{Error, ErrorCode};
use tokio::{
    sync::oneshot,
    time::{Duration, Instant, sleep, timeout},
};

/// The calls under way with which a thread may always be busy: more than keep a core busy, and few enough to answer soon. A build
/// without optimizations is late with far fewer calls, and is not used where anybody is in a hurry.
const ALWAYS: usize = if cfg!(debug_assertions) { 256 } else { 128 };
/// The calls that wait, on each thread.
const MAX_WAITING: usize = 64;
/// How long a call waits. A client gets its refusal within 50 ms.
const PATIENCE: Duration = Duration::from_millis(25);
/// The time between two looks at how late the thread is.
const LOOK_INTERVAL: Duration = Duration::from_millis(5);
/// The lateness of a timer that shows that a thread has more to do than it can: each task that was ready ran in between.
const LATE: Duration = Duration::from_millis(15);
/// The `Retry-After` of a call that is refused, in seconds.
const RETRY_AFTER_SECS: u64 = 1;

thread_local! {
    /// The calls of this thread. A connection never changes its thread.
    static CALLS: Arc<Calls> = Arc::default();
}

/// Returns whether a path runs calls at providers.
pub(crate) fn is_call(path: &str) -> bool {
    matches!(path, "/actions/rpc" | "/unified/proxy" | "/mcp")
}

/// Lets a call begin, at once if the thread can answer it soon.
///
/// # Errors
///
/// 503 `ServerBusyError` if it cannot.
pub(crate) async fn admit() -> Result<UnderWay, Error> {
    CALLS.with(Arc::clone).admit().await
}

/// A call that is under way. Dropping it lets another one begin.
pub(crate) struct UnderWay(Option<Arc<Calls>>);

impl Drop for UnderWay {
    fn drop(&mut self) {
        if let Some(calls) = self.0.take() {
            calls.lock().under_way -= 1;
            calls.begin_waiting();
        }
    }
}

/// The calls of one thread. Only this thread locks them, and never while a call runs.
#[derive(Default)]
struct Calls(Mutex<State>);

struct State {
    under_way: usize,
    /// How many calls may be under way; at least [`ALWAYS`].
    limit: usize,
    /// The calls that may not begin yet, the oldest first.
    waiting: VecDeque<oneshot::Sender<UnderWay>>,
    /// Whether a task looks how late the thread is.
    is_watched: bool,
}

impl Default for State {
    fn default() -> Self {
        Self { under_way: 0, limit: usize::MAX, waiting: VecDeque::new(), is_watched: false }
    }
}

impl State {
    /// Changes the limit after a look: down while the thread is late, up to any number while it is not.
    fn looked(&mut self, lateness: Duration) {
        self.limit = if lateness < LATE {
            self.limit.saturating_add(self.limit / 8)
        } else {
            let limit = self.limit.min(self.under_way);
            (limit - limit / 8).max(ALWAYS)
        };
    }
}

impl Calls {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn admit(self: Arc<Self>) -> Result<UnderWay, Error> {
        let Some(turn) = self.enter() else { return Ok(UnderWay(Some(self))) };
        // The sender is dropped for a newer call.
        timeout(PATIENCE, turn).await.ok().and_then(Result::ok).ok_or_else(|| {
            let message = "the server has more calls than it can answer; try again, or send fewer at once";
            Error::new(ErrorCode::ServerBusy, message).with_retry_after(RETRY_AFTER_SECS)
        })
    }

    /// Begins a call; otherwise returns what says when it begins.
    fn enter(self: &Arc<Self>) -> Option<oneshot::Receiver<UnderWay>> {
        let mut state = self.lock();
        let must_watch = state.under_way >= ALWAYS && !std::mem::replace(&mut state.is_watched, true);
        if must_watch {
            tokio::spawn(self.clone().watch());
        }
        if state.under_way < state.limit {
            state.under_way += 1;
            return None;
        }
        if state.waiting.len() >= MAX_WAITING {
            state.waiting.pop_front();
        }
        let (begin, turn) = oneshot::channel();
        state.waiting.push_back(begin);
        Some(turn)
    }

    /// Begins calls that wait, as many as may be under way.
    fn begin_waiting(self: &Arc<Self>) {
        loop {
            let next = {
                let mut state = self.lock();
                if state.under_way >= state.limit {
                    return;
                }
                let Some(next) = state.waiting.pop_back() else { return };
                state.under_way += 1;
                next
            };
            if let Err(mut gone) = next.send(UnderWay(Some(self.clone()))) {
                gone.0 = None;
                self.lock().under_way -= 1;
            }
        }
    }

    /// Looks how late the thread is, as long as it has many calls.
    async fn watch(self: Arc<Self>) {
        loop {
            let began = Instant::now();
            sleep(LOOK_INTERVAL).await;
            let lateness = began.elapsed().saturating_sub(LOOK_INTERVAL);
            let ends = {
                let mut state = self.lock();
                state.looked(lateness);
                let ends = state.under_way < ALWAYS;
                if ends {
                    state.limit = usize::MAX;
                    state.is_watched = false;
                }
                ends
            };
            self.begin_waiting();
            if ends {
                return;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;
    use tokio::{task::yield_now, time::advance};

    use super::*;

    /// Begins calls, all of which may begin at once.
    fn begin(calls: &Arc<Calls>, count: usize) -> Vec<UnderWay> {
        (0..count).map(|_| calls.clone().admit().now_or_never().expect("at once").unwrap()).collect()
    }

    /// Lets the thread be late by a time at its next look.
    async fn look_late(by: Duration) {
        // The task that looks has begun its pause.
        yield_now().await;
        advance(LOOK_INTERVAL + by).await;
        yield_now().await;
    }

    #[tokio::test(start_paused = true)]
    async fn a_punctual_thread_begins_any_number_of_calls() {
        let calls = Arc::<Calls>::default();
        let mut under_way = Vec::new();
        for _ in 0..100 {
            under_way.extend(begin(&calls, ALWAYS));
            look_late(Duration::ZERO).await;
        }
        assert_eq!(calls.lock().under_way, 100 * ALWAYS);
        drop(under_way);
        assert_eq!(calls.lock().under_way, 0);
        look_late(Duration::ZERO).await;
        assert!(!calls.lock().is_watched);
    }

    #[tokio::test(start_paused = true)]
    async fn a_late_thread_begins_fewer_calls_but_always_some() {
        let calls = Arc::<Calls>::default();
        let mut under_way = begin(&calls, 4 * ALWAYS);
        for _ in 0..100 {
            look_late(LATE).await;
        }
        assert_eq!(calls.lock().limit, ALWAYS);
        let refused = calls.clone().admit().await.map(drop).unwrap_err();
        assert_eq!((refused.status(), refused.code, refused.retry_after), (503, ErrorCode::ServerBusy, Some(1)));
        // So many always begin; others wait while it is late.
        for _ in 0..10 {
            look_late(LATE).await;
        }
        under_way.truncate(ALWAYS - 1);
        under_way.extend(begin(&calls, 1));
        assert!(calls.clone().admit().now_or_never().is_none());
        // It recovers when it is punctual again.
        for _ in 0..20 {
            look_late(Duration::ZERO).await;
        }
        begin(&calls, ALWAYS);
    }

    #[tokio::test(start_paused = true)]
    async fn the_newest_call_begins_first_and_the_oldest_is_refused() {
        let calls = Arc::<Calls>::default();
        let mut under_way = begin(&calls, ALWAYS + 1);
        look_late(LATE).await;
        assert_eq!(calls.lock().limit, ALWAYS);
        let mut waiting = (0..=MAX_WAITING).map(|_| Box::pin(calls.clone().admit())).collect::<Vec<_>>();
        for call in &mut waiting {
            assert!(call.as_mut().now_or_never().is_none());
        }
        assert!(waiting.remove(0).now_or_never().expect("refused").is_err(), "another one took its place");
        // One ends, and is one too many; the next makes room. The newest call has gone meanwhile.
        drop(waiting.pop());
        under_way.truncate(ALWAYS - 1);
        let begun = waiting.pop().unwrap().now_or_never().expect("begun").unwrap();
        assert!(waiting.pop().unwrap().now_or_never().is_none());
        drop(begun);
        assert_eq!(calls.lock().under_way, ALWAYS, "what was dropped before it was polled made room for the next");
        advance(PATIENCE).await;
        assert!(waiting.remove(0).await.is_err());
    }

    #[test]
    fn only_what_calls_providers_is_a_call() {
        for (path, expected) in [
            ("/actions/rpc", true),
            ("/unified/proxy", true),
            ("/mcp", true),
            ("/healthz", false),
            ("/readyz", false),
            ("/auth/login", false),
            ("/hub/accounts", false),
            ("/accounts", false),
            ("/actions/search", false),
        ] {
            assert_eq!(is_call(path), expected, "{path}");
        }
    }
}

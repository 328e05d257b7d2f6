//! The order in which the requests of several projects run on a thread.
//!
//! A thread serves the requests of its connections one after the other: a request runs until it waits for its provider, and
//! runs again when that has responded. Without an order, a project with hundreds of connections has hundreds of requests
//! that are ready to run, and another project's request waits for all of them, several times. So while several projects
//! send requests to a thread, its requests run in turns:
//!
//! - A project's requests that are ready to run wait in a line of their own. Those that have begun come first, so that a
//!   project's load ends up waiting at its beginning, where it costs nothing.
//! - The next turn is for the project that has used the least time of those that wait (fair queueing): a request of a
//!   quiet project waits for at most one of each other project, however many they have.
//! - Between two turns, the thread looks at its sockets: what has just arrived is not behind what waits.
//!
//! Nothing bounds how many requests of a project wait for slow providers: waiting costs others nothing. Only the number of
//! requests that have not begun is bounded, by [`MAX_WAITING`].
//!
//! While one project uses a thread, all of this costs a check. A request is not in a line until it is
//! authenticated: before, nobody knows whose it is, and it costs little.

use std::{
    cmp::Reverse,
    collections::{BinaryHeap, HashMap, VecDeque},
    future::poll_fn,
    pin::pin,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    task::{Context, Poll, Waker},
};

use patchbay_engine::{Error, ErrorCode};
use patchbay_model::ProjectId;
use tokio::{
    task::yield_now,
    time::{Duration, Instant},
};

use super::request_owner::RequestOwner;

/// The requests of a project that wait to begin, on each thread. Further ones are refused.
const MAX_WAITING: usize = 1_000;
/// The `Retry-After` of a request that is refused, in seconds.
const RETRY_AFTER_SECS: u64 = 1;
/// The time for which a thread counts as shared after a request of another project than the one before. Longer than the
/// pauses of a project that polls.
const SHARED_FOR: Duration = Duration::from_mins(1);

thread_local! {
    /// The lines of this thread. A connection never changes its thread.
    static LINES: Arc<Lines> = Arc::default();
}

/// Runs a request: at once until it is authenticated, then in its project's turns.
pub(crate) async fn run_in_turns<F: Future>(owner: &RequestOwner, request: F) -> F::Output {
    LINES.with(Arc::clone).run(owner, request).await
}

/// Records whose request it is, and waits for the project's turn.
///
/// # Errors
///
/// 503 `ProjectBusyError` if too many requests of the project wait.
pub(crate) async fn enter(owner: &RequestOwner, project: &ProjectId) -> Result<(), Error> {
    LINES.with(Arc::clone).enter(owner, project).await
}

/// The lines of one thread. Only this thread locks them, and never while a request runs.
#[derive(Default)]
struct Lines(Mutex<State>);

#[derive(Default)]
struct State {
    /// The project of the last request that was authenticated.
    last_project: Option<ProjectId>,
    /// The time until which several projects use the thread; `None` if one does.
    shared_until: Option<Instant>,
    lines: HashMap<ProjectId, Line>,
    /// The projects whose requests wait, by the time that they had used when they were added, then by age.
    order: BinaryHeap<Reverse<(Duration, u64, ProjectId)>>,
    /// The number of projects that were added to the order.
    added: u64,
    /// The time that the project of the last turn had used: a project that begins to wait does not have less.
    used: Duration,
    /// Whether a task gives turns.
    is_served: bool,
}

/// The requests of a project that are ready to run.
#[derive(Default)]
struct Line {
    /// The time that the project's requests used since somebody waits.
    used: Duration,
    begun: VecDeque<RequestOwner>,
    new: VecDeque<RequestOwner>,
    is_in_order: bool,
}

impl Lines {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn run<F: Future>(self: Arc<Self>, owner: &RequestOwner, request: F) -> F::Output {
        /// A request that ends, also because its client has gone, leaves its line.
        struct Leaves<'a>(&'a RequestOwner);

        impl Drop for Leaves<'_> {
            fn drop(&mut self) {
                self.0.leaves();
            }
        }

        let _leaves = Leaves(owner);
        let mut request = pin!(request);
        poll_fn(|cx| {
            let Some(project) = owner.project() else { return request.as_mut().poll(cx) };
            if self.poll_turn(owner, project, false, cx).is_pending() {
                return Poll::Pending;
            }
            let Some(start) = self.lock().is_shared() else { return request.as_mut().poll(cx) };
            let outcome = request.as_mut().poll(cx);
            self.lock().charge(project, start.elapsed());
            outcome
        })
        .await
    }

    async fn enter(self: Arc<Self>, owner: &RequestOwner, project: &ProjectId) -> Result<(), Error> {
        self.lock().begin(project)?;
        owner.belongs_to(project);
        let mut has_asked = false;
        poll_fn(|cx| {
            if std::mem::replace(&mut has_asked, true) {
                // Nobody polls a request before its turn.
                return Poll::Ready(());
            }
            self.poll_turn(owner, project, true, cx)
        })
        .await;
        Ok(())
    }

    /// Waits for the project's turn, at the end of its line.
    fn poll_turn(
        self: &Arc<Self>,
        owner: &RequestOwner,
        project: &ProjectId,
        is_new: bool,
        cx: &Context<'_>,
    ) -> Poll<()> {
        let must_serve = {
            let mut state = self.lock();
            if owner.uses_turn() {
                return Poll::Ready(());
            }
            if owner.waits(cx) {
                return Poll::Pending;
            }
            if state.is_shared().is_none() {
                return Poll::Ready(());
            }
            owner.begins_to_wait(cx);
            state.push(project, owner.clone(), is_new);
            !std::mem::replace(&mut state.is_served, true)
        };
        if must_serve {
            tokio::spawn(self.clone().give_turns());
        }
        Poll::Pending
    }

    /// Gives turns until nobody waits. Between two of them, the runtime looks at the sockets.
    async fn give_turns(self: Arc<Self>) {
        loop {
            let next = self.lock().next();
            let Some(next) = next else { return };
            next.wake();
            yield_now().await;
        }
    }
}

impl State {
    /// Returns the current time if several projects use the thread.
    fn is_shared(&mut self) -> Option<Instant> {
        let until = self.shared_until?;
        let now = Instant::now();
        if now < until {
            return Some(now);
        }
        self.shared_until = None;
        None
    }

    /// Records a request of a project.
    fn begin(&mut self, project: &ProjectId) -> Result<(), Error> {
        if self.last_project.as_ref() != Some(project) {
            if self.last_project.is_some() {
                self.shared_until = Some(Instant::now() + SHARED_FOR);
            }
            self.last_project = Some(project.clone());
        }
        if self.lines.get(project).is_some_and(|line| line.new.len() >= MAX_WAITING) {
            let message = "too many requests of this project wait for the server, which other projects use too; send fewer \
                           at once";
            return Err(Error::new(ErrorCode::ProjectBusy, message).with_retry_after(RETRY_AFTER_SECS));
        }
        Ok(())
    }

    fn push(&mut self, project: &ProjectId, request: RequestOwner, is_new: bool) {
        let used = self.used;
        let line = self.lines.entry(project.clone()).or_default();
        if is_new {
            line.new.push_back(request);
        } else {
            line.begun.push_back(request);
        }
        if !line.is_in_order {
            line.is_in_order = true;
            line.used = line.used.max(used);
            self.added += 1;
            self.order.push(Reverse((line.used, self.added, project.clone())));
        }
    }

    /// Gives the next turn, and returns what wakes its request; `None` if nobody waits.
    fn next(&mut self) -> Option<Waker> {
        while let Some(Reverse((used, added, project))) = self.order.pop() {
            let Some(line) = self.lines.get_mut(&project) else { continue };
            // Its last request ran after it was added.
            if line.used > used {
                self.order.push(Reverse((line.used, added, project)));
                continue;
            }
            self.used = self.used.max(used);
            let given = std::iter::from_fn(|| line.begun.pop_front().or_else(|| line.new.pop_front()))
                .find_map(|request| request.give_turn());
            if line.begun.is_empty() && line.new.is_empty() {
                line.is_in_order = false;
            } else {
                self.added += 1;
                self.order.push(Reverse((used, self.added, project)));
            }
            if given.is_some() {
                return given;
            }
        }
        // Everything is forgotten that only matters between projects that wait.
        self.lines.clear();
        self.used = Duration::ZERO;
        self.is_served = false;
        None
    }

    /// Adds to the time that a project has used.
    fn charge(&mut self, project: &ProjectId, time: Duration) {
        if let Some(line) = self.lines.get_mut(project) {
            line.used += time;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;

    use futures_util::{FutureExt, future::join_all};

    use super::*;

    fn project(name: &str) -> ProjectId {
        ProjectId::new(name)
    }

    /// Authenticates a request of a project, then lets it run `times` times. Records each time.
    async fn request(lines: &Arc<Lines>, name: &'static str, times: usize, ran: &RefCell<Vec<&'static str>>) -> bool {
        let owner = RequestOwner::default();
        let work = async {
            lines.clone().enter(&owner, &project(name)).await?;
            for _ in 0..times {
                ran.borrow_mut().push(name);
                yield_now().await;
            }
            Ok::<_, Error>(())
        };
        lines.clone().run(&owner, work).await.is_ok()
    }

    /// Makes the lines shared, as a request of each of two projects does.
    async fn share(lines: &Arc<Lines>) {
        let ran = RefCell::default();
        assert!(request(lines, "one", 0, &ran).await && request(lines, "two", 0, &ran).await);
    }

    #[tokio::test(start_paused = true)]
    async fn a_single_project_never_waits() {
        let (lines, ran) = (Arc::<Lines>::default(), RefCell::default());
        for _ in 0..3 * MAX_WAITING {
            assert_eq!(request(&lines, "single", 0, &ran).now_or_never(), Some(true));
        }
        share(&lines).await;
        assert_eq!(request(&lines, "single", 0, &ran).now_or_never(), None, "others were here a moment ago");
        tokio::time::advance(SHARED_FOR).await;
        assert_eq!(request(&lines, "two", 0, &ran).now_or_never(), None, "another one than the last");
        tokio::time::advance(SHARED_FOR).await;
        assert_eq!(request(&lines, "two", 0, &ran).now_or_never(), Some(true));
    }

    #[tokio::test(start_paused = true)]
    async fn a_project_with_many_requests_does_not_delay_another() {
        let (lines, ran) = (Arc::<Lines>::default(), RefCell::default());
        share(&lines).await;
        let many = join_all((0..500).map(|_| request(&lines, "many", 4, &ran)));
        let few = async {
            // The others are in line already.
            yield_now().await;
            let before = ran.borrow().len();
            assert!(request(&lines, "few", 4, &ran).await);
            ran.borrow().len() - before
        };
        let (all, between) = tokio::join!(many, few);
        assert_eq!(all.len(), 500);
        assert!(between <= 4 + 8, "{between} runs until the four of the other project were done");
        assert_eq!(ran.borrow().len(), 500 * 4 + 4);
    }

    #[tokio::test(start_paused = true)]
    async fn requests_that_have_begun_come_first() {
        let lines = Arc::<Lines>::default();
        share(&lines).await;
        let ran = RefCell::<Vec<&str>>::default();
        let requests = ["a", "b", "c"].map(|name| {
            let (lines, ran) = (&lines, &ran);
            async move {
                let owner = RequestOwner::default();
                let work = async {
                    lines.clone().enter(&owner, &project("one")).await.unwrap();
                    for _ in 0..3 {
                        ran.borrow_mut().push(name);
                        yield_now().await;
                    }
                };
                lines.clone().run(&owner, work).await;
            }
        });
        join_all(requests).await;
        let order = ran.into_inner();
        let ended = |name| order.iter().rposition(|ran| *ran == name).unwrap();
        assert!(ended("a") < ended("b") && ended("b") < ended("c"), "{order:?}");
    }

    #[tokio::test(start_paused = true)]
    async fn the_line_of_a_project_is_bounded_and_another_has_its_own() {
        let (lines, ran) = (Arc::<Lines>::default(), RefCell::default());
        share(&lines).await;
        let mut waiting = (0..MAX_WAITING).map(|_| Box::pin(request(&lines, "many", 1, &ran))).collect::<Vec<_>>();
        for request in &mut waiting {
            assert_eq!(request.as_mut().now_or_never(), None);
        }
        let refused = lines.lock().begin(&project("many")).unwrap_err();
        assert_eq!((refused.status(), refused.code, refused.retry_after), (503, ErrorCode::ProjectBusy, Some(1)));
        assert!(request(&lines, "few", 1, &ran).await);
        // Clients that go make room.
        waiting.drain(..MAX_WAITING / 2);
        assert!(join_all(waiting).await.into_iter().all(|is_accepted| is_accepted));
        assert!(request(&lines, "many", 1, &ran).await);
        while lines.lock().is_served {
            yield_now().await;
        }
        let state = lines.lock();
        assert!(state.lines.is_empty() && state.order.is_empty(), "nothing is left");
    }

    #[test]
    fn the_project_that_used_the_least_time_is_next() {
        let mut state = State::default();
        let waker = Waker::noop();
        let cx = Context::from_waker(waker);
        let wait = |state: &mut State, name: &str| {
            let owner = RequestOwner::default();
            owner.begins_to_wait(&cx);
            state.push(&project(name), owner.clone(), true);
            owner
        };
        let slow = [0, 1, 2].map(|_| wait(&mut state, "slow"));
        let quick = [0, 1, 2].map(|_| wait(&mut state, "quick"));
        let mut order = Vec::new();
        while state.next().is_some() {
            for (name, owners, millis) in [("slow", &slow, 10), ("quick", &quick, 1)] {
                if owners.iter().any(RequestOwner::uses_turn) {
                    order.push(name);
                    state.charge(&project(name), Duration::from_millis(millis));
                }
            }
        }
        assert_eq!(order, ["slow", "quick", "quick", "quick", "slow", "slow"]);
    }
}

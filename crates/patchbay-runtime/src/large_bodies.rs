//! Work on large bodies, away from the threads that answer.
//!
//! A worker thread serves many calls. Work that takes longer the longer a body is (parsing, expressions, redaction, writing)
//! therefore leaves it as soon as the body is large, and runs on one of a few other threads. There are two ways:
//! [`work_away`] runs a function there, and [`leave`] moves the whole task there until it next waits for something, so that
//! the work may borrow. Those threads take turns, so that large bodies slow each other and not the rest. No turn is held
//! while a task waits, so turns cannot block each other, and only a limited number of tasks may wait for one.

use std::{
    cell::{Cell, RefCell},
    future::{pending, poll_fn},
    panic::resume_unwind,
    pin::Pin,
    sync::atomic::{AtomicUsize, Ordering},
    task::{Context, Poll, Waker},
};

use patchbay_egress::{set_worker_pool_index, worker_pool_index};
use tokio::{
    sync::{Semaphore, SemaphorePermit},
    task::{JoinError, spawn_blocking},
};

use crate::{Error, ErrorCode, busy::too_many_waiting};

/// How many large bodies are worked on at the same time.
const MAX_CONCURRENT: usize = 2;
/// How many tasks may wait for a turn.
const MAX_WAITING: usize = 256;

/// The turns of large bodies, in the whole process.
static TURNS: Semaphore = Semaphore::const_new(MAX_CONCURRENT);
/// The number of tasks that wait for a turn.
static WAITING: AtomicUsize = AtomicUsize::new(0);

thread_local! {
    /// The place of the task that this thread runs.
    static PLACE: Cell<Place> = const { Cell::new(Place::Fixed) };
    /// The turns of the task that this thread runs.
    static HELD: RefCell<Vec<SemaphorePermit<'static>>> = const { RefCell::new(Vec::new()) };
}

/// Where a task runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    /// On a thread that it cannot leave: it was not started by [`movable`].
    Fixed,
    /// On a thread that answers.
    Answering,
    /// On a thread that answers; it wants to leave.
    Leaving,
    /// On a thread for large bodies.
    Away,
}

/// Runs work on a large body on another thread, as soon as it is its turn. Work that has begun is completed, also if the
/// caller stops waiting.
///
/// # Errors
///
/// 503 `ServerBusyError` if too many tasks wait for a turn; 500 `InternalError` if the work panics.
pub async fn work_away<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T, Error> {
    if PLACE.get() == Place::Away {
        return Ok(work());
    }
    let turn = take_turn().await?;
    let working = spawn_blocking(move || {
        let _turn = turn;
        work()
    });
    working.await.map_err(|_| stopped())
}

/// Moves the calling task to a thread for large bodies, as soon as it is its turn. It stays there until it next waits for
/// something. A task that [`movable`] does not run continues where it is.
///
/// # Errors
///
/// 503 `ServerBusyError` if too many tasks wait for a turn.
pub async fn leave() -> Result<(), Error> {
    if matches!(PLACE.get(), Place::Fixed | Place::Away) {
        return Ok(());
    }
    let mut turn = Some(take_turn().await?);
    poll_fn(move |context| match PLACE.get() {
        Place::Fixed => Poll::Ready(()),
        Place::Away => {
            HELD.with_borrow_mut(|held| held.extend(turn.take()));
            Poll::Ready(())
        }
        Place::Answering | Place::Leaving => {
            PLACE.set(Place::Leaving);
            // A future between this one and the task polls only what was woken.
            context.waker().wake_by_ref();
            Poll::Pending
        }
    })
    .await;
    Ok(())
}

/// Runs a future whose work may [`leave`] this thread.
pub async fn movable<F>(future: F) -> F::Output
where
    F: Future + Send + 'static,
    F::Output: Send + 'static,
{
    let mut future = Box::pin(future);
    loop {
        // `None` if the future wants to leave.
        let output = poll_fn(|context| {
            let visit = Visit::to(Place::Answering, worker_pool_index());
            let polled = future.as_mut().poll(context);
            let place = PLACE.get();
            drop(visit);
            match (polled, place) {
                (Poll::Ready(output), _) => Poll::Ready(Some(output)),
                (Poll::Pending, Place::Leaving) => Poll::Ready(None),
                (Poll::Pending, _) => Poll::Pending,
            }
        })
        .await;
        if let Some(output) = output {
            return output;
        }
        let waker = poll_fn(|context| Poll::Ready(context.waker().clone())).await;
        let pool = worker_pool_index();
        match spawn_blocking(move || poll_once_away(future, &waker, pool)).await {
            Ok((_, Poll::Ready(output))) => return output,
            // The next poll sees what woke the task in the meantime.
            Ok((returned, Poll::Pending)) => future = returned,
            Err(error) => return end(error).await,
        }
    }
}

/// Polls a future on this thread for large bodies, with the waker of its task and the connections of its thread.
fn poll_once_away<F: Future>(mut future: Pin<Box<F>>, waker: &Waker, pool: usize) -> (Pin<Box<F>>, Poll<F::Output>) {
    let visit = Visit::to(Place::Away, pool);
    let polled = future.as_mut().poll(&mut Context::from_waker(waker));
    drop(visit);
    (future, polled)
}

/// Ends a task whose work away from its thread ended: with its panic, or never if the process shuts down.
async fn end<T>(error: JoinError) -> T {
    match error.try_into_panic() {
        Ok(panic) => resume_unwind(panic),
        Err(_) => pending().await,
    }
}

/// A poll of a task on this thread. At the end, the thread is as before, and the turns of the task end.
struct Visit {
    place: Place,
    pool: usize,
    held: Vec<SemaphorePermit<'static>>,
}

impl Visit {
    fn to(place: Place, pool: usize) -> Self {
        let before = Self { place: PLACE.replace(place), pool: worker_pool_index(), held: HELD.take() };
        set_worker_pool_index(pool);
        before
    }
}

impl Drop for Visit {
    fn drop(&mut self) {
        PLACE.set(self.place);
        set_worker_pool_index(self.pool);
        drop(HELD.replace(std::mem::take(&mut self.held)));
    }
}

/// Waits for a turn.
///
/// # Errors
///
/// 503 `ServerBusyError` if too many tasks wait.
async fn take_turn() -> Result<SemaphorePermit<'static>, Error> {
    struct Waiting;
    impl Drop for Waiting {
        fn drop(&mut self) {
            WAITING.fetch_sub(1, Ordering::Relaxed);
        }
    }
    let before = WAITING.fetch_add(1, Ordering::Relaxed);
    let _waiting = Waiting;
    if before >= MAX_WAITING {
        return Err(too_many_waiting());
    }
    TURNS.acquire().await.map_err(|_| stopped())
}

fn stopped() -> Error {
    Error::new(ErrorCode::Internal, "the work on a large body stopped unexpectedly; see the server's log")
}

#[cfg(test)]
mod tests {
    use std::{
        sync::mpsc,
        thread::{self, ThreadId},
        time::Duration,
    };

    use futures_util::{StreamExt, stream::FuturesUnordered};
    use tokio::sync::oneshot;

    use super::*;

    fn here() -> ThreadId {
        thread::current().id()
    }

    #[tokio::test]
    async fn large_bodies_leave_the_thread_that_answers() {
        let (release, wait) = mpsc::channel::<()>();
        let work = tokio::spawn(work_away(move || {
            let _ = wait.recv();
            here()
        }));
        // This thread continues while the work waits for it.
        tokio::task::yield_now().await;
        release.send(()).unwrap();
        assert_ne!(work.await.unwrap().unwrap(), here());
    }

    #[tokio::test]
    async fn work_that_panics_is_an_error_and_ends_its_turn() {
        for _ in 0..=MAX_CONCURRENT {
            let code = work_away(|| assert_eq!(1, 2, "a panic")).await.err().map(|error| error.code);
            assert_eq!(code, Some(ErrorCode::Internal));
        }
        assert!(work_away(|| ()).await.is_ok());
    }

    #[tokio::test]
    async fn a_task_leaves_with_what_it_borrows_and_returns_when_it_waits() {
        set_worker_pool_index(7);
        let (open, gate) = oneshot::channel::<()>();
        let task = movable(async move {
            let text = "borrowed".to_owned();
            let borrowed = text.as_str();
            let mut threads = vec![here()];
            leave().await.unwrap();
            threads.push(here());
            assert_eq!(worker_pool_index(), 7, "its connections are those of its own thread");
            leave().await.unwrap();
            threads.push(here());
            let _ = gate.await;
            threads.push(here());
            (threads, borrowed.len())
        });
        let opening = async {
            // More turns than there are: the task holds none while it waits.
            for _ in 0..=MAX_CONCURRENT {
                work_away(|| ()).await.unwrap();
            }
            open.send(()).unwrap();
        };
        let ((threads, length), ()) = tokio::join!(task, opening);
        assert_eq!((threads[0], threads[3], length), (here(), here(), 8));
        assert!(threads[1] != here() && threads[1] == threads[2], "{threads:?}");
        assert_eq!(worker_pool_index(), 7);
    }

    #[tokio::test]
    async fn concurrent_parts_of_a_task_leave_together_and_none_is_forgotten() {
        let count = 10 * MAX_CONCURRENT;
        let parts = movable(async move {
            let part = |number: usize| async move {
                leave().await.unwrap();
                tokio::task::yield_now().await;
                leave().await.unwrap();
                number
            };
            (0..count).map(part).collect::<FuturesUnordered<_>>().collect::<Vec<_>>().await
        });
        let mut parts = parts.await;
        parts.sort_unstable();
        assert_eq!(parts, (0..count).collect::<Vec<_>>());
        assert_eq!(TURNS.available_permits(), MAX_CONCURRENT);
    }

    #[tokio::test]
    async fn a_task_that_is_cancelled_or_panics_ends_its_turn() {
        let cancelled = tokio::time::timeout(
            Duration::ZERO,
            movable(async {
                leave().await.unwrap();
                pending::<()>().await;
            }),
        );
        assert!(cancelled.await.is_err());
        for _ in 0..=MAX_CONCURRENT {
            let panicking = tokio::spawn(movable(async {
                leave().await.unwrap();
                assert_eq!(1, 2, "a panic");
            }));
            assert!(panicking.await.unwrap_err().is_panic());
        }
        work_away(|| ()).await.unwrap();
        assert_eq!((PLACE.get(), WAITING.load(Ordering::Relaxed)), (Place::Fixed, 0));
    }

    #[tokio::test]
    async fn a_task_that_cannot_move_works_where_it_is() {
        leave().await.unwrap();
        assert_eq!(TURNS.available_permits(), MAX_CONCURRENT);
    }

    #[tokio::test]
    async fn too_many_that_wait_are_refused_in_words() {
        let turns = TURNS.acquire_many(u32::try_from(MAX_CONCURRENT).unwrap()).await.unwrap();
        let mut waiting = (0..MAX_WAITING).map(|_| Box::pin(work_away(|| ()))).collect::<FuturesUnordered<_>>();
        assert!(poll_fn(|context| Poll::Ready(waiting.poll_next_unpin(context).is_pending())).await);
        let refused = work_away(|| ()).await.unwrap_err();
        assert_eq!((refused.status(), refused.code), (503, ErrorCode::ServerBusy));
        assert!(refused.retry_after.is_some());
        drop(turns);
        assert_eq!(waiting.count().await, MAX_WAITING);
        assert!(work_away(|| ()).await.is_ok());
    }
}

//! Work on large bodies, away from the threads that answer.
//!
//! A worker thread serves many calls. Work that takes longer the longer a body is (parsing, redaction, writing) therefore
//! leaves it as soon as the body is large, and runs on one of a few threads. Those threads take turns, so that large bodies
//! slow each other and not the rest.

use tokio::sync::Semaphore;

use crate::{Error, ErrorCode};

/// The length from which a body is large, in bytes. Work on a shorter one costs less than the change of threads.
pub const LARGE_BODY_BYTES: usize = 256 * 1024;
/// How many large bodies are worked on at the same time.
const MAX_CONCURRENT: usize = 2;

/// The turns of large bodies, in the whole process.
static TURNS: Semaphore = Semaphore::const_new(MAX_CONCURRENT);

/// Runs work on a large body on another thread, as soon as it is its turn. Work that has begun is completed, also if the
/// caller stops waiting.
///
/// # Errors
///
/// 500 `InternalError` if the work panics.
pub async fn work_away<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T, Error> {
    let stopped =
        || Error::new(ErrorCode::Internal, "the work on a large body stopped unexpectedly; see the server's log");
    let turn = TURNS.acquire().await.map_err(|_| stopped())?;
    let working = tokio::task::spawn_blocking(move || {
        let _turn = turn;
        work()
    });
    working.await.map_err(|_| stopped())
}

#[cfg(test)]
mod tests {
    use std::{sync::mpsc, thread};

    use super::*;

    #[tokio::test]
    async fn large_bodies_leave_the_thread_that_answers() {
        let (release, wait) = mpsc::channel::<()>();
        let answering = thread::current().id();
        let work = tokio::spawn(work_away(move || {
            let _ = wait.recv();
            thread::current().id()
        }));
        // This thread continues while the work waits for it.
        tokio::task::yield_now().await;
        release.send(()).unwrap();
        assert_ne!(work.await.unwrap().unwrap(), answering);
    }

    #[tokio::test]
    async fn work_that_panics_is_an_error_and_ends_its_turn() {
        for _ in 0..=MAX_CONCURRENT {
            let code = work_away(|| assert_eq!(1, 2, "a panic")).await.err().map(|error| error.code);
            assert_eq!(code, Some(ErrorCode::Internal));
        }
        assert!(work_away(|| ()).await.is_ok());
    }
}

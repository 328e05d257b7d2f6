//! The system's clock and the Tokio runtimes. Everything else takes them as parameters.

use std::{
    sync::LazyLock,
    time::{Duration, Instant},
};

use patchbay_model::{Clock, Timestamp};

/// The system's clock.
pub struct SystemClock;

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "the one place that reads the system's time")]
    fn now(&self) -> Timestamp {
        let since_epoch = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
        Timestamp::from_micros(i64::try_from(since_epoch.as_micros()).unwrap_or(i64::MAX))
    }

    fn monotonic(&self) -> Duration {
        static START: LazyLock<Instant> = LazyLock::new(Instant::now);
        START.elapsed()
    }
}

/// Builds a Tokio runtime.
pub fn build_runtime(threads: Threads) -> std::io::Result<tokio::runtime::Runtime> {
    let mut builder = match threads {
        Threads::Single => tokio::runtime::Builder::new_current_thread(),
        Threads::Multi => {
            let mut builder = tokio::runtime::Builder::new_multi_thread();
            builder.worker_threads(2);
            builder
        }
    };
    builder.enable_all().build()
}

/// The number of threads of a runtime.
#[derive(Clone, Copy)]
pub enum Threads {
    /// One thread: for commands, and for each thread that serves requests.
    Single,
    /// Two threads: for the server's work outside requests.
    Multi,
}

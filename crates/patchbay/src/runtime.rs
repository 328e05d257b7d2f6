//! The system's clock and the Tokio runtimes. Everything else takes them as parameters.

use std::{
    sync::LazyLock,
    time::{Duration, Instant},
};

use patchbay_model::{Clock, Timestamp};

/// The variable that sets the clock of a debug build wrong, by seconds: tests run servers whose clocks differ.
#[cfg(debug_assertions)]
const WRONG_BY: &str = "PATCHBAY_TEST_CLOCK_WRONG_BY_SECONDS";

/// The system's clock.
pub struct SystemClock;

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "the one place that reads the system's time")]
    fn now(&self) -> Timestamp {
        let since_epoch = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
        let now = Timestamp::from_micros(i64::try_from(since_epoch.as_micros()).unwrap_or(i64::MAX));
        #[cfg(debug_assertions)]
        let now = {
            static SECONDS: LazyLock<i64> =
                LazyLock::new(|| std::env::var(WRONG_BY).ok().and_then(|text| text.parse().ok()).unwrap_or(0));
            now.plus_seconds(*SECONDS)
        };
        now
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

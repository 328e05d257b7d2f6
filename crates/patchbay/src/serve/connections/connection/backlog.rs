//! The responses of an HTTP/2 connection that wait for its client.

use std::{
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicBool, AtomicUsize, Ordering::Relaxed},
    },
    task::Waker,
};

/// The bytes of responses that may wait for the client before its further requests wait too.
const MAX_WAITING_BYTES: usize = 256 * 1024;

/// What waits for the client of a connection, because its window is shut.
///
/// A client may have a hundred requests under way, and each response is there in full before its client takes a byte of it.
/// So while [`MAX_WAITING_BYTES`] wait, a further request of the connection does not begin: as with HTTP/1.1, who does not read
/// is not served more. Bytes count from when the length of the response is known until they have been written, also while h2
/// has them: of a response that fits a part, the window of the client may have room for one byte. Responses whose length
/// is not known are produced at the client's pace; of them, what was produced counts.
#[derive(Debug, Default)]
pub(crate) struct Backlog {
    bytes: AtomicUsize,
    /// Whether the connection has ended. What has not begun then never does.
    has_ended: AtomicBool,
    /// Wakes the requests that have not begun.
    requests: Mutex<Vec<Waker>>,
}

impl Backlog {
    /// Records that the connection ends: nobody would get the responses to the requests that have not begun.
    pub(crate) fn end(&self) {
        self.has_ended.store(true, Relaxed);
    }

    /// Returns true if a request must wait. It is woken when it may begin.
    pub(crate) fn holds_back(&self, request: &Waker) -> bool {
        if self.has_ended.load(Relaxed) {
            return true;
        }
        let is_full = self.bytes.load(Relaxed) > MAX_WAITING_BYTES;
        if is_full {
            let mut requests = self.requests.lock().unwrap_or_else(PoisonError::into_inner);
            if !requests.iter().any(|known| known.will_wake(request)) {
                requests.push(request.clone());
            }
        }
        is_full
    }

    /// Forgets a request that was held back. A waker keeps the memory of its task, and a client can withdraw any number of
    /// requests while others wait.
    pub(crate) fn forgets(&self, request: &Waker) {
        let mut requests = self.requests.lock().unwrap_or_else(PoisonError::into_inner);
        requests.retain(|known| !known.will_wake(request));
    }

    /// Replaces the bytes of a response that wait for the client: `old` did, `new` do.
    pub(crate) fn replace(&self, old: usize, new: usize) {
        let (before, after) = if new >= old {
            let before = self.bytes.fetch_add(new - old, Relaxed);
            (before, before.saturating_add(new - old))
        } else {
            let before = self.bytes.fetch_sub(old - new, Relaxed);
            (before, before.saturating_sub(old - new))
        };
        if before > MAX_WAITING_BYTES && after <= MAX_WAITING_BYTES {
            let requests = std::mem::take(&mut *self.requests.lock().unwrap_or_else(PoisonError::into_inner));
            requests.into_iter().for_each(Waker::wake);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::{sync::Arc, task::Wake};

    use super::*;

    struct Task;

    impl Wake for Task {
        fn wake(self: Arc<Self>) {}
    }

    #[test]
    fn a_request_that_is_withdrawn_leaves_nothing_behind() {
        let backlog = Backlog::default();
        backlog.replace(0, MAX_WAITING_BYTES + 1);
        let task = Arc::new(Task);
        let waker = Waker::from(task.clone());
        for _ in 0..3 {
            assert!(backlog.holds_back(&waker));
        }
        assert_eq!(Arc::strong_count(&task), 3, "the backlog has one waker");
        backlog.forgets(&waker);
        assert_eq!(Arc::strong_count(&task), 2, "the backlog has none");
    }
}

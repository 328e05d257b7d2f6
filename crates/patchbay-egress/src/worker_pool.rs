//! The connection pool of the current thread.
//!
//! A connection is driven by the async runtime that opened it. A worker thread with its own runtime therefore uses its
//! own connection pool; otherwise each of its responses would first wake the thread of another runtime.

use std::cell::Cell;

thread_local! {
    static POOL_INDEX: Cell<usize> = const { Cell::new(0) };
}

/// Sets the index of the connection pool that the current thread uses. Threads that never call this share pool 0.
///
/// A thread that runs its own async runtime calls it before its first request.
pub fn set_worker_pool_index(index: usize) {
    POOL_INDEX.set(index);
}

/// Returns the index of the connection pool that the current thread uses.
pub fn worker_pool_index() -> usize {
    POOL_INDEX.get()
}

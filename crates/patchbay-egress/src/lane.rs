//! Which pool of connections a thread uses. A connection is driven by the runtime that made it; a thread that has
//! a runtime of its own therefore has a pool of its own, so that no other thread is woken for its answers.

use std::cell::Cell;

thread_local! {
    static LANE: Cell<usize> = const { Cell::new(0) };
}

/// Gives this thread the pool of connections with this number. Threads that never say so share pool 0. To be
/// called by a thread that runs a runtime of its own, before its first request.
pub fn use_lane(number: usize) {
    LANE.set(number);
}

pub(super) fn current() -> usize {
    LANE.get()
}

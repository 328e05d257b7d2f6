//! Counts the steps of a search, in tests: time would depend on the machine.

#[cfg(test)]
use std::cell::Cell;

#[cfg(test)]
thread_local! {
    static STEPS: Cell<usize> = const { Cell::new(0) };
}

/// Counts steps: bytes that are looked at, and threads that are looked at or continued.
#[cfg(test)]
pub(super) fn count(steps: usize) {
    STEPS.set(STEPS.get() + steps);
}

/// Counts nothing outside tests.
#[cfg(not(test))]
pub(super) const fn count(_steps: usize) {}

/// Returns the number of steps that `work` takes on this thread.
#[cfg(test)]
pub(super) fn steps_of(work: impl FnOnce()) -> usize {
    STEPS.set(0);
    work();
    STEPS.get()
}

//! One budget for the memory of large values, in the whole process.
//!
//! The rule: code that reads, copies or writes a value of more than [`FREE_BYTES`] from outside reserves its memory first, and
//! keeps the [`Reservation`] as long as the value. If the budget is spent, the request is refused; nothing waits for memory,
//! so no two requests can block each other. Smaller values reserve nothing.

use std::{
    mem,
    sync::atomic::{AtomicUsize, Ordering},
};

/// The size up to which a value reserves nothing, in bytes.
pub const FREE_BYTES: usize = 32 * 1024;
/// The budget of a process that sets no limit, in bytes.
const DEFAULT_LIMIT_BYTES: usize = 1024 * 1024 * 1024;

/// The budget of this process.
pub static LARGE_VALUES: MemoryBudget = MemoryBudget::new(DEFAULT_LIMIT_BYTES);

/// A number of bytes that large values share.
#[derive(Debug)]
pub struct MemoryBudget {
    limit: AtomicUsize,
    reserved: AtomicUsize,
}

/// The error of a value for which the budget has no memory left.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("large values take all the memory that they may ({} MiB); a value that needs {} MiB was refused", .limit / MIB, .wanted.div_ceil(MIB))]
pub struct MemorySpent {
    /// The limit, in bytes.
    pub limit: usize,
    /// The memory that the value needs in addition, in bytes.
    pub wanted: usize,
}

const MIB: usize = 1024 * 1024;

impl MemoryBudget {
    /// Creates a budget of `limit` bytes.
    pub const fn new(limit: usize) -> Self {
        Self { limit: AtomicUsize::new(limit), reserved: AtomicUsize::new(0) }
    }

    /// Changes the limit. What is reserved stays reserved.
    pub fn set_limit(&self, bytes: usize) {
        self.limit.store(bytes, Ordering::Relaxed);
    }

    /// Returns the reserved bytes.
    pub fn reserved(&self) -> usize {
        self.reserved.load(Ordering::Relaxed)
    }

    /// Reserves memory until the reservation is dropped.
    ///
    /// # Errors
    ///
    /// [`MemorySpent`] if less is left.
    pub fn reserve(&'static self, bytes: usize) -> Result<Reservation, MemorySpent> {
        self.take(bytes)?;
        Ok(Reservation { budget: self, bytes })
    }

    fn take(&self, bytes: usize) -> Result<(), MemorySpent> {
        if bytes == 0 {
            return Ok(());
        }
        let limit = self.limit.load(Ordering::Relaxed);
        let add = |reserved: usize| reserved.checked_add(bytes).filter(|sum| *sum <= limit);
        let taken = self.reserved.fetch_update(Ordering::Relaxed, Ordering::Relaxed, add);
        taken.map(|_| ()).map_err(|_| MemorySpent { limit, wanted: bytes })
    }
}

/// Memory that is reserved as long as this exists.
#[derive(Debug)]
pub struct Reservation {
    budget: &'static MemoryBudget,
    bytes: usize,
}

impl Default for Reservation {
    /// Creates a reservation of nothing from the budget of the process.
    fn default() -> Self {
        Self { budget: &LARGE_VALUES, bytes: 0 }
    }
}

impl Reservation {
    /// Returns the reserved bytes.
    pub const fn bytes(&self) -> usize {
        self.bytes
    }

    /// Reserves more, up to `bytes` in total. A total of at most [`FREE_BYTES`] reserves nothing.
    ///
    /// # Errors
    ///
    /// [`MemorySpent`] if less is left; the reservation stays as it was.
    pub fn grow_to(&mut self, bytes: usize) -> Result<(), MemorySpent> {
        if bytes <= FREE_BYTES || bytes <= self.bytes {
            return Ok(());
        }
        self.budget.take(bytes - self.bytes)?;
        self.bytes = bytes;
        Ok(())
    }

    /// Moves `bytes` to a reservation of its own; everything if there is less.
    #[must_use]
    pub fn split_off(&mut self, bytes: usize) -> Self {
        let bytes = bytes.min(self.bytes);
        self.bytes -= bytes;
        Self { budget: self.budget, bytes }
    }

    /// Releases what is over `bytes`.
    pub fn shrink_to(&mut self, bytes: usize) {
        if bytes < self.bytes {
            self.budget.reserved.fetch_sub(self.bytes - bytes, Ordering::Relaxed);
            self.bytes = bytes;
        }
    }

    /// Adds another reservation of the same budget to this one.
    pub fn absorb(&mut self, mut other: Self) {
        if std::ptr::eq(self.budget, other.budget) {
            self.bytes += mem::take(&mut other.bytes);
        }
    }
}

impl Drop for Reservation {
    fn drop(&mut self) {
        self.shrink_to(0);
    }
}

#[cfg(test)]
mod tests {
    use std::thread;

    use super::*;

    fn budget(limit: usize) -> &'static MemoryBudget {
        Box::leak(Box::new(MemoryBudget::new(limit)))
    }

    #[test]
    fn what_is_reserved_is_released_with_the_value() {
        let budget = budget(100 * MIB);
        let first = budget.reserve(60 * MIB).unwrap();
        let refused = budget.reserve(50 * MIB).unwrap_err();
        assert_eq!(refused, MemorySpent { limit: 100 * MIB, wanted: 50 * MIB });
        assert_eq!(budget.reserved(), 60 * MIB, "a refused value reserves nothing");
        drop(first);
        assert_eq!(budget.reserve(100 * MIB).unwrap().bytes(), 100 * MIB);
        assert_eq!(budget.reserved(), 0);
        assert!(budget.reserve(usize::MAX).is_err(), "no overflow");
        assert_eq!(budget.reserved(), 0);
    }

    #[test]
    fn a_reservation_grows_shrinks_and_absorbs() {
        let budget = budget(10 * MIB);
        let mut growing = budget.reserve(0).unwrap();
        growing.grow_to(FREE_BYTES).unwrap();
        assert_eq!(budget.reserved(), 0, "a small value is free");
        growing.grow_to(4 * MIB).unwrap();
        growing.grow_to(2 * MIB).unwrap();
        assert_eq!(budget.reserved(), 4 * MIB);
        assert!(growing.grow_to(11 * MIB).is_err());
        assert_eq!(growing.bytes(), 4 * MIB);
        growing.absorb(budget.reserve(3 * MIB).unwrap());
        assert_eq!((growing.bytes(), budget.reserved()), (7 * MIB, 7 * MIB));
        growing.shrink_to(MIB);
        assert_eq!(budget.reserved(), MIB);
        drop(growing);
        assert_eq!(budget.reserved(), 0);
    }

    #[test]
    fn concurrent_reservations_never_exceed_the_limit() {
        let budget = budget(10);
        let threads = (0..8).map(|_| {
            thread::spawn(move || {
                (0..1000).filter_map(|_| budget.reserve(4).ok()).map(|held| held.bytes()).sum::<usize>()
            })
        });
        let taken = threads.collect::<Vec<_>>().into_iter().map(|thread| thread.join().unwrap()).sum::<usize>();
        assert!(taken > 0 && budget.reserved() == 0, "{taken}");
    }
}

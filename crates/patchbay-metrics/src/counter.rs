//! Numbers that only grow.

use std::{
    marker::PhantomData,
    sync::atomic::{AtomicU64, Ordering},
};

use crate::Label;

/// A number that only grows.
#[derive(Debug, Default)]
pub struct Counter(AtomicU64);

impl Counter {
    /// Adds one.
    pub fn add_one(&self) {
        self.add(1);
    }

    /// Adds a number.
    pub fn add(&self, number: u64) {
        self.0.fetch_add(number, Ordering::Relaxed);
    }

    /// Returns the number.
    pub fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// One counter for each value of a label.
#[derive(Debug)]
pub struct Counters<L> {
    counters: Box<[Counter]>,
    label: PhantomData<L>,
}

impl<L: Label> Default for Counters<L> {
    fn default() -> Self {
        Self { counters: L::ALL.iter().map(|_| Counter::default()).collect(), label: PhantomData }
    }
}

impl<L: Label> Counters<L> {
    /// Returns the counter of a value.
    pub fn of(&self, label: L) -> &Counter {
        &self.counters[label.index()]
    }

    /// Returns the values with their counts.
    pub fn all(&self) -> impl Iterator<Item = (&'static str, u64)> {
        L::ALL.iter().map(|label| (label.as_str(), self.of(*label).get()))
    }
}

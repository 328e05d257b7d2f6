//! Metrics of a kind, one for each value of a label that is not known before.
//!
//! Readers share an immutable map and take no lock. A value that is counted for the first time replaces the map by a longer one,
//! which happens at most as often as the family has places.

use std::{
    borrow::Borrow,
    collections::HashMap,
    fmt,
    hash::Hash,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
};

use arc_swap::ArcSwap;

/// The value of a label that stands for all values beyond the limit.
pub(crate) const OTHER: &str = "other";

/// The number of values that a family, or several families together, may have.
#[derive(Clone, Debug)]
pub struct Places(Arc<AtomicUsize>);

impl Places {
    /// Creates a number of places.
    pub fn new(count: usize) -> Self {
        Self(Arc::new(AtomicUsize::new(count)))
    }

    fn are_taken(&self) -> bool {
        self.0.load(Ordering::Relaxed) == 0
    }

    fn take(&self) -> bool {
        self.0.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(1)).is_ok()
    }
}

type Entries<K, M> = HashMap<K, Arc<M>>;

/// A metric for each value of a label.
pub struct Family<K, M> {
    entries: ArcSwap<Entries<K, M>>,
    growing: Mutex<()>,
    places: Places,
    make: Box<dyn Fn() -> M + Send + Sync>,
    other: M,
}

impl<K, M> fmt::Debug for Family<K, M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Family").finish_non_exhaustive()
    }
}

impl<K: Hash + Eq + Clone, M> Family<K, M> {
    /// Creates a family without values, and how the metric of a value is made.
    pub fn new(places: Places, make: impl Fn() -> M + Send + Sync + 'static) -> Self {
        let other = make();
        Self { entries: ArcSwap::default(), growing: Mutex::default(), places, make: Box::new(make), other }
    }

    /// Lets `record` count in the metric of a value; in that of `other` if all places are taken.
    pub fn with<Q>(&self, value: &Q, record: impl FnOnce(&M))
    where
        K: Borrow<Q>,
        Q: Hash + Eq + ToOwned<Owned = K> + ?Sized,
    {
        let entries = self.entries.load();
        if let Some(metric) = entries.get(value) {
            return record(metric);
        }
        drop(entries);
        match self.add(value) {
            Some(metric) => record(&metric),
            None => record(&self.other),
        }
    }

    fn add<Q>(&self, value: &Q) -> Option<Arc<M>>
    where
        K: Borrow<Q>,
        Q: Hash + Eq + ToOwned<Owned = K> + ?Sized,
    {
        if self.places.are_taken() {
            return None;
        }
        let _growing = self.growing.lock().unwrap_or_else(PoisonError::into_inner);
        let entries = self.entries.load();
        if let Some(metric) = entries.get(value) {
            return Some(metric.clone());
        }
        if !self.places.take() {
            return None;
        }
        let metric = Arc::new((self.make)());
        let mut longer = Entries::clone(&entries);
        longer.insert(value.to_owned(), metric.clone());
        self.entries.store(Arc::new(longer));
        Some(metric)
    }

    /// Returns the values with their metrics, in order.
    pub(crate) fn all(&self) -> Vec<(K, Arc<M>)>
    where
        K: Ord,
    {
        let entries = self.entries.load();
        let mut all = entries.iter().map(|(value, metric)| (value.clone(), metric.clone())).collect::<Vec<_>>();
        all.sort_by(|one, two| one.0.cmp(&two.0));
        all
    }

    /// Returns the metric of the values beyond the limit.
    pub(crate) fn other(&self) -> &M {
        &self.other
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Counter;

    #[test]
    fn values_beyond_the_limit_are_counted_together() {
        let family = Family::<String, Counter>::new(Places::new(2), Counter::default);
        for value in ["a", "b", "c", "d", "a"] {
            family.with(value, Counter::add_one);
        }
        let counts = family.all().into_iter().map(|(value, counter)| (value, counter.get())).collect::<Vec<_>>();
        assert_eq!(counts, [("a".to_owned(), 2), ("b".to_owned(), 1)]);
        assert_eq!(family.other().get(), 2);
    }

    #[test]
    fn threads_that_count_a_new_value_at_once_lose_no_count() {
        let family = Family::<String, Counter>::new(Places::new(64), Counter::default);
        std::thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(|| {
                    for round in 0..2_000 {
                        family.with((round % 50).to_string().as_str(), Counter::add_one);
                    }
                });
            }
        });
        let all = family.all();
        assert_eq!(all.len(), 50);
        assert!(all.iter().all(|(_, counter)| counter.get() == 320));
    }
}

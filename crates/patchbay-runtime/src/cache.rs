//! A bounded in-memory cache for values that are read from storage or from a provider.
//!
//! It is exact within the process that owns the data directory: every change through a service evicts the entry before the
//! response. Secrets are cached only in sealed form.

use std::{
    borrow::Borrow,
    collections::HashMap,
    hash::Hash,
    sync::{
        Arc, PoisonError, RwLock,
        atomic::{AtomicU64, Ordering},
    },
};

/// A bounded map. No lock is held across an `await`.
pub struct Cache<K, V> {
    entries: RwLock<HashMap<K, Arc<V>>>,
    capacity: usize,
    /// Counts changes: a value that was read before a change must not be cached after it.
    generation: AtomicU64,
}

/// The state of a cache at the start of a read.
#[derive(Clone, Copy)]
pub struct Generation(u64);

impl<K: Hash + Eq + Clone, V> Cache<K, V> {
    /// Creates an empty cache of at most `capacity` entries.
    pub fn new(capacity: usize) -> Self {
        Self { entries: RwLock::default(), capacity, generation: AtomicU64::new(0) }
    }

    /// Returns the entry of a key.
    pub fn get<Q: Hash + Eq + ?Sized>(&self, key: &Q) -> Option<Arc<V>>
    where
        K: Borrow<Q>,
    {
        self.entries.read().unwrap_or_else(PoisonError::into_inner).get(key).cloned()
    }

    /// Returns the current generation. Call this before reading a value from storage.
    pub fn generation(&self) -> Generation {
        Generation(self.generation.load(Ordering::SeqCst))
    }

    /// Caches a value, unless the cache has changed since generation `read_at`.
    pub fn fill(&self, read_at: Generation, key: K, value: Arc<V>) {
        let mut entries = self.entries.write().unwrap_or_else(PoisonError::into_inner);
        if self.generation.load(Ordering::SeqCst) == read_at.0 {
            self.make_room(&mut entries);
            entries.insert(key, value);
        }
    }

    /// Evicts a key, and prevents running reads from filling the cache.
    pub fn evict<Q: Hash + Eq + ?Sized>(&self, key: &Q)
    where
        K: Borrow<Q>,
    {
        let mut entries = self.entries.write().unwrap_or_else(PoisonError::into_inner);
        self.generation.fetch_add(1, Ordering::SeqCst);
        entries.remove(key);
    }

    /// Evicts all entries, and prevents running reads from filling the cache.
    pub fn clear(&self) {
        let mut entries = self.entries.write().unwrap_or_else(PoisonError::into_inner);
        self.generation.fetch_add(1, Ordering::SeqCst);
        entries.clear();
    }

    /// Evicts half of the entries of a full cache, which is cheaper than tracking every read.
    fn make_room(&self, entries: &mut HashMap<K, Arc<V>>) {
        if entries.len() >= self.capacity {
            let mut keep = false;
            entries.retain(|_, _| {
                keep = !keep;
                keep
            });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_read_before_a_change_is_not_cached_after_it() {
        let cache = Cache::<String, u32>::new(4);
        let before = cache.generation();
        cache.evict("a");
        cache.fill(before, "a".to_owned(), Arc::new(1));
        assert!(cache.get("a").is_none());
        cache.fill(cache.generation(), "a".to_owned(), Arc::new(2));
        assert_eq!(cache.get("a").as_deref(), Some(&2));
        cache.clear();
        assert!(cache.get("a").is_none());
    }

    #[test]
    fn the_capacity_is_not_exceeded() {
        let cache = Cache::<u32, u32>::new(8);
        for number in 0..1000 {
            cache.fill(cache.generation(), number, Arc::new(number));
        }
        assert!(cache.entries.read().unwrap().len() <= 8);
        assert!(cache.get(&999).is_some());
    }
}

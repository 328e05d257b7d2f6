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
struct Generation(u64);

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

    /// Returns the entry of a key, or reads and caches it. A value whose read overlaps a change is returned, but not cached.
    ///
    /// # Errors
    ///
    /// Those of `read`; nothing is cached then.
    pub async fn get_or_read<F, E>(&self, key: &K, read: impl FnOnce() -> F) -> Result<Arc<V>, E>
    where
        F: Future<Output = Result<V, E>>,
    {
        if let Some(value) = self.get(key) {
            return Ok(value);
        }
        let read_at = self.generation();
        let value = Arc::new(read().await?);
        self.fill(read_at, key.clone(), value.clone());
        Ok(value)
    }

    /// Caches a value.
    pub(crate) fn insert(&self, key: K, value: Arc<V>) {
        self.fill(self.generation(), key, value);
    }

    /// Returns the current generation. Call this before reading a value from storage.
    fn generation(&self) -> Generation {
        Generation(self.generation.load(Ordering::SeqCst))
    }

    /// Caches a value, unless the cache has changed since generation `read_at`.
    fn fill(&self, read_at: Generation, key: K, value: Arc<V>) {
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

    #[tokio::test]
    async fn a_value_is_read_once_unless_the_read_fails_or_overlaps_a_change() {
        let cache = Cache::<String, u32>::new(4);
        let key = "a".to_owned();
        assert_eq!(cache.get_or_read(&key, async || Err("down")).await, Err("down"));
        let overlapping = async || {
            cache.evict("a");
            Ok::<_, &str>(1)
        };
        assert_eq!(cache.get_or_read(&key, overlapping).await.as_deref(), Ok(&1));
        assert!(cache.get("a").is_none());
        assert_eq!(cache.get_or_read(&key, async || Ok::<_, &str>(2)).await.as_deref(), Ok(&2));
        assert_eq!(cache.get_or_read(&key, async || Err("down")).await.as_deref(), Ok(&2));
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

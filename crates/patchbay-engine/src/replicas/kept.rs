//! The caches of what is stored in the database.

use std::{borrow::Borrow, hash::Hash, sync::Arc};

use patchbay_runtime::Cache;

use super::freshness::Freshness;
use crate::{Error, parts::MAX_CACHE_ENTRIES};

/// A bounded cache of what is stored. It can be read only through [`Freshness`]: what another server may have changed is not
/// returned. Errors, such as an unknown key, are not kept.
pub(crate) struct KeptCache<K, V> {
    cache: Cache<K, V>,
    freshness: Arc<Freshness>,
}

impl<K: Hash + Eq + Clone, V> KeptCache<K, V> {
    pub(crate) fn new(freshness: Arc<Freshness>) -> Self {
        Self { cache: Cache::new(MAX_CACHE_ENTRIES), freshness }
    }

    /// Returns the entry of a key, or reads and keeps it.
    ///
    /// # Errors
    /// Those of `read`; 503 `StorageUnavailableError` if nothing that is kept may be used.
    pub(crate) async fn get_or_read<F>(&self, key: &K, read: impl FnOnce() -> F) -> Result<Arc<V>, Error>
    where
        F: Future<Output = Result<V, Error>>,
    {
        self.freshness.admit().await?;
        self.cache.get_or_read(key, read).await
    }

    /// Evicts a key, and prevents running reads from filling the cache.
    pub(crate) fn evict<Q: Hash + Eq + ?Sized>(&self, key: &Q)
    where
        K: Borrow<Q>,
    {
        self.cache.evict(key);
    }

    /// Evicts all entries, and prevents running reads from filling the cache.
    pub(crate) fn clear(&self) {
        self.cache.clear();
    }
}

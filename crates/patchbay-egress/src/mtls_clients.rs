//! The TLS clients with a client certificate: one per party, a bounded number, and none that is idle for long.
//!
//! The configuration and the connections of a client contain the private key of its party. Evicting the client drops
//! them.

use std::{
    collections::HashMap,
    hash::Hash,
    sync::{Mutex, MutexGuard},
    time::Duration,
};

use tokio::time::Instant;

use crate::sync::lock;

/// The maximum number of clients.
const MAX_CLIENTS: usize = 256;
/// A client that was not used for this long is evicted.
const IDLE_TIMEOUT: Duration = Duration::from_mins(5);

/// A bounded map of TLS clients, with the moment of their last use.
pub(crate) struct MtlsClients<K, C>(Mutex<HashMap<K, (C, Instant)>>);

impl<K, C> Default for MtlsClients<K, C> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}

impl<K: Eq + Hash + Clone, C: Clone> MtlsClients<K, C> {
    /// Returns the client of `key`. If there is none, builds it, and evicts the least recently used one if the map is
    /// full.
    pub(crate) fn get(&self, key: &K, now: Instant, build: impl FnOnce() -> C) -> C {
        self.evict_idle(now);
        let mut clients = self.entries();
        if let Some((client, used)) = clients.get_mut(key) {
            *used = now;
            return client.clone();
        }
        if clients.len() >= MAX_CLIENTS {
            let oldest = clients.iter().min_by_key(|(_, (_, used))| *used).map(|(key, _)| key.clone());
            oldest.map(|key| clients.remove(&key));
        }
        let client = build();
        clients.insert(key.clone(), (client.clone(), now));
        client
    }

    /// Evicts the clients that were not used for [`IDLE_TIMEOUT`].
    pub(crate) fn evict_idle(&self, now: Instant) {
        self.entries().retain(|_, (_, used)| now.saturating_duration_since(*used) < IDLE_TIMEOUT);
    }

    fn entries(&self) -> MutexGuard<'_, HashMap<K, (C, Instant)>> {
        lock(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_least_recently_used_and_the_idle_clients_are_evicted() {
        let (clients, now) = (MtlsClients::<usize, usize>::default(), Instant::now());
        for key in 0..MAX_CLIENTS {
            assert_eq!(clients.get(&key, now + Duration::from_millis(key as u64), || key), key);
        }
        let later = now + Duration::from_secs(1);
        assert_eq!(clients.get(&0, later, || 999), 0, "it is cached");
        assert_eq!(clients.get(&MAX_CLIENTS, later, || MAX_CLIENTS), MAX_CLIENTS);
        assert_eq!(clients.entries().len(), MAX_CLIENTS);
        assert_eq!(clients.get(&1, later, || 111), 111, "the least recently used one was evicted");
        assert_eq!(clients.get(&0, later, || 999), 0);
        assert_eq!(clients.get(&0, later + IDLE_TIMEOUT, || 999), 999);
        assert_eq!(clients.entries().len(), 1);
        clients.evict_idle(later + IDLE_TIMEOUT + IDLE_TIMEOUT);
        assert_eq!(clients.entries().len(), 0, "without a request for another one");
    }
}

//! The TLS clients of parties with a certificate: one for each, few of them, and none that rested long.
//!
//! A client holds its party's private key in its settings and its connections; both go when it goes.

use std::{
    collections::HashMap,
    hash::Hash,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::time::Instant;

/// The most clients at a time.
const MOST: usize = 256;
/// How long a client is kept that nobody uses.
const RESTS: Duration = Duration::from_mins(5);

/// Clients by what tells them apart.
pub(super) struct Clients<K, C>(Mutex<HashMap<K, (C, Instant)>>);

impl<K, C> Default for Clients<K, C> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}

impl<K: Eq + Hash + Clone, C: Clone> Clients<K, C> {
    /// The client of `key`, made now when there is none.
    pub(super) fn get(&self, key: &K, now: Instant, make: impl FnOnce() -> C) -> C {
        self.forget_idle(now);
        let mut clients = self.lock();
        if let Some((client, used)) = clients.get_mut(key) {
            *used = now;
            return client.clone();
        }
        if clients.len() >= MOST {
            let oldest = clients.iter().min_by_key(|(_, (_, used))| *used).map(|(key, _)| key.clone());
            oldest.map(|key| clients.remove(&key));
        }
        let client = make();
        clients.insert(key.clone(), (client.clone(), now));
        client
    }

    /// Lets go what nobody used for a while.
    pub(super) fn forget_idle(&self, now: Instant) {
        self.lock().retain(|_, (_, used)| now.saturating_duration_since(*used) < RESTS);
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<K, (C, Instant)>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn few_are_kept_and_none_that_rested() {
        let (clients, now) = (Clients::<usize, usize>::default(), Instant::now());
        for key in 0..MOST {
            assert_eq!(clients.get(&key, now + Duration::from_millis(key as u64), || key), key);
        }
        let later = now + Duration::from_secs(1);
        assert_eq!(clients.get(&0, later, || 999), 0, "it is still there");
        assert_eq!(clients.get(&MOST, later, || MOST), MOST);
        assert_eq!(clients.lock().len(), MOST);
        assert_eq!(clients.get(&1, later, || 111), 111, "the one that rested longest made room");
        assert_eq!(clients.get(&0, later, || 999), 0);
        assert_eq!(clients.get(&0, later + RESTS, || 999), 999);
        assert_eq!(clients.lock().len(), 1);
        clients.forget_idle(later + RESTS + RESTS);
        assert_eq!(clients.lock().len(), 0, "also when nobody asks for another");
    }
}

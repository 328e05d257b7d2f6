//! Bounds how many streams are open: for each principal, and in all.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

/// Counts open streams.
#[derive(Debug)]
pub(crate) struct StreamPlaces {
    max_total: usize,
    max_of_principal: usize,
    open: Mutex<Open>,
}

#[derive(Debug, Default)]
struct Open {
    total: usize,
    by_principal: HashMap<Box<str>, usize>,
}

/// The place of an open stream. Dropping it frees the place.
#[derive(Debug)]
pub(crate) struct StreamPlace {
    places: Arc<StreamPlaces>,
    principal: Box<str>,
}

impl StreamPlaces {
    pub(crate) fn new(max_total: usize, max_of_principal: usize) -> Self {
        Self { max_total, max_of_principal, open: Mutex::default() }
    }

    /// Takes a place; `None` if the principal has too many, or all are taken.
    pub(crate) fn open(self: &Arc<Self>, principal: &str) -> Option<StreamPlace> {
        let mut open = self.lock();
        let own = open.by_principal.get(principal).copied().unwrap_or_default();
        if own >= self.max_of_principal || open.total >= self.max_total {
            return None;
        }
        open.total += 1;
        open.by_principal.insert(principal.into(), own + 1);
        Some(StreamPlace { places: self.clone(), principal: principal.into() })
    }

    fn lock(&self) -> MutexGuard<'_, Open> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for StreamPlace {
    fn drop(&mut self) {
        let mut open = self.places.lock();
        open.total = open.total.saturating_sub(1);
        match open.by_principal.get_mut(&self.principal) {
            Some(count) if *count > 1 => *count -= 1,
            _ => drop(open.by_principal.remove(&self.principal)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_bounded_and_freed() {
        let places = Arc::new(StreamPlaces::new(3, 2));
        let (first, second) = (places.open("a"), places.open("a"));
        assert!(first.is_some() && second.is_some() && places.open("a").is_none());
        let third = places.open("b");
        assert!(third.is_some() && places.open("c").is_none());
        drop(first);
        assert!(places.open("a").is_some());
        drop((second, third));
        assert!(places.lock().by_principal.is_empty() && places.lock().total == 0);
    }
}

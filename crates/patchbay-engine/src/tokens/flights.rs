//! One renewal at a time for an account in this process, however many ask.

use std::{
    collections::HashMap,
    pin::Pin,
    sync::{Mutex, PoisonError},
};

use futures_util::future::{FutureExt as _, Shared};
use patchbay_model::{AccountId, Timestamp};
use tokio_util::task::TaskTracker;

use crate::{Error, ErrorCode};

type Flight = Shared<Pin<Box<dyn Future<Output = Result<(), Error>> + Send>>>;

/// The renewals under way, and the accounts whose last one failed.
#[derive(Default)]
pub(crate) struct Flights {
    under_way: Mutex<HashMap<AccountId, Flight>>,
    resting: Mutex<HashMap<AccountId, Timestamp>>,
    tasks: TaskTracker,
}

impl Flights {
    /// Joins the account's renewal, or starts one. It runs to its end, also when everyone who asked has gone: a
    /// token that was minted is stored.
    pub(crate) fn join<F>(&self, id: &AccountId, start: impl FnOnce() -> F) -> Flight
    where
        F: Future<Output = Result<(), Error>> + Send + 'static,
    {
        let mut under_way = self.under_way.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(flight) = under_way.get(id) {
            return flight.clone();
        }
        let task = self.tasks.spawn(start());
        let flight = async move {
            task.await.unwrap_or_else(|error| {
                tracing::error!(%error, "a renewal stopped half-way");
                Err(Error::new(ErrorCode::Internal, "the renewal of the account's token stopped half-way"))
            })
        };
        let flight = flight.boxed().shared();
        under_way.insert(id.clone(), flight.clone());
        flight
    }

    /// To be held by a renewal while it runs: also one that panics makes room for the next.
    pub(crate) fn landing<'f>(&'f self, id: &'f AccountId) -> Landing<'f> {
        Landing { flights: self, id, rest_until: None }
    }

    /// Whoever comes after this starts another one.
    fn landed(&self, id: &AccountId, rest_until: Option<Timestamp>) {
        let mut resting = self.resting.lock().unwrap_or_else(PoisonError::into_inner);
        match rest_until {
            Some(moment) => resting.insert(id.clone(), moment),
            None => resting.remove(id),
        };
        drop(resting);
        self.under_way.lock().unwrap_or_else(PoisonError::into_inner).remove(id);
    }

    /// Whether the account's next renewal is not to be tried yet.
    pub(crate) fn is_resting(&self, id: &AccountId, now: Timestamp) -> bool {
        self.resting.lock().unwrap_or_else(PoisonError::into_inner).get(id).is_some_and(|until| *until > now)
    }

    /// Waits until the renewals that are under way have ended.
    pub(crate) async fn settle(&self) {
        let under_way = {
            let flights = self.under_way.lock().unwrap_or_else(PoisonError::into_inner);
            flights.values().cloned().collect::<Vec<_>>()
        };
        for flight in under_way {
            // Who asked for it was told.
            let _ = flight.await;
        }
    }

    /// Waits until every renewal has ended; there will be no more.
    pub(crate) async fn shutdown(&self) {
        self.tasks.close();
        self.tasks.wait().await;
    }
}

/// The end of a renewal, when it is dropped.
pub(crate) struct Landing<'f> {
    flights: &'f Flights,
    id: &'f AccountId,
    /// Until when the next one is not to be tried.
    pub(crate) rest_until: Option<Timestamp>,
}

impl Drop for Landing<'_> {
    fn drop(&mut self) {
        self.flights.landed(self.id, self.rest_until);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    #[tokio::test]
    async fn a_renewal_that_panics_makes_room_for_the_next() {
        let (flights, id) = (Arc::new(Flights::default()), AccountId::new("a"));
        let renewal = |panics: bool| {
            let (flights, id) = (flights.clone(), id.clone());
            move || async move {
                let _landing = flights.landing(&id);
                assert!(!panics, "a mistake of ours");
                Ok(())
            }
        };
        assert_eq!(flights.join(&id, renewal(true)).await.unwrap_err().code, ErrorCode::Internal);
        assert!(flights.join(&id, renewal(false)).await.is_ok());
    }
}

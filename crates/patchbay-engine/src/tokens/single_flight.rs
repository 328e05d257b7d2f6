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

type SharedFlight = Shared<Pin<Box<dyn Future<Output = Result<(), Error>> + Send>>>;

/// The renewals under way, and the accounts whose last one failed.
#[derive(Default)]
pub(crate) struct SingleFlight {
    in_flight: Mutex<HashMap<AccountId, SharedFlight>>,
    backing_off: Mutex<HashMap<AccountId, Timestamp>>,
    tasks: TaskTracker,
}

impl SingleFlight {
    /// Joins the account's renewal, or starts one. It runs to its end, also when everyone who asked has gone: a
    /// token that was minted is stored.
    pub(crate) fn join<F>(&self, id: &AccountId, start: impl FnOnce() -> F) -> SharedFlight
    where
        F: Future<Output = Result<(), Error>> + Send + 'static,
    {
        let mut in_flight = self.in_flight.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(flight) = in_flight.get(id) {
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
        in_flight.insert(id.clone(), flight.clone());
        flight
    }

    /// To be held by a renewal while it runs: also one that panics makes room for the next.
    pub(crate) fn guard<'f>(&'f self, id: &'f AccountId) -> FlightGuard<'f> {
        FlightGuard { flights: self, id, retry_after: None }
    }

    /// Whoever comes after this starts another one.
    fn finish(&self, id: &AccountId, retry_after: Option<Timestamp>) {
        let mut backing_off = self.backing_off.lock().unwrap_or_else(PoisonError::into_inner);
        match retry_after {
            Some(moment) => backing_off.insert(id.clone(), moment),
            None => backing_off.remove(id),
        };
        drop(backing_off);
        self.in_flight.lock().unwrap_or_else(PoisonError::into_inner).remove(id);
    }

    /// Whether the account's next renewal is not to be tried yet.
    pub(crate) fn is_backing_off(&self, id: &AccountId, now: Timestamp) -> bool {
        self.backing_off.lock().unwrap_or_else(PoisonError::into_inner).get(id).is_some_and(|until| *until > now)
    }

    /// Waits until the renewals that are under way have ended.
    pub(crate) async fn wait_until_idle(&self) {
        let in_flight = {
            let flights = self.in_flight.lock().unwrap_or_else(PoisonError::into_inner);
            flights.values().cloned().collect::<Vec<_>>()
        };
        for flight in in_flight {
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
pub(crate) struct FlightGuard<'f> {
    flights: &'f SingleFlight,
    id: &'f AccountId,
    /// Until when the next one is not to be tried.
    pub(crate) retry_after: Option<Timestamp>,
}

impl Drop for FlightGuard<'_> {
    fn drop(&mut self) {
        self.flights.finish(self.id, self.retry_after);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    #[tokio::test]
    async fn a_renewal_that_panics_makes_room_for_the_next() {
        let (flights, id) = (Arc::new(SingleFlight::default()), AccountId::new("a"));
        let renewal = |panics: bool| {
            let (flights, id) = (flights.clone(), id.clone());
            move || async move {
                let _guard = flights.guard(&id);
                assert!(!panics, "a mistake of ours");
                Ok(())
            }
        };
        assert_eq!(flights.join(&id, renewal(true)).await.unwrap_err().code, ErrorCode::Internal);
        assert!(flights.join(&id, renewal(false)).await.is_ok());
    }
}

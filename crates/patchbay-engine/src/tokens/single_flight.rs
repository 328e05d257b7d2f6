//! At most one token refresh at a time for an account in this process. Concurrent callers share its outcome.

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

/// The refreshes in flight, and the accounts whose last refresh failed.
#[derive(Default)]
pub(crate) struct SingleFlight {
    in_flight: Mutex<HashMap<AccountId, SharedFlight>>,
    backing_off: Mutex<HashMap<AccountId, Timestamp>>,
    tasks: TaskTracker,
}

impl SingleFlight {
    /// Joins the account's refresh, or starts one. It runs to completion even if every caller has gone: a token that
    /// the provider issued must be stored.
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
                tracing::error!(%error, "a token refresh panicked");
                Err(Error::new(
                    ErrorCode::Internal,
                    "the refresh of the account's token failed unexpectedly; see the server's log",
                ))
            })
        };
        let flight = flight.boxed().shared();
        in_flight.insert(id.clone(), flight.clone());
        flight
    }

    /// Returns the guard that a refresh holds while it runs. Its drop lets the next refresh start, even after a panic.
    pub(crate) fn guard<'f>(&'f self, id: &'f AccountId) -> FlightGuard<'f> {
        FlightGuard { flights: self, id, retry_after: None }
    }

    /// Ends the account's refresh: the next caller starts another one.
    fn finish(&self, id: &AccountId, retry_after: Option<Timestamp>) {
        let mut backing_off = self.backing_off.lock().unwrap_or_else(PoisonError::into_inner);
        match retry_after {
            Some(moment) => backing_off.insert(id.clone(), moment),
            None => backing_off.remove(id),
        };
        drop(backing_off);
        self.in_flight.lock().unwrap_or_else(PoisonError::into_inner).remove(id);
    }

    /// Checks whether the account's next refresh must still wait after a failure.
    pub(crate) fn is_backing_off(&self, id: &AccountId, now: Timestamp) -> bool {
        self.backing_off.lock().unwrap_or_else(PoisonError::into_inner).get(id).is_some_and(|until| *until > now)
    }

    /// Waits for the refreshes in flight.
    pub(crate) async fn wait_until_idle(&self) {
        let in_flight = {
            let flights = self.in_flight.lock().unwrap_or_else(PoisonError::into_inner);
            flights.values().cloned().collect::<Vec<_>>()
        };
        for flight in in_flight {
            // Its callers got the outcome.
            let _ = flight.await;
        }
    }

    /// Checks whether the server stops.
    pub(crate) fn is_stopping(&self) -> bool {
        self.tasks.is_closed()
    }

    /// Waits for the refreshes in flight and rejects new ones.
    pub(crate) async fn shutdown(&self) {
        self.tasks.close();
        self.tasks.wait().await;
    }
}

/// Ends a refresh when it is dropped.
pub(crate) struct FlightGuard<'f> {
    flights: &'f SingleFlight,
    id: &'f AccountId,
    /// When the next refresh may start; at once when none.
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
    async fn a_refresh_can_start_after_one_that_panicked() {
        let (flights, id) = (Arc::new(SingleFlight::default()), AccountId::new("a"));
        let refresh = |panics: bool| {
            let (flights, id) = (flights.clone(), id.clone());
            move || async move {
                let _guard = flights.guard(&id);
                assert!(!panics, "a bug");
                Ok(())
            }
        };
        assert_eq!(flights.join(&id, refresh(true)).await.unwrap_err().code, ErrorCode::Internal);
        assert!(flights.join(&id, refresh(false)).await.is_ok());
    }
}

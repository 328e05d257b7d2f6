//! Slows clients that try keys and tokens, by their address.
//!
//! Credentials are checked first: a right key is never refused because of wrong ones from its address. Only the response
//! to wrong or missing ones changes, from 401 to 429, when an address sent too many.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use patchbay_engine::{Error, ErrorCode};
use patchbay_model::whole_seconds;
use tokio::time::Instant;

use super::ClientAddress;

/// The failures of an address that are answered with 401 at once, and the time after which one more is.
const BURST: u32 = 100;
const INTERVAL: Duration = Duration::from_secs(1);
/// The number of addresses that are counted. If there are more, those with the fewest failures are forgotten.
const MAX_ADDRESSES: usize = 10_000;

/// Failed authentications by address.
#[derive(Default)]
pub(crate) struct FailedAuthentications {
    /// The time at which an address has its whole burst again.
    restored_at: Mutex<HashMap<ClientAddress, Instant>>,
}

impl FailedAuthentications {
    /// Counts a failure that ends with `error`. Returns 429 `TooManyAttemptsError` in its place if the address sent too
    /// many; other errors than 401 for a key, a login or a session are not failures.
    pub(crate) fn count(&self, address: ClientAddress, error: Error) -> Error {
        if !matches!(error.code, ErrorCode::Unauthorized | ErrorCode::SessionExpired) {
            return error;
        }
        let now = Instant::now();
        let mut table = self.restored_at.lock().unwrap_or_else(PoisonError::into_inner);
        let restored_at = table.get(&address).copied().map_or(now, |restored_at| restored_at.max(now)) + INTERVAL;
        let latest = now + INTERVAL * BURST;
        if restored_at > latest {
            let seconds = whole_seconds(restored_at - latest);
            let message = format!(
                "too many requests without valid credentials came from this address; try again in {seconds} s, with a valid API key or session token"
            );
            return Error::new(ErrorCode::TooManyAttempts, message).with_retry_after(seconds);
        }
        if table.len() >= MAX_ADDRESSES && !table.contains_key(&address) {
            make_room(&mut table, now);
        }
        table.insert(address, restored_at);
        error
    }
}

/// Removes the addresses that have their whole burst, otherwise the half that failed least.
fn make_room(table: &mut HashMap<ClientAddress, Instant>, now: Instant) {
    table.retain(|_, restored_at| *restored_at > now);
    if table.len() >= MAX_ADDRESSES {
        let mut times = table.values().copied().collect::<Vec<_>>();
        let (_, median, _) = times.select_nth_unstable(MAX_ADDRESSES / 2);
        let median = *median;
        table.retain(|_, restored_at| *restored_at > median);
    }
}

#[cfg(test)]
mod tests {
    use std::net::IpAddr;

    use super::*;

    fn address(number: u32) -> ClientAddress {
        ClientAddress(IpAddr::from(number.to_be_bytes()))
    }

    fn fail(failures: &FailedAuthentications, number: u32) -> Error {
        failures.count(address(number), Error::new(ErrorCode::Unauthorized, "wrong"))
    }

    #[tokio::test(start_paused = true)]
    async fn an_address_is_slowed_alone_and_recovers() {
        let failures = FailedAuthentications::default();
        for _ in 0..BURST {
            assert_eq!(fail(&failures, 1).code, ErrorCode::Unauthorized);
        }
        for _ in 0..1_000 {
            let slowed = fail(&failures, 1);
            assert_eq!((slowed.code, slowed.retry_after), (ErrorCode::TooManyAttempts, Some(1)));
        }
        assert_eq!(fail(&failures, 2).code, ErrorCode::Unauthorized);
        let other = failures.count(address(1), Error::new(ErrorCode::StorageUnavailable, "down"));
        assert_eq!(other.code, ErrorCode::StorageUnavailable);
        tokio::time::advance(Duration::from_secs(5)).await;
        assert_eq!((0..10).filter(|_| fail(&failures, 1).code == ErrorCode::Unauthorized).count(), 5);
    }

    #[tokio::test(start_paused = true)]
    async fn a_flood_of_addresses_is_bounded_and_forgets_no_slowed_one() {
        let failures = FailedAuthentications::default();
        while fail(&failures, 7).code == ErrorCode::Unauthorized {}
        for number in 1_000..40_000 {
            fail(&failures, number);
            tokio::time::advance(Duration::from_micros(100)).await;
        }
        assert!(failures.restored_at.lock().unwrap().len() <= MAX_ADDRESSES);
        assert!((0..10).any(|_| fail(&failures, 7).code == ErrorCode::TooManyAttempts));
    }
}

//! When a request is sent again, and after how long.
//!
//! A request that was not processed, as the server says or because it was never sent, is sent once more, whatever its
//! method (RFC 9113 section 8.7). Otherwise only a request that is safe to repeat is retried: one with an idempotent method
//! (RFC 9110 section 9.2.2), one with an idempotency key, or one that the connector declares as idempotent. After a 429 or
//! 503, or a 403 that names a delay, the request is retried at most five times. The delay is the one that the response
//! names, otherwise a random time below an exponentially growing limit (full jitter). The request is not retried if the
//! delay would exceed the deadline or the time that the caller is ready to wait.

use std::time::Duration;

use http::{HeaderMap, Method, StatusCode};
use patchbay_model::Entropy;

/// The maximum number of retries of one request.
pub(crate) const MAX_RETRIES: u32 = 5;
/// The limit of the first backoff; each further one doubles it.
const BASE_BACKOFF: Duration = Duration::from_millis(250);
/// The limit of every backoff.
const MAX_BACKOFF: Duration = Duration::from_secs(8);

/// Returns true if the server asks to try again later: with 429 (RFC 6585 section 4), 503 (RFC 9110 section 15.6.4), or a
/// 403 that names a delay, with which GitHub and others report a limit.
pub(crate) fn is_retryable(status: StatusCode, delay: Option<Duration>) -> bool {
    match status {
        StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE => true,
        StatusCode::FORBIDDEN => delay.is_some(),
        _ => false,
    }
}

/// Returns true if the method is idempotent or if the headers contain an idempotency key.
pub fn is_idempotent(method: &Method, headers: &HeaderMap) -> bool {
    // draft-ietf-httpapi-idempotency-key-header, and the name that was common before it.
    method.is_idempotent() || ["idempotency-key", "x-idempotency-key"].iter().any(|name| headers.contains_key(*name))
}

/// Returns the delay before retry number `attempt` (from 0) when the response names none.
pub(crate) fn backoff(attempt: u32, entropy: &dyn Entropy) -> Duration {
    let limit = MAX_BACKOFF.min(BASE_BACKOFF.saturating_mul(1 << attempt.min(16)));
    let mut bytes = [0; 8];
    entropy.fill(&mut bytes);
    let micros = u64::try_from(limit.as_micros()).unwrap_or(u64::MAX).max(1);
    Duration::from_micros(u64::from_le_bytes(bytes) % micros)
}

#[cfg(test)]
mod tests {
    use patchbay_model::testing::SeededEntropy;

    use super::*;

    #[test]
    fn idempotent_methods_and_requests_with_a_key_are_retried() {
        let with_key =
            |name: &'static str| HeaderMap::from_iter([(http::HeaderName::from_static(name), "k".parse().unwrap())]);
        for method in [Method::GET, Method::PUT, Method::DELETE] {
            assert!(is_idempotent(&method, &HeaderMap::new()), "{method}");
        }
        for method in [Method::POST, Method::PATCH] {
            assert!(!is_idempotent(&method, &HeaderMap::new()), "{method}");
            assert!(is_idempotent(&method, &with_key("idempotency-key")));
            assert!(is_idempotent(&method, &with_key("x-idempotency-key")));
        }
    }

    #[test]
    fn jitter_stays_below_the_limit() {
        let entropy = SeededEntropy::new(3);
        for attempt in 0..40 {
            let delay = backoff(attempt, &entropy);
            assert!(
                delay < MAX_BACKOFF && delay < BASE_BACKOFF.saturating_mul(1 << attempt.min(16)),
                "{attempt}: {delay:?}"
            );
        }
    }
}

//! When and after how long a request is sent again.
//!
//! Only what is safe to repeat is repeated: the idempotent methods (RFC 9110 section 9.2.2), what has an idempotency
//! key, and what the connector calls idempotent. A provider that says 429 or 503 is asked again at most five times,
//! after the time it names, else after a random time under a doubling ceiling (full jitter), and only when that ends
//! within the budget and the caller's patience.

use std::time::Duration;

use http::{HeaderMap, Method, StatusCode};
use patchbay_model::Entropy;

/// The most repetitions of one request.
pub(super) const MAX_RETRIES: u32 = 5;
const BASE: Duration = Duration::from_millis(250);
const CEILING: Duration = Duration::from_secs(8);

/// Whether the provider asks to come back later.
pub(super) fn asks_to_wait(status: StatusCode) -> bool {
    matches!(status, StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE)
}

/// Whether a request does no harm when it is sent twice, as far as its method and headers tell.
pub fn is_repeatable(method: &Method, headers: &HeaderMap) -> bool {
    // draft-ietf-httpapi-idempotency-key-header, and how it was called before.
    method.is_idempotent() || ["idempotency-key", "x-idempotency-key"].iter().any(|name| headers.contains_key(*name))
}

/// How long to wait before repetition number `attempt` (from 0) when the provider names no time.
pub(super) fn backoff(attempt: u32, entropy: &dyn Entropy) -> Duration {
    let ceiling = CEILING.min(BASE.saturating_mul(1 << attempt.min(16)));
    let mut bytes = [0; 8];
    entropy.fill(&mut bytes);
    let micros = u64::try_from(ceiling.as_micros()).unwrap_or(u64::MAX).max(1);
    Duration::from_micros(u64::from_le_bytes(bytes) % micros)
}

#[cfg(test)]
mod tests {
    use patchbay_model::testing::SeededEntropy;

    use super::*;

    #[test]
    fn what_does_no_harm_twice_is_repeated() {
        let keyed =
            |name: &'static str| HeaderMap::from_iter([(http::HeaderName::from_static(name), "k".parse().unwrap())]);
        for method in [Method::GET, Method::PUT, Method::DELETE] {
            assert!(is_repeatable(&method, &HeaderMap::new()), "{method}");
        }
        for method in [Method::POST, Method::PATCH] {
            assert!(!is_repeatable(&method, &HeaderMap::new()), "{method}");
            assert!(is_repeatable(&method, &keyed("idempotency-key")));
            assert!(is_repeatable(&method, &keyed("x-idempotency-key")));
        }
    }

    #[test]
    fn jitter_stays_under_its_ceiling() {
        let entropy = SeededEntropy::new(3);
        for attempt in 0..40 {
            let wait = backoff(attempt, &entropy);
            assert!(wait < CEILING && wait < BASE.saturating_mul(1 << attempt.min(16)), "{attempt}: {wait:?}");
        }
    }
}

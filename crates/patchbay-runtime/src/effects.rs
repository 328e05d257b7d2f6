//! Whether a call may have changed something outside of this server, so that it must not be repeated without being asked.

use std::sync::atomic::{AtomicUsize, Ordering};

use http::Method;
use patchbay_egress::{FailureCause, RequestFailure};

/// Counts what a call may have changed outside of this server.
///
/// A request with a safe method (RFC 9110, section 9.2.1) changes nothing, and neither does one that the provider rejects
/// with a 4xx, except 408: the provider may have been slow. A request whose response was lost, and one whose caller was
/// cancelled, may have had an effect.
#[derive(Debug, Default)]
pub struct Effects(AtomicUsize);

impl Effects {
    /// Returns whether the call may have changed something.
    pub fn any(&self) -> bool {
        self.0.load(Ordering::Relaxed) > 0
    }

    /// Counts a change.
    pub(crate) fn add(&self) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }

    /// Sends a request, and counts it until its outcome shows that it changed nothing.
    pub async fn observe<T>(
        &self,
        method: &Method,
        send: impl Future<Output = Result<T, RequestFailure>>,
        status_of: impl FnOnce(&T) -> u16,
    ) -> Result<T, RequestFailure> {
        if method.is_safe() {
            return send.await;
        }
        self.add();
        let outcome = send.await;
        let is_rejected = match &outcome {
            Ok(response) => matches!(status_of(response), 400..=407 | 409..=499),
            Err(failure) => matches!(
                failure.cause,
                FailureCause::Unreachable(_)
                    | FailureCause::ClientCertificate { .. }
                    | FailureCause::EgressRefused(_)
                    | FailureCause::RateLimited(_)
            ),
        };
        if is_rejected {
            self.0.fetch_sub(1, Ordering::Relaxed);
        }
        outcome
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt as _;
    use url::Url;

    use super::*;

    async fn after(method: &Method, outcome: Result<u16, FailureCause>) -> bool {
        let effects = Effects::default();
        let url = Url::parse("https://api.example.com").unwrap();
        let send = async { outcome.map_err(|cause| RequestFailure { url, cause }) };
        let _ = effects.observe(method, send, |status| *status).await;
        effects.any()
    }

    #[tokio::test]
    async fn only_a_rejected_or_a_safe_request_has_no_effect() {
        for status in [200, 201, 204, 302, 408, 500, 502, 503] {
            assert!(after(&Method::POST, Ok(status)).await, "{status}");
            assert!(!after(&Method::GET, Ok(status)).await, "{status}");
        }
        for status in [400, 401, 403, 404, 407, 409, 412, 422, 429, 499] {
            assert!(!after(&Method::POST, Ok(status)).await, "{status}");
        }
        for cause in [
            FailureCause::DeadlineExceeded,
            FailureCause::ConnectionLost("reset".to_owned()),
            FailureCause::ResponseTooLarge(1),
            FailureCause::InvalidResponse("gzip".to_owned()),
            FailureCause::RedirectRejected("away".to_owned()),
        ] {
            assert!(after(&Method::DELETE, Err(cause.clone())).await, "{cause:?}");
            assert!(!after(&Method::HEAD, Err(cause)).await);
        }
        assert!(!after(&Method::PUT, Err(FailureCause::Unreachable("refused".to_owned()))).await);
    }

    #[tokio::test]
    async fn one_rejected_request_does_not_hide_another_one() {
        let effects = Effects::default();
        for status in [201_u16, 404] {
            effects.observe(&Method::POST, async { Ok(status) }, |status| *status).await.unwrap();
        }
        assert!(effects.any());
    }

    #[test]
    fn a_cancelled_request_may_have_an_effect() {
        let effects = Effects::default();
        let never = std::future::pending::<Result<u16, RequestFailure>>();
        assert!(effects.observe(&Method::PATCH, never, |status| *status).now_or_never().is_none());
        assert!(effects.any());
    }
}

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

    /// Counts a request that is about to be sent, unless its method is safe.
    pub fn begin(&self, method: &Method) -> CountedRequest<'_> {
        if method.is_safe() {
            return CountedRequest(None);
        }
        self.add();
        CountedRequest(Some(self))
    }
}

/// A request that counts as a change until its outcome shows that it is none.
#[must_use]
pub struct CountedRequest<'a>(Option<&'a Effects>);

impl CountedRequest<'_> {
    /// Ends the request with the status of its response, or its failure.
    pub fn end(self, outcome: Result<u16, &RequestFailure>) {
        let is_rejected = match outcome {
            Ok(status) => matches!(status, 400..=407 | 409..=499),
            Err(failure) => matches!(
                failure.cause,
                FailureCause::UrlTooLong(_)
                    | FailureCause::Unreachable(_)
                    | FailureCause::ProxyCredentials(_)
                    | FailureCause::ClientCertificate { .. }
                    | FailureCause::EgressRefused(_)
                    | FailureCause::RateLimited(_)
            ),
        };
        if let Some(effects) = self.0.filter(|_| is_rejected) {
            effects.0.fetch_sub(1, Ordering::Relaxed);
        }
    }
}

#[cfg(test)]
mod tests {
    use url::Url;

    use super::*;

    fn after(method: &Method, outcome: Result<u16, FailureCause>) -> bool {
        let effects = Effects::default();
        let url = Url::parse("https://api.example.com").unwrap();
        let outcome = outcome.map_err(|cause| RequestFailure { url, cause });
        effects.begin(method).end(outcome.as_ref().copied());
        effects.any()
    }

    #[test]
    fn only_a_rejected_or_a_safe_request_has_no_effect() {
        for status in [200, 201, 204, 302, 408, 500, 502, 503] {
            assert!(after(&Method::POST, Ok(status)), "{status}");
            assert!(!after(&Method::GET, Ok(status)), "{status}");
        }
        for status in [400, 401, 403, 404, 407, 409, 412, 422, 429, 499] {
            assert!(!after(&Method::POST, Ok(status)), "{status}");
        }
        for cause in [
            FailureCause::DeadlineExceeded,
            FailureCause::ConnectionLost("reset".to_owned()),
            FailureCause::ResponseTooLarge(1),
            FailureCause::InvalidResponse("gzip".to_owned()),
            FailureCause::RedirectRejected("away".to_owned()),
        ] {
            assert!(after(&Method::DELETE, Err(cause.clone())), "{cause:?}");
            assert!(!after(&Method::HEAD, Err(cause)));
        }
        for cause in [FailureCause::Unreachable("refused".to_owned()), FailureCause::ProxyCredentials("407".to_owned())]
        {
            assert!(!after(&Method::PUT, Err(cause)));
        }
    }

    #[test]
    fn one_rejected_request_does_not_hide_another_one() {
        let effects = Effects::default();
        for status in [201, 404] {
            effects.begin(&Method::POST).end(Ok(status));
        }
        assert!(effects.any());
    }

    #[test]
    fn a_cancelled_request_may_have_an_effect() {
        let effects = Effects::default();
        drop(effects.begin(&Method::PATCH));
        assert!(effects.any());
    }
}

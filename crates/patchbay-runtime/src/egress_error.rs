//! Turns the failures of outbound requests into errors that name the provider.

use patchbay_egress::{FailureCause, LimitKind, RateLimited, RequestFailure, display_url};
use url::Url;

use crate::{Error, ErrorCode, ProviderFailure, busy::memory_spent};

/// The `Retry-After` of a call whose deadline has passed.
const TIMEOUT_RETRY_AFTER_SECS: u64 = 60;

/// Turns a failed request into an error for the caller.
pub trait IntoError {
    /// Returns the error for the caller. `provider` is the connector's title.
    fn into_error(self, provider: &str) -> Error;
}

impl IntoError for RequestFailure {
    fn into_error(self, provider: &str) -> Error {
        cause_error(self.cause, provider, &self.url)
    }
}

/// Returns the error of a request to `url` that failed for `cause`. `provider` is the connector's title.
pub fn cause_error(cause: FailureCause, provider: &str, url: &Url) -> Error {
    let target = display_url(url);
    let (code, message) = match cause {
        FailureCause::DeadlineExceeded => {
            let message = format!(
                "{provider} did not respond within the time limit of the call; try again later, or request fewer records at once"
            );
            return Error::new(ErrorCode::Timeout, message).with_retry_after(TIMEOUT_RETRY_AFTER_SECS);
        }
        FailureCause::UrlTooLong(max_bytes) => {
            let message = format!(
                "the URL of the request to {provider} has more than {max_bytes} bytes, so nothing was sent; send fewer or shorter values"
            );
            return Error::new(ErrorCode::Validation, message);
        }
        FailureCause::Unreachable(reason) => (
            ErrorCode::ProviderUnreachable,
            format!("{provider} cannot be reached at {target} ({reason}); try again later"),
        ),
        FailureCause::ProxyCredentials(reason) => {
            // Neither the caller nor the provider can solve it.
            tracing::warn!(reason, provider, "the outbound proxy does not accept the credentials of egress.proxy");
            (
                ErrorCode::EgressRefused,
                format!(
                    "{provider} was not called: {reason}; the operator corrects the user name and the password of egress.proxy"
                ),
            )
        }
        FailureCause::ConnectionLost(reason) => (
            ErrorCode::ProviderConnection,
            format!("the connection to {provider} was lost before its response was complete ({reason}); try again"),
        ),
        FailureCause::ResponseTooLarge(max_bytes) => (
            ErrorCode::ProviderResponseTooLarge,
            format!(
                "{provider}'s response is larger than {max_bytes} bytes; request fewer records at once, for example a smaller page"
            ),
        ),
        FailureCause::MemorySpent(spent) => return memory_spent(&format!("{provider}'s response was not read"), spent),
        FailureCause::RedirectRejected(reason) => {
            (ErrorCode::ProviderRedirect, format!("{provider} was called at {target}; {reason}"))
        }
        FailureCause::InvalidResponse(reason) => {
            (ErrorCode::ProviderInvalidResponse, format!("{provider}'s response cannot be read: {reason}"))
        }
        FailureCause::ClientCertificate { presented: true, reason } => (
            ErrorCode::AccountInvalidCredentials,
            format!("{provider} rejected the account's client certificate ({reason})"),
        ),
        FailureCause::ClientCertificate { presented: false, reason } => (
            ErrorCode::ProviderUnreachable,
            format!(
                "{provider} at {target} requires a client certificate ({reason}); declare `certificates` in the connector and add the fields to the account"
            ),
        ),
        FailureCause::EgressRefused(refused) => {
            // Customers read the message in the Hub; the log also has the address and what the operator can do.
            tracing::warn!(%refused, provider, "the egress policy refused a request");
            (ErrorCode::EgressRefused, refused.message)
        }
        FailureCause::RateLimited(limited) => return rate_limited(provider, limited),
    };
    Error::new(code, message).with_provider(ProviderFailure { url: target, ..ProviderFailure::default() })
}

/// Returns the 429 for a request that a rate limit would delay for too long.
fn rate_limited(provider: &str, limited: RateLimited) -> Error {
    let RateLimited { limit, retry_after_secs } = limited;
    let (code, reason) = match limit {
        LimitKind::RequestsPerSecond(rate) => (
            ErrorCode::AccountRateLimit,
            format!("this account has more calls waiting than the connector of {provider} allows ({rate} per second)"),
        ),
        LimitKind::Concurrency(max) => (
            ErrorCode::AccountConcurrency,
            format!("this account has {max} requests to {provider} in progress, the maximum that its connector allows"),
        ),
        LimitKind::ReportedByProvider => (
            ErrorCode::ProviderRateLimit,
            format!("{provider} reported that this account's rate limit is used up, so nothing was sent"),
        ),
    };
    Error::new(code, format!("{reason}; try again in {retry_after_secs} s")).with_retry_after(retry_after_secs)
}

#[cfg(test)]
mod tests {
    use patchbay_model::MemorySpent;

    use super::*;
    use crate::busy::BUSY_RETRY_AFTER_SECS;

    #[test]
    fn each_cause_has_its_code() {
        let url = Url::parse("https://user:hunter22@api.example.com/a?key=hunter22").unwrap();
        let limited = |limit| FailureCause::RateLimited(RateLimited { limit, retry_after_secs: 7 });
        for (cause, status, code, retry_after) in [
            (FailureCause::DeadlineExceeded, 408, ErrorCode::Timeout, Some(60)),
            (FailureCause::Unreachable("refused".into()), 502, ErrorCode::ProviderUnreachable, None),
            (FailureCause::ProxyCredentials("the proxy (407)".into()), 502, ErrorCode::EgressRefused, None),
            (FailureCause::ConnectionLost("reset".into()), 502, ErrorCode::ProviderConnection, None),
            (FailureCause::ResponseTooLarge(9), 502, ErrorCode::ProviderResponseTooLarge, None),
            (
                FailureCause::MemorySpent(MemorySpent { limit: 1, wanted: 2 }),
                503,
                ErrorCode::ServerBusy,
                Some(BUSY_RETRY_AFTER_SECS),
            ),
            (FailureCause::RedirectRejected("it redirects".into()), 502, ErrorCode::ProviderRedirect, None),
            (FailureCause::InvalidResponse("damaged".into()), 502, ErrorCode::ProviderInvalidResponse, None),
            (limited(LimitKind::RequestsPerSecond(2.0)), 429, ErrorCode::AccountRateLimit, Some(7)),
            (limited(LimitKind::Concurrency(2)), 429, ErrorCode::AccountConcurrency, Some(7)),
            (limited(LimitKind::ReportedByProvider), 429, ErrorCode::ProviderRateLimit, Some(7)),
        ] {
            let error = RequestFailure { url: url.clone(), cause: cause.clone() }.into_error("Demo");
            assert_eq!((error.status(), error.code, error.retry_after), (status, code, retry_after), "{cause:?}");
            assert!(error.message.contains("Demo"), "{error}");
            let target = error.provider.map(|provider| provider.url).unwrap_or_default();
            assert!(!format!("{}{target}", error.message).contains("hunter22"), "{} {target}", error.message);
        }
    }

    #[test]
    fn a_missing_and_a_rejected_client_certificate_have_different_codes() {
        let url = Url::parse("https://api.example.com/").unwrap();
        for (presented, status, code) in
            [(true, 401, ErrorCode::AccountInvalidCredentials), (false, 502, ErrorCode::ProviderUnreachable)]
        {
            let error =
                cause_error(FailureCause::ClientCertificate { presented, reason: "TLS alert".into() }, "Demo", &url);
            assert_eq!((error.status(), error.code), (status, code));
        }
    }
}

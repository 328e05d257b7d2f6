//! Turns failures of outbound requests into the engine's error, with the provider's title.

use patchbay_egress::{Cause, ConfigError, Failure, Limit, Limited, shown};
use url::Url;

use crate::{Error, ErrorKind, ProviderFailure};

/// Turns a failed call into the engine's error.
pub(crate) trait IntoError {
    /// Returns the error that callers see. `provider` is the connector's title.
    fn into_error(self, provider: &str) -> Error;
}

impl IntoError for Failure {
    fn into_error(self, provider: &str) -> Error {
        cause_error(self.cause, provider, &self.url)
    }
}

/// Returns the error of a request to `url` that failed for this cause. `provider` is the connector's title.
pub(crate) fn cause_error(cause: Cause, provider: &str, url: &Url) -> Error {
    let place = shown(url);
    let (kind, code, message) = match cause {
        Cause::TooSlow => {
            let message = format!(
                "{provider} did not answer in the time that a call may take; try again later, or ask for less at once"
            );
            return Error::new(ErrorKind::Timeout, "TimeoutError", message).with_retry_after(60);
        }
        Cause::Unreachable(why) => (
            ErrorKind::BadGateway,
            "ProviderUnreachableError",
            format!("{provider} cannot be reached at {place} ({why}); try again later"),
        ),
        Cause::Cut(why) => (
            ErrorKind::BadGateway,
            "ProviderConnectionError",
            format!("{provider} broke the connection before its answer was complete ({why}); try again"),
        ),
        Cause::TooLarge(limit) => (
            ErrorKind::BadGateway,
            "ProviderResponseTooLargeError",
            format!("{provider} answered with more than {limit} bytes; ask for less at once, such as a smaller page"),
        ),
        Cause::Redirect(why) => {
            (ErrorKind::BadGateway, "ProviderRedirectError", format!("{provider} was called at {place}; {why}"))
        }
        Cause::Undecodable(why) => (
            ErrorKind::BadGateway,
            "ProviderInvalidResponseError",
            format!("{provider}'s answer cannot be read: {why}"),
        ),
        Cause::Certificate { shown: true, why } => (
            ErrorKind::Unauthorized,
            "AccountInvalidCredentialsError",
            format!("{provider} refused the account's client certificate ({why})"),
        ),
        Cause::Certificate { shown: false, why } => (
            ErrorKind::BadGateway,
            "ProviderUnreachableError",
            format!(
                "{provider} at {place} asks for a client certificate ({why}), and the call had none; the connector says which with `certificates`, the account's fields hold it"
            ),
        ),
        Cause::Refused(refused) => (ErrorKind::BadGateway, "EgressRefusedError", refused.message),
        Cause::Limited(limited) => return kept_back(provider, limited),
    };
    Error::new(kind, code, message).with_provider(ProviderFailure { url: place, ..ProviderFailure::default() })
}

/// Our own 429: whose limit it is, and when to come back.
fn kept_back(provider: &str, limited: Limited) -> Error {
    let Limited { limit, seconds } = limited;
    let (code, why) = match limit {
        Limit::Rate(rate) => (
            "AccountRateLimitError",
            format!(
                "this account has more calls waiting than the connector of {provider} lets through ({rate} a second)"
            ),
        ),
        Limit::AtOnce(most) => (
            "AccountConcurrencyError",
            format!(
                "this account has {most} requests to {provider} under way, the most that its connector allows at once"
            ),
        ),
        Limit::Told => (
            "ProviderRateLimitError",
            format!("{provider} has said that this account has used up its limit, so that nothing was sent"),
        ),
    };
    Error::new(ErrorKind::RateLimited, code, format!("{why}; try again in {seconds} s")).with_retry_after(seconds)
}

impl From<ConfigError> for Error {
    fn from(error: ConfigError) -> Self {
        let code = match &error {
            ConfigError::InvalidCa(_) => "EgressCaInvalidError",
            ConfigError::InvalidUpstream { .. } => "UpstreamInvalidError",
        };
        Self::new(ErrorKind::Invalid, code, error.to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_cause_has_its_kind_and_code() {
        let url = Url::parse("https://user:hunter22@api.example.com/a?key=hunter22").unwrap();
        let limited = |limit| Cause::Limited(Limited { limit, seconds: 7 });
        for (cause, kind, code, retry_after) in [
            (Cause::TooSlow, ErrorKind::Timeout, "TimeoutError", Some(60)),
            (Cause::Unreachable("refused".into()), ErrorKind::BadGateway, "ProviderUnreachableError", None),
            (Cause::Cut("reset".into()), ErrorKind::BadGateway, "ProviderConnectionError", None),
            (Cause::TooLarge(9), ErrorKind::BadGateway, "ProviderResponseTooLargeError", None),
            (Cause::Redirect("it redirects".into()), ErrorKind::BadGateway, "ProviderRedirectError", None),
            (Cause::Undecodable("damaged".into()), ErrorKind::BadGateway, "ProviderInvalidResponseError", None),
            (limited(Limit::Rate(2.0)), ErrorKind::RateLimited, "AccountRateLimitError", Some(7)),
            (limited(Limit::AtOnce(2)), ErrorKind::RateLimited, "AccountConcurrencyError", Some(7)),
            (limited(Limit::Told), ErrorKind::RateLimited, "ProviderRateLimitError", Some(7)),
        ] {
            let error = Failure { url: url.clone(), cause: cause.clone() }.into_error("Demo");
            assert_eq!((error.kind, error.code, error.retry_after), (kind, code, retry_after), "{cause:?}");
            assert!(error.message.contains("Demo"), "{error}");
            let shown = error.provider.map(|provider| provider.url).unwrap_or_default();
            assert!(!format!("{}{shown}", error.message).contains("hunter22"), "{} {shown}", error.message);
        }
    }

    #[test]
    fn a_missing_certificate_is_the_connectors_and_a_refused_one_the_accounts() {
        let url = Url::parse("https://api.example.com/").unwrap();
        for (shown, kind, code) in [
            (true, ErrorKind::Unauthorized, "AccountInvalidCredentialsError"),
            (false, ErrorKind::BadGateway, "ProviderUnreachableError"),
        ] {
            let error = cause_error(Cause::Certificate { shown, why: "TLS alert".into() }, "Demo", &url);
            assert_eq!((error.kind, error.code), (kind, code));
        }
    }
}

//! Turns failures of outbound requests into the engine's error, with the provider's title.

use patchbay_egress::{Cause, ConfigError, Failure, Limit, Limited, shown};
use url::Url;

use crate::{Error, ErrorCode, ProviderFailure};

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
    let (code, message) = match cause {
        Cause::TooSlow => {
            let message = format!(
                "{provider} did not answer in the time that a call may take; try again later, or ask for less at once"
            );
            return Error::new(ErrorCode::Timeout, message).with_retry_after(60);
        }
        Cause::Unreachable(why) => (
            ErrorCode::ProviderUnreachable,
            format!("{provider} cannot be reached at {place} ({why}); try again later"),
        ),
        Cause::Cut(why) => (
            ErrorCode::ProviderConnection,
            format!("{provider} broke the connection before its answer was complete ({why}); try again"),
        ),
        Cause::TooLarge(limit) => (
            ErrorCode::ProviderResponseTooLarge,
            format!("{provider} answered with more than {limit} bytes; ask for less at once, such as a smaller page"),
        ),
        Cause::Redirect(why) => (ErrorCode::ProviderRedirect, format!("{provider} was called at {place}; {why}")),
        Cause::Undecodable(why) => {
            (ErrorCode::ProviderInvalidResponse, format!("{provider}'s answer cannot be read: {why}"))
        }
        Cause::Certificate { shown: true, why } => (
            ErrorCode::AccountInvalidCredentials,
            format!("{provider} refused the account's client certificate ({why})"),
        ),
        Cause::Certificate { shown: false, why } => (
            ErrorCode::ProviderUnreachable,
            format!(
                "{provider} at {place} asks for a client certificate ({why}), and the call had none; the connector says which with `certificates`, the account's fields hold it"
            ),
        ),
        Cause::Refused(refused) => (ErrorCode::EgressRefused, refused.message),
        Cause::Limited(limited) => return kept_back(provider, limited),
    };
    Error::new(code, message).with_provider(ProviderFailure { url: place, ..ProviderFailure::default() })
}

/// Our own 429: whose limit it is, and when to come back.
fn kept_back(provider: &str, limited: Limited) -> Error {
    let Limited { limit, seconds } = limited;
    let (code, why) = match limit {
        Limit::Rate(rate) => (
            ErrorCode::AccountRateLimit,
            format!(
                "this account has more calls waiting than the connector of {provider} lets through ({rate} a second)"
            ),
        ),
        Limit::AtOnce(most) => (
            ErrorCode::AccountConcurrency,
            format!(
                "this account has {most} requests to {provider} under way, the most that its connector allows at once"
            ),
        ),
        Limit::Told => (
            ErrorCode::ProviderRateLimit,
            format!("{provider} has said that this account has used up its limit, so that nothing was sent"),
        ),
    };
    Error::new(code, format!("{why}; try again in {seconds} s")).with_retry_after(seconds)
}

impl From<ConfigError> for Error {
    fn from(error: ConfigError) -> Self {
        let code = match &error {
            ConfigError::InvalidCa(_) => ErrorCode::EgressCaInvalid,
            ConfigError::InvalidUpstream { .. } => ErrorCode::UpstreamInvalid,
        };
        Self::new(code, error.to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_cause_has_its_code() {
        let url = Url::parse("https://user:hunter22@api.example.com/a?key=hunter22").unwrap();
        let limited = |limit| Cause::Limited(Limited { limit, seconds: 7 });
        for (cause, code, retry_after) in [
            (Cause::TooSlow, ErrorCode::Timeout, Some(60)),
            (Cause::Unreachable("refused".into()), ErrorCode::ProviderUnreachable, None),
            (Cause::Cut("reset".into()), ErrorCode::ProviderConnection, None),
            (Cause::TooLarge(9), ErrorCode::ProviderResponseTooLarge, None),
            (Cause::Redirect("it redirects".into()), ErrorCode::ProviderRedirect, None),
            (Cause::Undecodable("damaged".into()), ErrorCode::ProviderInvalidResponse, None),
            (limited(Limit::Rate(2.0)), ErrorCode::AccountRateLimit, Some(7)),
            (limited(Limit::AtOnce(2)), ErrorCode::AccountConcurrency, Some(7)),
            (limited(Limit::Told), ErrorCode::ProviderRateLimit, Some(7)),
        ] {
            let error = Failure { url: url.clone(), cause: cause.clone() }.into_error("Demo");
            assert_eq!((error.code, error.retry_after), (code, retry_after), "{cause:?}");
            assert!(error.message.contains("Demo"), "{error}");
            let shown = error.provider.map(|provider| provider.url).unwrap_or_default();
            assert!(!format!("{}{shown}", error.message).contains("hunter22"), "{} {shown}", error.message);
        }
    }

    #[test]
    fn a_missing_certificate_is_the_connectors_and_a_refused_one_the_accounts() {
        let url = Url::parse("https://api.example.com/").unwrap();
        for (shown, code) in [(true, ErrorCode::AccountInvalidCredentials), (false, ErrorCode::ProviderUnreachable)] {
            let error = cause_error(Cause::Certificate { shown, why: "TLS alert".into() }, "Demo", &url);
            assert_eq!(error.code, code);
        }
    }
}

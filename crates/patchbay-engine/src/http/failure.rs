//! Why a request brought no usable answer, and what callers are told about it.

use url::Url;

use super::{
    guard::EgressRefused,
    limits::{Limit, Limited},
};
use crate::{Error, ErrorKind, ProviderFailure};

/// Why there is no usable answer.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Cause {
    /// The call's time ran out.
    TooSlow,
    /// No connection could be made.
    Unreachable(String),
    /// The connection broke before the answer was whole.
    Cut(String),
    /// The answer is larger than this many bytes.
    TooLarge(usize),
    /// It sends us elsewhere, where we do not follow.
    Redirect(String),
    /// The answer cannot be unpacked or understood.
    Undecodable(String),
    /// The server does not take our certificate, or misses one.
    Certificate { shown: bool, why: String },
    /// The guard refused.
    Refused(EgressRefused),
    /// A limit keeps it back for longer than it may wait; nothing was sent.
    Limited(Limited),
}

impl Cause {
    /// As the engine's error. `provider` is the connector's title; `url` is where the request went.
    pub(crate) fn into_error(self, provider: &str, url: &Url) -> Error {
        let place = shown(url);
        let (kind, code, message) = match self {
            Self::TooSlow => {
                let message = format!(
                    "{provider} did not answer in the time that a call may take; try again later, or ask for less at once"
                );
                return Error::new(ErrorKind::Timeout, "TimeoutError", message).with_retry_after(60);
            }
            Self::Unreachable(why) => (
                ErrorKind::BadGateway,
                "ProviderUnreachableError",
                format!("{provider} cannot be reached at {place} ({why}); try again later"),
            ),
            Self::Cut(why) => (
                ErrorKind::BadGateway,
                "ProviderConnectionError",
                format!("{provider} broke the connection before its answer was complete ({why}); try again"),
            ),
            Self::TooLarge(limit) => (
                ErrorKind::BadGateway,
                "ProviderResponseTooLargeError",
                format!(
                    "{provider} answered with more than {limit} bytes; ask for less at once, such as a smaller page"
                ),
            ),
            Self::Redirect(why) => {
                (ErrorKind::BadGateway, "ProviderRedirectError", format!("{provider} was called at {place}; {why}"))
            }
            Self::Undecodable(why) => (
                ErrorKind::BadGateway,
                "ProviderInvalidResponseError",
                format!("{provider}'s answer cannot be read: {why}"),
            ),
            Self::Certificate { shown: true, why } => (
                ErrorKind::Unauthorized,
                "AccountInvalidCredentialsError",
                format!("{provider} refused the account's client certificate ({why})"),
            ),
            Self::Certificate { shown: false, why } => (
                ErrorKind::BadGateway,
                "ProviderUnreachableError",
                format!(
                    "{provider} at {place} asks for a client certificate ({why}), and the call had none; the connector says which with `certificates`, the account's fields hold it"
                ),
            ),
            Self::Refused(refused) => (ErrorKind::BadGateway, "EgressRefusedError", refused.message),
            Self::Limited(limited) => return kept_back(provider, limited),
        };
        Error::new(kind, code, message).with_provider(ProviderFailure { url: place, ..ProviderFailure::default() })
    }
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

/// A URL as people may see it: without query, which may carry secrets.
pub(crate) fn shown(url: &Url) -> String {
    let mut url = url.clone();
    url.set_query(None);
    url.set_fragment(None);
    // A URL with a user part is refused before it is called; its text must not show in the refusal.
    let _ = url.set_username("");
    let _ = url.set_password(None);
    url.into()
}

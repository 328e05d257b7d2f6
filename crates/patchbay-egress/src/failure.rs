//! Why a request has no usable response.

use patchbay_metrics::RequestFailureKind;
use patchbay_model::MemorySpent;
use url::{Position, Url};

use crate::{egress_policy::EgressRefused, rate_limit::RateLimited};

/// A request without a usable response.
#[derive(Debug, thiserror::Error)]
#[error("the request to {} failed: {cause}", display_url(.url))]
pub struct RequestFailure {
    /// The URL of the request.
    pub url: Url,
    /// Why the request has no usable response.
    pub cause: FailureCause,
}

/// Why a request has no usable response.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum FailureCause {
    /// The deadline of the call passed.
    #[error("the deadline passed")]
    DeadlineExceeded,
    /// The URL of the request has more than this many bytes. Nothing was sent.
    #[error("the URL of the request has more than {0} bytes")]
    UrlTooLong(usize),
    /// No connection could be made.
    #[error("no connection could be made ({0})")]
    Unreachable(String),
    /// The outbound proxy requires other credentials than the operator configured. Nothing was sent.
    #[error("{0}")]
    ProxyCredentials(String),
    /// The connection was lost before the response was complete.
    #[error("the connection was lost before the response was complete ({0})")]
    ConnectionLost(String),
    /// The response is larger than this many bytes.
    #[error("the response is larger than {0} bytes")]
    ResponseTooLarge(usize),
    /// The budget of the process has no memory left for the response.
    #[error(transparent)]
    MemorySpent(#[from] MemorySpent),
    /// The response redirects the request to a URL that is not followed.
    #[error("{0}")]
    RedirectRejected(String),
    /// The response cannot be decompressed or parsed.
    #[error("the response cannot be read: {0}")]
    InvalidResponse(String),
    /// The server rejected the client certificate, or requires one.
    #[error("the server rejected the TLS handshake over the client certificate ({reason})")]
    ClientCertificate {
        /// Whether the request had a client certificate.
        presented: bool,
        /// The server's reason.
        reason: String,
    },
    /// The egress policy refused the request. Nothing was sent.
    #[error(transparent)]
    EgressRefused(Box<EgressRefused>),
    /// A rate limit would delay the request for longer than it may wait. Nothing was sent.
    #[error(transparent)]
    RateLimited(RateLimited),
}

impl FailureCause {
    /// Returns the kind of the failure, for metrics.
    pub fn kind(&self) -> RequestFailureKind {
        match self {
            Self::DeadlineExceeded => RequestFailureKind::Timeout,
            Self::Unreachable(_) | Self::ProxyCredentials(_) | Self::ClientCertificate { .. } => {
                RequestFailureKind::Connect
            }
            Self::ConnectionLost(_) => RequestFailureKind::ConnectionLost,
            Self::ResponseTooLarge(_) | Self::RedirectRejected(_) | Self::InvalidResponse(_) => {
                RequestFailureKind::Response
            }
            Self::EgressRefused(_) => RequestFailureKind::Refused,
            Self::RateLimited(_) => RequestFailureKind::RateLimited,
            Self::UrlTooLong(_) | Self::MemorySpent(_) => RequestFailureKind::Other,
        }
    }
}

/// The longest URL that is shown with its path, in bytes.
const MAX_SHOWN_BYTES: usize = 1_000;

/// Returns the URL as it may be shown to people: without user info, query and fragment, which may contain secrets, and
/// without its path if it is very long. The path may contain a secret too, of which a cut would leave a part that no redaction
/// finds; so it is left out as a whole.
pub fn display_url(url: &Url) -> String {
    let mut url = url.clone();
    url.set_query(None);
    url.set_fragment(None);
    // The egress policy refuses a URL with user info; the refusal must not show it. The setters fail only for URLs
    // that cannot have user info.
    let _ = url.set_username("");
    let _ = url.set_password(None);
    if url.as_str().len() > MAX_SHOWN_BYTES {
        return format!("{}/...", &url[..Position::BeforePath]);
    }
    String::from(url)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_displayed_failure_contains_no_secret_of_the_url() {
        let url = Url::parse("https://user:hunter22@api.example.com/a?key=hunter22#hunter22").unwrap();
        assert_eq!(display_url(&url), "https://api.example.com/a");
        let failure = RequestFailure { url, cause: FailureCause::DeadlineExceeded };
        assert_eq!(failure.to_string(), "the request to https://api.example.com/a failed: the deadline passed");
        let long = Url::parse(&format!("https://api.example.com/{}", "\u{e4}".repeat(100_000))).unwrap();
        assert_eq!(display_url(&long), "https://api.example.com/...");
        for fill in 900..1_000 {
            let url = format!("https://api.example.com:8443/{}/canary-secret-4111111111111111", "x".repeat(fill));
            let shown = display_url(&Url::parse(&url).unwrap());
            assert!(shown == url || shown == "https://api.example.com:8443/...", "{shown}");
        }
    }
}

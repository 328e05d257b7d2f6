//! Settings for outbound requests that are not valid.

use patchbay_model::{CodedError, ErrorCode};

/// A setting that is not valid. The message names the setting and says how to correct it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ConfigError {
    /// `egress.caFile` does not contain valid certificates.
    #[error("egress.caFile {0}; provide the certificates of the authorities in PEM form")]
    InvalidCa(String),
    /// `egress.proxy` or a variable such as `HTTPS_PROXY` is not the URL of a proxy.
    #[error(
        "egress.proxy (or HTTPS_PROXY, HTTP_PROXY) is not the URL of a proxy; write http://proxy.example.com:3128, with \
             user:password@ before the host if the proxy requires them"
    )]
    InvalidProxy,
    /// An entry of `egress.noProxy` or of the variable `NO_PROXY` is not a host.
    #[error(
        "egress.noProxy (or NO_PROXY): `{entry}` {reason}; write a host such as example.com, which includes its subdomains, an \
             address, a network such as 10.0.0.0/8, or * for all hosts"
    )]
    InvalidNoProxy {
        /// The configured entry, without credentials and shortened.
        entry: String,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// An entry of `upstreams` is not a base URL.
    #[error("upstreams: `{url}` {reason}; write a base URL such as https://api.example.com")]
    InvalidUpstream {
        /// The configured URL.
        url: String,
        /// What is wrong with it.
        reason: String,
    },
}

impl CodedError for ConfigError {
    fn code(&self) -> ErrorCode {
        match self {
            Self::InvalidCa(_) => ErrorCode::EgressCaInvalid,
            Self::InvalidProxy | Self::InvalidNoProxy { .. } => ErrorCode::EgressProxyInvalid,
            Self::InvalidUpstream { .. } => ErrorCode::UpstreamInvalid,
        }
    }
}

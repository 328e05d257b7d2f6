//! The operator's settings for outbound requests, and what can be wrong with them.

use ipnet::IpNet;

/// The largest response body that is read by default, in bytes: 32 MiB.
const DEFAULT_MAX_RESPONSE_BYTES: usize = 32 * 1024 * 1024;

/// The operator's settings for outbound requests.
#[derive(Clone, Debug)]
pub struct EgressConfig {
    /// Networks that requests may reach although they are private, over plain http too.
    pub egress_allow: Vec<IpNet>,
    /// PEM text of certificate authorities that are trusted in addition to those of the public web.
    pub egress_ca: Option<String>,
    /// Pairs of base URLs: requests to the first go to the second (sandbox, staging). The second is trusted: the
    /// egress policy admits exactly its scheme, host and port.
    pub upstreams: Vec<(String, String)>,
    /// The largest response body that is read, in bytes after decompression.
    pub max_response_bytes: usize,
}

impl Default for EgressConfig {
    fn default() -> Self {
        Self {
            egress_allow: Vec::new(),
            egress_ca: None,
            upstreams: Vec::new(),
            max_response_bytes: DEFAULT_MAX_RESPONSE_BYTES,
        }
    }
}

/// A setting that cannot be used. The message names the setting and says how to correct it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ConfigError {
    /// `egress.caFile` does not contain certificates of authorities.
    #[error("egress.caFile {0}; it takes the certificates of authorities in PEM form")]
    InvalidCa(String),
    /// An entry of `upstreams` is not a base URL.
    #[error("upstreams: `{url}` {reason}; write a base URL such as https://api.example.com")]
    InvalidUpstream {
        /// The URL as configured.
        url: String,
        /// What is wrong with it.
        reason: String,
    },
}

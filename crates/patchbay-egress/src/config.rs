//! The operator's settings for outbound requests.

use ipnet::IpNet;

use crate::outbound_proxy::ProxyConfig;

/// The default of [`EgressConfig::max_response_bytes`]: 32 MiB.
const DEFAULT_MAX_RESPONSE_BYTES: usize = 32 * 1024 * 1024;

/// The operator's settings for outbound requests.
#[derive(Clone, Debug)]
pub struct EgressConfig {
    /// Private networks that requests may reach, over https and plain http (`egress.allow`).
    pub allowed_networks: Vec<IpNet>,
    /// Certificate authorities in PEM form that are trusted in addition to the public ones (`egress.caFile`).
    pub ca_pem: Option<String>,
    /// Pairs of base URLs: a request to the first is sent to the second, for example to a sandbox (`upstreams`). The
    /// egress policy allows exactly the scheme, host and port of the second.
    pub upstreams: Vec<(String, String)>,
    /// The largest response body, in bytes, before and after decompression.
    pub max_response_bytes: usize,
    /// The proxies through which requests leave the operator's network.
    pub proxy: ProxyConfig,
}

impl Default for EgressConfig {
    fn default() -> Self {
        Self {
            allowed_networks: Vec::new(),
            ca_pem: None,
            upstreams: Vec::new(),
            max_response_bytes: DEFAULT_MAX_RESPONSE_BYTES,
            proxy: ProxyConfig::default(),
        }
    }
}

//! The configuration of the server.

use std::{borrow::Cow, collections::BTreeMap, fmt, sync::Arc};

use ipnet::IpNet;
use tokio_util::sync::CancellationToken;

use crate::urls::RouteUrls;

/// The operator's settings that concern the server.
#[derive(Clone, Debug)]
pub struct ServerConfig {
    /// The URLs of the server's routes.
    pub urls: Arc<RouteUrls>,
    /// The product's version.
    pub version: &'static str,
    /// The largest request body, in bytes.
    pub body_limit_bytes: usize,
    /// The built screens.
    pub assets: Arc<dyn WebAssets>,
    /// Origins that may call the Hub API from a browser (empty allows any) and frame the Hub.
    pub hub_allowed_origins: Vec<String>,
    /// Reverse proxies whose headers name the client.
    pub trusted_proxies: Vec<IpNet>,
    /// The sandbox's credentials, when it is on.
    pub sandbox: Option<SandboxInfo>,
    /// Canceled when the server stops accepting requests: streaming responses end then.
    pub stop: CancellationToken,
}

/// The built screens, by path, for example `hub/index.html`; empty if they were not built.
pub trait WebAssets: Send + Sync {
    /// Returns a file's bytes.
    fn get(&self, path: &str) -> Option<Cow<'static, [u8]>>;
}

impl fmt::Debug for dyn WebAssets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("WebAssets")
    }
}

/// The simulated provider and the credentials that link an account of it.
#[derive(Clone, Debug)]
pub struct SandboxInfo {
    /// The key of the connector whose provider is simulated.
    pub connector: &'static str,
    /// The client ID.
    pub client_id: String,
    /// The client secret. It is public: the sandbox holds no real account.
    pub client_secret: String,
}

impl SandboxInfo {
    /// Returns the values by the connector's field keys.
    pub(crate) fn credentials(&self) -> BTreeMap<&'static str, String> {
        BTreeMap::from([("clientId", self.client_id.clone()), ("clientSecret", self.client_secret.clone())])
    }
}

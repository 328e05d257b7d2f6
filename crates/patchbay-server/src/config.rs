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
    /// Whether only this machine reaches the server: it listens on a loopback address.
    pub is_local: bool,
    /// Reverse proxies whose headers name the client.
    pub trusted_proxies: Vec<IpNet>,
    /// The sandbox's credentials, when it is on.
    pub sandbox: Option<SandboxInfo>,
    /// Every setting, for the documentation.
    pub settings: Vec<SettingDoc>,
    /// Canceled when the server will stop soon: it is no longer ready.
    pub stopping: CancellationToken,
    /// Canceled when the server stops accepting requests: streaming responses end then.
    pub stop: CancellationToken,
}

/// A setting of the operator, as the documentation shows it. A name that the setting does not have is empty.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SettingDoc {
    /// The key in the configuration file, such as `log.level`.
    pub key: String,
    /// The flag, such as `--log`.
    pub flag: String,
    /// The variable of the environment, such as `PATCHBAY_LOG`.
    pub variable: String,
    /// The default, as the file spells it.
    pub default: String,
    /// What it does, Markdown.
    pub description: String,
}

impl SettingDoc {
    /// Returns the anchor of the setting: its first name.
    pub fn anchor(&self) -> String {
        let names = [self.key.as_str(), self.flag.trim_start_matches('-'), self.variable.as_str()];
        names.into_iter().find(|name| !name.is_empty()).unwrap_or_default().to_owned()
    }
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

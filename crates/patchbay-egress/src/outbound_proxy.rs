//! The proxy through which requests leave the operator's network.
//!
//! Every request through it is a tunnel (CONNECT, RFC 9110 section 9.3.6), for plain http too: the proxy sees the host and
//! the port, and neither the request nor its credentials. The proxy's own credentials are sent to the proxy only.
//!
//! The egress policy still decides which hosts are called. A proxy connects to whatever the name resolves to for it, so the
//! name is resolved here first, and **every** address of it must be allowed. A name that cannot be resolved here is refused,
//! unless the operator leaves the check to the proxy (`egress.proxyResolvesNames`). Upstreams of the operator, such as the
//! sandbox, are called directly. The proxy itself may have any address, because the operator chose it.

use std::{fmt, sync::Arc};

use http::{HeaderValue, Uri};
use hyper_util::client::proxy::matcher::Matcher;
use url::Url;
use zeroize::Zeroizing;

use crate::config_error::ConfigError;

/// The outbound proxies and the hosts that are called without one.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct ProxyConfig {
    /// The URL of the proxy for https, possibly with user name and password (`egress.proxy`, `HTTPS_PROXY`).
    https: Option<Zeroizing<String>>,
    /// The URL of the proxy for plain http (`egress.proxy`, `HTTP_PROXY`).
    http: Option<Zeroizing<String>>,
    /// The hosts that are called directly: names with their subdomains, addresses and networks, comma-separated; `*` for
    /// all (`egress.noProxy`, `NO_PROXY`).
    no_proxy: String,
    /// Whether the proxy may be asked for a name that cannot be resolved here.
    resolves_names: bool,
}

impl ProxyConfig {
    /// Returns the settings of these proxies. Empty texts count as none.
    pub fn new(https: Option<String>, http: Option<String>, no_proxy: String, resolves_names: bool) -> Self {
        let wiped = |url: Option<String>| url.map(Zeroizing::new);
        Self { https: wiped(https), http: wiped(http), no_proxy, resolves_names }
    }
}

impl fmt::Debug for ProxyConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ProxyConfig(…)")
    }
}

/// The configured proxies.
pub(crate) struct OutboundProxies {
    matcher: Matcher,
    /// Whether the proxy may be asked for a name that cannot be resolved here.
    pub(crate) resolves_names: bool,
}

/// The proxy of one request.
pub(crate) struct OutboundProxy {
    /// The address of the proxy, without its credentials.
    pub(crate) uri: Uri,
    /// The value of `Proxy-Authorization`.
    pub(crate) authorization: Option<HeaderValue>,
}

impl OutboundProxies {
    /// Returns the proxies; `None` if none is configured.
    ///
    /// # Errors
    ///
    /// [`ConfigError::InvalidProxy`] if a proxy is not an http or https URL.
    pub(crate) fn new(config: &ProxyConfig) -> Result<Option<Arc<Self>>, ConfigError> {
        let (https, http) = (checked(config.https.as_ref())?, checked(config.http.as_ref())?);
        if https.is_none() && http.is_none() {
            return Ok(None);
        }
        let text = |url: Option<Zeroizing<String>>| url.map(|url| url.to_string()).unwrap_or_default();
        let matcher = Matcher::builder().https(text(https)).http(text(http)).no(config.no_proxy.as_str()).build();
        Ok(Some(Arc::new(Self { matcher, resolves_names: config.resolves_names })))
    }

    /// Returns the proxy of a request; `None` if it is sent directly.
    pub(crate) fn of(&self, target: &Uri) -> Option<OutboundProxy> {
        let found = self.matcher.intercept(target)?;
        Some(OutboundProxy { uri: found.uri().clone(), authorization: found.basic_auth().cloned() })
    }
}

/// Checks the URL of a proxy, and returns it in the form in which the matcher reads it: with the user name and the password
/// percent-encoded and the host in ASCII. Without a scheme, it is an http URL.
///
/// The matcher ignores what it cannot read, and requests would leave without a proxy. So it is asked here.
fn checked(text: Option<&Zeroizing<String>>) -> Result<Option<Zeroizing<String>>, ConfigError> {
    let Some(text) = text.map(|text| text.trim()).filter(|text| !text.is_empty()) else { return Ok(None) };
    let url = if text.contains("://") { text.to_owned() } else { format!("http://{text}") };
    let url = Zeroizing::new(url);
    // The message must not contain the URL, because that may contain a password.
    let parsed = Url::parse(&url).map_err(|_| ConfigError::InvalidProxy)?;
    let is_proxy = matches!(parsed.scheme(), "http" | "https")
        && parsed.host().is_some()
        && parsed.path() == "/"
        && parsed.query().is_none()
        && parsed.fragment().is_none();
    let normal = Zeroizing::new(String::from(parsed).trim_end_matches('/').to_owned());
    let matcher = Matcher::builder().all(normal.to_string()).build();
    let is_read = matcher.intercept(&Uri::from_static("https://provider.invalid/")).is_some();
    if is_proxy && is_read { Ok(Some(normal)) } else { Err(ConfigError::InvalidProxy) }
}

#[cfg(test)]
mod tests {
    use base64::{Engine as _, engine::general_purpose::STANDARD};

    use super::*;

    fn proxies(https: &str, http: &str, no_proxy: &str) -> Result<Option<Arc<OutboundProxies>>, ConfigError> {
        let config = ProxyConfig::new(Some(https.to_owned()), Some(http.to_owned()), no_proxy.to_owned(), false);
        OutboundProxies::new(&config)
    }

    #[test]
    fn the_scheme_and_the_host_decide_the_proxy() {
        let proxies =
            proxies("http://us%40er:p%3Aw@proxy.example:3128", "other.example:8080", "internal.example,10.0.0.0/8")
                .unwrap()
                .unwrap();
        let proxy = |url: &str| proxies.of(&url.parse().unwrap());
        let secure = proxy("https://api.example.com/x").unwrap();
        assert_eq!((secure.uri.host(), secure.uri.port_u16()), (Some("proxy.example"), Some(3128)));
        assert!(!secure.uri.to_string().contains("p%3Aw"), "{}", secure.uri);
        assert_eq!(secure.authorization.unwrap(), "Basic dXNAZXI6cDp3");
        let plain = proxy("http://api.example.com/").unwrap();
        assert_eq!((plain.uri.host(), plain.authorization), (Some("other.example"), None));
        for direct in ["https://internal.example/", "https://a.internal.example/", "http://10.1.2.3/"] {
            assert!(proxy(direct).is_none(), "{direct}");
        }
    }

    #[test]
    fn every_accepted_proxy_is_used_however_its_password_and_host_are_written() {
        for (url, host, credentials) in [
            ("http://us\u{e9}r:pw@127.0.0.1:3128", "127.0.0.1", "us\u{e9}r:pw"),
            ("http://user:p|w^\"q<>`{} x@proxy.example:3128", "proxy.example", "user:p|w^\"q<>`{} x"),
            ("http://user:p\u{e4}ss@pr\u{f6}xy.example", "xn--prxy-6qa.example", "user:p\u{e4}ss"),
            ("http://user:a%20b@[::1]:3128/", "[::1]", "user:a b"),
            ("user@proxy.example", "proxy.example", "user:"),
        ] {
            let proxies = proxies(url, url, "").unwrap().unwrap();
            for target in ["https://api.example.com/", "http://api.example.com/"] {
                let proxy = proxies.of(&target.parse().unwrap()).unwrap_or_else(|| panic!("{url} is not used"));
                assert_eq!(proxy.uri.host(), Some(host), "{url}");
                let expected = format!("Basic {}", STANDARD.encode(credentials));
                assert_eq!(proxy.authorization.unwrap(), expected, "{url}");
            }
        }
    }

    #[test]
    fn a_proxy_that_is_not_one_is_rejected_without_its_password() {
        assert!(proxies("", "  ", "").unwrap().is_none());
        for invalid in
            ["socks5://user:hunter22@proxy:1080", "http://", "http://user:hunter22@proxy/path", "http://a b:hunter22"]
        {
            let error = proxies(invalid, "", "").err().unwrap_or_else(|| panic!("{invalid} is accepted"));
            assert_eq!(error, ConfigError::InvalidProxy);
            assert!(!error.to_string().contains("hunter22"), "{error}");
        }
        let config = ProxyConfig::new(Some("http://u:hunter22@p".to_owned()), None, String::new(), false);
        assert!(!format!("{config:?}").contains("hunter22"));
    }
}

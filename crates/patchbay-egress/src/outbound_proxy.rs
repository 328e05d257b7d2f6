//! The proxy through which requests leave the operator's network.
//!
//! Every request through it is a tunnel (CONNECT, RFC 9110 section 9.3.6), for plain http too: the proxy sees the host and
//! the port, and neither the request nor its credentials. The proxy's own credentials are sent to the proxy only.
//!
//! The egress policy still decides which hosts are called. A proxy connects to whatever the name resolves to for it, so the
//! name is resolved here first, and **every** address of it must be allowed. A name that cannot be resolved here is refused,
//! unless the operator leaves the check to the proxy (`egress.proxyResolvesNames`). Upstreams of the operator, such as the
//! sandbox, are called directly. The proxy itself may have any address, because the operator chose it.

use std::{fmt, net::IpAddr, sync::Arc};

use http::{HeaderValue, Uri};
use hyper_util::client::proxy::matcher::Matcher;
use ipnet::IpNet;
use url::{Host, Url};
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
    /// [`ConfigError::InvalidProxy`] if a proxy is not an http or https URL; [`ConfigError::InvalidNoProxy`] if an exception
    /// is not a host, also without a proxy.
    pub(crate) fn new(config: &ProxyConfig) -> Result<Option<Arc<Self>>, ConfigError> {
        let (https, http) = (checked(config.https.as_ref())?, checked(config.http.as_ref())?);
        let no_proxy = exceptions(&config.no_proxy)?;
        if https.is_none() && http.is_none() {
            return Ok(None);
        }
        let text = |url: Option<Zeroizing<String>>| url.map(|url| url.to_string()).unwrap_or_default();
        let matcher = Matcher::builder().https(text(https)).http(text(http)).no(no_proxy.as_str()).build();
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

/// The longest entry that a message repeats, in characters.
const MAX_SHOWN_CHARS: usize = 100;

/// Checks the list of hosts that are called directly, and returns it in the form in which the matcher reads it: names in
/// ASCII, without a dot at their end.
///
/// The matcher takes every text that is not an address or a network for a name. A text that is not the name of a host in any
/// URL (with a port, a scheme, a path or a pattern) would match nothing, and requests for that host would leave through the
/// proxy. So such an entry is an error. Empty entries are ignored, as everywhere.
fn exceptions(list: &str) -> Result<String, ConfigError> {
    let entries = list.split(',').map(str::trim).filter(|entry| !entry.is_empty());
    let entries = entries.map(|entry| {
        exception(entry).map_err(|reason| {
            // A URL may contain a password.
            let shown = entry.rsplit('@').next().unwrap_or_default();
            let shown = shown.chars().filter(|c| !c.is_control()).take(MAX_SHOWN_CHARS).collect();
            ConfigError::InvalidNoProxy { entry: shown, reason }
        })
    });
    Ok(entries.collect::<Result<Vec<_>, _>>()?.join(","))
}

/// Returns one host that is called directly, or what is wrong with it.
fn exception(entry: &str) -> Result<String, &'static str> {
    if entry == "*" || entry.parse::<IpAddr>().is_ok() || entry.parse::<IpNet>().is_ok() {
        return Ok(entry.to_owned());
    }
    if entry.contains("://") {
        return Err("is a URL");
    }
    if entry.contains('*') {
        return Err("is a pattern");
    }
    if entry.contains('/') {
        return Err("is not a network");
    }
    if entry.contains('[') || entry.bytes().filter(|byte| *byte == b':').count() > 1 {
        return Err("is not an address");
    }
    if entry.contains(':') {
        return Err("has a port");
    }
    let name = entry.strip_prefix('.').unwrap_or(entry);
    let name = name.strip_suffix('.').unwrap_or(name);
    let ascii = match Host::parse(name) {
        Ok(Host::Domain(ascii)) => ascii,
        // Such as `10.1`, which a URL contains as 10.0.0.1.
        Ok(Host::Ipv4(_) | Host::Ipv6(_)) => return Err("is not a whole address"),
        Err(_) => return Err("is not the name of a host"),
    };
    let is_label = |label: &str| {
        (1..=63).contains(&label.len())
            && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
    };
    if ascii.len() <= 253 && ascii.split('.').all(is_label) { Ok(ascii) } else { Err("is not the name of a host") }
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

    #[test]
    fn every_accepted_exception_is_called_directly() {
        for (list, direct, other) in [
            ("example.com", "https://a.example.com/", "https://notexample.com/"),
            (" .example.com , ,", "https://example.com/", "https://example.org/"),
            ("Example.COM.", "https://example.com/", "https://example.org/"),
            ("b\u{fc}cher.example", "https://xn--bcher-kva.example/", "https://bucher.example/"),
            ("my_host", "http://my_host/", "http://my-host/"),
            ("localhost,::1", "http://[::1]:8080/", "http://[::2]/"),
            ("192.0.2.7", "http://192.0.2.7/", "http://192.0.2.8/"),
            ("192.0.2.7/24", "http://192.0.2.8/", "http://192.0.3.8/"),
            ("2001:db8::/32", "http://[2001:db8:1::1]/", "http://[2001:db9::1]/"),
        ] {
            let proxies = proxies("http://proxy.example", "http://proxy.example", list).unwrap().unwrap();
            assert!(proxies.of(&direct.parse().unwrap()).is_none(), "{list}: {direct}");
            assert!(proxies.of(&other.parse().unwrap()).is_some(), "{list}: {other}");
        }
        let all = proxies("http://proxy.example", "", "*").unwrap().unwrap();
        assert!(all.of(&Uri::from_static("https://api.example.com/")).is_none());
    }

    #[test]
    fn an_exception_that_would_match_nothing_is_an_error_that_names_it() {
        for entry in [
            "example.com:8080",
            "http://example.com",
            "https://user:hunter22@example.com/",
            "*.example.com",
            "example.*",
            "10.0.0.0/33",
            "10.0.0/8",
            "2001:db8::/129",
            "169.254/16",
            "10.1",
            "0x7f000001",
            "[::1]",
            "::1::",
            "fe80::1%eth0",
            "a b",
            "a..example",
            "..",
            ".",
            "a;b.example",
            "example.com/path",
            "user@example.com",
            "a\u{7}b",
        ] {
            // A good entry before and after it does not hide it.
            let list = format!("intern.example,{entry},10.0.0.0/8");
            let Err(error) = proxies("http://proxy.example", "", &list) else { panic!("{entry} is accepted") };
            let ConfigError::InvalidNoProxy { entry: shown, .. } = &error else { panic!("{entry}: {error:?}") };
            assert!(entry.ends_with(shown.as_str()) || entry.contains('\u{7}'), "{entry}: {error}");
            let text = error.to_string();
            assert!(text.contains("egress.noProxy") && !text.contains("hunter22"), "{text}");
            assert!(proxies("", "", &list).is_err(), "also without a proxy");
        }
        let long = "x".repeat(10_000);
        let Err(error) = proxies("", "", &long) else { panic!("too long a name is accepted") };
        assert!(error.to_string().len() < 500);
    }
}

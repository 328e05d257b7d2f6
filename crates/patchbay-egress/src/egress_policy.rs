//! The egress policy: the destinations that an outbound request may have.
//!
//! It guarantees:
//! - Requests use https. Plain http is allowed only to the networks of `egress.allow` and to upstreams.
//! - No address outside the public internet is dialed, in whatever spelling and behind whatever name, unless a network
//!   of `egress.allow` contains it.
//! - An upstream is allowed for exactly its scheme, host and port.
//! - A cloud metadata address is allowed only if `egress.allow` lists that single address (`169.254.169.254/32`), never
//!   as part of a larger network.
//!
//! [`EgressPolicy::check_url`] checks a URL before it is dialed. The `resolver` checks the addresses behind a name when
//! it resolves the name, and exactly those addresses are dialed.

use std::{fmt, net::IpAddr};

use ipnet::IpNet;
use url::{Host, Url};

use crate::special_ranges::{is_metadata, special_range};

/// The host names of the cloud metadata services, refused whatever they resolve to.
const METADATA_NAMES: [&str; 4] =
    ["metadata", "metadata.google.internal", "metadata.goog", "instance-data.ec2.internal"];

/// The advice for an address.
const ALLOW_NETWORK: &str = "an operator can allow its network with `egress.allow` (PATCHBAY_EGRESS_ALLOW)";
/// The advice for a loopback name.
const ALLOW_LOOPBACK: &str = "an operator can allow 127.0.0.0/8 with `egress.allow` (PATCHBAY_EGRESS_ALLOW)";

/// The class of a request's destination. Each class has its own connection pool.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Destination {
    /// The public internet and the networks of `egress.allow`, over https.
    Public,
    /// Only the networks of `egress.allow`, over plain http.
    AllowedNetworks,
    /// An upstream of the operator. Its addresses are not checked.
    Upstream,
}

/// A refusal by the egress policy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EgressRefused {
    /// What is refused and why. A customer may read it: it contains neither the address behind a name nor settings of the
    /// operator.
    pub message: String,
    /// The address behind the name, and how an operator can allow it. Only for the operator's log.
    pub advice: Option<String>,
}

impl std::error::Error for EgressRefused {}

impl fmt::Display for EgressRefused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)?;
        self.advice.as_ref().map_or(Ok(()), |advice| write!(f, "; {advice}"))
    }
}

impl EgressRefused {
    pub(crate) fn new(message: String) -> Self {
        Self { message, advice: None }
    }

    /// Returns the refusal with what only the operator may know.
    pub(crate) fn with_advice(self, advice: String) -> Self {
        Self { advice: Some(advice), ..self }
    }
}

/// The rules that decide which destinations are allowed.
#[derive(Debug, Default)]
pub(crate) struct EgressPolicy {
    allowed_networks: Vec<IpNet>,
    upstream_origins: Vec<url::Origin>,
}

impl EgressPolicy {
    /// Returns a policy with the networks of `egress.allow` and the origins of the upstreams.
    pub(crate) fn new(allowed_networks: Vec<IpNet>, upstream_origins: Vec<url::Origin>) -> Self {
        Self { allowed_networks, upstream_origins }
    }

    /// Checks a URL and returns the class of its destination. The addresses behind a host name are checked by
    /// [`EgressPolicy::check_address`] after they are resolved.
    ///
    /// # Errors
    ///
    /// [`EgressRefused`] if the URL has user info, its scheme is not allowed, or its host is not allowed.
    pub(crate) fn check_url(&self, url: &Url) -> Result<Destination, EgressRefused> {
        if !url.username().is_empty() || url.password().is_some() {
            return Err(EgressRefused::new("the URL contains a user name or password, which is not allowed".into()));
        }
        if !self.upstream_origins.is_empty() && self.upstream_origins.contains(&url.origin()) {
            return Ok(Destination::Upstream);
        }
        let destination = match url.scheme() {
            "https" => Destination::Public,
            "http" => Destination::AllowedNetworks,
            other => {
                return Err(EgressRefused::new(format!("`{other}` is not https; only https URLs are called")));
            }
        };
        match url.host() {
            None => return Err(EgressRefused::new("the URL has no host".into())),
            Some(Host::Ipv4(v4)) => self.check_address(IpAddr::V4(v4), &v4.to_string(), destination)?,
            Some(Host::Ipv6(v6)) => self.check_address(IpAddr::V6(v6), &v6.to_string(), destination)?,
            Some(Host::Domain(name)) => self.check_name(name, destination)?,
        }
        Ok(destination)
    }

    /// Checks one address that `host` resolves to.
    ///
    /// # Errors
    ///
    /// [`EgressRefused`] if the address is in a special range, or would be called over plain http, and `egress.allow`
    /// does not contain it.
    pub(crate) fn check_address(
        &self,
        address: IpAddr,
        host: &str,
        destination: Destination,
    ) -> Result<(), EgressRefused> {
        if destination == Destination::Upstream || self.is_allowed(address) {
            return Ok(());
        }
        let range = special_range(address);
        if let (None, Destination::Public) = (range, destination) {
            return Ok(());
        }
        let refused = EgressRefused::new(match range {
            Some(range) => format!("`{host}` is {range}, which outbound requests may not reach"),
            None => plain_http(host),
        });
        let behind = if host == address.to_string() { String::new() } else { format!("the address is {address}; ") };
        Err(refused.with_advice(format!("{behind}{ALLOW_NETWORK}")))
    }

    fn check_name(&self, name: &str, destination: Destination) -> Result<(), EgressRefused> {
        let normalized = name.trim_end_matches('.').to_ascii_lowercase();
        if METADATA_NAMES.contains(&normalized.as_str()) {
            return Err(EgressRefused::new(format!("`{name}` is a cloud metadata name, which is never called")));
        }
        if (normalized == "localhost" || normalized.ends_with(".localhost"))
            && !self.is_allowed(IpAddr::from([127, 0, 0, 1]))
            && !self.is_allowed(IpAddr::from([0, 0, 0, 0, 0, 0, 0, 1]))
        {
            let message = format!("`{name}` is a loopback name, which outbound requests may not reach");
            return Err(EgressRefused::new(message).with_advice(ALLOW_LOOPBACK.to_owned()));
        }
        if destination == Destination::AllowedNetworks && self.allowed_networks.is_empty() {
            return Err(EgressRefused::new(plain_http(name)).with_advice(ALLOW_NETWORK.to_owned()));
        }
        Ok(())
    }

    /// Returns true if a network of `egress.allow` contains the address. A metadata address must be listed by itself.
    fn is_allowed(&self, address: IpAddr) -> bool {
        let canonical = address.to_canonical();
        let is_metadata = is_metadata(address);
        self.allowed_networks.iter().any(|network| {
            (network.contains(&address) || network.contains(&canonical))
                && (!is_metadata || network.prefix_len() == network.max_prefix_len())
        })
    }
}

fn plain_http(host: &str) -> String {
    format!("`{host}` would be called over plain http; use https")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Each of these spells a forbidden destination, or is not a URL.
    const FORBIDDEN: &[&str] = &[
        "http://example.com/",
        "ftp://example.com/",
        "file:///etc/passwd",
        "gopher://example.com/",
        "https://127.0.0.1/",
        "https://127.1/",
        "https://127.0.1/",
        "https://2130706433/",
        "https://0x7f000001/",
        "https://0x7f.0.0.1/",
        "https://0X7F.1/",
        "https://017700000001/",
        "https://0177.0.0.1/",
        "https://127.0.0.1./",
        "https://%31%32%37.0.0.1/",
        "https://127。0。0。1/",
        "https://①②⑦.0.0.1/",
        "https://127.0.0.1/",
        "https://0/",
        "https://0.0.0.0/",
        "https://0.1.2.3/",
        "https://10.0.0.1/",
        "https://167772161/",
        "https://172.16.0.1/",
        "https://172.31.255.255/",
        "https://192.168.1.1/",
        "https://100.64.0.1/",
        "https://100.127.255.254/",
        "https://169.254.1.1/",
        "https://169.254.169.254/latest/meta-data/",
        "https://2852039166/",
        "https://0xa9fea9fe/",
        "https://0251.0376.0251.0376/",
        "https://100.100.100.200/",
        "https://168.63.129.16/",
        "https://192.0.0.192/",
        "https://192.0.2.1/",
        "https://198.51.100.1/",
        "https://203.0.113.1/",
        "https://198.18.0.1/",
        "https://192.88.99.1/",
        "https://224.0.0.1/",
        "https://255.255.255.255/",
        "https://240.0.0.1/",
        "https://[::]/",
        "https://[::1]/",
        "https://[0:0:0:0:0:0:0:1]/",
        "https://[::ffff:127.0.0.1]/",
        "https://[::ffff:7f00:1]/",
        "https://[::ffff:10.0.0.1]/",
        "https://[::127.0.0.1]/",
        "https://[64:ff9b::127.0.0.1]/",
        "https://[64:ff9b::a9fe:a9fe]/",
        "https://[64:ff9b:1::1]/",
        "https://[2002:7f00:1::]/",
        "https://[2002:c0a8:101::1]/",
        "https://[2001::1]/",
        "https://[2001:db8::1]/",
        "https://[3fff::1]/",
        "https://[fc00::1]/",
        "https://[fd12:3456::1]/",
        "https://[fd00:ec2::254]/",
        "https://[fe80::1]/",
        "https://[fe80::1%25eth0]/",
        "https://[fec0::1]/",
        "https://[ff02::1]/",
        "https://[100::1]/",
        "https://localhost/",
        "https://LOCALHOST./",
        "https://api.localhost/",
        "https://metadata.google.internal/computeMetadata/v1/",
        "https://metadata.google.internal./",
        "https://metadata/",
        "https://user@example.com/",
        "https://user:pass@example.com/",
        "https://example.com@127.0.0.1/",
        "https://127.0.0.1:443@example.com/",
        "https://example.com\\@127.0.0.1/",
        "https://127.0.0.1\\.example.com/",
    ];

    #[test]
    fn forbidden_destinations_are_refused_in_every_spelling() {
        let policy = EgressPolicy::default();
        assert!(FORBIDDEN.len() >= 40);
        for spelling in FORBIDDEN {
            if let Ok(url) = Url::parse(spelling) {
                let outcome = policy.check_url(&url);
                // The URL standard treats a backslash as a slash, so `example.com\@…` is example.com's path.
                let is_harmless = spelling.starts_with("https://example.com\\");
                assert!(outcome.is_err() || is_harmless, "{spelling} was allowed as {url}");
            }
        }
    }

    #[test]
    fn public_hosts_are_allowed_over_https() {
        let policy = EgressPolicy::default();
        for url in [
            "https://api.us.spotdraft.com/",
            "https://1.1.1.1/",
            "https://[2606:4700::1111]/",
            "https://[64:ff9b::1.1.1.1]/",
        ] {
            assert_eq!(policy.check_url(&Url::parse(url).unwrap()), Ok(Destination::Public), "{url}");
        }
    }

    #[test]
    fn allowed_networks_are_reached_over_http_too() {
        let policy =
            EgressPolicy::new(vec!["10.1.0.0/16".parse().unwrap(), "169.254.0.0/16".parse().unwrap()], Vec::new());
        let check = |url: &str| policy.check_url(&Url::parse(url).unwrap());
        assert_eq!(check("http://10.1.2.3:8080/"), Ok(Destination::AllowedNetworks));
        assert_eq!(check("https://10.1.2.3/"), Ok(Destination::Public));
        assert_eq!(check("https://[::ffff:10.1.2.3]/"), Ok(Destination::Public));
        assert!(check("https://10.2.0.1/").is_err());
        assert!(check("http://169.254.169.254/").is_err(), "a large network does not allow a metadata address");
        let refused = check("http://8.8.8.8/").unwrap_err();
        assert!(refused.message.contains("plain http") && refused.to_string().contains("egress.allow"));
        assert!(!refused.message.contains("egress.allow"));
        let single = EgressPolicy::new(vec!["169.254.169.254/32".parse().unwrap()], Vec::new());
        assert!(single.check_url(&Url::parse("http://169.254.169.254/").unwrap()).is_ok());
    }

    #[test]
    fn a_refusal_tells_a_customer_neither_addresses_nor_settings() {
        let policy = EgressPolicy::default();
        for (host, address, destination) in [
            ("intranet.example", "10.0.0.5", Destination::Public),
            ("intranet.example", "fd00::5", Destination::Public),
            ("meta.example", "169.254.169.254", Destination::Public),
            ("plain.example", "93.184.216.34", Destination::AllowedNetworks),
        ] {
            let refused = policy.check_address(address.parse().unwrap(), host, destination).unwrap_err();
            assert!(refused.message.contains(host), "{refused}");
            for hidden in [address, "egress.allow", "PATCHBAY_", "operator"] {
                assert!(!refused.message.contains(hidden), "{}", refused.message);
            }
            assert!(refused.to_string().contains(address) && refused.to_string().contains("egress.allow"), "{refused}");
        }
        for url in ["https://10.0.0.5/", "https://localhost/", "http://example.com/", "https://metadata/", "ftp://a/"] {
            let refused = policy.check_url(&Url::parse(url).unwrap()).unwrap_err();
            assert!(!refused.message.contains("egress") && !refused.message.contains("PATCHBAY_"), "{refused}");
        }
    }

    #[test]
    fn an_upstream_is_allowed_for_exactly_its_origin() {
        let target = Url::parse("http://127.0.0.1:9000").unwrap();
        let policy = EgressPolicy::new(Vec::new(), vec![target.origin()]);
        let check = |url: &str| policy.check_url(&Url::parse(url).unwrap());
        assert_eq!(check("http://127.0.0.1:9000/x"), Ok(Destination::Upstream));
        for other in
            ["http://127.0.0.1:9001/", "https://127.0.0.1:9000/", "http://localhost:9000/", "http://127.0.0.2:9000/"]
        {
            assert!(check(other).is_err(), "{other}");
        }
    }
}

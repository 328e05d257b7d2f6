//! The egress guard: where an outbound request may go.
//!
//! Promises: https only; no address outside the public internet is dialled, whatever spelling or
//! name leads to it; the operator's `egress.allow` networks are admitted, over plain http too; an
//! `upstreams` target is admitted for exactly its scheme, host and port. A metadata address is
//! admitted only when the allow-list names it alone (`169.254.169.254/32`), never through a wider net.
//!
//! A URL is judged before it is dialled ([`Guard::admit`]); the addresses behind a name are judged when
//! they are resolved (`resolver`), and those very addresses are dialled.

use std::net::IpAddr;

use ipnet::IpNet;
use url::{Host, Url};

use crate::addresses;

/// Names under which clouds offer metadata, whatever they resolve to.
const METADATA_NAMES: [&str; 4] =
    ["metadata", "metadata.google.internal", "metadata.goog", "instance-data.ec2.internal"];

/// How far a request may reach. Each has its own connection pool.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Reach {
    /// The public internet and the allow-list, over https.
    Public,
    /// The allow-list alone: plain http.
    AllowedOnly,
    /// An operator's upstream: not judged.
    Trusted,
}

/// Why a request may not leave.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct EgressRefused {
    /// What was refused, why, and how an operator can admit it.
    pub message: String,
}

impl EgressRefused {
    fn new(message: String) -> Self {
        Self { message }
    }
}

/// The rules.
#[derive(Debug, Default)]
pub(crate) struct Guard {
    allow: Vec<IpNet>,
    trusted: Vec<url::Origin>,
}

impl Guard {
    /// With the operator's networks and the origins of the upstreams.
    pub(crate) fn new(allow: Vec<IpNet>, trusted: Vec<url::Origin>) -> Self {
        Self { allow, trusted }
    }

    /// Judges a URL. Addresses behind a name are judged later, when they are known.
    pub(crate) fn admit(&self, url: &Url) -> Result<Reach, EgressRefused> {
        if !url.username().is_empty() || url.password().is_some() {
            return Err(EgressRefused::new("the URL holds a user name or password, which is not allowed".into()));
        }
        if !self.trusted.is_empty() && self.trusted.contains(&url.origin()) {
            return Ok(Reach::Trusted);
        }
        let reach = match url.scheme() {
            "https" => Reach::Public,
            "http" => Reach::AllowedOnly,
            other => {
                return Err(EgressRefused::new(format!("`{other}` is not https; only https URLs are called")));
            }
        };
        match url.host() {
            None => return Err(EgressRefused::new("the URL names no host".into())),
            Some(Host::Ipv4(v4)) => self.admit_address(IpAddr::V4(v4), &v4.to_string(), reach)?,
            Some(Host::Ipv6(v6)) => self.admit_address(IpAddr::V6(v6), &v6.to_string(), reach)?,
            Some(Host::Domain(name)) => self.admit_name(name, reach)?,
        }
        Ok(reach)
    }

    /// Judges one address that `host` leads to.
    pub(crate) fn admit_address(&self, address: IpAddr, host: &str, reach: Reach) -> Result<(), EgressRefused> {
        if reach == Reach::Trusted || self.is_allowed(address) {
            return Ok(());
        }
        let what = addresses::special(address);
        if let (None, Reach::Public) = (what, reach) {
            return Ok(());
        }
        let leads = if host == address.to_string() { format!("`{host}`") } else { format!("`{host}` ({address})") };
        Err(EgressRefused::new(match what {
            Some(what) => format!(
                "{leads} is {what}, which outbound requests may not reach; an operator can admit its network with `egress.allow` (PATCHBAY_EGRESS_ALLOW)"
            ),
            None => format!(
                "{leads} would be called over plain http; use https, or admit its network with `egress.allow` (PATCHBAY_EGRESS_ALLOW)"
            ),
        }))
    }

    fn admit_name(&self, name: &str, reach: Reach) -> Result<(), EgressRefused> {
        let bare = name.trim_end_matches('.').to_ascii_lowercase();
        if METADATA_NAMES.contains(&bare.as_str()) {
            return Err(EgressRefused::new(format!("`{name}` is a cloud metadata name, which is never called")));
        }
        if (bare == "localhost" || bare.ends_with(".localhost"))
            && !self.is_allowed(IpAddr::from([127, 0, 0, 1]))
            && !self.is_allowed(IpAddr::from([0, 0, 0, 0, 0, 0, 0, 1]))
        {
            return Err(EgressRefused::new(format!(
                "`{name}` is a loopback name, which outbound requests may not reach; an operator can admit 127.0.0.0/8 with `egress.allow` (PATCHBAY_EGRESS_ALLOW)"
            )));
        }
        if reach == Reach::AllowedOnly && self.allow.is_empty() {
            return Err(EgressRefused::new(format!(
                "`{name}` would be called over plain http; use https, or admit its network with `egress.allow` (PATCHBAY_EGRESS_ALLOW)"
            )));
        }
        Ok(())
    }

    fn is_allowed(&self, address: IpAddr) -> bool {
        let canonical = address.to_canonical();
        let alone = addresses::is_metadata(address);
        self.allow.iter().any(|net| {
            (net.contains(&address) || net.contains(&canonical)) && (!alone || net.prefix_len() == net.max_prefix_len())
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every one of these leads to a place that must not be reached, or is no URL at all.
    const HOSTILE: &[&str] = &[
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
    fn hostile_spellings_are_refused() {
        let guard = Guard::default();
        assert!(HOSTILE.len() >= 40);
        for spelling in HOSTILE {
            if let Ok(url) = Url::parse(spelling) {
                let admitted = guard.admit(&url);
                // A backslash is a slash to the URL standard, so `example.com\@…` is example.com's path.
                let harmless = spelling.starts_with("https://example.com\\");
                assert!(admitted.is_err() || harmless, "{spelling} was admitted as {url}");
            }
        }
    }

    #[test]
    fn public_hosts_are_admitted_over_https() {
        let guard = Guard::default();
        for url in [
            "https://api.us.spotdraft.com/",
            "https://1.1.1.1/",
            "https://[2606:4700::1111]/",
            "https://[64:ff9b::1.1.1.1]/",
        ] {
            assert_eq!(guard.admit(&Url::parse(url).unwrap()), Ok(Reach::Public), "{url}");
        }
    }

    #[test]
    fn the_allow_list_admits_its_networks_over_http_too() {
        let guard = Guard::new(vec!["10.1.0.0/16".parse().unwrap(), "169.254.0.0/16".parse().unwrap()], Vec::new());
        let admit = |url: &str| guard.admit(&Url::parse(url).unwrap());
        assert_eq!(admit("http://10.1.2.3:8080/"), Ok(Reach::AllowedOnly));
        assert_eq!(admit("https://10.1.2.3/"), Ok(Reach::Public));
        assert_eq!(admit("https://[::ffff:10.1.2.3]/"), Ok(Reach::Public));
        assert!(admit("https://10.2.0.1/").is_err());
        assert!(admit("http://169.254.169.254/").is_err(), "a wide net does not admit metadata");
        let refused = admit("http://8.8.8.8/").unwrap_err();
        assert!(refused.message.contains("plain http") && refused.message.contains("egress.allow"));
        let alone = Guard::new(vec!["169.254.169.254/32".parse().unwrap()], Vec::new());
        assert!(alone.admit(&Url::parse("http://169.254.169.254/").unwrap()).is_ok());
    }

    #[test]
    fn upstreams_are_trusted_for_exactly_their_origin() {
        let target = Url::parse("http://127.0.0.1:9000").unwrap();
        let guard = Guard::new(Vec::new(), vec![target.origin()]);
        let admit = |url: &str| guard.admit(&Url::parse(url).unwrap());
        assert_eq!(admit("http://127.0.0.1:9000/x"), Ok(Reach::Trusted));
        for other in
            ["http://127.0.0.1:9001/", "https://127.0.0.1:9000/", "http://localhost:9000/", "http://127.0.0.2:9000/"]
        {
            assert!(admit(other).is_err(), "{other}");
        }
    }
}
